"""Taking the day's values."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from rempart.indicators.definitions import INDICATORS, PERIODS
from rempart.indicators.measures import all_places, measure
from rempart.indicators.models import Snapshot
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now, today

_AT_ONCE = 2000


def take_snapshot(actor: Actor) -> int:
    """Keeps each indicator's value of the day for every place; returns how many values.

    Taken again, the day's values are replaced. A missed day stays missing: what an inventory showed or a
    state was on a past day is no longer known, and a value made up afterwards would not be evidence.
    """
    actor.require_everywhere(Permission.INDICATOR_READ)
    at, day = now(), today()
    places = all_places()
    # Measured before the transaction: on SQLite it would keep every writer out for as long as that takes.
    found = measure(places, at - timedelta(days=PERIODS[0]), at)
    rows = [
        Snapshot(
            day=day,
            indicator=indicator.code,
            body_id=place,
            value=one.value,
            numerator=one.numerator,
            denominator=one.denominator,
            taken_at=at,
        )
        for indicator in INDICATORS
        for place, one in found[indicator.code].items()
    ]
    with transaction.atomic():
        _keep(actor, day, rows)
    return len(rows)


def _keep(actor: Actor, day: date, rows: list[Snapshot]) -> None:
    first = not Snapshot.objects.filter(day=day).exists()
    Snapshot.objects.bulk_create(
        rows,
        batch_size=_AT_ONCE,
        update_conflicts=True,
        unique_fields=["indicator", "body", "day"],
        update_fields=["value", "numerator", "denominator", "taken_at"],
    )
    if first:
        audit.record(actor, "indicators.snapshot", None, after={"day": day.isoformat(), "values": len(rows)})
    outbox.publish("indicators.snapshot_taken", "indicators", {"day": day.isoformat()})
