"""From a KEV entry's arrival to the last exposed body having its alert in the outbox and on the board."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from benchmarks import government
from benchmarks.table import machine, show

_CVE = "CVE-2021-44228"


def _directives(alerts: Any, actor: Any) -> list[Any]:
    return list(alerts.directives(actor).filter(vulnerability__cve_id=_CVE))


def _catalogue_of_the_day_before(folder: Path) -> Path:
    """The catalogue without the entry that is about to arrive."""
    catalogue = json.loads(government.KEV.read_text(encoding="utf-8"))
    entries = [entry for entry in catalogue["vulnerabilities"] if entry["cveID"] != _CVE]
    path = folder / "kev-before.json"
    path.write_text(
        json.dumps({**catalogue, "vulnerabilities": entries, "count": len(entries)}), encoding="utf-8"
    )
    return path


def run(options: argparse.Namespace) -> None:
    var = government.copy_of(options.bodies, options.assets, "loop")
    government.use(var)
    from rempart.alerts import queries as alerts
    from rempart.intelligence import commands as intelligence
    from rempart.kernel import outbox
    from rempart.kernel.actors import system

    actor = system("benchmark")
    intelligence.load_cve(actor, government.LOG4SHELL)
    outbox.drain()
    start = time.perf_counter()
    intelligence.load_kev(actor, _catalogue_of_the_day_before(var))
    outbox.drain()
    first_catalogue = time.perf_counter() - start
    start = time.perf_counter()
    intelligence.load_kev(actor, government.KEV)
    loaded = time.perf_counter()
    routed = None
    while outbox.dispatch_one():
        if routed is None and _directives(alerts, actor):
            routed = time.perf_counter()
    end = time.perf_counter()
    first = (routed or end) - start
    directive = _directives(alerts, actor)[0]
    targets = directive.targets.count()
    assets = sum(directive.targets.values_list("exposures_total", flat=True))
    deliveries = sum(target.deliveries.count() for target in directive.targets.all())
    show(
        f"The loop, {options.bodies} bodies, {options.assets:,} assets, {government.ENGINE} ({machine()})",
        ("step", "seconds", "what"),
        [
            ("a first catalogue, all dispatched", f"{first_catalogue:.2f}", "1,403 entries, all new"),
            ("catalogue read and stored", f"{loaded - start:.2f}", "1,404 entries, one of them new"),
            ("Log4Shell's last body alerted", f"{first:.2f}", f"{targets} bodies, {assets:,} assets"),
            ("all of it dispatched", f"{end - start:.2f}", f"{deliveries} messages for Log4Shell"),
            ("goal", "10", "last of 400 bodies"),
        ],
    )  # fmt: skip
