"""Claims that hold only while their holder lives: renewed from a thread until the work is done."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connections

log = logging.getLogger("rempart.leases")

# Claims that ended with their worker. What kills its workers must stop too, long after chance explains it.
MAX_DEATHS = 50
LEASE: timedelta = timedelta(seconds=settings.LEASE_SECONDS)


class Deadly(RuntimeError):
    """Too many of the workers that took this died without a word: it is set aside, for an operator to see."""

    def __init__(self, deaths: int) -> None:
        super().__init__(f"{deaths} workers died while they held it")


def refuse_deadly(attempts: int, failures: int) -> None:
    """Raises ``Deadly`` for a claim, counted in ``attempts``, after too many that ended with their worker."""
    deaths = attempts - failures - 1
    if deaths >= MAX_DEATHS:
        raise Deadly(deaths)


@contextlib.contextmanager
def kept(renew: Callable[[], object]) -> Iterator[None]:
    """Calls ``renew`` three times per lease while the block runs.

    A renewal that fails is tried again: on SQLite the work's own transaction keeps writers out, this one
    included, and then no other worker can take the claim either.
    """
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(LEASE.total_seconds() / 3):
            try:
                renew()
            except DatabaseError:
                log.info("lease not renewed; trying again")
                connections.close_all()
        connections.close_all()

    keeper = threading.Thread(target=keep, name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
