"""An event's fields, with what made the rule match told apart from the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_LITERALS = re.compile(r"(?<!\\)(?:\\\\)*[*?]")
_ESCAPED = re.compile(r"\\([\\*?])")
_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """A field of an event: its value in pieces, each marked or not; ``reasons``: what the rule looked for."""

    name: str
    pieces: list[tuple[str, bool]]
    reasons: list[str] = field(default_factory=list)

    @property
    def matched(self) -> bool:
        """Whether the rule looked here."""
        return bool(self.reasons)


def lines_of(sample: dict[str, Any], matched: list[dict[str, str]]) -> list[Line]:
    """The fields of an event, those that matched first; words that a rule looked for are marked anywhere."""
    words = [one for one in matched if not one["field"]]
    found = []
    for name, value in sample.items():
        text = _text(value)
        reasons = [one for one in matched if one["field"] and _names(one["field"], str(name))]
        reasons += [one for one in words if one["value"] and one["value"].casefold() in text.casefold()]
        if reasons:
            patterns = [one["pattern"] for one in reasons]
            found.append(Line(str(name), marked(text, patterns), list(dict.fromkeys(patterns))))
        else:
            found.append(Line(str(name), [(text, False)]))
    return sorted(found, key=lambda line: not line.matched)


def marked(text: str, patterns: list[str]) -> list[tuple[str, bool]]:
    """The text in pieces, marked where one of the patterns' literals stands; all of it when none is found."""
    folded = text.casefold()
    spans = []
    if len(folded) == len(text):
        for pattern in patterns:
            for part in _LITERALS.split(pattern):
                literal = _ESCAPED.sub(r"\1", part).casefold()
                start = folded.find(literal) if literal else -1
                if start >= 0:
                    spans.append((start, start + len(literal)))
    if not spans:
        return [(text, True)]
    pieces: list[tuple[str, bool]] = []
    end = 0
    for start, stop in sorted(spans):
        if start > end:
            pieces.append((text[end:start], False))
        if stop > end:
            pieces.append((text[max(start, end) : stop], True))
            end = stop
    if end < len(text):
        pieces.append((text[end:], False))
    return pieces


def _names(matched: str, name: str) -> bool:
    return matched == name or matched.startswith(f"{name}.")


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
