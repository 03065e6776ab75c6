"""The whole size: ``--assets`` assets of ``--bodies`` bodies, five installs each, over the pairs and records
of ``verdicts``, which are made first where they are not there.

A full re-match to stored exposures in ``--processes``, nothing new, then records rejected and published
again, few and many; one new advisory of the product that is installed most; one body's inventory of 5,000
installs; urgent work beside a re-match. What is installed is drawn among the pairs that few records concern,
which keeps exposures near two an install.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import government, rematch, verdicts
from benchmarks.table import machine, peak_mib, show

_AN_ASSET = 5
_FEW = 20  # records that concern a pair
_CENTRES, _SERVICES = 20, 10
_ONE_IN = (1_000, 100)  # of the vulnerabilities that are open somewhere, one is rejected

# Five pairs of each asset, far from one another, so that neighbours differ.
_INSTALLS = """
INSERT INTO assets_install (asset_id, component_id, body_id, source, first_seen_at, last_seen_at)
SELECT a.id, c.component_id, a.body_id, 'scale', a.first_seen_at, a.last_seen_at
FROM assets_asset a CROSS JOIN (SELECT 0 AS slot {slots}) AS s
JOIN bench_pair c ON c.n = (a.id * 7919 + s.slot * 104729) % {pairs}
WHERE a.body_id = {body}
"""
# The first assets of each body are its services, which need each of the others in turn.
_NEEDS = """
INSERT INTO assets_dependency (body_id, dependent_id, dependency_id, kind, source)
SELECT a.body_id, {first} + (a.id - {first}) / {bodies} % {services} * {bodies} + (a.id - {first}) % {bodies},
    a.id, 'runs_on', 'scale'
FROM assets_asset a WHERE a.id >= {first} + {services} * {bodies}
"""
_PAIRS = """
CREATE TABLE bench_pair AS SELECT ROW_NUMBER() OVER (ORDER BY c.id) - 1 AS n, c.id AS component_id
FROM assets_component c WHERE (SELECT COUNT(*) FROM exposure_finding f WHERE f.component_id = c.id) <= {few}
"""


def run(options: argparse.Namespace) -> None:
    base = verdicts.folder(options.pairs, options.records)
    var = base.with_name(f"scale-{options.bodies}-{options.assets}-{base.name}")
    done = var / "made"
    if not done.exists():
        if not (base / "made").exists():
            # In a process of its own: one process is the platform of one database.
            sizes = (f"--pairs={options.pairs}", f"--records={options.records}")
            subprocess.run([sys.executable, "-m", "benchmarks", "verdicts", *sizes], check=True)
        government.fresh(var, like=base)
        done.unlink()
        government.cli(var, "init")
    government.use(var)
    rows = []
    if not done.exists():
        rows.append(rematch.timed("every exposure opened, first", lambda: _make(options)))
        done.touch()
    rows += _rematches(options.processes)
    rows += _advisory()
    rows += rematch.inventory("b1")
    _set_aside()
    rows += rematch.beside_urgent()
    show(
        f"To stored exposures, {_size()}, {government.ENGINE} ({machine()}); {options.processes} processes,"
        f" peak of the one that writes {peak_mib():.0f} MiB",
        ("step", "seconds", "of them CPU here", "what"),
        rows,
    )


def _size() -> str:
    from rempart.assets.models import Asset, Component, Install
    from rempart.exposure.models import Exposure, Finding
    from rempart.intelligence.models import Vulnerability

    named = ((Asset, "assets"), (Install, "installs"), (Component, "pairs"), (Vulnerability, "records"))
    return ", ".join(
        f"{model._default_manager.count():,} {name}"
        for model, name in (*named, (Finding, "findings"), (Exposure, "exposures"))
    )


def _make(options: argparse.Namespace) -> str:
    """The assets, what is installed on them and what needs them, then the platform's own work."""
    from django.db import connection, transaction

    from rempart.exposure import commands
    from rempart.exposure.models import Exposure

    with transaction.atomic():
        bodies = government.organisations(options.bodies, _CENTRES)
        first = government.assets(bodies, options.assets, _SERVICES)
    slots = " ".join(f"UNION ALL SELECT {slot}" for slot in range(1, _AN_ASSET))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PAIRS.format(few=_FEW))
        cursor.execute("CREATE UNIQUE INDEX bench_pair_n ON bench_pair (n)")
        cursor.execute("SELECT COUNT(*) FROM bench_pair")
        (pairs,) = cursor.fetchone()
        cursor.execute(_NEEDS.format(first=first, bodies=len(bodies), services=_SERVICES))
        for body in bodies:
            cursor.execute(_INSTALLS.format(slots=slots, pairs=pairs, body=body))
        cursor.execute("ANALYZE")
    with government.filling_exposures(but={"exposure_body_facet", "exposure_asset"}):
        commands.reconcile_all()
    return f"{Exposure.objects.count():,} exposures"


