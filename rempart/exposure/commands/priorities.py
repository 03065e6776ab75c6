"""Priority and due date of exposures: the decision table and the calendar, applied in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from rempart.engines.clocks import BusinessCalendar, due_date
from rempart.engines.priority import (
    DEFAULT_DEADLINES,
    DEFAULT_TABLE,
    Deadline,
    Deadlines,
    Outcome,
    Table,
)
from rempart.exposure.commands.reach import IDS_AT_ONCE, Reach, fetch, run, slices
from rempart.exposure.models import Exposure, PriorityDeadline, PriorityRule
from rempart.kernel import sql
from rempart.kernel.staging import load, temporary_table
from rempart.organisations import queries as organisations

LIVE = (Exposure.State.OPEN, Exposure.State.ACCEPTED, Exposure.State.NOT_AFFECTED)
LIVE_SQL = "('open', 'accepted', 'not_affected')"

# The inputs of a decision, from the rows of the vulnerability (v) and of the asset (a). An entry of the KEV
# catalogue is exploitation. Where nobody has said whether an attack can be automated, the CVSS vector tells:
# over the network, without difficulty, privilege or user.
EXPLOITATION = "CASE WHEN v.kev_added_on IS NOT NULL THEN 'active' ELSE v.exploitation END"
AUTOMATABLE = (
    "CASE WHEN v.automatable <> '' THEN v.automatable"
    " WHEN v.cvss_vector LIKE '%%AV:N%%AC:L%%PR:N%%UI:N%%' THEN 'yes' ELSE 'no' END"
)
IMPACT = "CASE a.criticality WHEN 4 THEN 'very_high' WHEN 3 THEN 'high' WHEN 2 THEN 'medium' ELSE 'low' END"
RULE = (
    "LEFT JOIN exposure_priorityrule r ON r.exploitation = "
    + EXPLOITATION
    + " AND r.exposure = a.network_exposure"
    " AND r.automatable = " + AUTOMATABLE + " AND r.impact = " + IMPACT
)
OUTCOME = "COALESCE(r.outcome, 'scheduled')"
EXPLOITED = "(v.kev_added_on IS NOT NULL)"
INTERNET = "(a.network_exposure = 'internet')"
_NO_DATE = date(1, 1, 1)
# The catalogue's date as a key of the due dates: one already past changes nothing. Takes two dates.
KEV_DUE = "CASE WHEN v.kev_due_on >= %s THEN v.kev_due_on ELSE %s END"

# What either of the two below would change: each row is read once.
_UNRANKED = """
SELECT e.id FROM exposure_exposure e
JOIN assets_asset a ON a.id = e.asset_id
JOIN intelligence_vulnerability v ON v.id = e.vulnerability_id
{rule}
WHERE {where} AND (e.exploited <> {exploited} OR e.internet <> {internet}
    OR (e.state IN {live} AND (e.priority <> {outcome} OR e.criticality <> a.criticality)))
"""
_PRIORITISE = """
UPDATE exposure_exposure AS e SET priority = n.outcome, criticality = n.criticality,
    exploited = n.exploited, internet = n.internet, changed_at = %s,
    priority_since = CASE WHEN e.priority <> n.outcome THEN %s ELSE e.priority_since END
FROM (
    SELECT e.id, {outcome} AS outcome, a.criticality, {exploited} AS exploited, {internet} AS internet
    FROM exposure_exposure e
    JOIN assets_asset a ON a.id = e.asset_id
    JOIN intelligence_vulnerability v ON v.id = e.vulnerability_id
    {rule}
    WHERE e.state IN {live} AND {where} AND (e.priority <> {outcome} OR e.criticality <> a.criticality
        OR e.exploited <> {exploited} OR e.internet <> {internet})
) AS n WHERE n.id = e.id
"""
# What is closed keeps the priority it had; lists still tell whether it is exploited, and faces the internet.
_CLOSED_FACTS = """
UPDATE exposure_exposure AS e SET exploited = {exploited}, internet = {internet}
FROM assets_asset a, intelligence_vulnerability v
WHERE a.id = e.asset_id AND v.id = e.vulnerability_id AND e.closed_at IS NOT NULL
    AND e.state NOT IN {live} AND {where} AND (e.exploited <> {exploited} OR e.internet <> {internet})
"""
_DUE_KEYS = """
SELECT DISTINCT e.priority, e.priority_since, v.kev_due_on, e.due_at FROM exposure_exposure e
JOIN intelligence_vulnerability v ON v.id = e.vulnerability_id
WHERE e.state IN {live} AND {where}
"""
_SET_DUE = """
UPDATE exposure_exposure AS e SET due_at = d.due_at, changed_at = %s
FROM {dues} AS d, intelligence_vulnerability v
WHERE v.id = e.vulnerability_id AND d.outcome = e.priority AND d.since = e.priority_since
    AND d.kev_due = COALESCE(v.kev_due_on, %s)
    AND e.state IN {live} AND {where} AND (e.due_at IS NULL OR e.due_at <> d.due_at)
