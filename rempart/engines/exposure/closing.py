"""What the end of an affected range says of the versions past it, where the source does not say.

``lessThan`` is "the least version not in the range". With no stated default, a version past the end is
taken as corrected (inferred, lower confidence): past the last end, any; past another, only inside the
same branch. ``8.1.0 < 8.1.29; 8.3.0 < 8.3.8`` says nothing of 8.2.5.

A source that states the default *affected* beside affected ranges that all end contradicts itself: the
ends would mean nothing. The ends are believed: the same rule applies, and what no branch holds is told
as the contradiction that it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.engines.exposure.rangetext import TextRange, branch_of, read_range_text
from rempart.engines.versions import prefix_bounds

_NUMBERS = re.compile(r"v?\.?\s?([0-9]+(?:\.[0-9]+)*)", re.IGNORECASE)


class Closing(NamedTuple):
    """The versions from the end of an affected range to the end of its branch (``high`` None: all above).

    ``reason`` is ``fixed_at`` when the source names the end as the first version outside the range, else
    ``above_range``; ``bound`` is that end as written.
    """

    scheme: str
    low: bytes
    low_included: bool
    high: bytes | None
    reason: str
    quote: str
    bound: str

    def holds(self, version: bytes) -> bool:
        """Whether a version is past the range's end and in its branch."""
        if version < self.low or (version == self.low and not self.low_included):
            return False
        return self.high is None or version < self.high


class End(NamedTuple):
    """An affected range as closings see it; ``names_correction``: its end is the first corrected version."""

    scheme: str
    key: bytes
    included: bool
    names_correction: bool
    low_text: str
    high_text: str
    quote: str


def closings(ends: Sequence[End]) -> Iterator[Closing]:
    """What follows each end, the last end first: of two that hold a version, the first answers."""
    highest: dict[str, bytes] = {}
    for end in ends:
        highest[end.scheme] = max(end.key, highest.get(end.scheme, b""))
    for end in sorted(ends, key=lambda one: one.key, reverse=True):
        last = end.key == highest[end.scheme]
        yield Closing(
            scheme=end.scheme,
            low=end.key,
            low_included=not end.included,
            high=None if last else _end_of_branch(end),
            reason="fixed_at" if end.names_correction else "above_range",
            quote=end.quote,
            bound=end.high_text,
        )


def _end_of_branch(end: End) -> bytes | None:
    """The key above every version that shares the numbers which both ends of the range share."""
    branch = _shared(_numbers(end.low_text), _numbers(end.high_text))
    bounds = prefix_bounds(end.scheme, ".".join(branch)) if branch else None
    return bounds[1] if bounds and bounds[1] > end.key else None


def _numbers(text: str) -> list[str]:
    plain = branch_of(text) or text
    found = _NUMBERS.match(plain.strip())
    return found.group(1).split(".") if found else []


def _shared(low: list[str], high: list[str]) -> list[str]:
    """The leading numbers that two versions share; never the whole of both, which would be one version."""
    count = 0
    while count < min(len(low), len(high)) and int(low[count]) == int(high[count]):
        count += 1
    return high[:count] if count < max(len(low), len(high)) else high[: count - 1]


def contradicts_itself(affected: Affected) -> bool:
    """Whether the default is *affected* and every entry is an affected range that the source ends."""
    return (
        affected.default_status == "affected"
        and bool(affected.versions)
        and all(entry.status == "affected" and _ends(entry) for entry in affected.versions)
    )


def _ends(entry: VersionEntry) -> bool:
    if entry.version_type.strip().casefold() == "git":
        return False
    end = (entry.less_than or entry.less_than_or_equal).strip()
    if end:
        return end.rstrip("*") != "" and not (end.endswith("*") and not branch_of(end))
    read = read_range_text(entry.version)
    return bool(read) and all(_is_closed(part) for part in read)


def _is_closed(part: TextRange) -> bool:
    return bool(part.high) and part.low != part.high