def _rematches(processes: int) -> list[tuple[str, ...]]:
    from rempart.exposure import commands
    from rempart.exposure.models import Exposure
    from rempart.intelligence.models import Vulnerability

    def again() -> str:
        moved = commands.rematch_all(processes=processes).summary()
        verdicts_, exposures = (
            sum(n for name, n in moved.items() if name.startswith(part))
            for part in ("findings_", "exposures_")
        )
        return f"{verdicts_:,} verdicts, {exposures:,} exposures changed"

    open_ = Exposure.objects.filter(state="open").order_by("vulnerability_id").values_list("vulnerability_id")
    every = [one for (one,) in open_.distinct()]
    rows = [rematch.timed("full re-match, nothing new", again)]
    for one_in in _ONE_IN:
        chosen = every[::one_in]
        for state in ("REJECTED", "PUBLISHED"):
            Vulnerability.objects.filter(pk__in=chosen).update(state=state)
            rows.append(rematch.timed(f"full re-match, {len(chosen):,} records {state.lower()}", again))
    return rows


def _set_aside() -> None:
    """What was published by now, here or by a run that was stopped: the worker would begin with it."""
    from rempart.kernel.models import Job, OutboxEvent
    from rempart.kernel.time import now

    OutboxEvent.objects.filter(dispatched_at__isnull=True).update(dispatched_at=now())
    Job.objects.filter(finished_at__isnull=True).delete()


def _advisory() -> list[tuple[str, ...]]:
    """A record nobody knew, of the product that is installed most."""
    from rempart.intelligence import commands as intelligence
    from rempart.intelligence.models import Vulnerability
    from rempart.kernel import outbox
    from rempart.kernel.actors import system

    vendor, product, held = _product()
    number = f"CVE-{time.time_ns() % 9000 + 1000}-{time.time_ns() % 900_000 + 100_000}"
    document = {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": {"cveId": number, "assignerOrgId": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
                        "state": "PUBLISHED", "datePublished": "2026-01-01T00:00:00Z"},
        "containers": {"cna": {
            "providerMetadata": {"orgId": "0" * 8 + "-0000-4000-8000-" + "0" * 12},
            "descriptions": [{"lang": "en", "value": "A record made for this measure."}],
            "affected": [{"vendor": vendor, "product": product, "defaultStatus": "unaffected",
                          "versions": [{"version": "0", "lessThan": "99999", "status": "affected",
                                        "versionType": "custom"}]}],
        }},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{number}.json"
        path.write_text(json.dumps(document))

        def stored() -> str:
            intelligence.load_cve(system("benchmark"), path)
            outbox.drain()
            return f"{held:,} installs of {vendor} {product}"

        first = rematch.timed("one new advisory → exposures stored", stored)
    found = Vulnerability.objects.get(cve_id=number)
    return [first, rematch.timed("who is exposed to it", lambda: _who(found.pk))]


def _who(vulnerability_id: int) -> str:
    """What its page shows: the bodies, and the services that stand on what is exposed."""
    from rempart.exposure import queries
    from rempart.kernel.actors import system

    bodies = queries.body_lines(system("benchmark"), vulnerability_id)
    services = queries.exposed_services([vulnerability_id], system("benchmark"))
    return f"{sum(one.assets for one in bodies):,} assets, {len(bodies)} bodies, {len(services):,} services"


def _product() -> tuple[str, str, int]:
    """(vendor, product, its installs): the one installed most."""
    from django.db.models import Count

    from rempart.assets.models import Install

    held = Install.objects.filter(removed_at__isnull=True).values_list(
        "component__vendor", "component__product"
    )
    return held.annotate(n=Count("id")).order_by("-n")[0]
