"""Sigma rules over events: load, compile, detect. See README.md."""

from rempart.engines.sigma.batch import Beside, Part
from rempart.engines.sigma.detector import Detector, compile_rules
from rempart.engines.sigma.loading import load_rules, load_texts
from rempart.engines.sigma.model import (
    Collection,
    Correlation,
    Defect,
    Detection,
    Filter,
    Limits,
    LogSource,
    Matched,
    Rule,
)
from rempart.engines.sigma.sources import BadMappings, Mappings, default_mappings, read_mappings

__all__ = [
    "BadMappings",
    "Beside",
    "Collection",
    "Correlation",
    "Defect",
    "Detection",
    "Detector",
    "Filter",
    "Limits",
    "LogSource",
    "Mappings",
    "Matched",
    "Part",
    "Rule",
    "compile_rules",
    "default_mappings",
    "load_rules",
    "load_texts",
    "read_mappings",
]
