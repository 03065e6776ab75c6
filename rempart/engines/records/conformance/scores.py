"""Sections 6.1.7–6.1.10: CVSS objects, their schema, their computation, and their agreement with the vector.

The `cvss` library says what a vector means; what the advisory states beside it must be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rempart.engines.records.conformance.paths import (
    Found,
    Json,
    child,
    entries,
    vulnerabilities,
    word,
    words,
)
from rempart.engines.records.cvss import properties, version_of

_KEYS: Final = ("cvss_v2", "cvss_v3")
_VERSIONS: Final = {"cvss_v2": ("2.0",), "cvss_v3": ("3.0", "3.1")}
_REQUIRED: Final = {
    "cvss_v2": ("version", "vectorString", "baseScore"),
    "cvss_v3": ("version", "vectorString", "baseScore", "baseSeverity"),
}
_COMPUTED: Final = ("baseScore", "temporalScore", "environmentalScore")
_SEVERITIES: Final = ("baseSeverity", "temporalSeverity", "environmentalSeverity")


def _objects(document: Json) -> Iterator[tuple[str, Json, str]]:
    for vulnerability, at in vulnerabilities(document):
        for score, here in entries(vulnerability, "scores", at):
            for key in _KEYS:
                if key in score:
                    yield key, child(score, key), f"{here}/{key}"


def several_scores(document: Json) -> Found:
    for vulnerability, at in vulnerabilities(document):
        seen: set[tuple[str, str]] = set()
        for score, here in entries(vulnerability, "scores", at):
            for key in _KEYS:
                version = word(child(score, key), "version")
                for product in words(score, "products") if version else ():
                    if (version, product) in seen:
                        yield f"{here}/products", product
                    seen.add((version, product))


def invalid_cvss(document: Json) -> Found:
    for key, stated, at in _objects(document):
        missing = [name for name in _REQUIRED[key] if name not in stated]
        if missing:
            yield at, ", ".join(missing)
        elif word(stated, "version") not in _VERSIONS[key] or not _allowed_scores(stated):
            yield at, word(stated, "version")
        elif _computed(key, stated) is None:
            yield f"{at}/vectorString", word(stated, "vectorString")


def _allowed_scores(stated: Json) -> bool:
    scores = [stated[name] for name in _COMPUTED if name in stated]
    return all(
        isinstance(one, int | float) and not isinstance(one, bool) and 0 <= one <= 10 for one in scores
    )


def wrong_computation(document: Json) -> Found:
    for key, stated, at in _objects(document):
        computed = _computed(key, stated) or {}
        for name in (*_COMPUTED, *_SEVERITIES):
            if name in stated and name in computed and stated[name] != computed[name]:
                yield f"{at}/{name}", str(stated[name])


def contradicting_properties(document: Json) -> Found:
    for key, stated, at in _objects(document):
        computed = _computed(key, stated) or {}
        for name, value in stated.items():
            known = name in computed and name not in {*_COMPUTED, *_SEVERITIES}
            if known and isinstance(value, str) and value.upper() != str(computed[name]).upper():
                yield f"{at}/{name}", value


def _computed(key: str, stated: Json) -> dict[str, Any] | None:
    """Every property that the vector implies; None when it is no vector of the version stated."""
    vector = word(stated, "vectorString")
    if vector.startswith("(") or version_of(vector) not in _VERSIONS[key]:
        return None
    found = properties(vector)
    return found if found and (key == "cvss_v2" or found["version"] == word(stated, "version")) else None
