"""A staged inventory against what is stored: what differs, and making it so. Single statements, whatever the size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rempart.assets.commands.identity import component_digest
from rempart.assets.folding import folded
from rempart.assets.inventory.staging import execute, fetch, load, moment, temporary_table
from rempart.assets.inventory.statement import Statement
from rempart.assets.inventory.values import ASSET_COLUMNS, COMPONENT_LIMITS
from rempart.assets.models import Asset, Component, Dependency, Install

_ASSET, _COMPONENT = Asset._meta.db_table, Component._meta.db_table
_INSTALL, _DEPENDENCY = Install._meta.db_table, Dependency._meta.db_table
_SAMPLE = 20

_TYPES = {
    **dict.fromkeys(("confidentiality", "integrity", "availability", "own_criticality"), "smallint"),
    **dict.fromkeys(("rto_hours", "rpo_hours"), "integer"),
    **dict.fromkeys(("owner_id", "location_id"), "bigint"),
    "essential": "boolean",
}
# An asset that a person categorised keeps the levels they justified.
_JUSTIFIED = frozenset({"confidentiality", "integrity", "availability", "own_criticality"})
_DEFAULTS = {
    "name_fr": "s.key", "name_en": "''", "description": "''", "kind": "'server'", "network_exposure": "'internal'",
    "environment": "'production'", "essential": "FALSE", "rto_hours": "NULL", "rpo_hours": "NULL",
    "confidentiality": "0", "integrity": "0", "availability": "0", "own_criticality": "0",
    "owner_id": "NULL", "location_id": "NULL",
}  # fmt: skip
_COMPONENT_COLUMNS = tuple(COMPONENT_LIMITS)
_STAGE_ASSET = (
    "place integer PRIMARY KEY, key text UNIQUE, seen integer, search_text text, asset_id bigint, "
    "changed integer DEFAULT 0, renamed integer DEFAULT 0, "
    + ", ".join(f"{column} {_TYPES.get(column, 'text')}" for column in ASSET_COLUMNS)
)
_STAGE_COMPONENT = (
    "place integer PRIMARY KEY, digest text UNIQUE, search_text text, component_id bigint, "
    + ", ".join(f"{column} text" for column in _COMPONENT_COLUMNS)
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a statement goes: body, inventory source, and how far its silence proves absence."""

    body_id: int
    source: str
    complete: bool
    observed_at: datetime
    asset_key: str = ""  # silence speaks of this asset alone


