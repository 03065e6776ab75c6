"""Indicators of compromise in events (see README.md). No Django, no network; time is an argument."""

from rempart.engines.observables.loading import IndicatorError, load
from rempart.engines.observables.matching import Matcher, Table, text_of
from rempart.engines.observables.model import Details, Indicator, Loaded, Sighting
from rempart.engines.observables.values import classified, refanged

__all__ = [
    "Details",
    "Indicator",
    "IndicatorError",
    "Loaded",
    "Matcher",
    "Sighting",
    "Table",
    "classified",
    "load",
    "refanged",
    "text_of",
]
