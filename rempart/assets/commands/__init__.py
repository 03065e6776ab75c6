"""Every change to assets: inventories, categorisation, dependencies, criticality."""

from rempart.assets.commands.criticality import recompute_criticality
from rempart.assets.commands.imports import (
    apply_import,
    discard_forgotten,
    discard_import,
    preview_inventory,
    refuse_import,
    remap_import,
    request_apply,
    spool_dir,
    upsert_inventory,
)
from rempart.assets.commands.records import (
    add_dependency,
    categorise_asset,
    create_asset,
    edit_asset,
    remove_dependency,
    save_location,
)
from rempart.assets.identity import component_digest

__all__ = [
    "add_dependency",
    "apply_import",
    "categorise_asset",
    "component_digest",
    "create_asset",
    "discard_forgotten",
    "discard_import",
    "edit_asset",
    "preview_inventory",
    "recompute_criticality",
    "refuse_import",
    "remap_import",
    "remove_dependency",
    "request_apply",
    "save_location",
    "spool_dir",
    "upsert_inventory",
]
