"""A full re-match to stored verdicts: so many pairs of product and version, so many records, in the database.

The records are those of ``exposure``; pairs are drawn from the products that they name, each product as
often as another. What is installed where, and what is exposed, is not made: a re-match reads neither unless
a verdict changes (``rematch`` measures it over a government).
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import exposure, government
from benchmarks.table import machine, peak_mib, show
from rempart.engines.exposure.model import Affected
from rempart.engines.records.cve import parse_cve
from rempart.engines.records.sources import open_records

_AT_ONCE = 5_000
_FIELDS = ("vendor", "product", "version", "purl", "cpe")
_CHANGED = 100  # of so many vulnerabilities that concern anyone, one is rejected


def run(options: argparse.Namespace) -> None:
    records = options.records
    var = folder(options.pairs, records)
    done = var / "made"
    if not done.exists():
        government.fresh(var)
        government.cli(var, "init")
    government.use(var)
    rows = []
    if not done.exists():
        first = "every component taken in and matched, first"
        rows.append(_timed(first, lambda: _make(options.pairs, records)))
        done.touch()
    from rempart.assets.models import Component
    from rempart.exposure import commands
    from rempart.exposure.models import Finding
    from rempart.intelligence.models import Vulnerability

    processes = options.processes

    def rematch() -> Any:
        return commands.rematch_all(processes=processes)

    rows.append(_timed("full re-match, nothing new", rematch))
    concerned = Finding.objects.order_by("vulnerability_id").values_list("vulnerability_id", flat=True)
    chosen = list(concerned.distinct()[::_CHANGED])
    for state in ("REJECTED", "PUBLISHED"):
        Vulnerability.objects.filter(pk__in=chosen).update(state=state)
        rows.append(_timed(f"full re-match, {len(chosen):,} records {state.lower()}", rematch))
    show(
        f"Full re-match to stored verdicts, {Component.objects.count():,} pairs, {records:,} records,"
        f" {Finding.objects.count():,} findings, {processes} processes, {government.ENGINE} ({machine()});"
        f" peak memory of the one that writes {peak_mib():,.0f} MiB, of the largest other {_largest():,.0f}",
        ("step", "seconds", "of them CPU here", "verdicts changed"),
        rows,
    )


def folder(pairs: int, records: int) -> Path:
    """Where so many of both are, once made."""
    return government.HOME / f"verdicts-{pairs}-{records}{'-postgresql' if government.ON_POSTGRESQL else ''}"


def _largest() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _timed(step: str, action: Callable[[], Any]) -> tuple[str, ...]:
    start, cpu = time.perf_counter(), time.process_time()
    changes = action().findings
    count = changes.findings_added + changes.findings_changed + changes.findings_removed
    return step, f"{time.perf_counter() - start:.1f}", f"{time.process_time() - cpu:.1f}", f"{count:,}"


def _make(pairs: int, records: int) -> Any:
    """Vulnerabilities and their statements, then the components; what taking these in changed."""
    from django.db import transaction

    from rempart.assets.identity import component_digest
    from rempart.assets.models import Component as Stored
    from rempart.exposure import commands
    from rempart.exposure.commands.reach import slices
    from rempart.intelligence.commands import affected
    from rempart.intelligence.models import Vulnerability
    from rempart.intelligence.statements import pack
    from rempart.kernel.time import now

    real = [
        (record.id, record.affected)
        for reading in open_records(government.RECORDS)
        if reading.document is not None and (record := parse_cve(reading.document)).affected
    ]
    products: dict[tuple[str, str], tuple[Affected, ...]] = {}  # one statement of each that has versions
    for part in slices(exposure.replicated(real, records), _AT_ONCE):
        with transaction.atomic():
            known = Vulnerability.objects.bulk_create(
                Vulnerability(cve_id=identifier, first_seen_at=now(), published_at=now())
                for identifier, _ in part
            )
            affected.add(
                [
                    affected.Statement(one.pk, place, pack(each), each)
                    for one, (_, said) in zip(known, part, strict=True)
                    for place, each in enumerate(said)
                ]
            )
        for one in (one for _, said in part for one in said if one.versions):
            products.setdefault((one.vendor, one.product), (one,))
    with transaction.atomic():
        for part in slices(exposure.inventory(products.items(), pairs), _AT_ONCE):
            stated = [{name: getattr(one, name) for name in _FIELDS} for one in part]
            made = (Stored(digest=component_digest(**each), **each) for each in stated)
            Stored.objects.bulk_create(made, ignore_conflicts=True)  # two names may fold into one
    return commands.index_components()