"""


class DueKey(NamedTuple):
    """What a due date is computed from; ``kev_due`` is ``_NO_DATE`` when the catalogue sets none."""

    outcome: str
    since: datetime
    kev_due: date


def read_table() -> Table:
    """The decision table in force; a database without one is given the first one of an installation."""
    rows = list(PriorityRule.objects.values("exploitation", "exposure", "automatable", "impact", "outcome"))
    if not rows:
        seed()
        return DEFAULT_TABLE
    return Table.from_rows(rows)


def ensure_table() -> None:
    """A table for the statements below to read, where an installation has none yet."""
    if not PriorityRule.objects.exists():
        seed()


def read_deadlines() -> Deadlines:
    """The deadlines in force."""
    rows = list(PriorityDeadline.objects.values("outcome", "amount", "unit", "business"))
    return Deadlines.from_rows(rows) if rows else DEFAULT_DEADLINES


def seed() -> None:
    """Writes the table and deadlines of a new installation where there are none."""
    PriorityRule.objects.bulk_create(
        [PriorityRule(**row) for row in DEFAULT_TABLE.to_rows()], ignore_conflicts=True
    )
    PriorityDeadline.objects.bulk_create(
        [PriorityDeadline(**row) for row in DEFAULT_DEADLINES.to_rows()], ignore_conflicts=True
    )


def due_dates(keys: Iterable[DueKey], deadlines: Deadlines) -> dict[DueKey, datetime]:
    """The due instant of each combination."""
    wanted = list(keys)
    if not wanted:
        return {}
    years = [key.since.year for key in wanted]
    office = organisations.office_in_force().calendar(min(years), max(years))
    return {key: _due_at(key.since, deadlines[Outcome(key.outcome)], key.kev_due, office) for key in wanted}


@lru_cache(maxsize=1 << 14)
def _due_at(since: datetime, deadline: Deadline, kev_due: date, office: BusinessCalendar) -> datetime:
    """The parts of a re-match ask for the same few thousand instants again and again."""
    return due_date(since, deadline, office, None if kev_due == _NO_DATE else kev_due).at


@contextmanager
def due_table(dues: Mapping[DueKey, datetime]) -> Iterator[str]:
    """The due dates as a table (outcome, since, kev_due, due_at) for the time of the block.

    It is read by its key, one row at a time: a list of values would be gone through for each exposure.
    """
    ops = connection.ops
    instants = "timestamptz" if connection.vendor == "postgresql" else "datetime"
    columns = (
        f"outcome varchar(12), since {instants}, kev_due date, due_at {instants},"
        " PRIMARY KEY (outcome, since, kev_due)"
    )
    rows = (
        (
            key.outcome,
            ops.adapt_datetimefield_value(key.since),
            ops.adapt_datefield_value(key.kev_due),
            ops.adapt_datetimefield_value(at),
        )
        for key, at in dues.items()
    )
    with temporary_table("exposure_dues", columns) as name:
        load(name, ("outcome", "since", "kev_due", "due_at"), rows)
        yield name


def kev_due_parameters(at: datetime) -> list[Any]:
    ops = connection.ops
    return [ops.adapt_datefield_value(at.date()), ops.adapt_datefield_value(_NO_DATE)]


def dues_from(at: datetime, reach: Reach) -> dict[DueKey, datetime]:
    """The due instants of what opens at ``at``: each outcome, with each date the catalogue still sets."""
    rows = fetch(
        "SELECT DISTINCT kev_due_on FROM intelligence_vulnerability WHERE kev_due_on >= %s AND {where}",
        [connection.ops.adapt_datefield_value(at.date())],
        where=reach.where(vulnerability="id"),
    )
    dates = [_NO_DATE, *(_date(row[0]) for row in rows)]
    return due_dates((DueKey(outcome, at, day) for outcome in Outcome for day in dates), read_deadlines())


def _date(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def prioritise(reach: Reach, at: datetime) -> int:
    """Brings priority, criticality and due date of the live exposures within reach to what they should be.

    Returns how many changes were made. The caller holds the matching alone, or the body.
    """
    ensure_table()
    stamp = connection.ops.adapt_datetimefield_value(at)
    parts = {
        "where": reach.exposures,
        "live": LIVE_SQL,
        "outcome": OUTCOME,
        "rule": RULE,
        "exploited": EXPLOITED,
        "internet": INTERNET,
    }
    changed = 0
    for ids in slices([row[0] for row in fetch(_UNRANKED, **parts)], IDS_AT_ONCE):
        some = {**parts, "where": f"e.id IN ({sql.ids(ids)})"}
        run(_CLOSED_FACTS, **some)
        changed += run(_PRIORITISE, [stamp, stamp], **some)
    return changed + _set_due(parts, stamp)


def _set_due(parts: dict[str, str], stamp: Any) -> int:
    """Recomputes due dates, once per distinct (priority, since, catalogue's date); writes what differs.

    Nearly always none does: the rows are then read once, and no date is joined with them.
    """
    found: dict[DueKey, set[datetime | None]] = {}
    for outcome, since, day, due in fetch(_DUE_KEYS, **parts):
        key = DueKey(outcome, instant(since), _date(day) if day else _NO_DATE)
        found.setdefault(key, set()).add(None if due is None else instant(due))
    right = due_dates(found, read_deadlines())
    wrong = {key: at for key, at in right.items() if found[key] != {at}}
    if not wrong:
        return 0
    no_date = connection.ops.adapt_datefield_value(_NO_DATE)
    with due_table(wrong) as table:
        return run(_SET_DUE, [stamp, no_date], dues=table, **parts)


def instant(value: datetime) -> datetime:
    """SQLite keeps instants in UTC without saying so."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)
