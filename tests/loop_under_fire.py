"""Runs in a process of its own: inventories of many bodies are applied, routed and told by workers that are
killed with SIGKILL at random moments; then one finishes, and what happened is printed.

Not a test: ``test_workers.py`` starts it with a database and a mail server of its own.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

from rempart.alerts.commands import delivery  # noqa: E402
from rempart.alerts.models import Delivery, Directive, Target  # noqa: E402
from rempart.assets import commands as assets  # noqa: E402
from rempart.assets.jobs import apply_inventory  # noqa: E402
from rempart.intelligence import commands as intelligence  # noqa: E402
from rempart.kernel import audit  # noqa: E402
from rempart.kernel.actors import actor_for, system  # noqa: E402
from rempart.kernel.models import Job, OutboxEvent  # noqa: E402
from rempart.kernel.worker import Worker  # noqa: E402
from tests import factories  # noqa: E402

# A worker's claim on a message outlives it by two minutes; tests do not wait so long.
delivery.LEASE = timedelta(seconds=1)

HEADER = "Identifiant;Nom;Type;Criticité;Exposé à internet;Logiciel;Version;purl\n"


def _file(folder: Path, number: int, version: str) -> Path:
    path = folder / f"inventaire-{number}-{version}.csv"
    purl = f"pkg:maven/org.apache.logging.log4j/log4j-core@{version}"
    rows = [f"srv-{row};Serveur {row};serveur;4;oui;log4j-core;{version};{purl}" for row in range(3)]
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def _send(bodies: list[object], folder: Path, version: str) -> None:
    """Each body's inventory is previewed, and waits for a worker to apply it."""
    for number, (body, person) in enumerate(bodies):  # type: ignore[misc]
        previewed = assets.preview_inventory(
            actor_for(person.user), body_id=body.pk, path=_file(folder, number, version), file_name="i.csv"
        )
        assert previewed.error_count == 0, previewed.errors
        apply_inventory.enqueue(previewed.pk, person.user_id, previewed.rows)


def _fork() -> int:
    pid = os.fork()
    if pid == 0:
        connections.close_all()
        Worker().run()
        os._exit(0)
    return pid


def _fire(kills: int, chance: random.Random) -> None:
    """Two workers at once, both killed at a random moment, again and again; then one works to the end."""
    for _ in range(kills):
        connections.close_all()
        pids = [_fork(), _fork()]
        time.sleep(chance.uniform(0.05, 0.8))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    last, until = Worker(), time.monotonic() + 240
    while time.monotonic() < until and (_waiting() or last.turn()):
        last.turn()
        time.sleep(0.01)


def _waiting() -> bool:
    return (
        OutboxEvent.objects.filter(dispatched_at__isnull=True, parked=False).exists()
        or Job.objects.filter(finished_at__isnull=True).exists()
        or Delivery.objects.filter(state__in=["queued", "retrying"]).exists()
    )


def main() -> None:
    kills, count, seed, mail_port, folder, data = sys.argv[1:]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(mail_port)
    settings.UPLOAD_DIR = Path(folder) / "uploads"
    chance = random.Random(int(seed))
    bodies = []
    for _ in range(int(count)):
        body = factories.organisation("body")
        bodies.append((body, factories.officer(body)))
    intelligence.load_cve(system("fire"), Path(data) / "cve" / "log4shell.jsonl")
    intelligence.load_kev(system("fire"), Path(data) / "kev" / "known_exploited_vulnerabilities.json")
    _send(bodies, Path(folder), "2.14.1")
    _fire(int(kills) - int(kills) // 3, chance)
    told = dict(Counter(Delivery.objects.values_list("target__body_id", flat=True)))
    states = Counter(Target.objects.values_list("state", flat=True))
    _send(bodies, Path(folder), "2.17.1")
    _fire(int(kills) // 3, chance)
    report = {
        "bodies": sorted(body.pk for body, _ in bodies),
        "told": sorted(told),
        "most_told": max(told.values(), default=0),
        "states_before": dict(states),
        "directives": Directive.objects.count(),
        "deliveries": list(Delivery.objects.values_list("occasion", "state")),
        "message_ids": sorted(Delivery.objects.values_list("message_id", flat=True)),
        "states": dict(Counter(Target.objects.values_list("state", flat=True))),
        "jobs": sorted(set(Job.objects.values_list("state", flat=True))),
        "failures": [
            [job.task_path, job.attempts, job.errors]
            for job in Job.objects.exclude(state=Job.State.SUCCESSFUL)
        ],
        "parked": OutboxEvent.objects.filter(parked=True).count(),
        "undispatched": OutboxEvent.objects.filter(dispatched_at__isnull=True).count(),
        "breaks": [found.problem for found in audit.verify()],
    }
    print(json.dumps(report))
