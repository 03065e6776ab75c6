"""A rule's text as a page shows it: in words, and what changes from one text to another."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any

from rempart.detection.wordings import described
from rempart.engines import sigma

_LINES = 4_000


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule in words: ``searches`` are (name, words)."""

    description: str
    condition: str
    searches: list[tuple[str, str]]
    fields: list[str]
    falsepositives: list[str]
    references: list[str]
    placeholders: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference; ``sign`` is "+", "-", "@" (a gap) or " "."""

    sign: str
    text: str


def explained(text: str, language: str) -> Explained | None:
    """The rule or correlation of a text in words; None when it is neither."""
    collection = sigma.load_texts([("rule", text.encode("utf-8", "replace"))])
    if collection.rules:
        rule = collection.rules[0]
        told: dict[str, Any] = described(rule, language)
        return Explained(
            told["description"], told["condition"], list(told["searches"].items()), told["fields"],
            told["falsepositives"], [each for each in rule.references if each.startswith("http")],
            told["placeholders"],
        )  # fmt: skip
    if collection.correlations:
        one = collection.correlations[0]
        bounds = one.written or " ".join(f"{name} {value:g}" for name, value in one.condition)
        span = f"{one.type}, {one.timespan:g} s, {bounds}"
        groups = [(name, ", ".join(values)) for name, values in _parts(one) if values]
        return Explained(one.description, span, groups, list(one.fields), [], [])
    return None


def _parts(one: sigma.Correlation) -> list[tuple[str, tuple[str, ...]]]:
    return [("rules", one.rules), ("group-by", one.group_by)]


def difference(before: str, after: str) -> list[Line]:
    """What changes between two texts, with three lines around each place."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    found = []
    for number, line in enumerate(lines):
        if number < 2:
            continue  # the names of the two texts
        if number > _LINES:
            break
        found.append(Line(line[:1], line[1:] if line[:1] != "@" else "…"))
    return found
