"""Runs in a process of its own: publishes events and jobs, kills workers with SIGKILL while they work on
them, lets one finish, and prints what happened. Its effects are audit entries: one per reaction, in order.

Not a test: ``test_crashes.py`` starts it with a database of its own.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time

import django

django.setup()

from django.db import connection, connections, transaction  # noqa: E402
from django_tasks import task  # noqa: E402

from rempart.kernel import audit, outbox  # noqa: E402
from rempart.kernel.actors import system  # noqa: E402
from rempart.kernel.models import AuditEntry, Job, OutboxEvent  # noqa: E402
from rempart.kernel.worker import Worker  # noqa: E402

ACTOR = system("fire")
AGGREGATES = 12


def _effect(action: str, number: int, aggregate: str) -> None:
    with transaction.atomic():
        audit.record(ACTOR, action, object_type=aggregate, object_id=str(number))


@outbox.reacts_to("fire.lit")
def first(event: outbox.Event) -> None:
    _effect("first", event.payload["n"], event.aggregate)
    time.sleep(random.uniform(0, 0.004))


@outbox.reacts_to("fire.lit")
def second(event: outbox.Event) -> None:
    time.sleep(random.uniform(0, 0.004))
    _effect("second", event.payload["n"], event.aggregate)


@task()
def burn(number: int) -> int:
    _effect("job", number, "job")
    return number


def _publish(events: int, jobs: int) -> None:
    for number in range(events):
        with transaction.atomic():
            outbox.publish("fire.lit", f"body:{number % AGGREGATES}", {"n": number})
            if number < jobs:
                burn.enqueue(number)


def _fork_worker() -> int:
    pid = os.fork()
    if pid == 0:
        Worker().run()
        os._exit(0)
    return pid


def kill(kills: int, events: int, jobs: int, seed: int) -> dict[str, object]:
    """Two workers at a time, both killed at a random moment, ``kills`` times; then one finishes."""
    chance = random.Random(seed)
    _publish(events, jobs)
    for _ in range(kills):
        connections.close_all()
        pids = [_fork_worker(), _fork_worker()]
        time.sleep(chance.uniform(0.02, 0.2))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    left = OutboxEvent.objects.filter(dispatched_at__isnull=True).count()
    last = Worker()
    until = time.monotonic() + 200
    while time.monotonic() < until:
        waiting = OutboxEvent.objects.filter(dispatched_at__isnull=True).exists()
        if not last.turn() and not waiting and not Job.objects.filter(finished_at__isnull=True).exists():
            break
    return {**_report(), "left_after_kills": left}


def _report() -> dict[str, object]:
    done: dict[str, list[tuple[str, int]]] = {"first": [], "second": [], "job": []}
    for entry in AuditEntry.objects.filter(action__in=done).order_by("seq"):
        done[entry.action].append((entry.object_type, int(entry.object_id)))
    return {
        **done,
        "undispatched": OutboxEvent.objects.filter(dispatched_at__isnull=True).count(),
        "parked": OutboxEvent.objects.filter(parked=True).count(),
        "jobs": sorted(set(Job.objects.values_list("state", flat=True))),
        "breaks": [found.problem for found in audit.verify()],
        "vendor": connection.vendor,
    }


def together(threads: int, writes: int) -> dict[str, object]:
    """Writers in threads, as the web server's, beside a worker, on one database: none may fail."""
    failures: list[str] = []
    worker = Worker()

    def write(which: int) -> None:
        try:
            for number in range(writes):
                with transaction.atomic():
                    list(AuditEntry.objects.order_by("-seq")[:3])  # a page reads before it writes
                    outbox.publish("fire.lit", f"body:{which}", {"n": which * writes + number})
                    audit.record(ACTOR, "page", object_id=str(number))
        except Exception as error:
            failures.append(repr(error))
        finally:
            connections.close_all()

    running = [threading.Thread(target=write, args=(which,)) for which in range(threads)]
    keeper = threading.Thread(target=worker.run)
    for thread in [keeper, *running]:
        thread.start()
    for thread in running:
        thread.join()
    worker.stop()
    keeper.join()
    worker.drain()
    return {**_report(), "failures": failures, "pages": AuditEntry.objects.filter(action="page").count()}


def main() -> None:
    what, *numbers = sys.argv[1:]
    result = {"kill": kill, "together": together}[what](*(int(number) for number in numbers))
    print(json.dumps(result))
