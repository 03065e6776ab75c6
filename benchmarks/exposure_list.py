"""The list of exposures at up to ten million rows: any filter × any order × first, middle and last page.

Asked as one who sees the whole government, the bodies of one centre, or a single body. Times are those of
finding and reading a page, without its HTML (some 50 ms, whatever the number of rows), in CPU time: this
process's and, on a PostgreSQL of this machine (``REMPART_DATABASE_URL``), that of the server's process
behind it.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import government
from benchmarks.table import machine, show

BODIES, CENTRES, COMPONENTS, VULNERABILITIES = 400, 20, 500, 3_001
PER_ASSET = 50
FILTERS: tuple[dict[str, str], ...] = (
    {},
    *({"state": value} for value in ("open", "verified", "accepted")),
    *({"priority": value} for value in ("act_now", "defer")),
    {"certainty": "cannot_tell"},
    *({"late": value} for value in ("yes", "no")),
    {"body": "b7"},
    {"centre": "c3"},
    {"vulnerability": "CVE-2020-00010"},
    {"asset": "a77"},
    {"criticality": "4"},
    {"kev": "yes"},
    {"internet": "yes"},
    *({"age": value} for value in ("0-1", "30-60", "90+")),
    {"closed": "today"},
    {"state": "open", "priority": "act_now", "kev": "yes"},
    {"state": "open", "internet": "yes", "criticality": "4", "certainty": "affected"},
    {"centre": "c3", "state": "open", "late": "yes"},
    {"kev": "yes", "age": "14-30"},
)

_SERIES = {
    "sqlite": "WITH RECURSIVE g(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM g WHERE i < {last})",
    "postgresql": "WITH g(i) AS (SELECT generate_series({first}::bigint, {last}))",
}
_INSTANT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', 'now', ({days}) || ' days', ({seconds}) || ' seconds')",
    "postgresql": "now() + make_interval(days => ({days})::int, secs => {seconds})",
}
# Rows that share a body were opened on few days, as inventories are: what makes some orders hard.
_ROWS = """
{series}, d AS (
    SELECT i, i % {assets} AS a, i / {assets} AS p, (i % {assets}) % {bodies} AS b FROM g
), r AS (
    SELECT d.*, (p * 61 + a * 13) % {vulnerabilities} AS v, (a * 31 + p * 17) % 100 AS h,
        (b * 7 + p * 3) % 120 AS days FROM d
), s AS (
    SELECT r.*, CASE WHEN h < 80 THEN 'open' WHEN h < 95 THEN 'verified' WHEN h < 97 THEN 'accepted'
        WHEN h < 98 THEN 'not_affected' ELSE 'withdrawn' END AS state,
        CASE WHEN v % 10 = 0 AND a % 5 = 0 THEN 'act_now' WHEN v % 10 = 0 THEN 'out_of_cycle'
        WHEN a % 4 = 0 THEN 'scheduled' ELSE 'defer' END AS priority FROM r
)
INSERT INTO exposure_exposure (body_id, asset_id, component_id, vulnerability_id, certainty, state, priority,
    criticality, exploited, internet, opened_at, priority_since, changed_at, due_at, closed_at, reopened,
    proof)
SELECT {body} + b, {asset} + a, {component} + v % {components}, {vulnerability} + v,
    CASE WHEN h % 16 = 3 THEN 'cannot_tell' ELSE 'affected' END, state, priority, a % 5,
    (v % 10 = 0), (a % 5 = 0), {opened}, {opened}, {opened}, {due},
    CASE WHEN state = 'open' THEN NULL ELSE {closed} END, 0, '{{}}' FROM s
