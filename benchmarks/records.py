"""Loading every CVE record into the database, beside the reading alone (the limit)."""

from __future__ import annotations

import argparse
import time

from benchmarks import government
from benchmarks.table import machine, peak_mib, show


def run(options: argparse.Namespace) -> None:
    var = government.HOME / "records"
    government.fresh(var)
    government.cli(var, "init")
    government.use(var)
    from rempart.engines.records.cve import parse_cve
    from rempart.engines.records.sources import open_records
    from rempart.intelligence import commands as intelligence
    from rempart.kernel.actors import system

    start = time.perf_counter()
    parsed = sum(1 for each in open_records(government.RECORDS) if each.document and parse_cve(each.document))
    reading = time.perf_counter() - start
    rows = [("read and parse (limit)", f"{parsed:,}", f"{reading:.1f}", f"{parsed / reading:,.0f}")]
    for label in ("load into an empty database", "load again, nothing changed"):
        start = time.perf_counter()
        counts = intelligence.load_cve(system("benchmark"), government.RECORDS)
        seconds = time.perf_counter() - start
        rows.append((label, f"{counts.read:,}", f"{seconds:.1f}", f"{counts.read / seconds:,.0f}"))
    show(
        f"CVE records, {government.ENGINE} ({machine()}); peak memory {peak_mib():.0f} MiB",
        ("step", "records", "seconds", "records/s"),
        rows,
    )
