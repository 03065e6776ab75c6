"""Exposures = installed components × findings: opened, closed and reopened in a few statements of SQL.

Every function brings the rows within a ``Reach`` to what installs, findings and statements say now; running it
again changes nothing. The caller holds a transaction and the lock of ``reach.hold``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from rempart.exposure.commands import priorities
from rempart.exposure.commands.priorities import LIVE_SQL, OUTCOME, RULE
from rempart.exposure.commands.reach import Reach, fetch, run

_CONCERNED = "('affected', 'cannot_tell')"


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

    @property
    def total(self) -> int:
        return (
            self.opened
            + self.reopened
            + self.verified
            + self.withdrawn
            + self.stated
            + self.lapsed
            + self.revised
        )

    def add(self, other: Movement) -> None:
        for name in ("opened", "reopened", "verified", "withdrawn", "stated", "lapsed", "revised"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.vulnerability_ids |= other.vulnerability_ids
        self.body_ids |= other.body_ids


def _json_object() -> str:
    return "jsonb_build_object" if connection.vendor == "postgresql" else "json_object"


def _json(value: dict[str, Any]) -> str:
    """A constant JSON object as SQL; the text holds only what this module writes."""
    text = orjson.dumps(value).decode().replace("'", "''").replace("%", "%%")
    return f"CAST('{text}' AS jsonb)" if connection.vendor == "postgresql" else f"'{text}'"


def settle(reach: Reach, at: datetime, import_id: int | None = None) -> Movement:
    """Closes, reopens and opens within ``reach``, then applies the accepted statements."""
    priorities.read_table()
    where = reach.where("e.vulnerability_id", "e.component_id", "e.body_id")
    stamp = connection.ops.adapt_datetimefield_value(at)
    movement = Movement()
    movement.withdrawn = _withdraw(where, at, stamp)
    movement.verified = _verify(where, at, stamp, import_id)
    movement.revised = _certainty(where, stamp)
    movement.lapsed = _lapse(where, stamp)
    movement.reopened = _reopen(where, stamp)
    movement.opened = _open(reach, at, stamp)
    movement.stated = _state(where, stamp)
    if movement.reopened or movement.lapsed:
        priorities.prioritise(reach, at)
    _touched(movement, where, stamp)
    return movement


def touched(reach: Reach, at: datetime, movement: Movement) -> None:
    """Notes which vulnerabilities and bodies the rows changed at ``at`` belong to."""
    where = reach.where("e.vulnerability_id", "e.component_id", "e.body_id")
    _touched(movement, where, connection.ops.adapt_datetimefield_value(at))


def _touched(movement: Movement, where: str, stamp: Any) -> None:
    if not movement.total:
        return
    for vulnerability_id, body_id in fetch(
        "SELECT DISTINCT e.vulnerability_id, e.body_id FROM exposure_exposure e WHERE e.changed_at = %s AND "
        + where,
        [stamp],
    ):
        movement.vulnerability_ids.add(vulnerability_id)
        movement.body_ids.add(body_id)


def _withdraw(where: str, at: datetime, stamp: Any) -> int:
    """Live exposures whose pair is no longer affected: the record changed, was rejected, or named it wrongly."""
    make = _json_object()
    proof = (
        f"COALESCE((SELECT {make}('kind', 'finding', 'status', f.status, 'reason', f.reason, 'source', f.source)"
        " FROM exposure_finding f WHERE f.vulnerability_id = e.vulnerability_id"
        " AND f.component_id = e.component_id), " + _json({"kind": "finding", "status": "gone"}) + ")"
    )
    return run(
        "UPDATE exposure_exposure AS e SET state = 'withdrawn', closed_at = %s, changed_at = %s, proof = "
        + proof
        + " WHERE e.state IN "
        + LIVE_SQL
        + " AND "
        + where
        + " AND NOT EXISTS (SELECT 1 FROM exposure_finding f WHERE f.vulnerability_id = e.vulnerability_id"
        " AND f.component_id = e.component_id AND f.status IN " + _CONCERNED + ")",
        [stamp, stamp],
    )


def _verify(where: str, at: datetime, stamp: Any, import_id: int | None) -> int:
    """Live exposures whose component is no longer there: the inventory proves it, or the asset was retired."""
    make = _json_object()
    retired = run(
        "UPDATE exposure_exposure AS e SET state = 'verified', closed_at = %s, changed_at = %s, proof ="
        f" (SELECT {make}('kind', 'retired', 'at', a.retired_at) FROM assets_asset a WHERE a.id = e.asset_id)"
        " WHERE e.state IN "
        + LIVE_SQL
        + " AND "
        + where
        + " AND EXISTS (SELECT 1 FROM assets_asset a WHERE a.id = e.asset_id AND a.retired_at IS NOT NULL)",
        [stamp, stamp],
    )
    which = "m.id = %s" if import_id is not None else "m.state = 'applied'"
    proof = (
        f"COALESCE((SELECT {make}('kind', 'inventory', 'import', m.id, 'source', m.source, 'at', m.observed_at)"
        " FROM assets_inventoryimport m WHERE m.body_id = e.body_id AND "
        + which
        + " ORDER BY m.id DESC LIMIT 1), "
        + _json({"kind": "inventory", "import": None, "at": at.isoformat()})
        + ")"
    )
    absent = run(
        "UPDATE exposure_exposure AS e SET state = 'verified', closed_at = %s, changed_at = %s, proof = "
        + proof
        + " WHERE e.state IN "
        + LIVE_SQL
        + " AND "
        + where
        + " AND NOT "
        + _PRESENT,
        [stamp, stamp, *([import_id] if import_id is not None else [])],
    )
    return retired + absent


_PRESENT = (
    "EXISTS (SELECT 1 FROM assets_install i WHERE i.asset_id = e.asset_id AND i.component_id = e.component_id"
    " AND i.removed_at IS NULL)"
)


def _certainty(where: str, stamp: Any) -> int:
    return run(
        "UPDATE exposure_exposure AS e SET certainty = f.status, changed_at = %s FROM exposure_finding f"
        " WHERE f.vulnerability_id = e.vulnerability_id AND f.component_id = e.component_id"
        " AND f.status IN "
        + _CONCERNED
        + " AND f.status <> e.certainty AND e.state IN "
        + LIVE_SQL
        + " AND "
        + where,
        [stamp],
    )


def _reopen(where: str, stamp: Any) -> int:
    """Closed exposures whose component is there (again) and affected (again): the clock starts afresh."""
    was = (
        f"{_json_object()}('kind', 'reopened', 'was', e.state, 'opened', e.opened_at, 'closed', e.closed_at)"
    )
    return run(
        "UPDATE exposure_exposure AS e SET state = 'open', reopened = e.reopened + 1, opened_at = %s,"
        " priority_since = %s, changed_at = %s, closed_at = NULL, due_at = NULL, certainty = f.status, proof = "
        + was
        + " FROM exposure_finding f, assets_asset a"
        " WHERE f.vulnerability_id = e.vulnerability_id AND f.component_id = e.component_id"
        " AND f.status IN " + _CONCERNED + " AND a.id = e.asset_id AND a.retired_at IS NULL"
        " AND e.state IN ('verified', 'withdrawn') AND " + where + " AND " + _PRESENT,
        [stamp, stamp, stamp],
    )


def _open(reach: Reach, at: datetime, stamp: Any) -> int:
    """Inserts what is missing, with its priority and due date, in one statement."""
    values, parameters = priorities.due_values(priorities.dues_from(at, reach))
    where = reach.where("f.vulnerability_id", "f.component_id", "i.body_id")
    return run(
        "INSERT INTO exposure_exposure (body_id, asset_id, component_id, vulnerability_id, certainty, state,"
        " priority, criticality, opened_at, priority_since, changed_at, due_at, reopened, proof)"
        " SELECT DISTINCT i.body_id, i.asset_id, i.component_id, f.vulnerability_id, f.status, 'open', "
        + OUTCOME
        + ", a.criticality, d.column2, d.column2, d.column2, d.column4, 0, "
        + _json({})
        + " FROM exposure_finding f"
        " JOIN assets_install i ON i.component_id = f.component_id AND i.removed_at IS NULL"
        " JOIN assets_asset a ON a.id = i.asset_id AND a.retired_at IS NULL"
        " JOIN intelligence_vulnerability v ON v.id = f.vulnerability_id "
        + RULE
        + " JOIN ("
        + values
        + ") AS d ON d.column1 = "
        + OUTCOME
        + " AND d.column3 = "
        + priorities.kev_due_sql()
        + " WHERE f.status IN "
        + _CONCERNED
        + " AND "
        + where
        + " AND NOT EXISTS (SELECT 1 FROM exposure_exposure e WHERE e.vulnerability_id = f.vulnerability_id"
        " AND e.asset_id = i.asset_id AND e.component_id = f.component_id)"
        " ON CONFLICT (vulnerability_id, asset_id, component_id) DO NOTHING",
        [*parameters, *priorities.kev_due_parameters(at)],
    )


_HOLDS = (
    "s.body_id = e.body_id AND s.vulnerability_id = e.vulnerability_id AND s.state = 'accepted'"
    " AND (s.component_id IS NULL OR s.component_id = e.component_id)"
    " AND (s.valid_until IS NULL OR s.valid_until > %s)"
)


def _lapse(where: str, stamp: Any) -> int:
    """Exposures that only a statement kept closed, when none holds any more."""
    return run(
        "UPDATE exposure_exposure AS e SET state = 'open', closed_at = NULL, changed_at = %s, priority_since = %s,"
        " proof = "
        + _json({})
        + " WHERE e.state IN ('accepted', 'not_affected') AND "
        + where
        + " AND NOT EXISTS (SELECT 1 FROM exposure_statement s WHERE "
        + _HOLDS
        + ")",
        [stamp, stamp, stamp],
    )


def _state(where: str, stamp: Any) -> int:
    """Open exposures that an accepted statement covers; "not affected" goes before an accepted risk."""
    first = " FROM exposure_statement s WHERE " + _HOLDS + " ORDER BY s.kind, s.id LIMIT 1)"
    return run(
        "UPDATE exposure_exposure AS e SET closed_at = %s, changed_at = %s,"
        " state = (SELECT CASE s.kind WHEN 'not_affected' THEN 'not_affected' ELSE 'accepted' END"
        + first
        + f", proof = (SELECT {_json_object()}('kind', 'statement', 'id', s.id)"
        + first
        + " WHERE e.state = 'open' AND "
        + where
        + " AND EXISTS (SELECT 1 FROM exposure_statement s WHERE "
        + _HOLDS
        + ")",
        [stamp, stamp, stamp, stamp, stamp],
    )
