"""Ranges that sources write as words inside a version: "< 1.2", "1.2 and earlier", "All versions < V4".

Only whole texts of known forms are read; anything else is refused, so that it is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAX_LENGTH = 256
_MAX_ITEMS = 64
EVERYTHING = frozenset(
    ["*", "all", "all versions", "any", "any version", "all version", "all releases", "every version"]
)
UNSTATED = frozenset(
    ["", "n/a", "na", "unspecified", "unknown", "-", "none", "not specified", "not available"]
)

_VERSION = r"(?:versions?\s+|v\.?\s?)?([0-9][0-9A-Za-z._+~()\-]*(?:\s(?:sp|update|build|patch)\s?[0-9]+)?)"
_ALL = r"(?:all\s+(?:the\s+)?versions?\s*|any\s+versions?\s*|versions?\s*)?"
_AND, _RELEASES = r"\s+(?:and|or)\s+(?:all\s+)?", r"(?:\s+(?:versions?|releases?))?\.?"
_COMPARATOR = re.compile(rf"\s*(>=|=>|<=|=<|==|=|<|>|≤|≥)\s*{_VERSION}\s*", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:,|;|&&|\band\b)?\s*", re.IGNORECASE)
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), shape)
    for pattern, shape in (
        (rf"{_ALL}(?:before|prior\s+to|earlier\s+than|older\s+than|below|lower\s+than)\s+{_VERSION}", "<"),
        (rf"(?:fixed\s+in)\s+{_VERSION}", "<"),
        (rf"{_ALL}(?:up\s+to(?:\s+and\s+including|\s*,\s*including)?|through)\s+{_VERSION}", "<="),
        (rf"{_VERSION}{_AND}(?:earlier|prior|below|before|older|lower|previous){_RELEASES}", "<="),
        (rf"{_VERSION}{_AND}(?:later|above|newer|higher|onwards?|up){_RELEASES}", ">="),
        (rf"(?:from\s+)?{_VERSION}\s+(?:before|prior\s+to)\s+{_VERSION}", ">= <"),
        (rf"(?:from\s+|between\s+)?{_VERSION}\s+(?:to|through|thru|up\s+to|-|–)\s+{_VERSION}", ">= <="),
        (rf"between\s+{_VERSION}\s+and\s+{_VERSION}", ">= <="),
        (r"([0-9]+(?:\.[0-9]+){2,})-([0-9]+(?:\.[0-9]+){2,})", ">= <="),
    )
)  # fmt: skip
_ITEM = re.compile(_VERSION, re.IGNORECASE)
_BRANCH = re.compile(r"(?:versions?\s+|v\.?\s?)?([0-9]+(?:\.[0-9]+)*)(?:\.(?:x|\*))+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextRange:
    """Bounds as texts; empty means open. ``low`` equal to ``high``, both inclusive, is one version."""

    low: str = ""
    high: str = ""
    low_inclusive: bool = True
    high_inclusive: bool = True


def branch_of(text: str) -> str:
    """The numbers before the wildcards of "5.10.*", "5.x", "8.6.x.x"; empty when it is no branch."""
    found = _BRANCH.fullmatch(text.strip())
    return found.group(1) if found else ""


def read_range_text(text: str) -> tuple[TextRange, ...]:
    """The ranges that a text states; empty when it is not of a known form."""
    text = " ".join(text.split())
    if not text or len(text) > _MAX_LENGTH:
        return ()
    if text.casefold() in EVERYTHING:
        return (TextRange(),)
    for pattern, shape in _FORMS:
        found = pattern.fullmatch(text)
        if found is not None:
            return (_of_shape(shape, found.groups()),)
    compared = _comparators(re.sub(rf"^{_ALL}", "", text, flags=re.IGNORECASE))
    return (compared,) if compared else _items(text)


def _of_shape(shape: str, versions: tuple[str, ...]) -> TextRange:
    if shape == ">= <":
        return TextRange(versions[0], versions[1], high_inclusive=False)
    if shape == ">= <=":
        return TextRange(versions[0], versions[1])
    if shape == ">=":
        return TextRange(low=versions[0])
    return TextRange(high=versions[0], high_inclusive=shape == "<=")


def _comparators(text: str) -> TextRange | None:
    low = high = ""
    low_inclusive = high_inclusive = True
    position = count = 0
    while position < len(text):
        found = _COMPARATOR.match(text, position)
        if found is None or count == 2:
            return None
        operator, version = found.groups()
        if operator in {"=", "=="}:
            return TextRange(version, version) if count == 0 and found.end() == len(text) else None
        if operator[0] in ">≥" or operator == "=>":
            if low:
                return None
            low, low_inclusive = version, operator != ">"
        else:
            if high:
                return None
            high, high_inclusive = version, operator != "<"
        count += 1
        separator = _SEPARATOR.match(text, found.end())
        position = separator.end() if separator else found.end()
    return TextRange(low, high, low_inclusive, high_inclusive) if count else None


def _items(text: str) -> tuple[TextRange, ...]:
    items = [item.strip() for item in text.split(",")]
    if not 1 < len(items) <= _MAX_ITEMS:
        return ()
    found = [_ITEM.fullmatch(item) for item in items]
    versions = [match.group(1) for match in found if match is not None]
    return tuple(TextRange(version, version) for version in versions) if len(versions) == len(items) else ()
