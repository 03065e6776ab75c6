"""Every change to assets: inventories, categorisation, dependencies, criticality."""

from rempart.assets.commands.criticality import recompute_criticality
from rempart.assets.commands.imports import (
    apply_import,
    discard_forgotten,
    discard_import,
    preview_inventory,
    spool_dir,
    upsert_inventory,
)
from rempart.assets.identity import component_digest

__all__ = [
    "apply_import",
    "component_digest",
    "discard_forgotten",
    "discard_import",
    "preview_inventory",
    "recompute_criticality",
    "spool_dir",
    "upsert_inventory",
]
