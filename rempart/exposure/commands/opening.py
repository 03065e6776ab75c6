"""Exposures = installed components × findings: opened, closed and reopened in a few statements of SQL.

Every function brings the rows within a ``Reach`` to what installs, findings and statements say now;
running it again changes nothing. The caller holds a transaction and the lock of ``reach.hold``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from rempart.exposure.commands import priorities
from rempart.exposure.commands.priorities import EXPLOITED, INTERNET, LIVE_SQL, OUTCOME, RULE
from rempart.exposure.commands.reach import IDS_AT_ONCE, Reach, fetch, run, slices
from rempart.exposure.models import Exposure
from rempart.kernel import sql, statistics

_PAIR = "f.vulnerability_id = e.vulnerability_id AND f.component_id = e.component_id"
_CONCERNED = "f.status IN ('affected', 'cannot_tell')"
_PRESENT = (
    "EXISTS (SELECT 1 FROM assets_install i WHERE i.asset_id = e.asset_id"
    " AND i.component_id = e.component_id AND i.removed_at IS NULL)"
)
_HOLDS = (
    "s.body_id = e.body_id AND s.vulnerability_id = e.vulnerability_id AND s.state = 'accepted'"
    " AND (s.component_id IS NULL OR s.component_id = e.component_id)"
    " AND (s.valid_until IS NULL OR s.valid_until > %s)"
)

_WITHDRAW = """
UPDATE exposure_exposure AS e SET state = 'withdrawn', closed_at = %s, changed_at = %s,
    proof = COALESCE((
        SELECT {make}('kind', 'finding', 'status', f.status, 'reason', f.reason, 'source', f.source)
        FROM exposure_finding f WHERE {pair}), {gone})
WHERE e.state IN {live} AND {where}
    AND NOT EXISTS (SELECT 1 FROM exposure_finding f WHERE {pair} AND {concerned})
"""
_VERIFY_RETIRED = """
UPDATE exposure_exposure AS e SET state = 'verified', closed_at = %s, changed_at = %s,
    proof = (SELECT {make}('kind', 'retired', 'at', a.retired_at) FROM assets_asset a WHERE a.id = e.asset_id)
WHERE e.state IN {live} AND {where} AND {retired}
"""
_VERIFY_ABSENT = """
UPDATE exposure_exposure AS e SET state = 'verified', closed_at = %s, changed_at = %s,
    proof = COALESCE((
        SELECT {make}('kind', 'inventory', 'import', m.id, 'source', m.source, 'at', m.observed_at)
        FROM assets_inventoryimport m WHERE m.body_id = e.body_id AND {which}
        ORDER BY m.id DESC LIMIT 1), {unknown})
WHERE e.state IN {live} AND {where} AND {absent}
"""
_CERTAINTY = """
UPDATE exposure_exposure AS e SET certainty = f.status, changed_at = %s FROM exposure_finding f
WHERE {pair} AND {concerned} AND f.status <> e.certainty AND e.state IN {live} AND {where}
"""
# Of a row's own asset: for an EXISTS, PostgreSQL may gather every retired one first.
_RETIRED = "(SELECT a.retired_at FROM assets_asset a WHERE a.id = e.asset_id) IS NOT NULL"
# What each of the above, or what reopens, would change: every row is read once, and not five times.
_UNSETTLED = """
SELECT d.id, d.to_do FROM (
    SELECT e.id, CASE
        WHEN e.state IN {live} AND f.id IS NULL THEN 'withdraw'
        WHEN e.state IN {live} AND {retired} THEN 'retire'
        WHEN e.state IN {live} AND {absent} THEN 'verify'
        WHEN e.state IN {live} AND f.status <> e.certainty THEN 'correct'
        WHEN e.state NOT IN {live} AND f.id IS NOT NULL AND {present} AND NOT ({retired}) THEN 'reopen'
        END AS to_do
    FROM exposure_exposure e LEFT JOIN exposure_finding f ON {pair} AND {concerned} AND {findings}
    WHERE {where}
) AS d WHERE d.to_do IS NOT NULL
"""
_REOPEN = """
UPDATE exposure_exposure AS e SET state = 'open', reopened = e.reopened + 1, opened_at = %s,
    priority_since = %s, changed_at = %s, closed_at = NULL, certainty = f.status, due_at = (
        SELECT d.due_at FROM {dues} AS d
        WHERE d.outcome = e.priority AND d.since = %s AND d.kev_due = {kev_due}
    ), proof = {make}('kind', 'reopened', 'was', e.state, 'opened', e.opened_at, 'closed', e.closed_at)
