"""A slow and obvious matcher, written from the text of the CVE JSON 5 schema alone.

The schema's own algorithm, word for word: for each entry of ``versions`` in order, a single version
that equals v answers; a range with ``version <= v`` and ``v < lessThan`` (or ``v <= lessThanOrEqual``)
answers with its status, then with that of each change whose ``at <= v``; else ``defaultStatus``.

It knows nothing of keys. Versions are cut into numbers and words and compared place by place, as
``docs/version-orders.md`` says of vendors' own; the commonest sentences of ``docs/version-text.md`` are taken
apart word by word. What it cannot read is tried both ways: the answer is the set of every outcome that
remains possible.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import lru_cache

from rempart.engines.exposure.model import Affected, VersionEntry

NUMBERS = re.compile(r"[0-9]+(\.[0-9]+)*")
# Vendors' own versions that are read here: one word, without what only a table of spellings could settle.
_VERSION = re.compile(r"[vV]?[0-9][0-9A-Za-z.()_-]{0,60}")
_PIECE = re.compile(r"[0-9]+|[a-z]+")
_BRANCH = re.compile(r"([0-9]+(?:\.[0-9]+)*)\.\*")
_BETWEEN = re.compile(r"([0-9]+(?:\.[0-9]+){2,})-([0-9]+(?:\.[0-9]+){2,})")
_COMMIT = re.compile(r"(?=.*[a-f])[0-9a-f]{7,}|.*-[0-9a-f]{12}")
_RANKS = {"dev": 1, "nightly": 1, "canary": 1, "alpha": 2, "beta": 3, "pre": 4, "preview": 4, "milestone": 4,
          "ea": 4, "ctp": 4, "rc": 5, "cr": 5, "snapshot": 6}  # fmt: skip
_SAYING_NOTHING = {"final", "ga", "release"}
_SPELLED_IN_SEVERAL_WAYS = {
    "patch", "update", "upd", "hotfix", "hotfixrev", "fix", "pack", "pl", "x", "xx", "up", "el", "ubuntu",
}  # fmt: skip
_NO_END = {"", "*", "unspecified", "n/a", "-"}
_FROM_THE_START = {"0", "*", "unspecified", "n/a", "-"}
# Orders of packages, which are others' (see ``engines/versions/tests``): plain numbers are the same in all.
_VENDORS_OWN = {"", "custom", "patch", "release", "version", "firmware", "affected", "original"}

Place = tuple[int, int, str]  # what stands at a place: its rank among places, its number, its word


@lru_cache(maxsize=1 << 16)
def places(text: str) -> tuple[Place, ...] | None:
    """The version place by place, each comparable with another's; None when it is not read here."""
    if not _VERSION.fullmatch(text) or _COMMIT.fullmatch(text.lower()):
        return None
    pieces = _PIECE.findall(text.lower().lstrip("v"))
    found: list[Place] = []
    for before, piece in itertools.pairwise(["", *pieces]):
        if piece.isdigit():
            found.append((4, int(piece), ""))
            continue
        if piece in _SPELLED_IN_SEVERAL_WAYS or len(piece) > 16 or (piece in {"a", "b"} and before.isdigit()):
            return None
        while found and found[-1] == (4, 0, ""):  # a zero before a word does not count
            found.pop()
        if piece not in _SAYING_NOTHING:
            found.append((1, _RANKS[piece], "") if piece in _RANKS else (3, 0, piece))
    while found and found[-1] == (4, 0, ""):
        found.pop()
    return (*found, (2, 0, ""))


def readable(entry: VersionEntry, text: str) -> bool:
    """Whether a bound is read here: plain numbers in every scheme, the rest where the vendor orders it."""
    if NUMBERS.fullmatch(text):
        return True
    return entry.version_type.lower() in _VENDORS_OWN and places(text) is not None


def is_less(left: str, right: str) -> bool:
    return (places(left) or ()) < (places(right) or ())


def is_equal(left: str, right: str) -> bool:
    return places(left) == places(right)


def at_least(entry: VersionEntry, version: str, low: str) -> bool | None:
    if low in _FROM_THE_START:
        return True
    branch = _BRANCH.fullmatch(low)
    if branch is not None:
        if not NUMBERS.fullmatch(version):
            return None
        low = branch.group(1)
    return not is_less(version, low) if readable(entry, low) else None


def within(entry: VersionEntry, version: str, high: str, inclusive: bool) -> bool | None:
    if high == "*":
        return True
    branch = _BRANCH.fullmatch(high)
    if branch is not None:
        # "5.10.*": up to an arbitrarily large version of the branch.
        if not NUMBERS.fullmatch(version):
            return None
        start = [int(part) for part in branch.group(1).split(".")]
        padded = [int(part) for part in version.split(".")] + [0] * len(start)
        return padded[: len(start)] <= start
    if not readable(entry, high):
        return None
    return is_less(version, high) or (inclusive and is_equal(version, high))


