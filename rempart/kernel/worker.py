"""The worker: dispatches events, runs jobs, and starts what is scheduled. Any number may run at once."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Q

from rempart.kernel import jobs, outbox
from rempart.kernel.models import Heartbeat
from rempart.kernel.time import now

log = logging.getLogger("rempart.worker")

IDLE_SECONDS = 0.3
SCHEDULE_SECONDS = 1.0
BEAT = timedelta(seconds=10)
FORGOTTEN = timedelta(minutes=5)
PASSING = 200  # rounds that pass before a job that gives way goes on


@dataclass(frozen=True)
class Scheduled:
    """Something run regularly by whichever worker comes first.

    What is ``patient`` does not begin between the parts of a long job: it may last, and more urgent work
    would wait for both.
    """

    name: str
    every: timedelta
    run: Callable[[], object]
    patient: bool = False


_schedule: list[Scheduled] = []


def every(
    interval: timedelta, *, patient: bool = False
) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Registers a function to be run at this interval by one worker at a time; ``patient``: see Scheduled.

    A run is lost when its worker dies in it: the function looks at what is due, not at how often it ran.
    """

    def register(function: Callable[[], object]) -> Callable[[], object]:
        name = f"{function.__module__}.{function.__qualname__}"
        _schedule.append(Scheduled(name, interval, function, patient))
        return function

    return register


def run_scheduled(*, between_parts: bool = False) -> int:
    """Starts every scheduled function that is due, each claimed by a conditional update; counts them.

    ``between_parts`` of a long job, those that are patient wait for its end.
    """
    ran = 0
    for item in _schedule:
        if between_parts and item.patient:
            continue
        at = now()
        _, created = Heartbeat.objects.get_or_create(name=item.name, defaults={"at": at})
        if not created and not Heartbeat.objects.filter(name=item.name, at__lte=at - item.every).update(
            at=at
        ):
            continue
        ran += 1
        try:
            item.run()
        except Exception:
            log.exception("scheduled %s failed", item.name)
    return ran


class Worker:
    """A loop in its own thread or process; ``stop`` lets the unit of work in hand finish."""

    def __init__(self, name: str | None = None, queues: list[str] | None = None) -> None:
        self.name = (name or f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident() % 10000}")[-64:]
        self.queues = queues
        self._stopping = threading.Event()
        self._next_schedule = 0.0

    def stop(self) -> None:
        self._stopping.set()

    def turn(self, above: int | None = None) -> bool:
        """One round (of jobs of a priority ``above`` that one); True when something was done."""
        busy = outbox.dispatch_one()
        busy = jobs.run_one(self.name, self.queues, above=above, let_pass=self._let_pass) or busy
        if time.monotonic() >= self._next_schedule:
            self._next_schedule = time.monotonic() + SCHEDULE_SECONDS
            run_scheduled(between_parts=above is not None)
        return busy

    def _let_pass(self, priority: int) -> None:
        """Rounds for what is more urgent than a job of this priority, until there is none, or the job would
        never go on.
        """
        for _ in range(PASSING):
            if self._stopping.is_set() or not self.turn(priority):
                return

    def drain(self, limit: int = 10_000) -> None:
        """Runs rounds until nothing is left to do (tests, one-shot commands)."""
        for _ in range(limit):
            if not self.turn():
                return

    def run(self) -> None:
        """Works until ``stop``. No error ends it: a database that restarts is waited for."""
        log.info("worker %s started", self.name)
        threading.Thread(target=self._keep_beating, name="heartbeat", daemon=True).start()
        while not self._stopping.is_set():
            try:
                busy = self.turn()
            except Exception:
                log.exception("the worker's round failed; trying again")
                connection.close()
                busy = False
                self._stopping.wait(2)
            if not busy:
                close_old_connections()
                self._stopping.wait(IDLE_SECONDS)
        log.info("worker %s stopped", self.name)

    def _keep_beating(self) -> None:
        """Shows a sign of life from a thread of its own: a long job must not look like a dead worker."""
        name, started = f"worker:{self.name}", now().isoformat()
        detail = {"pid": os.getpid(), "since": started, "queues": self.queues or []}
        while True:
            at = now()
            try:
                Heartbeat.objects.update_or_create(name=name, defaults={"at": at, "detail": detail})
                Heartbeat.objects.filter(Q(name__startswith="worker:") & Q(at__lt=at - FORGOTTEN)).delete()
            except DatabaseError:  # the database is away, or SQLite is held by a long job
                log.info("heartbeat not written; trying again")
                connection.close()
            if self._stopping.wait(BEAT.total_seconds()):
                break
        try:
            Heartbeat.objects.filter(name=name).delete()
        except DatabaseError:
            log.info("heartbeat not removed")
        connection.close()


def start_in_thread() -> Worker:
    """Starts a worker beside the web server (a trial in one process)."""
    if connection.vendor == "sqlite":  # one process: whatever is still held was held by one that died
        outbox.release_claims()
        jobs.release_leases()
    worker = Worker()
    threading.Thread(target=worker.run, name="rempart-worker", daemon=True).start()
    return worker
