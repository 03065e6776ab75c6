"""What the platform stores: a full re-match beside urgent work, one advisory, one body's inventory."""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks import government
from benchmarks.table import machine, peak_mib, show

_CVE = "CVE-2021-44228"
_INSTALLS = 5_000
_AN_ASSET = 5
_EVERY = 0.5  # seconds between two urgent jobs


def run(options: argparse.Namespace) -> None:
    var = government.copy_of(options.bodies, options.assets, "rematch")
    government.use(var)
    rows = [*beside_urgent(), *_advisory(), *inventory("op-001")]
    size = f"{options.bodies} bodies, {options.assets:,} assets"
    show(
        f"To stored exposures, {size}, {government.ENGINE} ({machine()}); peak {peak_mib():.0f} MiB",
        ("step", "seconds", "of them CPU", "what"),
        rows,
    )


def urgent() -> None:
    """The job that is waited for."""


def _install_urgent_job() -> None:
    """Made a job once the platform is there."""
    from django_tasks import task

    globals()["urgent"] = task(priority=10, queue_name="urgent")(urgent)


def beside_urgent() -> list[tuple[str, ...]]:
    """A worker matches everything anew while urgent jobs come."""
    from django.db import connections

    from rempart.exposure.jobs import rematch_all
    from rempart.exposure.models import Exposure, Finding
    from rempart.kernel.models import Job

    _install_urgent_job()
    what = f"{Finding.objects.count():,} findings, {Exposure.objects.count():,} exposures, nothing new"
    long = rematch_all.enqueue()
    connections.close_all()
    cpu = multiprocessing.get_context("fork").Value("d", 0.0)
    worker = multiprocessing.get_context("fork").Process(target=_work, args=(cpu,))
    worker.start()
    wishes: dict[str, float] = {}
    while not Job.objects.filter(id=long.id, finished_at__isnull=False).exists():
        wished = time.time()
        wishes[str(urgent.enqueue().id)] = wished  # type: ignore[attr-defined]
        time.sleep(_EVERY)
    done = Job.objects.get(id=long.id)
    while Job.objects.filter(id__in=list(wishes), started_at__isnull=True).exists():
        time.sleep(0.1)
    worker.terminate()
    worker.join()
    seconds = (done.finished_at - done.started_at).total_seconds()
    waits = sorted(
        job.started_at.timestamp() - wishes[str(job.id)] for job in Job.objects.filter(id__in=list(wishes))
    )
    p95 = statistics.quantiles(waits, n=20)[-1] if len(waits) > 1 else waits[0]
    return [
        ("full re-match", f"{seconds:.1f}", f"{cpu.value:.1f}", what),
        ("urgent jobs beside it, p95 of the wait", f"{p95:.2f}", "", f"{len(waits)}, worst {waits[-1]:.2f}"),
    ]


def _work(cpu: Any) -> None:
    from rempart.kernel.worker import Worker

    worker = Worker("benchmark")
    while True:
        if not worker.turn():
            time.sleep(0.1)
        cpu.value = time.process_time()


def _advisory() -> list[tuple[str, ...]]:
    """One record nobody knew, of a product that many hold; then who is exposed to it."""
    from rempart.exposure.queries.bodies import exposed_bodies
    from rempart.intelligence import commands as intelligence
    from rempart.intelligence.models import Vulnerability
    from rempart.kernel import outbox
    from rempart.kernel.actors import system

    def stored() -> str:
        intelligence.load_cve(system("benchmark"), government.LOG4SHELL)
        outbox.drain()
        return ""

    first = timed("one new advisory → exposures stored", stored)
    number = Vulnerability.objects.get(cve_id=_CVE).pk
    return [first, timed("its list of bodies", lambda: f"{len(exposed_bodies(number))} bodies")]


def inventory(code: str) -> list[tuple[str, ...]]:
    """A body states 5,000 installs of what the government holds; then the same with one in ten changed."""
    from rempart.assets import commands as assets
    from rempart.assets.models import Component
    from rempart.kernel import outbox
    from rempart.kernel.actors import system
    from rempart.organisations import queries as organisations

    actor = system("benchmark")
    body = organisations.get_organisation(actor, code).pk
    known = list(Component.objects.order_by("id").values("vendor", "product", "version", "purl", "cpe"))

    def stated(turn: int) -> list[dict[str, Any]]:
        return [
            {
                "key": f"bench-{number}",
                "name": f"Serveur {number}",
                "kind": "server",
                "components": [
                    known[(number * _AN_ASSET + each + (turn if number % 10 == 0 else 0)) % len(known)]
                    for each in range(_AN_ASSET)
                ],
            }
            for number in range(_INSTALLS // _AN_ASSET)
        ]

    def sent(turn: int) -> Callable[[], str]:
        def send() -> str:
            assets.upsert_inventory(actor, body_id=body, source="bench", assets=stated(turn), complete=True)
            outbox.drain()
            return f"{_INSTALLS:,} installs"

        return send

    return [
        timed("a new inventory of one body", sent(0)),
        timed("the same, one asset in ten changed", sent(7)),
    ]


def timed(step: str, action: Callable[[], str]) -> tuple[str, ...]:
    start, cpu = time.perf_counter(), time.process_time()
    what = action()
    return step, f"{time.perf_counter() - start:.2f}", f"{time.process_time() - cpu:.2f}", what
