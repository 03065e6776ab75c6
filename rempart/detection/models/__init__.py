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
from rempart.detection.models.responses import Response, ResponseAction
from rempart.detection.models.sightings import (
    Detection,
    DetectionNote,
    DetectionPart,
    Level,
    PseudonymKey,
    Sighting,
    padded,
)

__all__ = [
    "Case",
    "Detection",
    "DetectionNote",
    "DetectionPart",
    "Level",
    "Pack",
    "PackReport",
    "PseudonymKey",
    "Release",
    "Response",
    "ResponseAction",
    "Rule",
    "RuleSource",
    "RuleVersion",
    "Sighting",
    "Technique",
    "Tuning",
    "padded",
]
