"""What differs between a staged inventory and what is stored: counts, and the first examples."""
# ruff: noqa: S608 - the SQL is made of our own names; every value is a parameter

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rempart.assets.inventory.stage import Target
from rempart.assets.inventory.values import ASSET_COLUMNS
from rempart.assets.models import Asset, Component, Dependency, Install
from rempart.kernel.staging import execute, fetch, moment

_ASSET, _COMPONENT = Asset._meta.db_table, Component._meta.db_table
_INSTALL, _DEPENDENCY = Install._meta.db_table, Dependency._meta.db_table
_SAMPLE = 20
# An asset that a person categorised keeps the levels they justified.
JUSTIFIED = frozenset({"confidentiality", "integrity", "availability", "own_criticality"})


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


def mark_moved(target: Target) -> set[int]:
    """Marks the staged assets on which what is exposed may change; the ids of others that an inventory ends.

    An asset is retired, and comes back, with all its installs. ``difference`` has run before, and nothing is
    merged yet.
    """
    execute(
        f"""UPDATE stage_asset SET moved = 1 WHERE asset_id IS NULL OR changed = 1
            OR place IN (SELECT s.asset_place FROM stage_install AS s
                LEFT JOIN {_INSTALL} AS i ON i.id = s.install_id
                WHERE i.id IS NULL OR i.removed_at IS NOT NULL)"""
    )
    gone, parameters = gone_installs(target)
    return {
        row[0] for row in fetch(f"SELECT DISTINCT i.asset_id FROM {_INSTALL} AS i WHERE {gone}", parameters)
    }


def moved_assets() -> set[int]:
    """The staged assets that were marked, once merged."""
    return {row[0] for row in fetch("SELECT asset_id FROM stage_asset WHERE moved = 1")}


def _differs(column: str) -> str:
    test = f"(s.{column} IS NOT NULL AND a.{column} IS DISTINCT FROM s.{column})"
    return f"({test} AND a.category_reason = '')" if column in JUSTIFIED else test


def gone_assets(target: Target) -> tuple[str, list[Any]]:
    """Condition (on ``a``) of the assets that this inventory stated and no longer states."""
    if not target.complete or target.asset_key or target.per_asset:
        return "FALSE", []
    return (
        """a.body_id = %s AND a.source = %s AND a.retired_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM stage_asset AS s WHERE s.asset_id = a.id AND s.seen = 1)""",
        [target.body_id, target.source],
    )


def gone_installs(target: Target) -> tuple[str, list[Any]]:
    """Condition (on ``i``) of the installs that are no longer shown, those of retired assets included."""
    if not target.complete:
        return _replaced(target) if target.per_asset else ("FALSE", [])
    unseen = "NOT EXISTS (SELECT 1 FROM stage_install AS s WHERE s.install_id = i.id)"
    if target.asset_key:
        only = f"i.asset_id IN (SELECT a.id FROM {_ASSET} AS a WHERE a.body_id = %s AND a.key = %s)"
        parameters = [target.body_id, target.asset_key]
        return f"i.removed_at IS NULL AND i.source = %s AND {only} AND {unseen}", [target.source, *parameters]
    if target.per_asset:
        named = "i.asset_id IN (SELECT s.asset_id FROM stage_asset AS s WHERE s.seen = 1)"
        return f"i.removed_at IS NULL AND i.source = %s AND {named} AND {unseen}", [target.source]
    gone, parameters = gone_assets(target)
    return (
        f"""i.removed_at IS NULL AND i.body_id = %s AND ((i.source = %s AND {unseen})
            OR i.asset_id IN (SELECT a.id FROM {_ASSET} AS a WHERE {gone}))""",
        [target.body_id, target.source, *parameters],
    )


def _replaced(target: Target) -> tuple[str, list[Any]]:
    """Of a scan, which lists only what it could see: the one version of a product that this source knew on an
    asset, where the scan now shows another. What is merely not seen stays.
    """
    same = "{0}.vendor = c.vendor AND {0}.product = c.product AND c.product <> ''"
    return (
        f"""i.removed_at IS NULL AND i.source = %s AND i.body_id = %s
            AND NOT EXISTS (SELECT 1 FROM stage_install AS s WHERE s.install_id = i.id)
            AND EXISTS (SELECT 1 FROM {_COMPONENT} AS c, stage_asset AS sa, stage_install AS si,
                        stage_component AS sc
                        WHERE c.id = i.component_id AND sa.asset_id = i.asset_id AND si.asset_place = sa.place
                        AND sc.place = si.component_place AND {same.format("sc")})
            AND NOT EXISTS (SELECT 1 FROM {_COMPONENT} AS c, {_INSTALL} AS o, {_COMPONENT} AS oc
                            WHERE c.id = i.component_id AND o.asset_id = i.asset_id AND o.source = i.source
                            AND o.id <> i.id AND o.removed_at IS NULL AND oc.id = o.component_id
                            AND {same.format("oc")})""",
        [target.source, target.body_id],
    )


def gone_edges(target: Target) -> tuple[str, list[Any]]:
    """Condition (on ``d``) of the dependencies that are no longer stated."""
    if not target.complete or target.asset_key or target.per_asset:
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
    gone, parameters = gone_edges(target)
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
    gone, parameters = gone_assets(target)
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
    gone, parameters = gone_installs(target)
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
    lost_assets, asset_parameters = gone_assets(target)
    lost_installs, install_parameters = gone_installs(target)
    software = "c.vendor, c.product, c.version, c.purl, c.cpe"
    queries: dict[str, tuple[str, list[Any]]] = {
        "assets_appeared": (
            """SELECT s.key, COALESCE(s.name_fr, s.key) FROM stage_asset AS s
                WHERE s.asset_id IS NULL ORDER BY s.place""",
            [],
        ),
        "assets_disappeared": (
            f"SELECT a.key, a.name_fr FROM {_ASSET} AS a WHERE {lost_assets} ORDER BY a.key",
            asset_parameters,
        ),
        "installs_appeared": (
            f"""SELECT a.key, {software} FROM stage_install AS s
                JOIN stage_asset AS a ON a.place = s.asset_place
                JOIN stage_component AS c ON c.place = s.component_place
                WHERE s.install_id IS NULL ORDER BY a.place, c.place""",
            [],
        ),
        "installs_disappeared": (
            f"""SELECT a.key, {software} FROM {_INSTALL} AS i JOIN {_ASSET} AS a ON a.id = i.asset_id
                JOIN {_COMPONENT} AS c ON c.id = i.component_id
                WHERE {lost_installs} ORDER BY a.key, c.product""",
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
        f"""SELECT s.key, a.category_reason, {columns}
            FROM stage_asset AS s JOIN {_ASSET} AS a ON a.id = s.asset_id
            WHERE s.changed = 1 ORDER BY s.place LIMIT {_SAMPLE}"""
    )
    sample = []
    for key, justified, *values in rows:
        pairs = zip(ASSET_COLUMNS, values[::2], values[1::2], strict=True)
        fields = [
            [column, _short(before), _short(after)]
            for column, before, after in pairs
            if after is not None and before != after and not (justified and column in JUSTIFIED)
        ]
        sample.append({"key": key, "fields": fields})
    return sample


def _short(value: Any) -> Any:
    return value[:200] if isinstance(value, str) else value
