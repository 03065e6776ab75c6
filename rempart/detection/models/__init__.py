"""The library of rules, and what rules found."""

from rempart.detection.models.hunts import (
    Hunt,
    HuntAuthorisation,
    HuntFile,
    HuntNode,
    HuntRun,
    HuntSighting,
)
from rempart.detection.models.library import (
    Case,
    Pack,
    PackFile,
    PackReport,
    PackTrouble,
    Release,
    Rule,
    RuleSource,
    RuleVersion,
    Technique,
    Tuning,
    TuningText,
)
from rempart.detection.models.responses import Response, ResponseAction
from rempart.detection.models.retention import ForgottenDetection, Retention
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
    "ForgottenDetection",
    "Hunt",
    "HuntAuthorisation",
    "HuntFile",
    "HuntNode",
    "HuntRun",
    "HuntSighting",
    "Level",
    "Pack",
    "PackFile",
    "PackReport",
    "PackTrouble",
    "PseudonymKey",
    "Release",
    "Response",
    "ResponseAction",
    "Retention",
    "Rule",
    "RuleSource",
    "RuleVersion",
    "Sighting",
    "Technique",
    "Tuning",
    "TuningText",
    "padded",
]
