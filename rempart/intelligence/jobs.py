"""The scheduled reading of feeds."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django_tasks import task

from rempart.intelligence import commands
from rempart.kernel import jobs, worker
from rempart.kernel.actors import system

log = logging.getLogger("rempart.intelligence")


@task()
def read_feed(name: str) -> dict[str, Any]:
    """Reads one feed. A failure is the feed's to keep (its page shows it), and its schedule retries it."""
    try:
        counts = commands.sync_feed(system("feeds"), name, progress=jobs.progress)
    except commands.FeedUnavailable as error:
        log.warning("feed %s: %s", name, error.values.get("reason"))
        return {"failed": str(error.values.get("reason"))}
    return counts.as_dict()


def request_reading(name: str) -> bool:
    """Enqueues a reading unless one waits already; True when one was added."""
    return jobs.enqueue_once(read_feed, f"feed:{name}", name)


@worker.every(timedelta(minutes=1))
def read_due_feeds() -> int:
    """Enqueues a reading of each feed whose time has come; returns how many."""
    return sum(request_reading(name) for name in commands.due_feeds())
