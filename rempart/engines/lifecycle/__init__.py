"""Until when software is supported: release cycles, their dates, and which one a component is of."""

from rempart.engines.lifecycle.cycles import Located, Support, index, support_of
from rempart.engines.lifecycle.model import Cycle, End, Lifecycle, Standing
from rempart.engines.lifecycle.reading import parse_lifecycle, read_lifecycles

__all__ = [
    "Cycle",
    "End",
    "Lifecycle",
    "Located",
    "Standing",
    "Support",
    "index",
    "parse_lifecycle",
    "read_lifecycles",
    "support_of",
]
