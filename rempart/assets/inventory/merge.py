"""Making what is stored what an inventory states: single statements, whatever the size."""
# ruff: noqa: S608 - the SQL is made of our own names; every value is a parameter

from __future__ import annotations

from typing import Any

from rempart.assets.folding import folded
from rempart.assets.inventory.difference import JUSTIFIED, gone_assets, gone_edges, gone_installs
from rempart.assets.inventory.stage import COMPONENT_COLUMNS, Target, find_assets, find_components, find_edges
from rempart.assets.inventory.values import ASSET_COLUMNS
from rempart.assets.models import Asset, Component, Dependency, Install
from rempart.kernel import statistics
from rempart.kernel.staging import execute, fetch, load, moment, temporary_table

_ASSET, _COMPONENT = Asset._meta.db_table, Component._meta.db_table
_INSTALL, _DEPENDENCY = Install._meta.db_table, Dependency._meta.db_table
_DEFAULTS = {
    "name_fr": "s.key", "name_en": "''", "description": "''", "kind": "'server'",
    "network_exposure": "'internal'",
    "environment": "'production'", "essential": "FALSE", "rto_hours": "NULL", "rpo_hours": "NULL",
    "confidentiality": "0", "integrity": "0", "availability": "0", "own_criticality": "0",
    "owner_id": "NULL", "location_id": "NULL",
}  # fmt: skip


def merge(target: Target, import_id: int) -> None:
    """Makes what is stored what is staged; ``difference`` has run before, in the same transaction."""
    at = moment(target.observed_at)
    _merge_components(target)
    _merge_assets(target, at)
    gone, parameters = gone_installs(target)
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
    installed = execute(
        f"""INSERT INTO {_INSTALL} (body_id, asset_id, component_id, source, first_seen_at, last_seen_at,
            first_import_id, last_import_id)
            SELECT %s, a.asset_id, c.component_id, %s, %s, %s, %s, %s
            FROM stage_install AS s JOIN stage_asset AS a ON a.place = s.asset_place
            JOIN stage_component AS c ON c.place = s.component_place
            WHERE s.install_id IS NULL ORDER BY a.asset_id, c.component_id""",
        [target.body_id, target.source, at, at, import_id, import_id],
    )
    statistics.grew(Install, installed)
    _merge_edges(target)


def _merge_components(target: Target) -> None:
    columns = ", ".join(COMPONENT_COLUMNS)
    added = execute(
        f"""INSERT INTO {_COMPONENT} (digest, created_at, search_text, {columns})
            SELECT digest, %s, search_text, {columns} FROM stage_component
            WHERE component_id IS NULL ORDER BY digest ON CONFLICT (digest) DO NOTHING""",
        [moment(target.observed_at)],
    )
    statistics.grew(Component, added)
    find_components()


def _merge_assets(target: Target, at: Any) -> None:
    columns = ", ".join(ASSET_COLUMNS)
    values = ", ".join(f"COALESCE(s.{column}, {_DEFAULTS[column]})" for column in ASSET_COLUMNS)
    categorised = "CASE WHEN s.confidentiality > 0 AND s.integrity > 0 AND s.availability > 0 THEN %s END"
    added = execute(
        f"""INSERT INTO {_ASSET} (body_id, key, {columns}, search_text, category_reason, categorised_at,
            criticality, source, first_seen_at, last_seen_at)
            SELECT %s, s.key, {values}, s.search_text, '', {categorised}, 0, %s, %s, %s
            FROM stage_asset AS s WHERE s.asset_id IS NULL ORDER BY s.place
            ON CONFLICT (body_id, key) DO NOTHING""",
        [target.body_id, at, target.source, at, at],
    )
    statistics.grew(Asset, added)
    find_assets(target)
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
        if column in JUSTIFIED
        else f"{column} = {stated}"
    )


def _rename() -> None:
    """Search text follows the names; it is folded here, for SQL cannot."""
    renamed = fetch(
        f"""SELECT a.id, a.key, a.name_fr, a.name_en
            FROM {_ASSET} AS a JOIN stage_asset AS s ON s.asset_id = a.id
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
            f"""UPDATE {_ASSET} AS a SET search_text = s.search_text
                FROM stage_name AS s WHERE s.asset_id = a.id"""
        )


def _retire(target: Target, at: Any) -> None:
    gone, parameters = gone_assets(target)
    execute(f"UPDATE {_ASSET} AS a SET retired_at = %s WHERE {gone}", [at, *parameters])


def _merge_edges(target: Target) -> None:
    find_edges()
    gone, parameters = gone_edges(target)
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
