"""The worker: dispatches events, runs jobs, and starts what is scheduled. Any number may run at once."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import OperationalError, close_old_connections
from django.db.models import Q

from rempart.kernel import jobs, outbox
from rempart.kernel.models import Heartbeat
from rempart.kernel.time import now

log = logging.getLogger("rempart.worker")

IDLE_SECONDS = 0.3
BEAT = timedelta(seconds=10)


@dataclass(frozen=True)
class Scheduled:
    """Something run regularly by whichever worker comes first."""

    name: str
    every: timedelta
    run: Callable[[], object]


_schedule: list[Scheduled] = []


def every(interval: timedelta) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Registers a function to be run at this interval by one worker at a time."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        _schedule.append(Scheduled(f"{function.__module__}.{function.__qualname__}", interval, function))
        return function

    return register


def run_scheduled() -> int:
    """Starts every scheduled function that is due, each claimed by a conditional update; returns how many ran."""
    ran = 0
    for item in _schedule:
        at = now()
        _, created = Heartbeat.objects.get_or_create(name=item.name, defaults={"at": at})
        if not created and not Heartbeat.objects.filter(name=item.name, at__lte=at - item.every).update(at=at):
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
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident() % 10000}"
        self.queues = queues
        self._stopping = threading.Event()
        self._last_beat = now() - BEAT

    def stop(self) -> None:
        self._stopping.set()

    def turn(self) -> bool:
        """One round; True when something was done."""
        self._beat()
        busy = outbox.dispatch_one()
        busy = jobs.run_one(self.name, self.queues) or busy
        run_scheduled()
        return busy

    def drain(self, limit: int = 10_000) -> None:
        """Runs rounds until nothing is left to do (tests, one-shot commands)."""
        for _ in range(limit):
            if not self.turn():
                return

    def run(self) -> None:
        log.info("worker %s started", self.name)
        while not self._stopping.is_set():
            try:
                busy = self.turn()
            except OperationalError:
                log.exception("database unavailable; retrying")
                close_old_connections()
                busy = False
                self._stopping.wait(2)
            if not busy:
                self._stopping.wait(IDLE_SECONDS)
        Heartbeat.objects.filter(name=f"worker:{self.name}").delete()
        log.info("worker %s stopped", self.name)

    def _beat(self) -> None:
        at = now()
        if at - self._last_beat < BEAT:
            return
        self._last_beat = at
        Heartbeat.objects.update_or_create(name=f"worker:{self.name}", defaults={"at": at})
        Heartbeat.objects.filter(Q(name__startswith="worker:") & Q(at__lt=at - timedelta(minutes=5))).delete()


def start_in_thread() -> Worker:
    """Starts a worker beside the web server (a trial in one process)."""
    worker = Worker()
    threading.Thread(target=worker.run, name="rempart-worker", daemon=True).start()
    return worker
