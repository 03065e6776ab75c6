"""Sections 6.1.14 and 6.1.16–6.1.22, 6.1.30: the document's version and its revision history."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from rempart.engines.records.conformance.paths import Found, Json, child, entries, word

# Section 3.1.11: integer or semantic versioning.
_INTEGER: Final = re.compile(r"0|[1-9][0-9]*")
_SEMANTIC: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)
_REVISIONS: Final = "/document/tracking/revision_history"
_VERSION: Final = "/document/tracking/version"
_RELEASED: Final = frozenset({"final", "interim"})
Rank = tuple[int, int, int, tuple[tuple[int, int, str], ...]]
_NO_PRE_RELEASE: Final = ((2, 0, ""),)  # after every pre-release (Semantic Versioning 2.0.0, rule 11)


def _tracking(document: Json) -> Json:
    return child(document, "document", "tracking")


def _revisions(document: Json) -> list[tuple[str, str]]:
    """(path, number), oldest first; two of one date in the order of their numbers."""
    found = []
    for entry, at in entries(_tracking(document), "revision_history", "/document/tracking"):
        found.append((_date(word(entry, "date")), _rank(word(entry, "number")), at, word(entry, "number")))
    return [(at, number) for _, _, at, number in sorted(found)]


def _date(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def _rank(number: str) -> Rank:
    found = _SEMANTIC.fullmatch(number)
    if found is None:
        return (int(number) if _INTEGER.fullmatch(number) else -1, 0, 0, _NO_PRE_RELEASE)
    major, minor, patch, pre = found.groups()
    parts = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in (pre.split(".") if pre else ())
    )
    return int(major), int(minor), int(patch), parts or _NO_PRE_RELEASE


def _has_pre_release(number: str) -> bool:
    found = _SEMANTIC.fullmatch(number)
    return bool(found and found[4])


def unsorted_history(document: Json) -> Found:
    revisions = _revisions(document)
    for (_, before), (at, number) in pairwise(revisions):
        if _rank(number) < _rank(before):
            yield f"{at}/number", number


def not_latest_version(document: Json) -> Found:
    """Build metadata never counts; of a draft, neither does the pre-release part."""
    tracking, revisions = _tracking(document), _revisions(document)
    if not revisions:
        return
    version, latest = _rank(word(tracking, "version")), _rank(revisions[-1][1])
    if word(tracking, "status") == "draft":
        version, latest = (*version[:3], _NO_PRE_RELEASE), (*latest[:3], _NO_PRE_RELEASE)
    if version != latest:
        yield _VERSION, word(tracking, "version")


def not_said_draft(document: Json) -> Found:
    tracking = _tracking(document)
    version = word(tracking, "version")
    if word(tracking, "status") != "draft" and (_rank(version)[0] == 0 or _has_pre_release(version)):
        yield "/document/tracking/status", word(tracking, "status")


def released_before_one(document: Json) -> Found:
    if word(_tracking(document), "status") in _RELEASED:
        for at, number in _revisions(document):
            if _rank(number)[0] == 0:
                yield f"{at}/number", number


def pre_release_in_history(document: Json) -> Found:
    yield from ((f"{at}/number", number) for at, number in _revisions(document) if _has_pre_release(number))


def released_pre_release(document: Json) -> Found:
    tracking = _tracking(document)
    version = word(tracking, "version")
    if word(tracking, "status") in _RELEASED and _has_pre_release(version):
        yield _VERSION, version


def gap_in_history(document: Json) -> Found:
    expected: int | None = None
    for at, number in _revisions(document):
        major = _rank(number)[0]
        if expected is None and major not in {0, 1}:
            yield f"{at}/number", number
        if expected is not None and major > expected + 1:
            yield f"{at}/number", number
        expected = major


def repeated_revision(document: Json) -> Found:
    seen: set[Rank] = set()
    for at, number in _revisions(document):
        if _rank(number) in seen:
            yield f"{at}/number", number
        seen.add(_rank(number))


def mixed_versioning(document: Json) -> Found:
    version = word(_tracking(document), "version")
    semantic = bool(_SEMANTIC.fullmatch(version))
    for at, number in _revisions(document):
        if bool(_SEMANTIC.fullmatch(number)) != semantic:
            yield f"{at}/number", number