FROM exposure_finding f, assets_asset a, intelligence_vulnerability v
WHERE {pair} AND {concerned} AND a.id = e.asset_id AND a.retired_at IS NULL AND v.id = e.vulnerability_id
    AND e.state IN ('verified', 'withdrawn') AND {where} AND {present}
"""
# An install may be stated by two sources: the second conflicts with the first. What is already there is
# found within the reach, as one set; without that, the planner looks it up by asset, row after row.
_OPEN = """
INSERT INTO exposure_exposure (body_id, asset_id, component_id, vulnerability_id, certainty, state,
    priority, criticality, exploited, internet, opened_at, priority_since, changed_at, due_at, reopened,
    proof)
SELECT i.body_id, i.asset_id, i.component_id, f.vulnerability_id, f.status, 'open',
    {outcome}, a.criticality, {exploited}, {internet}, %s, %s, %s, (
        SELECT d.due_at FROM {dues} AS d
        WHERE d.outcome = {outcome} AND d.since = %s AND d.kev_due = {kev_due}
    ), 0, {nothing}
FROM exposure_finding f
JOIN assets_install i ON i.component_id = f.component_id AND i.removed_at IS NULL
JOIN assets_asset a ON a.id = i.asset_id AND a.retired_at IS NULL
JOIN intelligence_vulnerability v ON v.id = f.vulnerability_id
{rule}
WHERE {concerned} AND {where}
    AND NOT EXISTS (SELECT 1 FROM exposure_exposure e WHERE e.vulnerability_id = f.vulnerability_id
        AND e.asset_id = i.asset_id AND e.component_id = f.component_id AND {there})
ON CONFLICT (vulnerability_id, asset_id, component_id) DO NOTHING
"""
# Assets of a body with fewer live exposures than their components have findings; the others lack none, once
# those that nothing bears out are closed.
_LACKING = """
SELECT n.asset_id FROM (
    SELECT i.asset_id, SUM((
        SELECT COUNT(*) FROM exposure_finding f
        WHERE f.component_id = i.component_id AND {concerned})) AS wanted
    FROM (SELECT DISTINCT i.asset_id, i.component_id FROM assets_install i
        JOIN assets_asset a ON a.id = i.asset_id AND a.retired_at IS NULL
        WHERE {installs} AND i.removed_at IS NULL) AS i
    GROUP BY i.asset_id
) AS n
WHERE n.wanted <> (
    SELECT COUNT(*) FROM exposure_exposure e WHERE e.asset_id = n.asset_id AND e.state IN {live})
"""
_LAPSE = """
UPDATE exposure_exposure AS e SET state = 'open', closed_at = NULL, changed_at = %s, priority_since = %s,
    proof = {nothing}
WHERE e.state IN ('accepted', 'not_affected') AND {where}
    AND NOT EXISTS (SELECT 1 FROM exposure_statement s WHERE {holds})
"""
# "Not affected" goes before an accepted risk.
_STATE = """
UPDATE exposure_exposure AS e SET closed_at = %s, changed_at = %s,
    state = (SELECT CASE s.kind WHEN 'not_affected' THEN 'not_affected' ELSE 'accepted' END
        FROM exposure_statement s WHERE {holds} ORDER BY s.kind, s.id LIMIT 1),
    proof = (SELECT {make}('kind', 'statement', 'id', s.id)
        FROM exposure_statement s WHERE {holds} ORDER BY s.kind, s.id LIMIT 1)
