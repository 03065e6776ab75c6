"""All the indicators together."""

from __future__ import annotations

from datetime import datetime, timedelta

from rempart.assets.queries import InventoryMeasures, inventory_measures
from rempart.exposure import queries as exposure
from rempart.exposure.queries.lifecycle import supported_shares
from rempart.indicators.definitions import FRESH_DAYS
from rempart.indicators.measures.durations import durations
from rempart.indicators.measures.later import later_shares
from rempart.indicators.measures.model import Measure, Places, count_of_bodies, share_of_bodies, shares
from rempart.kernel.actors import system
from rempart.kernel.sql import fetch, instant
from rempart.kernel.time import today
from rempart.organisations import queries as organisations

_KEV_ON_TIME = """
SELECT e.body_id, SUM(CASE WHEN e.state = 'verified' AND e.closed_at <= e.due_at THEN 1 ELSE 0 END), COUNT(*)
FROM exposure_exposure e JOIN intelligence_vulnerability v ON v.id = e.vulnerability_id
WHERE v.kev_added_on IS NOT NULL AND e.certainty = 'affected'
    AND e.state IN ('open', 'verified', 'accepted') AND e.due_at >= %s AND e.due_at < %s
GROUP BY e.body_id
"""
_DECLARED = """
SELECT body_id, SUM(CASE WHEN state = 'declared' THEN 1 ELSE 0 END), COUNT(*)
FROM alerts_target WHERE state IN ('declared', 'verified') AND sent_at >= %s AND sent_at < %s GROUP BY body_id
"""


def measure(places: Places, since: datetime, until: datetime) -> dict[str, dict[int, Measure]]:
    """Each indicator by code, then each place's measure, over a period (states of the day: as of now)."""
    period = [instant(since), instant(until)]
    found = durations(places, since, until)
    for code, statement in (("kev_on_time", _KEV_ON_TIME), ("declared_unverified", _DECLARED)):
        parts = {body: (float(n), float(d)) for body, n, d in fetch(statement, period)}
        found[code] = shares(places, parts)
    found["bodies_act_now"] = count_of_bodies(places, frozenset(exposure.act_now(system("indicators"))))
    found |= _inventories(places, inventory_measures(), until)
    found["exposure_days"] = _exposure_days(places, found["assets_categorised"], since, until)
    found["software_supported"] = shares(places, dict(supported_shares(today())))
    found["reachable_bodies"] = _reachable(places, until)
    return found | later_shares(places, since, until)


def _inventories(
    places: Places, bodies: dict[int, InventoryMeasures], until: datetime
) -> dict[str, dict[int, Measure]]:
    oldest = until - timedelta(days=FRESH_DAYS)
    fresh = frozenset(
        body for body, one in bodies.items() if one.last_inventory_at and one.last_inventory_at > oldest
    )
    return {
        "inventory_freshness": share_of_bodies(places, fresh),
        "inventory_completeness": shares(
            places,
            {
                body: (float(one.installs - one.installs_without_version), float(one.installs))
                for body, one in bodies.items()
            },
        ),
        "assets_categorised": shares(
            places, {body: (float(one.categorised), float(one.assets)) for body, one in bodies.items()}
        ),
    }


def _exposure_days(
    places: Places, assets: dict[int, Measure], since: datetime, until: datetime
) -> dict[int, Measure]:
    """Weighted days by 100 live assets: comparable between a small body and a large one."""
    days = exposure.exposure_days(system("indicators"), since=since, until=until)
    found = {}
    for place, below in places.below.items():
        total = sum(days[each] for each in below & days.keys())
        count = assets[place].denominator or 0.0
        found[place] = Measure(total / count * 100 if count else None, total, count)
    return found


def _reachable(places: Places, at: datetime) -> dict[int, Measure]:
    bodies = frozenset().union(*places.bodies.values()) if places.bodies else frozenset()
    told = organisations.recipients(bodies, "officer", at)
    reached = frozenset(
        body for body, people in told.items() if any(c.verified for one in people for c in one.channels)
    )
    return share_of_bodies(places, reached)