@dataclass(slots=True)
class Difference:
    """Counts by kind of row, and the first examples of what differs."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    samples: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def graph_changed(self) -> bool:
        """Whether criticality may flow otherwise."""
        assets, edges = self.counts["assets"], self.counts["dependencies"]
        return any(assets[each] for each in ("appeared", "changed", "disappeared", "revived")) or any(
            edges[each] for each in ("appeared", "disappeared")
        )


@contextmanager
def staged(statement: Statement, target: Target) -> Iterator[None]:
    """Loads the statement beside the tables and finds what is already there. Needs a transaction."""
    with (
        temporary_table("stage_asset", _STAGE_ASSET),
        temporary_table("stage_component", _STAGE_COMPONENT),
        temporary_table("stage_install", "asset_place integer, component_place integer, install_id bigint"),
        temporary_table(
            "stage_edge",
            "dependent_place integer, dependency_place integer, dependency_id bigint, edge_id bigint",
        ),
    ):
        assets = (
            (
                asset.place, key, int(asset.seen),
                folded(key, asset.values.get("name_fr", key), asset.values.get("name_en", "")),
                *(asset.values.get(column) for column in ASSET_COLUMNS),
            )
            for key, asset in statement.assets.items()
        )  # fmt: skip
        load("stage_asset", ("place", "key", "seen", "search_text", *ASSET_COLUMNS), assets)
        components = (
            (place, component_digest(**dict(zip(_COMPONENT_COLUMNS, software, strict=True))),
             folded(software[0], software[1], software[3]), *software)
            for software, place in statement.components.items()
        )  # fmt: skip
        load("stage_component", ("place", "digest", "search_text", *_COMPONENT_COLUMNS), components)
        load("stage_install", ("asset_place", "component_place"), statement.installs)
        edges = ((above, below, None) for above, below in statement.edges)
        load("stage_edge", ("dependent_place", "dependency_place", "dependency_id"), edges)
        outward = ((above, None, asset_id) for above, asset_id in statement.outward)
        load("stage_edge", ("dependent_place", "dependency_place", "dependency_id"), outward)
        _find_assets(target)
        _find_components()
        execute(
            f"""UPDATE stage_install AS s SET install_id = i.id
                FROM stage_asset AS a, stage_component AS c, {_INSTALL} AS i
                WHERE a.place = s.asset_place AND c.place = s.component_place
                AND i.asset_id = a.asset_id AND i.component_id = c.component_id AND i.source = %s""",
            [target.source],
        )
        execute("CREATE INDEX stage_install_found ON stage_install (install_id)")
        _find_edges()
        yield


def _find_assets(target: Target) -> None:
    execute(
        f"""UPDATE stage_asset SET asset_id =
            (SELECT a.id FROM {_ASSET} AS a WHERE a.body_id = %s AND a.key = stage_asset.key)
            WHERE asset_id IS NULL""",
        [target.body_id],
    )
    execute("CREATE INDEX IF NOT EXISTS stage_asset_found ON stage_asset (asset_id)")


def _find_components() -> None:
    execute(
        f"""UPDATE stage_component SET component_id =
            (SELECT c.id FROM {_COMPONENT} AS c WHERE c.digest = stage_component.digest)
            WHERE component_id IS NULL"""
    )


def _find_edges() -> None:
    execute(
        """UPDATE stage_edge SET dependency_id =
           (SELECT a.asset_id FROM stage_asset AS a WHERE a.place = stage_edge.dependency_place)
           WHERE dependency_place IS NOT NULL"""
    )
    execute(
        f"""UPDATE stage_edge SET edge_id =
            (SELECT d.id FROM {_DEPENDENCY} AS d, stage_asset AS a
             WHERE a.place = stage_edge.dependent_place AND d.dependent_id = a.asset_id
             AND d.dependency_id = stage_edge.dependency_id)"""
    )


def _differs(column: str) -> str:
    test = f"(s.{column} IS NOT NULL AND a.{column} IS DISTINCT FROM s.{column})"
    return f"({test} AND a.category_reason = '')" if column in _JUSTIFIED else test


def _gone_assets(target: Target) -> tuple[str, list[Any]]:
    """Condition (on ``a``) of the assets that this inventory stated and no longer states."""
    if not target.complete or target.asset_key:
        return "FALSE", []
    return (
        """a.body_id = %s AND a.source = %s AND a.retired_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM stage_asset AS s WHERE s.asset_id = a.id AND s.seen = 1)""",
        [target.body_id, target.source],
    )


def _gone_installs(target: Target) -> tuple[str, list[Any]]:
    """Condition (on ``i``) of the installs that are no longer shown, those of retired assets included."""
    if not target.complete:
        return "FALSE", []
    unseen = "NOT EXISTS (SELECT 1 FROM stage_install AS s WHERE s.install_id = i.id)"
    if target.asset_key:
        only = f"i.asset_id IN (SELECT a.id FROM {_ASSET} AS a WHERE a.body_id = %s AND a.key = %s)"
        parameters = [target.body_id, target.asset_key]
        return f"i.removed_at IS NULL AND i.source = %s AND {only} AND {unseen}", [target.source, *parameters]
    gone, parameters = _gone_assets(target)
    return (
        f"""i.removed_at IS NULL AND i.body_id = %s AND ((i.source = %s AND {unseen})
            OR i.asset_id IN (SELECT a.id FROM {_ASSET} AS a WHERE {gone}))""",
        [target.body_id, target.source, *parameters],
    )


def _gone_edges(target: Target) -> tuple[str, list[Any]]:
    """Condition (on ``d``) of the dependencies that are no longer stated."""
    if not target.complete or target.asset_key:
        return "FALSE", []
    return (
        """d.body_id = %s AND d.source = %s
           AND NOT EXISTS (SELECT 1 FROM stage_edge AS s WHERE s.edge_id = d.id)""",
        [target.body_id, target.source],
    )


def difference(target: Target) -> Difference:
    """Compares what is staged with what is stored, and marks the staged assets that change."""
    changes = " OR ".join(map(_differs, ASSET_COLUMNS))
    renames = " OR ".join(map(_differs, ("name_fr", "name_en")))
    execute(
        f"""UPDATE stage_asset AS s SET changed = 1, renamed = CASE WHEN {renames} THEN 1 ELSE 0 END
            FROM {_ASSET} AS a WHERE a.id = s.asset_id AND ({changes})"""
    )
    found = Difference()
    found.counts["assets"] = _asset_counts(target)
    found.counts["installs"] = _install_counts(target)
    gone, parameters = _gone_edges(target)
    ((edges, new_edges),) = fetch(
        "SELECT COUNT(*), COALESCE(SUM(CASE WHEN edge_id IS NULL THEN 1 ELSE 0 END), 0) FROM stage_edge"
    )
    found.counts["dependencies"] = {
        "appeared": new_edges,
        "disappeared": _count(f"{_DEPENDENCY} AS d WHERE {gone}", parameters),
        "unchanged": edges - new_edges,
    }
    _samples(found, target)
    return found


def _count(what: str, parameters: list[Any]) -> int:
    return int(fetch(f"SELECT COUNT(*) FROM {what}", parameters)[0][0])


def _asset_counts(target: Target) -> dict[str, int]:
    gone, parameters = _gone_assets(target)
    ((seen, new, changed, revived),) = fetch(
        f"""SELECT COUNT(*), COALESCE(SUM(CASE WHEN s.asset_id IS NULL THEN 1 ELSE 0 END), 0),
            COALESCE(SUM(s.changed), 0),
            COALESCE(SUM(CASE WHEN a.retired_at <= %s AND s.changed = 0 THEN 1 ELSE 0 END), 0)
            FROM stage_asset AS s LEFT JOIN {_ASSET} AS a ON a.id = s.asset_id WHERE s.seen = 1""",
        [moment(target.observed_at)],
    )
    return {
        "appeared": new,
        "changed": changed,
        "revived": revived,
        "disappeared": _count(f"{_ASSET} AS a WHERE {gone}", parameters),
        "unchanged": seen - new - changed - revived,
    }


def _install_counts(target: Target) -> dict[str, int]:
    gone, parameters = _gone_installs(target)
    ((stated, new, revived),) = fetch(
        f"""SELECT COUNT(*), COALESCE(SUM(CASE WHEN s.install_id IS NULL THEN 1 ELSE 0 END), 0),
            COALESCE(SUM(CASE WHEN i.removed_at IS NOT NULL THEN 1 ELSE 0 END), 0)
            FROM stage_install AS s LEFT JOIN {_INSTALL} AS i ON i.id = s.install_id"""
    )
    return {
        "appeared": new,
        "revived": revived,
        "disappeared": _count(f"{_INSTALL} AS i WHERE {gone}", parameters),
        "unchanged": stated - new - revived,
    }


def _samples(found: Difference, target: Target) -> None:
    gone_assets, asset_parameters = _gone_assets(target)
    gone_installs, install_parameters = _gone_installs(target)
    software = "c.vendor, c.product, c.version, c.purl, c.cpe"
    queries: dict[str, tuple[str, list[Any]]] = {
        "assets_appeared": (
            "SELECT s.key, COALESCE(s.name_fr, s.key) FROM stage_asset AS s WHERE s.asset_id IS NULL ORDER BY s.place",
            [],
        ),
        "assets_disappeared": (
            f"SELECT a.key, a.name_fr FROM {_ASSET} AS a WHERE {gone_assets} ORDER BY a.key",
            asset_parameters,
        ),
        "installs_appeared": (
            f"""SELECT a.key, {software} FROM stage_install AS s JOIN stage_asset AS a ON a.place = s.asset_place
                JOIN stage_component AS c ON c.place = s.component_place
                WHERE s.install_id IS NULL ORDER BY a.place, c.place""",
            [],
        ),
        "installs_disappeared": (
            f"""SELECT a.key, {software} FROM {_INSTALL} AS i JOIN {_ASSET} AS a ON a.id = i.asset_id
                JOIN {_COMPONENT} AS c ON c.id = i.component_id WHERE {gone_installs} ORDER BY a.key, c.product""",
            install_parameters,
        ),
    }
    for name, (query, parameters) in queries.items():
        found.samples[name] = [list(row) for row in fetch(f"{query} LIMIT {_SAMPLE}", parameters)]
    found.samples["assets_changed"] = _changed_sample()


def _changed_sample() -> list[dict[str, Any]]:
    """The first assets that change: key, and [field, before, after] of each field that differs."""
    columns = ", ".join(f"a.{column}, s.{column}" for column in ASSET_COLUMNS)
    rows = fetch(
        f"""SELECT s.key, a.category_reason, {columns} FROM stage_asset AS s JOIN {_ASSET} AS a ON a.id = s.asset_id
            WHERE s.changed = 1 ORDER BY s.place LIMIT {_SAMPLE}"""
    )
    sample = []
    for key, justified, *values in rows:
        pairs = zip(ASSET_COLUMNS, values[::2], values[1::2], strict=True)
        fields = [
            [column, _short(before), _short(after)]
            for column, before, after in pairs
            if after is not None and before != after and not (justified and column in _JUSTIFIED)
        ]
        sample.append({"key": key, "fields": fields})
    return sample


def _short(value: Any) -> Any:
    return value[:200] if isinstance(value, str) else value


def merge(target: Target, import_id: int) -> None:
    """Makes what is stored what is staged; ``difference`` has run before, in the same transaction."""
    at = moment(target.observed_at)
    _merge_components(target)
    _merge_assets(target, at)
    gone, parameters = _gone_installs(target)
    execute(
        f"UPDATE {_INSTALL} AS i SET removed_at = %s, last_import_id = %s WHERE {gone}",
        [at, import_id, *parameters],
    )
    _retire(target, at)
    execute(
        f"""UPDATE {_INSTALL} AS i SET last_seen_at = %s, removed_at = NULL, last_import_id = %s
            FROM stage_install AS s WHERE s.install_id = i.id""",
        [at, import_id],
    )
    execute(
        f"""INSERT INTO {_INSTALL} (body_id, asset_id, component_id, source, first_seen_at, last_seen_at,
            first_import_id, last_import_id)
            SELECT %s, a.asset_id, c.component_id, %s, %s, %s, %s, %s
            FROM stage_install AS s JOIN stage_asset AS a ON a.place = s.asset_place
            JOIN stage_component AS c ON c.place = s.component_place
            WHERE s.install_id IS NULL ORDER BY a.asset_id, c.component_id""",
        [target.body_id, target.source, at, at, import_id, import_id],
    )
    _merge_edges(target)


def _merge_components(target: Target) -> None:
    columns = ", ".join(_COMPONENT_COLUMNS)
    execute(
        f"""INSERT INTO {_COMPONENT} (digest, created_at, search_text, {columns})
            SELECT digest, %s, search_text, {columns} FROM stage_component
            WHERE component_id IS NULL ORDER BY digest ON CONFLICT (digest) DO NOTHING""",
        [moment(target.observed_at)],
    )
    _find_components()


def _merge_assets(target: Target, at: Any) -> None:
    columns = ", ".join(ASSET_COLUMNS)
    values = ", ".join(f"COALESCE(s.{column}, {_DEFAULTS[column]})" for column in ASSET_COLUMNS)
    categorised = "CASE WHEN s.confidentiality > 0 AND s.integrity > 0 AND s.availability > 0 THEN %s END"
    execute(
        f"""INSERT INTO {_ASSET} (body_id, key, {columns}, search_text, category_reason, categorised_at,
            criticality, source, first_seen_at, last_seen_at)
            SELECT %s, s.key, {values}, s.search_text, '', {categorised}, 0, %s, %s, %s
            FROM stage_asset AS s WHERE s.asset_id IS NULL ORDER BY s.place
            ON CONFLICT (body_id, key) DO NOTHING""",
        [target.body_id, at, target.source, at, at],
    )
    _find_assets(target)
    sets = ", ".join(_set(column) for column in ASSET_COLUMNS)
    execute(
        f"UPDATE {_ASSET} AS a SET {sets} FROM stage_asset AS s WHERE s.asset_id = a.id AND s.changed = 1"
    )
    execute(
        f"""UPDATE {_ASSET} AS a SET categorised_at = %s FROM stage_asset AS s
            WHERE s.asset_id = a.id AND s.changed = 1 AND a.category_reason = '' AND a.categorised_at IS NULL
            AND a.confidentiality > 0 AND a.integrity > 0 AND a.availability > 0""",
        [at],
    )
    _rename()
    execute(
        f"""UPDATE {_ASSET} AS a SET last_seen_at = %s FROM stage_asset AS s
            WHERE s.asset_id = a.id AND s.seen = 1 AND a.last_seen_at < %s""",
        [at, at],
    )
    execute(
        f"""UPDATE {_ASSET} AS a SET retired_at = NULL, source = %s FROM stage_asset AS s
            WHERE s.asset_id = a.id AND s.seen = 1 AND a.retired_at <= %s""",
        [target.source, at],
    )


def _set(column: str) -> str:
    stated = f"COALESCE(s.{column}, a.{column})"
    return (
        f"{column} = CASE WHEN a.category_reason = '' THEN {stated} ELSE a.{column} END"
        if column in _JUSTIFIED
        else f"{column} = {stated}"
    )


def _rename() -> None:
    """Search text follows the names; it is folded here, for SQL cannot."""
    renamed = fetch(
        f"""SELECT a.id, a.key, a.name_fr, a.name_en FROM {_ASSET} AS a JOIN stage_asset AS s ON s.asset_id = a.id
            WHERE s.renamed = 1"""
    )
    if not renamed:
        return
    with temporary_table("stage_name", "asset_id bigint PRIMARY KEY, search_text text"):
        load(
            "stage_name",
            ("asset_id", "search_text"),
            ((asset_id, folded(*names)) for asset_id, *names in renamed),
        )
        execute(
            f"UPDATE {_ASSET} AS a SET search_text = s.search_text FROM stage_name AS s WHERE s.asset_id = a.id"
        )


def _retire(target: Target, at: Any) -> None:
    gone, parameters = _gone_assets(target)
    execute(f"UPDATE {_ASSET} AS a SET retired_at = %s WHERE {gone}", [at, *parameters])


def _merge_edges(target: Target) -> None:
    _find_edges()
    gone, parameters = _gone_edges(target)
    execute(
        f"DELETE FROM {_DEPENDENCY} WHERE id IN (SELECT d.id FROM {_DEPENDENCY} AS d WHERE {gone})",
        parameters,
    )
    execute(
        f"""INSERT INTO {_DEPENDENCY} (body_id, dependent_id, dependency_id, kind, source)
            SELECT %s, a.asset_id, s.dependency_id, 'runs_on', %s
            FROM stage_edge AS s JOIN stage_asset AS a ON a.place = s.dependent_place
            WHERE s.edge_id IS NULL ORDER BY a.asset_id, s.dependency_id
            ON CONFLICT (dependent_id, dependency_id) DO NOTHING""",
        [target.body_id, target.source],
    )
