"""Every question about assets; each answers with the rows of the bodies that the actor may see."""

from rempart.assets.queries.assets import (
    CATEGORISED,
    asset_choices,
    assets,
    figures,
    get_asset,
    installs_of,
    locations,
    needed_by,
    needs,
    owners,
    services,
    why_critical,
    writable_bodies,
)
from rempart.assets.queries.imports import (
    get_import,
    imports,
    job_progress,
    last_inventories,
)
from rempart.assets.queries.measures import InventoryMeasures, inventory_measures
from rempart.assets.queries.search import Found, containing, search

__all__ = [
    "CATEGORISED",
    "Found",
    "InventoryMeasures",
    "asset_choices",
    "assets",
    "containing",
    "figures",
    "get_asset",
    "get_import",
    "imports",
    "installs_of",
    "inventory_measures",
    "job_progress",
    "last_inventories",
    "locations",
    "needed_by",
    "needs",
    "owners",
    "search",
    "services",
    "why_critical",
    "writable_bodies",
]