"""


def run(options: argparse.Namespace) -> None:
    var = government.HOME / f"lists-{options.rows}{'-postgresql' if government.ON_POSTGRESQL else ''}"
    done = var / "made"
    if not done.exists():
        government.fresh(var)
        government.cli(var, "init")
    government.use(var)
    if not done.exists():
        _make(options.rows)
        done.touch()
    _measure(options.rows, options.cases)


def _make(rows: int) -> None:
    """The bodies and assets, then the exposures in a few statements, their indexes built afterwards."""
    from django.db import connection, transaction

    with transaction.atomic():
        places = _places(max(rows // PER_ASSET, BODIES))
    with government.filling_exposures(), connection.cursor() as cursor:
        for first in range(0, rows, 500_000):
            cursor.execute(_insertion(connection.vendor, places, first, min(first + 500_000, rows) - 1))


def _insertion(vendor: str, places: dict[str, int], first: int, last: int) -> str:
    instant = _INSTANT[vendor]
    wait = (
        "CASE priority WHEN 'act_now' THEN 3 WHEN 'out_of_cycle' THEN 14 WHEN 'scheduled' THEN 30 ELSE 90 END"
    )
    return _ROWS.format(
        **places,
        series=_SERIES[vendor].format(first=first, last=last),
        bodies=BODIES,
        components=COMPONENTS,
        vulnerabilities=VULNERABILITIES,
        opened=instant.format(days="-days", seconds="-b * 60"),
        due=instant.format(days=f"-days + {wait}", seconds="-b * 60"),
        closed=instant.format(days="-(days * h / 100)", seconds="-a % 3600"),
    )


def _places(assets: int) -> dict[str, int]:
    """What exposures stand on; the first id of each kind, and how many assets there are."""
    from rempart.assets.models import Component
    from rempart.intelligence.models import Vulnerability
    from rempart.kernel.time import now

    at = now()
    bodies = government.organisations(BODIES, CENTRES)
    first = government.assets(bodies, assets)
    Component.objects.bulk_create(
        Component(digest=f"{n:064}", vendor="Éditeur", product=f"Produit {n % 97}", version=f"1.{n}")
        for n in range(COMPONENTS)
    )
    Vulnerability.objects.bulk_create(
        Vulnerability(
            cve_id=f"CVE-2020-{n:05}",
            title=f"Faille {n}",
            first_seen_at=at,
            kev_added_on=at.date() if n % 10 == 0 else None,
        )
        for n in range(VULNERABILITIES)
    )
    lowest = {
        "asset": first,
        "component": Component.objects.order_by("id").values_list("id", flat=True)[0],
        "vulnerability": Vulnerability.objects.order_by("-id").values_list("id", flat=True)[
            VULNERABILITIES - 1
        ],
    }
    return {**lowest, "body": bodies[0], "assets": assets}


def _measure(rows: int, cases: int) -> None:
    from django.db import connection

    from rempart.exposure.queries import paging
    from rempart.kernel.actors import Actor, Grant, Scope, system
    from rempart.kernel.permissions import Role
    from rempart.organisations.models import Organisation

    def only(where: Organisation, role: Role, bodies: list[int]) -> Actor:
        return Actor(1, where.code, grants=(Grant(role, where.pk, Scope(bodies=frozenset(bodies))),))

    body, centre = (Organisation.objects.get(code=code) for code in ("b7", "c7"))
    of_centre = list(Organisation.objects.filter(parent=centre).values_list("pk", flat=True))
    actors = (
        ("whole government", system("benchmark")),
        ("one centre", only(centre, Role.COCD_ANALYST, of_centre)),
        ("one body", only(body, Role.BODY_OFFICER, [body.pk])),
    )
    orders = [mark + name for name in paging.ORDERS for mark in ("", "-")]
    draw = random.Random(3)
    lines = []
    for label, actor in actors:
        wanted = list(product(FILTERS, orders, ("first", "middle", "last")))
        if cases:
            wanted = draw.sample(wanted, min(cases, len(wanted)))
        taken = []
        for filters, order, where in wanted:
            milliseconds = _page(actor, filters, order, where)
            if milliseconds is not None:
                taken.append((milliseconds, f"{filters or 'no filter'} by {order}, {where}"))
        taken.sort(key=lambda pair: pair[0])
        times = [each for each, _ in taken]
        worst = "; ".join(f"{each:.0f} ms: {what}" for each, what in taken[-3:])
        figures = (statistics.median(times), times[int(len(times) * 0.95)], times[-1])
        lines.append((label, f"{len(times)}", *(f"{each:.0f}" for each in figures), worst))
    show(
        f"The list of exposures, {rows:,} rows, {BODIES} bodies, {connection.vendor} ({machine()}),"
        " CPU ms for a page and its count",
        ("as", "pages", "p50", "p95", "worst", "the slowest"),
        lines,
    )


def _page(actor: Any, filters: dict[str, str], order: str, where: str) -> float | None:
    """Milliseconds to find and read a page; None where the list has no such page."""
    from rempart.exposure.pages import lists

    parameters = {**filters, "sort": order}
    if where != "first":
        shown = lists.exposure_page(actor, parameters)
        if shown.pages < 3:
            return None
        if where == "last":
            if shown.beyond:
                return None  # its number is not known: nothing leads there
            parameters["page"] = str(shown.pages)
        elif shown.last_cursor:
            parameters |= {"page": str(shown.pages // 2), "after": _middle(actor, filters, order)}
        else:
            parameters["page"] = str(shown.pages // 2)
    start = _clock()
    lists.exposure_page(actor, parameters)
    return (_clock() - start) * 1000


def _clock() -> float:
    """Seconds of CPU spent so far: here, and in the database's process (in hundredths of a second)."""
    from django.db import connection

    spent = time.process_time()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (process,) = cursor.fetchone()
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        spent += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def _middle(actor: Any, filters: dict[str, str], order: str) -> str:
    """The cursor of some row in the middle of the list, as the page that ends with it would give it."""
    from rempart.exposure import facets
    from rempart.exposure.pages import lists
    from rempart.exposure.queries import exposures, paging

    rows = lists.exposure_listing(actor).rows(lists.with_urgency(exposures(actor)), filters).order_by("pk")
    top = rows.order_by("-pk").values_list("pk", flat=True)[0]
    row = rows.filter(pk__gte=top // 2)[0]
    found = paging.ORDERS[order.lstrip("-")]
    group = found.group(facets.decode(row.facet)) if found.group else 0
    return paging.cursor_of(row, found, group)
