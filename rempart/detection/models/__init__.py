"""The library of rules, and what rules found."""

from rempart.detection.models.library import (
    Case,
    Pack,
    PackReport,
    Release,
    Rule,
    RuleSource,
    RuleVersion,
    Technique,
    Tuning,
)

__all__ = [
    "Case",
    "Pack",
    "PackReport",
    "Release",
    "Rule",
    "RuleSource",
    "RuleVersion",
    "Technique",
    "Tuning",
]