def covers(entry: VersionEntry, version: str) -> bool | None:
    """Whether an entry covers a version; None when the entry cannot be read."""
    stated = {entry.version, end_of(entry), *(change.at for change in entry.changes)} - {"", "0", "*"}
    if entry.version_type.lower() == "git" and any("." not in text for text in stated):
        return None  # a commit may be all digits
    if not NUMBERS.fullmatch(version) and entry.version_type.lower() not in _VENDORS_OWN:
        return None
    if not entry.less_than and not entry.less_than_or_equal:
        if entry.version == "*":
            return True
        return is_equal(entry.version, version) if readable(entry, entry.version) else None
    above = at_least(entry, version, entry.version)
    if entry.after and above and readable(entry, entry.version):
        above = not is_equal(version, entry.version)
    below = (
        within(entry, version, entry.less_than, False)
        if entry.less_than
        else within(entry, version, entry.less_than_or_equal, True)
    )
    if above is False or below is False:
        return False
    return True if above and below else None


def status_within(entry: VersionEntry, version: str) -> set[str]:
    """The statuses that a covering entry may give."""
    unread = [change for change in entry.changes if not readable(entry, change.at)]
    found = set()
    for reached in itertools.product([False, True], repeat=len(unread)):
        beliefs = dict(zip((change.at for change in unread), reached, strict=True))
        status = entry.status
        for change in entry.changes:
            if beliefs[change.at] if change.at in beliefs else not is_less(version, change.at):
                status = change.status
        found.add(status)
    return found


def outcomes(affected: Affected, version: str) -> set[str]:
    """Every status that the statement may mean for a version: one element when it is certain."""
    found: set[str] = set()
    for entry in joined(affected.versions):
        said = in_words(_trimmed(entry))
        covered = covers(said, version)
        if covered is not False:
            found |= status_within(said, version)
        if covered:
            return found
    if is_denied_by_its_default(affected):
        return found | {"unknown"}
    said = replace(affected, versions=tuple(in_words(_trimmed(entry)) for entry in affected.versions))
    return found | {affected.default_status} | ({"unknown"} if is_denied_by_its_default(said) else set())


def _trimmed(entry: VersionEntry) -> VersionEntry:
    return replace(
        entry,
        version=entry.version.strip(),
        less_than=entry.less_than.strip(),
        less_than_or_equal=entry.less_than_or_equal.strip(),
    )


def in_words(entry: VersionEntry) -> VersionEntry:
    """A sentence in the place of a version as the range that it says; any other entry as it is."""
    words = entry.version.lower().replace(",", " ").split()
    between = _BETWEEN.fullmatch(entry.version)
    if between is not None and not end_of(entry):
        return replace(entry, version=between.group(1), less_than_or_equal=between.group(2))
    if end_of(entry) or len(words) < 2:
        return entry
    if words[:2] == ["all", "versions"]:
        words = words[2:]
    low, high = "0", "*"
    range_of = replace(entry, version=low, less_than=high)
    match words:
        case [("<" | "<=") as sign, high]:
            said = range_of
        case [(">" | ">=") as from_sign, low]:
            return _up(replace(range_of, version=low), from_sign)
        case [(">" | ">=") as from_sign, low, ("<" | "<=") as sign, high]:
            said = _up(replace(range_of, version=low), from_sign)
        case ["before", high] | ["prior", "to", high]:
            sign, said = "<", range_of
        case [high, "and", ("earlier" | "prior" | "below")]:
            sign, said = "<=", range_of
        case [low, ("to" | "through"), high]:
            sign, said = "<=", replace(range_of, version=low)
        case _:
            return entry
    if sign == "<":
        return replace(said, less_than=high)
    return replace(said, less_than="", less_than_or_equal=high)


def _up(entry: VersionEntry, sign: str) -> VersionEntry:
    return replace(entry, after=sign == ">")


def joined(entries: tuple[VersionEntry, ...]) -> list[VersionEntry]:
    """Our other departure: "8.6.0 to unspecified" then "unspecified to 8.13.4" are halves of one range."""
    found: list[VersionEntry] = []
    for entry in entries:
        before = found[-1] if found else None
        starts_nowhere = entry.version in {"unspecified", "n/a"} and end_of(entry) not in _NO_END
        if (
            before is not None
            and starts_nowhere
            and end_of(before) in {"unspecified", "n/a"}
            and before.version not in _NO_END
            and (before.status, before.changes) == (entry.status, entry.changes)
        ):
            found[-1] = replace(entry, version=before.version)
        else:
            found.append(entry)
    return found


def end_of(entry: VersionEntry) -> str:
    return entry.less_than or entry.less_than_or_equal


def is_denied_by_its_default(affected: Affected) -> bool:
    """Our one departure from the schema: "affected" by default, beside affected ranges that all end."""
    ends = [end_of(entry) for entry in affected.versions]
    return (
        affected.default_status == "affected"
        and bool(ends)
        and all(end and not (end.endswith("*") and not _BRANCH.fullmatch(end)) for end in ends)
        and all(entry.status == "affected" for entry in affected.versions)
        and all(entry.version_type.lower() != "git" for entry in affected.versions)
    )


def is_contradictory(stated: VersionEntry) -> bool:
    """Bounds in the wrong order, or an exclusive end equal to the start."""
    entry = in_words(stated)
    low, high = entry.version, end_of(entry)
    if not (readable(entry, low) and readable(entry, high)) or low == "0":
        return False
    return is_less(high, low) or (bool(entry.less_than or entry.after) and is_equal(low, high))
