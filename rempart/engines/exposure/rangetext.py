"""Ranges that sources write as words inside a version: "< 1.2", "1.2 and earlier", "All versions < V4".

Only whole texts of known forms are read (``docs/version-text.md`` lists them); anything else is refused,
so that it is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAX_LENGTH = 256
_MAX_LIST = 4096
_MAX_ITEMS = 256
EVERYTHING = frozenset(
    [
        "*",
        "vers:all/*",
        "all",
        "all versions",
        "any",
        "any version",
        "all version",
        "all releases",
        "every version",
        "all firmware versions",
        "firmware all versions",
        "all versions are affected",
        "all known versions",
        "all current versions",
    ]
)
UNSTATED = frozenset(
    ["", "n/a", "na", "unspecified", "unknown", "-", "none", "not specified", "not available"]
)
# Words in the place of a version that send the reader elsewhere, or name a time rather than a version.
_ELSEWHERE = re.compile(
    r"(?:please )?(?:see|refer to|check)\b.{0,120}|https?://\S{1,200}|(?:various|multiple|certain|several|some|"
    r"unspecified|unknown|undefined|latest|current|publication|tbd|not known|no data)(?: versions?)?|"
    r"(?:please )?(?:upgrade|update) to .{0,120}|[?<>=v]{1,2}",
    re.IGNORECASE,
)
# As the version of a range: no lower bound.
FROM_THE_START = (UNSTATED - {"unknown"}) | {"0", "earlier", "previous", "previous versions"}

_LEAD = r"(?:firmware\s+|stable\s+|release\s+)?(?:versions?[\s.]+|ver\.?\s?)?(?:v\.?\s?)?"
_SUFFIX = (
    r"sp|update|upd|build|patch|hf|hotfix|hotfixrev|fix|fp|if|cu|ru|su|uc|sr|mr|mp|rev|service pack|"
    r"fix pack|feature pack|patch level|cumulative update"
)
_VERSION = rf"{_LEAD}([0-9][0-9A-Za-z._+~()\-]*(?:\s(?:{_SUFFIX})\s?\.?[0-9][0-9A-Za-z.]*){{0,4}})"
_ALL = r"(?:(?:all\s+|any\s+)?(?:the\s+)?(?:firmware\s+)?versions?\s*)?"
_AND, _RELEASES = r"\s+(?:and|or)\s+(?:all\s+)?", r"(?:\s+(?:versions?|releases?))?\.?"
_COMPARATOR = re.compile(rf"\s*(>=|=>|<=|=<|==|=|<|>|≤|≥)\s*{_VERSION}\s*", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:,|;|&&|\band\b)?\s*", re.IGNORECASE)
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), shape)
    for pattern, shape in (
        (rf"{_ALL}(?:before|prior\s+to|earlier\s+than|older\s+than|below|lower\s+than)\s+{_VERSION}", "<"),
        (rf"(?:fixed\s+in)\s+{_VERSION}", "<"),
        (rf"{_ALL}(?:(?:up|prior)\s+to\s+and\s+including|up\s+to|through)\s+{_VERSION}", "<="),
        (rf"{_VERSION}{_AND}(?:earlier|prior|below|before|older|lower|previous){_RELEASES}", "<="),
        (rf"{_VERSION}{_AND}(?:later|above|newer|higher|onwards?|up){_RELEASES}", ">="),
        (rf"(?:from\s+)?{_VERSION}\s+(?:before|prior\s+to)\s+{_VERSION}", ">= <"),
        (rf"(?:from\s+|between\s+)?{_VERSION}\s+(?:to|through|thru|up\s+to|-|–)\s+{_VERSION}", ">= <="),
        (rf"between\s+{_VERSION}\s+and\s+{_VERSION}", ">= <="),
        (r"([0-9]+(?:\.[0-9]+){2,})-([0-9]+(?:\.[0-9]+){2,})", ">= <="),
    )
)  # fmt: skip
_ITEM = re.compile(_VERSION, re.IGNORECASE)
_LAST_AND = re.compile(r"\s*(?:,\s*|\s)(?:and|&)\s+(?=[0-9v])", re.IGNORECASE)
_BRANCH = re.compile(
    r"(?:versions?\s+|v\.?\s?|[hcr](?=[0-9]))?(?:([0-9]+(?:\.[0-9]+)*)(?:\.(?:x|\*))+|([0-9][0-9A-Z.-]*[0-9A-Z])\*)",
    re.IGNORECASE,
)
_PLAIN = r"([0-9][0-9a-z.]*(?:-dev)?)"
_FIXED_AND_AFFECTED = re.compile(
    rf"fixed in (?:[a-z]+ )?{_PLAIN} ?\(affected {_PLAIN}(?:-{_PLAIN})?\)", re.IGNORECASE
)
# Words beside a product's name that make no other product of it.
_GENERIC_WORDS = frozenset({"se", "version", "versions", "firmware", "software", "release", "build", "os"})
_APART = re.compile(r"[ :_]")
# What every form above has a character of; most versions have none, and are told apart at once.
_WORDED = re.compile(r"[\s,;<>=≤≥–-]")
_NAME_BEFORE = re.compile(r"([A-Za-z][A-Za-z0-9() ./&+-]{0,60}?)[ :_]+(?=v?\.?\s?[0-9])")


@dataclass(frozen=True, slots=True)
class TextRange:
    """Bounds as texts; empty means open. ``low`` equal to ``high``, both inclusive, is one version."""

    low: str = ""
    high: str = ""
    low_inclusive: bool = True
    high_inclusive: bool = True


def branch_of(text: str) -> str:
    """The numbers before the wildcards of "5.10.*", "5.x", "8.6.x.x"; empty when it is no branch."""
    text = text.strip()
    found = _BRANCH.fullmatch(text) if text[-1:] in {"x", "X", "*"} else None
    return (found.group(1) or found.group(2)) if found else ""


def may_name_product(text: str) -> bool:
    """Whether words may stand before the version: any other text is read without its product's name."""
    return text[:1].isalpha() and _APART.search(text) is not None


