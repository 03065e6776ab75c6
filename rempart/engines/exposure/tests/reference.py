"""A slow and obvious matcher, written from the text of the CVE JSON 5 schema alone.

The schema's own algorithm, word for word: for each entry of ``versions`` in order, a single version
that equals v answers; a range with ``version <= v`` and ``v < lessThan`` (or ``v <= lessThanOrEqual``)
answers with its status, then with that of each change whose ``at <= v``; else ``defaultStatus``.

It reads plain dotted numbers only, compares them as lists of integers, and knows nothing of keys.
What it cannot read is tried both ways: the answer is the set of every outcome that remains possible.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from rempart.engines.exposure.model import Affected, VersionEntry

NUMBERS = re.compile(r"[0-9]+(\.[0-9]+)*")
_BRANCH = re.compile(r"([0-9]+(?:\.[0-9]+)*)\.\*")
_NO_END = {"", "*", "unspecified", "n/a", "-"}
_FROM_THE_START = {"0", "*", "unspecified", "n/a", "-"}


def numbers(text: str) -> list[int]:
    parts = [int(part) for part in text.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return parts


def at_least(version: str, low: str) -> bool | None:
    if low in _FROM_THE_START:
        return True
    branch = _BRANCH.fullmatch(low)
    if branch is not None:
        low = branch.group(1)
    return numbers(version) >= numbers(low) if NUMBERS.fullmatch(low) else None


def within(version: str, high: str, inclusive: bool) -> bool | None:
    if high == "*":
        return True
    branch = _BRANCH.fullmatch(high)
    if branch is not None:
        # "5.10.*": up to an arbitrarily large version of the branch.
        start = [int(part) for part in branch.group(1).split(".")]
        padded = [int(part) for part in version.split(".")] + [0] * len(start)
        return padded[: len(start)] <= start
    if not NUMBERS.fullmatch(high):
        return None
    return numbers(version) <= numbers(high) if inclusive else numbers(version) < numbers(high)


def covers(entry: VersionEntry, version: str) -> bool | None:
    """Whether an entry covers a version; None when the entry cannot be read."""
    if not entry.less_than and not entry.less_than_or_equal:
        if entry.version == "*":
            return True
        return numbers(entry.version) == numbers(version) if NUMBERS.fullmatch(entry.version) else None
    above = at_least(version, entry.version)
    if entry.after and above and NUMBERS.fullmatch(entry.version):
        above = numbers(version) != numbers(entry.version)
    below = (
        within(version, entry.less_than, False)
        if entry.less_than
        else within(version, entry.less_than_or_equal, True)
    )
    if above is False or below is False:
        return False
    return True if above and below else None


def status_within(entry: VersionEntry, version: str) -> set[str]:
    """The statuses that a covering entry may give."""
    unread = [change for change in entry.changes if not NUMBERS.fullmatch(change.at)]
    found = set()
    for reached in itertools.product([False, True], repeat=len(unread)):
        beliefs = dict(zip((change.at for change in unread), reached, strict=True))
        status = entry.status
        for change in entry.changes:
            if beliefs[change.at] if change.at in beliefs else numbers(change.at) <= numbers(version):
                status = change.status
        found.add(status)
    return found


def outcomes(affected: Affected, version: str) -> set[str]:
    """Every status that the statement may mean for a version: one element when it is certain."""
    found: set[str] = set()
    for entry in joined(affected.versions):
        covered = covers(entry, version)
        if covered is not False:
            found |= status_within(entry, version)
        if covered:
            return found
    return found | {"unknown" if is_denied_by_its_default(affected) else affected.default_status}


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
    ends = [entry.less_than or entry.less_than_or_equal for entry in affected.versions]
    return (
        affected.default_status == "affected"
        and bool(ends)
        and all(end and not (end.endswith("*") and not _BRANCH.fullmatch(end)) for end in ends)
        and all(entry.status == "affected" for entry in affected.versions)
    )


def is_contradictory(entry: VersionEntry) -> bool:
    """Bounds in the wrong order, or an exclusive end equal to the start."""
    low, high = entry.version, entry.less_than or entry.less_than_or_equal
    if not NUMBERS.fullmatch(low) or not NUMBERS.fullmatch(high) or low == "0":
        return False
    if entry.less_than:
        return numbers(low) >= numbers(high)
    return numbers(low) > numbers(high)
