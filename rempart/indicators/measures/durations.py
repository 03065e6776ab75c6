"""Median and 90th percentile of how long each step of the loop took, for every place at once.

Nearest-rank percentiles (the smallest value that at least p % of the others do not exceed): an observed
value, the same on every database, with window functions that both have.
"""

from __future__ import annotations

from datetime import datetime

from rempart.indicators.measures.model import Measure, Places
from rempart.kernel.sql import fetch, ids, instant, seconds

# The first instant at which an inventory showed a body's affected software: no one could alert it before.
_HELD = """
held AS (
    SELECT e.body_id, e.vulnerability_id, MIN(i.first_seen_at) AS first_at
    FROM exposure_exposure e
    JOIN assets_install i ON i.asset_id = e.asset_id AND i.component_id = e.component_id
    WHERE e.vulnerability_id IN (
        SELECT d.vulnerability_id FROM alerts_target t JOIN alerts_directive d ON d.id = t.directive_id
        WHERE {during}
    )
    GROUP BY e.body_id, e.vulnerability_id
),
known AS (
    SELECT t.body_id, t.sent_at, t.verified_at, h.first_at,
        CASE
            WHEN v.kev_seen_at IS NOT NULL AND v.kev_seen_at <= t.sent_at THEN v.kev_seen_at
            WHEN v.published_at > v.first_seen_at AND v.published_at <= t.sent_at THEN v.published_at
            ELSE v.first_seen_at
        END AS known_at
    FROM alerts_target t
    JOIN alerts_directive d ON d.id = t.directive_id
    JOIN intelligence_vulnerability v ON v.id = d.vulnerability_id
    LEFT JOIN held h ON h.body_id = t.body_id AND h.vulnerability_id = d.vulnerability_id
    WHERE {during}
),
clock AS (
    SELECT body_id, sent_at, verified_at,
        CASE WHEN first_at > known_at AND first_at <= sent_at THEN first_at ELSE known_at END AS start_at
    FROM known
),
"""
_ANSWERED = """
SELECT body_id, {length} AS seconds FROM (
    SELECT t.body_id, t.acknowledged_at,
        CASE WHEN t.alerted_at <= t.acknowledged_at THEN t.alerted_at ELSE t.sent_at END AS start_at
    FROM alerts_target t WHERE t.acknowledged_at >= %s AND t.acknowledged_at < %s
) answered WHERE acknowledged_at >= start_at
"""
_RANKED = """
WITH member AS (
    SELECT g.id AS place, b.id AS body_id FROM organisations_organisation g
    JOIN organisations_organisation b ON SUBSTR(b.path, 1, LENGTH(g.path)) = g.path
    WHERE g.id IN ({places}) AND b.id IN ({bodies})
),
{before}
lapse AS ({lapse}),
ranked AS (
    SELECT m.place, l.seconds,
        ROW_NUMBER() OVER (PARTITION BY m.place ORDER BY l.seconds) AS number,
        COUNT(*) OVER (PARTITION BY m.place) AS total
    FROM lapse l JOIN member m ON m.body_id = l.body_id
)
SELECT place, MIN(CASE WHEN number * 100 >= total * 50 THEN seconds END),
    MIN(CASE WHEN number * 100 >= total * 90 THEN seconds END), MAX(total)
FROM ranked GROUP BY place
"""


def durations(places: Places, since: datetime, until: datetime) -> dict[str, dict[int, Measure]]:
    """The six measures of time by code, then by place; three queries."""
    lapse = "SELECT body_id, {length} AS seconds FROM clock WHERE {end} >= start_at"
    alerted = lapse.format(length=seconds("start_at", "sent_at"), end="sent_at")
    verified = lapse.format(length=seconds("start_at", "verified_at"), end="verified_at")
    acknowledged = _ANSWERED.format(length=seconds("start_at", "acknowledged_at"))
    period = [instant(since), instant(until)]
    found: dict[str, dict[int, Measure]] = {}
    for code, before, lapse in (
        ("time_to_alert", _HELD.format(during="t.sent_at >= %s AND t.sent_at < %s"), alerted),
        ("time_to_verify", _HELD.format(during="t.verified_at >= %s AND t.verified_at < %s"), verified),
        ("time_to_acknowledge", "", acknowledged),
    ):
        median, ninetieth = _percentiles(places, before, lapse, period * (2 if before else 1))
        found[code], found[f"{code}_p90"] = median, ninetieth
    return found


def _percentiles(
    places: Places, before: str, lapse: str, parameters: list[object]
) -> tuple[dict[int, Measure], dict[int, Measure]]:
    everyone = frozenset().union(*places.below.values())
    statement = _RANKED.format(places=ids(places.below), bodies=ids(everyone), before=before, lapse=lapse)
    empty = Measure(None, None, 0.0)
    median, ninetieth = dict.fromkeys(places.below, empty), dict.fromkeys(places.below, empty)
    for place, middle, high, total in fetch(statement, parameters):
        median[place] = Measure(float(middle), None, float(total))
        ninetieth[place] = Measure(float(high), None, float(total))
    return median, ninetieth
