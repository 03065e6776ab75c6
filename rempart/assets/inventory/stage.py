"""A statement laid in temporary tables beside the stored ones, with what is already there found."""
# ruff: noqa: S608 - the SQL is made of our own names; every value is a parameter

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from rempart.assets.folding import folded
from rempart.assets.identity import component_digest
from rempart.assets.inventory.statement import Statement
from rempart.assets.inventory.values import ASSET_COLUMNS, COMPONENT_LIMITS
from rempart.assets.models import Asset, Component, Dependency, Install
from rempart.kernel.staging import execute, load, recount, temporary_table

_ASSET, _COMPONENT = Asset._meta.db_table, Component._meta.db_table
_INSTALL, _DEPENDENCY = Install._meta.db_table, Dependency._meta.db_table
_TYPES = {
    **dict.fromkeys(("confidentiality", "integrity", "availability", "own_criticality"), "smallint"),
    **dict.fromkeys(("rto_hours", "rpo_hours"), "integer"),
    **dict.fromkeys(("owner_id", "location_id"), "bigint"),
    "essential": "boolean",
}
COMPONENT_COLUMNS = tuple(COMPONENT_LIMITS)
_STAGE_ASSET = (
    "place integer PRIMARY KEY, key text UNIQUE, seen integer, search_text text, asset_id bigint, "
    "changed integer DEFAULT 0, renamed integer DEFAULT 0, moved integer DEFAULT 0, "
    + ", ".join(f"{column} {_TYPES.get(column, 'text')}" for column in ASSET_COLUMNS)
)
_STAGE_COMPONENT = (
    "place integer PRIMARY KEY, digest text UNIQUE, search_text text, component_id bigint, "
    + ", ".join(f"{column} text" for column in COMPONENT_COLUMNS)
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a statement goes: body, inventory source, and how far its silence proves absence."""

    body_id: int
    source: str
    complete: bool
    observed_at: datetime
    asset_key: str = ""  # silence speaks of this asset alone
    per_asset: bool = False  # silence speaks of the assets that are named


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
            (place, component_digest(**dict(zip(COMPONENT_COLUMNS, software, strict=True))),
             folded(software[0], software[1], software[3]), *software)
            for software, place in statement.components.items()
        )  # fmt: skip
        load("stage_component", ("place", "digest", "search_text", *COMPONENT_COLUMNS), components)
        load("stage_install", ("asset_place", "component_place"), statement.installs)
        edges = ((above, below, None) for above, below in statement.edges)
        load("stage_edge", ("dependent_place", "dependency_place", "dependency_id"), edges)
        outward = ((above, None, asset_id) for above, asset_id in statement.outward)
        load("stage_edge", ("dependent_place", "dependency_place", "dependency_id"), outward)
        find_assets(target)
        find_components()
        find_installs(target)
        execute("CREATE INDEX stage_install_found ON stage_install (install_id)")
        recount("stage_install")
        find_edges()
        execute("CREATE INDEX stage_edge_found ON stage_edge (edge_id)")
        recount("stage_edge")
        yield


def find_assets(target: Target) -> None:
    execute(
        f"""UPDATE stage_asset SET asset_id =
            (SELECT a.id FROM {_ASSET} AS a WHERE a.body_id = %s AND a.key = stage_asset.key)
            WHERE asset_id IS NULL""",
        [target.body_id],
    )
    execute("CREATE INDEX IF NOT EXISTS stage_asset_found ON stage_asset (asset_id)")
    recount("stage_asset")


def find_components() -> None:
    execute(
        f"""UPDATE stage_component SET component_id =
            (SELECT c.id FROM {_COMPONENT} AS c WHERE c.digest = stage_component.digest)
            WHERE component_id IS NULL"""
    )
    recount("stage_component")


def find_installs(target: Target) -> None:
    """Row by row on purpose: a planner that does not know yet how much one asset holds joins thousands of
    staged rows with thousands of stored ones, each with each.
    """
    execute(
        f"""UPDATE stage_install SET install_id =
            (SELECT i.id FROM {_INSTALL} AS i
             WHERE i.asset_id = (SELECT a.asset_id FROM stage_asset AS a
                                 WHERE a.place = stage_install.asset_place)
             AND i.component_id = (SELECT c.component_id FROM stage_component AS c
                                   WHERE c.place = stage_install.component_place)
             AND i.source = %s)""",
        [target.source],
    )


def find_edges() -> None:
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