WHERE e.state = 'open' AND {where} AND EXISTS (SELECT 1 FROM exposure_statement s WHERE {holds})
"""
_STATED = "SELECT DISTINCT s.vulnerability_id FROM exposure_statement s WHERE {where}"
_TOUCHED = """
SELECT DISTINCT e.vulnerability_id, e.body_id FROM exposure_exposure e WHERE e.changed_at = %s AND {where}
"""


@dataclass(slots=True)
class Movement:
    """How many exposures moved, and which vulnerabilities and bodies that touches."""

    opened: int = 0
    reopened: int = 0
    verified: int = 0
    withdrawn: int = 0
    stated: int = 0  # closed by an accepted statement
    lapsed: int = 0  # open again because a statement no longer holds
    revised: int = 0  # certainty, priority or due date
    vulnerability_ids: set[int] = field(default_factory=set)
    body_ids: set[int] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        names = ("opened", "reopened", "verified", "withdrawn", "stated", "lapsed", "revised")
        return {name: getattr(self, name) for name in names}

    @property
    def total(self) -> int:
        return sum(self.counts().values())

    def add(self, other: Movement) -> None:
        for name, count in other.counts().items():
            setattr(self, name, getattr(self, name) + count)
        self.vulnerability_ids |= other.vulnerability_ids
        self.body_ids |= other.body_ids


def settle(reach: Reach, at: datetime, import_id: int | None = None) -> Movement:
    """Closes, reopens and opens within ``reach``, then applies the accepted statements."""
    priorities.ensure_table()
    stamp = connection.ops.adapt_datetimefield_value(at)
    parts = _parts(reach)
    movement = Movement()
    unsettled: dict[str, list[int]] = {}
    findings = reach.where(vulnerability="f.vulnerability_id", component="f.component_id")
    for exposure_id, to_do in fetch(_UNSETTLED, **parts, findings=findings):
        unsettled.setdefault(to_do, []).append(exposure_id)
    for to_do, every in unsettled.items():
        for ids in slices(every, IDS_AT_ONCE):
            part = {**parts, "where": f"e.id IN ({sql.ids(ids)})"}
            _bring_to_truth(to_do, reach, part, movement, at, import_id)
    stated = _stated(reach, parts)
    if stated:
        movement.lapsed = run(_LAPSE, [stamp] * 3, **stated)
    for part in _incomplete(reach, parts):
        movement.opened += _open(part, at)
    if stated:
        movement.stated = run(_STATE, [stamp] * 5, **stated)
    # An inventory also says what faces the internet, which decides priorities.
    if movement.reopened or movement.lapsed or reach.body_id is not None:
        priorities.prioritise(reach, at)
    touched(reach, at, movement)
    return movement


def _incomplete(reach: Reach, parts: dict[str, str]) -> Iterator[Reach]:
    """Where exposures may be missing: of a body, only some assets change from one inventory to the next."""
    if reach.body_id is None or not reach.is_a_body:
        yield reach
        return
    lacking = fetch(_LACKING, **parts, installs=reach.where(asset="i.asset_id", body="i.body_id"))
    for ids in slices([row[0] for row in lacking], IDS_AT_ONCE):
        yield Reach(asset_ids=ids, body_id=reach.body_id)


def _bring_to_truth(
    to_do: str, reach: Reach, parts: dict[str, str], movement: Movement, at: datetime, import_id: int | None
) -> None:
    """Closes, corrects or reopens rows that installs or findings no longer bear out as they are."""
    stamp = connection.ops.adapt_datetimefield_value(at)
    match to_do:
        case "withdraw":
            movement.withdrawn += run(_WITHDRAW, [stamp, stamp], **parts)
        case "retire":
            movement.verified += run(_VERIFY_RETIRED, [stamp, stamp], **parts)
        case "verify":
            movement.verified += _verify_absent(parts, at, import_id)
        case "correct":
            movement.revised += run(_CERTAINTY, [stamp], **parts)
        case "reopen":
            movement.reopened += _reopen(reach, parts, at)


def _verify_absent(parts: dict[str, str], at: datetime, import_id: int | None) -> int:
    """Live exposures whose component is no longer there: an inventory proves it."""
    stamp = connection.ops.adapt_datetimefield_value(at)
    return run(
        _VERIFY_ABSENT,
        [stamp, stamp, *([] if import_id is None else [import_id])],
        which="m.state = 'applied'" if import_id is None else "m.id = %s",
        unknown=_json({"kind": "inventory", "import": None, "at": at.isoformat()}),
        **parts,
    )


def _reopen(reach: Reach, parts: dict[str, str], at: datetime) -> int:
    """Opens again what is there and concerned again, due from now on by the priority that it had."""
    stamp = connection.ops.adapt_datetimefield_value(at)
    with priorities.due_table(priorities.dues_from(at, reach)) as table:
        return run(
            _REOPEN,
            [*[stamp] * 4, *priorities.kev_due_parameters(at)],
            dues=table,
            kev_due=priorities.KEV_DUE,
            **parts,
        )


def _stated(reach: Reach, parts: dict[str, str]) -> dict[str, str] | None:
    """The part of the reach about which anything was ever stated; None when nothing was.

    Few vulnerabilities have a statement: the exposures of the others are not read.
    """
    rows = fetch(_STATED, where=reach.where(vulnerability="s.vulnerability_id", body="s.body_id"))
    if not rows:
        return None
    where = f"{parts['where']} AND e.vulnerability_id IN ({sql.ids(row[0] for row in rows)})"
    return {**parts, "where": where}


def touched(reach: Reach, at: datetime, movement: Movement) -> None:
    """Notes which vulnerabilities and bodies the rows changed at ``at`` belong to."""
    if not movement.total:
        return
    stamp = connection.ops.adapt_datetimefield_value(at)
    for vulnerability_id, body_id in fetch(_TOUCHED, [stamp], where=reach.exposures):
        movement.vulnerability_ids.add(vulnerability_id)
        movement.body_ids.add(body_id)


def _parts(reach: Reach) -> dict[str, str]:
    return {
        "where": reach.exposures,
        "live": LIVE_SQL,
        "pair": _PAIR,
        "concerned": _CONCERNED,
        "present": _PRESENT,
        "retired": _RETIRED,
        # Only who settles a whole body, all of its components matched and none changing meanwhile, may say
        # that one is gone: an inventory may arrive while anything else is being settled.
        "absent": f"NOT {_PRESENT}" if reach.is_a_body else "1 = 0",
        "holds": _HOLDS,
        "make": "jsonb_build_object" if connection.vendor == "postgresql" else "json_object",
        "nothing": _json({}),
        "gone": _json({"kind": "finding", "status": "gone"}),
    }


def _json(value: dict[str, Any]) -> str:
    """A constant JSON object as SQL; the text holds only what this module writes."""
    text = orjson.dumps(value).decode()
    return f"CAST('{text}' AS jsonb)" if connection.vendor == "postgresql" else f"'{text}'"


def _open(reach: Reach, at: datetime) -> int:
    """Inserts what is missing, with its priority and due date, in one statement."""
    stamp = connection.ops.adapt_datetimefield_value(at)
    with priorities.due_table(priorities.dues_from(at, reach)) as table:
        opened = run(
            _OPEN,
            [stamp] * 4 + [*priorities.kev_due_parameters(at)],
            where=reach.where("f.vulnerability_id", "f.component_id", "i.asset_id", "i.body_id"),
            there=reach.exposures,
            concerned=_CONCERNED,
            outcome=OUTCOME,
            rule=RULE,
            exploited=EXPLOITED,
            internet=INTERNET,
            dues=table,
            kev_due=priorities.KEV_DUE,
            nothing=_json({}),
        )
    statistics.grew(Exposure, opened)
    return opened
