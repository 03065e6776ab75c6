"""Background work: matching everything anew, applying an edited table, ending statements."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import connection
from django_tasks import task

from rempart.exposure import commands
from rempart.exposure.commands import differences, lifecycle
from rempart.kernel import jobs
from rempart.kernel.worker import every

# Whoever waits to write in SQLite looks again every tenth of a second.
_ROOM = 0.12
_HELD = 1.0


class _Progress:
    """Between two parts, each a transaction: an alert does not wait for a whole government to be matched."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        jobs.progress(done, total)
        if connection.vendor == "sqlite" and time.monotonic() - self._since > _HELD:
            time.sleep(_ROOM)
            self._since = time.monotonic()
        jobs.give_way()


@task(queue_name="bulk", priority=-10)
def rematch_all(kind: str = "rematch") -> dict[str, int]:
    """Matches every component with every vulnerability anew; ``kind``: of the run that keeps what changed."""
    return commands.rematch_all(_Progress(), kind).summary()


@task(queue_name="bulk", priority=10)
def reprioritise_all() -> dict[str, int]:
    """Applies the decision table to every live exposure, body by body."""
    return commands.reprioritise_all(_Progress()).summary()


@task(queue_name="bulk", priority=0)
def relocate_all() -> int:
    """Finds every component's release cycle anew, after the support dates changed."""
    return lifecycle.relocate_all()


@every(timedelta(minutes=1))
def expire_statements() -> int:
    """Opens again what an accepted statement no longer covers."""
    return commands.expire_statements()


@every(timedelta(days=1))
def forget_old_runs() -> int:
    """Keeps what matchings changed within its bounds."""
    return differences.forget_old_runs()