def without_product(text: str, names: str) -> str:
    """``text`` without the product's own name before the version ("Android 13", "Java SE: 8u381").

    Only words of ``names`` (the vendor and product stated beside it) go: another product's name stays,
    so that the text stays unreadable.
    """
    found = _NAME_BEFORE.match(text) if may_name_product(text) else None
    if found is None:
        return text
    stated = {*re.findall(r"[a-z0-9]+", names.casefold()), *_GENERIC_WORDS}
    return (
        text[found.end() :]
        if stated.issuperset(re.findall(r"[a-z0-9]+", found.group(1).casefold()))
        else text
    )


def is_unstated(text: str) -> bool:
    """Whether a text stands where a version was expected and names none ("n/a", "see the bulletin")."""
    folded = " ".join(text.split()).casefold()
    return folded in UNSTATED or _ELSEWHERE.fullmatch(folded) is not None


def read_range_text(text: str) -> tuple[TextRange, ...]:
    """The ranges that a text states; empty when it is not of a known form."""
    text = " ".join(text.split())
    if not text or len(text) > _MAX_LIST:
        return ()
    if len(text) > _MAX_LENGTH:
        return _items(text)
    if text.casefold() in EVERYTHING:
        return (TextRange(),)
    if _WORDED.search(text) is None:
        return ()
    for pattern, shape in _FORMS:
        found = pattern.fullmatch(text)
        if found is not None:
            return (_of_shape(shape, found.groups()),)
    both = _FIXED_AND_AFFECTED.fullmatch(text)
    if both is not None:
        return (TextRange(both.group(2), both.group(1), high_inclusive=False),)
    compared = _comparators(re.sub(rf"^(?:stable\s|{_ALL})", "", text, flags=re.IGNORECASE))
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
    """A list of versions and of two-sided ranges; a one-sided range in a list would be ambiguous."""
    separator = ";" if ";" in text and "," not in text else ","
    plain = _LAST_AND.sub(f"{separator} ", re.sub(r"^versions?\s+", "", text, flags=re.IGNORECASE))
    items = [item.strip() for item in plain.split(separator)]
    if not 1 < len(items) <= _MAX_ITEMS:
        return ()
    ranges = []
    for item in items:
        if branch_of(item):
            ranges.append(TextRange(item, item))
            continue
        one = _ITEM.fullmatch(item)
        if one is not None:
            ranges.append(TextRange(one.group(1), one.group(1)))
            continue
        two_sided = (
            _of_shape(shape, found.groups())
            for pattern, shape in _FORMS
            if " " in shape and (found := pattern.fullmatch(item)) is not None
        )
        between = next(two_sided, None)
        if between is None:
            return ()
        ranges.append(between)
    return tuple(ranges)
