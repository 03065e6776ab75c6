"""VERS, the version range specifier (ECMA "Package-URL" suite, clause 5): ``vers:npm/>=1.0|<2.0``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from rempart.engines.versions.schemes import key, scheme_for

MAX_LENGTH: Final = 20_000
_URI: Final = re.compile(r"vers:([a-z][a-z0-9.-]*)/(.+)", re.IGNORECASE)
_CONSTRAINT: Final = re.compile(r"(<=|>=|!=|<|>|=|)([^<>=!*|]+)")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_COMPARATORS: Final = frozenset({"<", "<=", ">", ">="})


class VersError(ValueError):
    """A text that is not a VERS, or whose constraints make no sequence of intervals."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One interval of versions; an empty text is an open end. A single version has equal, included ends."""

    low: str = ""
    high: str = ""
    low_included: bool = True
    high_included: bool = True


@dataclass(frozen=True, slots=True)
class Vers:
    """A range: the type as written, and its constraints (comparator, version) in the order of the text.

    ``constraints`` is empty for ``*``, every version. ``scheme`` is the order that the type means.
    """

    type: str
    scheme: str
    constraints: tuple[tuple[str, str], ...]

    def intervals(self) -> Iterator[Interval]:
        """The intervals, without regard to ``excluded`` versions.

        Raises ``VersError`` where comparators do not alternate (clause 5.4).
        """
        if not self.constraints:
            yield Interval()
            return
        bounds = [one for one in self.constraints if one[0] in _COMPARATORS]
        for comparator, version in self.constraints:
            if comparator == "=":
                yield Interval(version, version)
        if not bounds and not any(comparator == "=" for comparator, _ in self.constraints):
            yield Interval()  # exclusions alone: every other version
        start: tuple[str, str] | None = None
        for position, (comparator, version) in enumerate(bounds):
            if comparator[0] == ">":
                if start is not None:
                    raise VersError(f"two lower bounds follow each other: {start[1]!r} and {version!r}")
                start = (comparator, version)
                continue
            if start is None and position:
                raise VersError(f"two upper bounds follow each other, the second {version!r}")
            low = start[1] if start else ""
            yield Interval(low, version, not start or start[0] == ">=", comparator == "<=")
            start = None
        if start is not None:
            yield Interval(start[1], "", start[0] == ">=")

    def excluded(self) -> tuple[str, ...]:
        """The versions that ``!=`` takes out."""
        return tuple(version for comparator, version in self.constraints if comparator == "!=")

    def contains(self, version: str) -> bool | None:
        """Whether a version is in the range; None where the scheme cannot read it or a bound."""
        place = key(self.scheme, version)
        if not self.constraints:
            return True
        if any(version == out for out in self.excluded()):
            return False
        if place is None:
            return None
        doubt = False
        for out in self.excluded():
            at = key(self.scheme, out)
            if at == place:
                return False
            doubt = doubt or at is None
        found = False
        for interval in self.intervals():
            held = _holds(interval, place, self.scheme)
            found = found or held is True
            doubt = doubt or held is None
        if found:
            return None if any(key(self.scheme, out) is None for out in self.excluded()) else True
        return None if doubt else False


def _holds(interval: Interval, place: bytes, scheme: str) -> bool | None:
    low = key(scheme, interval.low) if interval.low else None
    high = key(scheme, interval.high) if interval.high else None
    if (low is not None and (place < low or (place == low and not interval.low_included))) or (
        high is not None and (place > high or (place == high and not interval.high_included))
    ):
        return False
    unread = (interval.low and low is None) or (interval.high and high is None)
    return None if unread else True


def parse_vers(text: str) -> Vers:
    """Read a VERS; raises ``VersError``. White space, an explicit "=" and a wrong order are tolerated:
    publishers write them, and their meaning is plain."""
    if len(text) > MAX_LENGTH:
        raise VersError("the range is too long")
    found = _URI.fullmatch("".join(text.split()))
    if found is None:
        raise VersError("not of the form vers:type/constraints")
    kind, listed = found.group(1).lower(), found.group(2)
    if kind == "invalid":
        raise VersError("the type 'invalid' is never valid")
    scheme = scheme_for(kind, kind)
    if listed == "*":
        return Vers(kind, scheme, ())
    if kind == "all":
        raise VersError("the type 'all' takes no constraint but '*'")
    constraints = []
    for part in listed.split("|"):
        one = _CONSTRAINT.fullmatch(part)
        if one is None or _BAD_ESCAPE.search(one.group(2)):
            raise VersError(f"{part[:60]!r} is not a constraint")
        constraints.append((one.group(1) or "=", unquote(one.group(2))))
    if len({version for _, version in constraints}) != len(constraints):
        raise VersError("a version occurs twice")
    return Vers(kind, scheme, tuple(_sorted(constraints, scheme)))


def _sorted(constraints: list[tuple[str, str]], scheme: str) -> list[tuple[str, str]]:
    """In version order where the scheme reads every version (clause 5.4), else as written."""
    placed = [(key(scheme, version), (comparator, version)) for comparator, version in constraints]
    if any(place is None for place, _ in placed):
        return constraints
    return [constraint for _, constraint in sorted(placed, key=lambda one: one[0] or b"")]
