"""Directives past their deadline, by place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from rempart.indicators.measures.model import Places
from rempart.kernel.sql import fetch, instant, seconds

_LATE = """
SELECT body_id, COUNT(*), SUM(CASE WHEN state IN ('sent', 'delivered') THEN 1 ELSE 0 END), MAX({late})
FROM alerts_target
WHERE state IN ('sent', 'delivered', 'acknowledged', 'in_progress', 'declared') AND due_at < %s
GROUP BY body_id
"""


@dataclass(frozen=True, slots=True)
class Late:
    """How many directives are late, in how many bodies, how many without any answer, and the longest (s)."""

    directives: int = 0
    bodies: int = 0
    silent: int = 0
    longest: float = 0.0


def late(places: Places, at: datetime) -> dict[int, Late]:
    """What is late in each place. One query."""
    cast = "CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"
    rows = fetch(_LATE.format(late=seconds("due_at", cast)), [instant(at), instant(at)])
    by_body = {body: (n, silent, float(longest)) for body, n, silent, longest in rows}
    found = {}
    for place, below in places.below.items():
        mine = [by_body[each] for each in below & by_body.keys()]
        found[place] = Late(
            sum(n for n, _, _ in mine),
            len(mine),
            sum(silent for _, silent, _ in mine),
            max((longest for _, _, longest in mine), default=0.0),
        )
    return found
