"""Every indicator for every place of the tree at once, in a number of queries that does not depend on it."""

from __future__ import annotations

from rempart.indicators.measures.late import Late, late
from rempart.indicators.measures.later import register_share
from rempart.indicators.measures.model import Measure, Places
from rempart.indicators.measures.places import all_places
from rempart.indicators.measures.whole import measure

__all__ = ["Late", "Measure", "Places", "all_places", "late", "measure", "register_share"]
