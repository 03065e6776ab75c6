"""Which installed software is affected by which published vulnerability, and why."""

from rempart.engines.exposure.aliases import Aliases, AliasRow
from rempart.engines.exposure.identity import affected_keys, component_keys
from rempart.engines.exposure.matching import REASONS, Matcher, match
from rempart.engines.exposure.ranges import compile_affected

__all__ = [
    "REASONS",
    "AliasRow",
    "Aliases",
    "Matcher",
    "affected_keys",
    "compile_affected",
    "component_keys",
    "match",
]
