"""Every change to assets: inventories, categorisation, dependencies, criticality."""

from rempart.assets.commands.criticality import recompute_criticality
from rempart.assets.commands.identity import component_digest

__all__ = ["component_digest", "recompute_criticality"]
