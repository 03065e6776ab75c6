"""The figures of the board and of indicators: counted in the database, within what the actor may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, IntegerField, Sum, Value, When

from rempart.exposure import facets
from rempart.exposure.commands.reach import fetch
from rempart.exposure.models import Exposure, ExposureCount
from rempart.exposure.queries.rows import centres
from rempart.kernel.actors import Actor, Scope
from rempart.kernel.permissions import Permission
from rempart.kernel.scoping import condition
from rempart.kernel.sql import instant
from rempart.kernel.time import now, today

# (key, from how many days on): the age of an open exposure.
AGES = (
    ("0-1", 0),
    ("1-3", 1),
    ("3-7", 3),
    ("7-14", 7),
    ("14-30", 14),
    ("30-60", 30),
    ("60-90", 60),
    ("90+", 90),
)

_DAYS = {
    "sqlite": "(julianday({end}) - julianday({start}))",
    "postgresql": "(EXTRACT(EPOCH FROM ({end} - {start})) / 86400.0)",
}
# Each exposure weighs its asset's criticality, 1 when none is stated. It counts from its opening to its end,
# or to the end of the period; what is accepted still counts as exposed, what was withdrawn never was.
_EXPOSURE_DAYS = """
SELECT e.body_id, SUM(CASE WHEN e.criticality > 0 THEN e.criticality ELSE 1 END * {days}), COUNT(*)
FROM exposure_exposure e
WHERE e.certainty = 'affected' AND e.state IN ('open', 'accepted', 'verified')
    AND e.opened_at < %s AND (e.state <> 'verified' OR e.closed_at > %s) AND {where}
GROUP BY e.body_id
"""


@dataclass(slots=True)
class HeatRow:
    """A centre or body, and its open exposures by age."""

    id: int
    code: str
    name: str
    cells: dict[str, int] = field(default_factory=lambda: {key: 0 for key, _ in AGES})

    @property
    def total(self) -> int:
        return sum(self.cells.values())


def midnight() -> datetime:
    """The first instant of the present day."""
    from django.utils import timezone

    return timezone.make_aware(datetime.combine(today(), datetime.min.time()))


def age_limits(key: str, at: datetime) -> tuple[datetime | None, datetime] | None:
    """(opened after or None, opened at or before) of an age bucket; None for an unknown one."""
    keys = [name for name, _ in AGES]
    if key not in keys:
        return None
    place = keys.index(key)
    after = at - timedelta(days=AGES[place + 1][1]) if place + 1 < len(AGES) else None
    return after, at - timedelta(days=AGES[place][1])


def heat(actor: Actor, by: str = "centre") -> list[HeatRow]:
    """Open exposures to what is exploited (KEV), by age, for each centre or body.

    Every centre is listed, and every body that has some; the hottest first.
    """
    at = now()
    age = Case(
        *(
            When(opened_at__lte=at - timedelta(days=days), then=Value(n))
            for n, (_, days) in reversed([*enumerate(AGES)])
        ),
        default=Value(0),
        output_field=IntegerField(),
    )
    exploited = facets.numbers(state="open", certainty="affected", exploited=True)
    hot = Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(facet__in=exploited)
    counted = hot.annotate(age=age).values_list("body_id", "age").annotate(n=Count("id")).order_by()
    if by == "body":
        rows = _body_rows(actor, {body_id for body_id, _, _ in counted})
        place = {row.id: row for row in rows}
    else:
        known = centres(actor)
        rows = [HeatRow(key, one["code"], one["name"]) for key, one in known.items()]
        by_id = {row.id: row for row in rows}
        place = {body_id: by_id[key] for key, one in known.items() for body_id in one["bodies"]}
    for body_id, number, count in counted:
        if body_id in place:
            place[body_id].cells[AGES[number][0]] += count
    return sorted(rows, key=lambda row: (-row.total, row.code))


def act_now(actor: Actor) -> dict[int, int]:
    """Body id → its open exposures, certain, that the table of priority puts first."""
    pressing = facets.numbers(state="open", certainty="affected", priority="act_now")
    rows = ExposureCount.objects.visible_to(actor, Permission.EXPOSURE_READ)
    found = rows.filter(facet__in=pressing, n__gt=0).values_list("body_id").annotate(total=Sum("n"))
    return dict(found.order_by())


def reached(actor: Actor, cve_ids: Iterable[str]) -> dict[str, tuple[int, int, int]]:
    """How many exposures, assets and bodies each of these is open on for certain; absent where none."""
    certain = facets.numbers(state="open", certainty="affected")
    rows = (
        Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ)
        .filter(state=Exposure.State.OPEN, facet__in=certain, vulnerability__cve_id__in=set(cve_ids))
        .values_list("vulnerability__cve_id")
        .annotate(
            n=Count("id"),
            assets=Count("asset_id", distinct=True),
            bodies=Count("body_id", distinct=True),
        )
        .order_by()
    )
    return {cve_id: counts for cve_id, *counts in rows}


def _body_rows(actor: Actor, body_ids: set[int]) -> list[HeatRow]:
    from rempart.organisations import queries as organisations

    bodies = organisations.bodies(actor, Permission.EXPOSURE_READ).filter(id__in=body_ids)
    return [HeatRow(one.pk, one.code, one.name) for one in bodies]


def exposure_days(
    actor: Actor, *, since: datetime, until: datetime, body_ids: Iterable[int] | None = None
) -> dict[int, float]:
    """Days of exposure between two instants, weighted by criticality (1 to 4), by body; certain ones only."""
    scope = actor.scope(Permission.EXPOSURE_READ)
    if not scope or until <= since:
        return {}
    if body_ids is not None:
        asked = frozenset(body_ids)
        scope = Scope(bodies=asked if scope.everything else asked & scope.bodies)
    first, last = (instant(one) for one in (since, until))
    cast = "CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"
    end = f"CASE WHEN e.state = 'verified' AND e.closed_at < {cast} THEN e.closed_at ELSE {cast} END"
    start = f"CASE WHEN e.opened_at > {cast} THEN e.opened_at ELSE {cast} END"
    rows: list[tuple[Any, ...]] = fetch(
        _EXPOSURE_DAYS,
        [last, last, first, first, last, first],
        days=_DAYS[connection.vendor].format(end=end, start=start),
        where=condition(scope, "e.body_id"),
    )
    return {body_id: float(days) for body_id, days, _ in rows}
