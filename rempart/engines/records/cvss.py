"""CVSS base scores computed from their vectors: version 2 (FIRST, "A Complete Guide", section 3.2.1) and
versions 3.0 and 3.1 (FIRST, "Specification Document", sections 7 and 8).

Version 4.0 scores come from a table of expert judgements rather than an equation: not computed here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

_V3: Final[dict[str, dict[str, float]]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES: Final = {
    "U": {"N": 0.85, "L": 0.62, "H": 0.27},
    "C": {"N": 0.85, "L": 0.68, "H": 0.5},
}
_TEMPORAL: Final = {
    "E": {"X": 1.0, "H": 1.0, "F": 0.97, "P": 0.94, "U": 0.91},
    "RL": {"X": 1.0, "U": 1.0, "W": 0.97, "T": 0.96, "O": 0.95},
    "RC": {"X": 1.0, "C": 1.0, "R": 0.96, "U": 0.92},
}
_REQUIREMENTS: Final = {"X": 1.0, "H": 1.5, "M": 1.0, "L": 0.5}
_V2: Final[dict[str, dict[str, float]]] = {
    "AV": {"L": 0.395, "A": 0.646, "N": 1.0},
    "AC": {"H": 0.35, "M": 0.61, "L": 0.71},
    "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
    "C": {"N": 0.0, "P": 0.275, "C": 0.66},
    "I": {"N": 0.0, "P": 0.275, "C": 0.66},
    "A": {"N": 0.0, "P": 0.275, "C": 0.66},
}
_MAX_VECTOR: Final = 400


def parts_of(vector: str) -> tuple[str, dict[str, str]]:
    """The version ("2.0", "3.0", "3.1", "4.0") and the metrics of a vector; raises ``ValueError``."""
    if len(vector) > _MAX_VECTOR:
        raise ValueError("the vector is too long")
    head, _, rest = vector.partition("/")
    version, listed = (head.removeprefix("CVSS:"), rest) if head.startswith("CVSS:") else ("2.0", vector)
    metrics: dict[str, str] = {}
    for part in listed.strip("()").split("/"):
        name, separator, value = part.partition(":")
        if not separator or not value or name in metrics:
            raise ValueError(f"{part!r} is not a metric, or is repeated")
        metrics[name] = value
    return version, metrics


def base_score(vector: str) -> float | None:
    """The base score, 0 to 10; None for a version without an equation or a vector that cannot be read."""
    scored = scores(vector)
    return scored["baseScore"] if scored else None


def scores(vector: str) -> dict[str, float]:
    """``baseScore``, ``temporalScore`` and ``environmentalScore`` of a version 3 vector, ``baseScore`` of a
    version 2 one; empty when the vector cannot be read or has no equation."""
    try:
        version, metrics = parts_of(vector)
        if version == "2.0":
            return {"baseScore": _base_of_version_2(metrics)}
        if version in {"3.0", "3.1"}:
            return _version_3(metrics, version)
    except (ValueError, KeyError):
        return {}
    return {}


def severity(score: float) -> str:
    """The qualitative rating of a score (version 3.1, section 5), in capitals as the schemas write it."""
    for least, word in ((9.0, "CRITICAL"), (7.0, "HIGH"), (4.0, "MEDIUM"), (0.1, "LOW")):
        if score >= least:
            return word
    return "NONE"


def _base_of_version_2(metrics: Mapping[str, str]) -> float:
    value = {name: table[metrics[name]] for name, table in _V2.items()}
    impact = 10.41 * (1 - (1 - value["C"]) * (1 - value["I"]) * (1 - value["A"]))
    exploitability = 20 * value["AV"] * value["AC"] * value["Au"]
    factor = 1.176 if impact else 0.0
    return math.floor(((0.6 * impact) + (0.4 * exploitability) - 1.5) * factor * 10 + 0.5) / 10


def _version_3(metrics: Mapping[str, str], version: str) -> dict[str, float]:
    value = {name: table[metrics[name]] for name, table in _V3.items()}
    scope = metrics["S"]
    exploitability = 8.22 * value["AV"] * value["AC"] * _PRIVILEGES[scope][metrics["PR"]] * value["UI"]
    impact = _impact(1 - (1 - value["C"]) * (1 - value["I"]) * (1 - value["A"]), scope, 0.02, 15.0, 1.0)
    base = _combined(impact, exploitability, scope, version)
    temporal = 1.0
    for name, table in _TEMPORAL.items():
        temporal *= table[metrics.get(name, "X")]
    return {
        "baseScore": base,
        "temporalScore": _round_up(base * temporal, version),
        "environmentalScore": _environmental(metrics, version, temporal),
    }


def _environmental(metrics: Mapping[str, str], version: str, temporal: float) -> float:
    modified = {
        name: metrics[name] if metrics.get(f"M{name}", "X") == "X" else metrics[f"M{name}"]
        for name in ("AV", "AC", "PR", "UI", "S", "C", "I", "A")
    }
    value = {name: table[modified[name]] for name, table in _V3.items()}
    scope = modified["S"]
    product = 1.0
    for name in ("C", "I", "A"):
        product *= 1 - _REQUIREMENTS[metrics.get(f"{name}R", "X")] * value[name]
    base = min(1 - product, 0.915)
    if version == "3.1":
        impact = _impact(base, scope, 0.02, 13.0, 0.9731)
    else:
        impact = _impact(base, scope, 0.02, 15.0, 1.0)
    exploitability = 8.22 * value["AV"] * value["AC"] * _PRIVILEGES[scope][modified["PR"]] * value["UI"]
    return _round_up(_combined(impact, exploitability, scope, version) * temporal, version)


def _impact(base: float, scope: str, offset: float, power: float, factor: float) -> float:
    if scope == "U":
        return float(6.42 * base)
    return float(7.52 * (base - 0.029) - 3.25 * (base * factor - offset) ** power)


def _combined(impact: float, exploitability: float, scope: str, version: str) -> float:
    if impact <= 0:
        return 0.0
    total = impact + exploitability
    return _round_up(min(1.08 * total if scope == "C" else total, 10.0), version)


def _round_up(value: float, version: str) -> float:
    """The smallest number of one decimal that is not less (3.1's appendix A avoids the errors of floats)."""
    if version == "3.0":
        return math.ceil(value * 10) / 10
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10
