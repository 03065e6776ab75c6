"""A statement's answers as a function of a version's key, found by bisection and worked out when asked.

A statement's answer changes only where the version's key meets a bound of one of its ranges. Between two
bounds that follow each other it is one and the same: so it is asked at most once there, and once at each
bound, however many versions of however many inventories fall there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from rempart.engines.exposure.evaluation import measure
from rempart.engines.exposure.ranges import CompiledAffected, Outcome
from rempart.engines.versions import key
from rempart.engines.versions.schemes import GIT


def cell_of(bounds: Sequence[bytes], place: bytes) -> int:
    """``2 * i`` just below ``bounds[i]``, ``2 * i + 1`` at it, ``2 * len(bounds)`` above them all."""
    index = bisect_left(bounds, place)
    return 2 * index + (index < len(bounds) and bounds[index] == place)


@dataclass(frozen=True, slots=True)
class _At:
    """A version known by its key alone."""

    place: bytes | None
    text: str = field(default="")

    def key(self, scheme: str) -> bytes | None:
        return None if scheme == GIT else self.place


class StatementCurve:
    """The outcomes of one statement; versions that it lists one by one are ``points``.

    ``texts`` are listed versions without a key of their own: only the statement itself knows them.
    """

    __slots__ = ("_cells", "_compiled", "_unreadable", "bounds", "points", "scheme", "texts")

    def __init__(self, scheme: str, compiled: CompiledAffected) -> None:
        self.scheme = scheme
        self._compiled = compiled
        self.bounds = _bounds(compiled)
        self.points: dict[bytes, Outcome | None] = {place: None for _, place in compiled.exact}
        self.texts = frozenset(
            text
            for text in compiled.exact_text
            if (found := key(scheme, text)) is None or found not in self.points
        )
        self._cells: list[Outcome | None] = [None] * (2 * len(self.bounds) + 1)
        self._unreadable: Outcome | None = None

    def at(self, place: bytes | None) -> Outcome:
        """The outcome at a key (None: for a version that ``scheme`` cannot read)."""
        if place is None:
            if self._unreadable is None:
                self._unreadable = measure(self._compiled, _At(None))
            return self._unreadable
        if place in self.points:
            found = self.points[place]
            if found is None:
                found = self.points[place] = measure(self._compiled, _At(place))
            return found
        cell = cell_of(self.bounds, place)
        found = self._cells[cell]
        if found is None:
            found = self._cells[cell] = measure(self._compiled, _At(place))
        return found


def statement_curve(compiled: CompiledAffected) -> StatementCurve | None:
    """The curve of a statement; None when it mixes schemes, each with an order of its own."""
    schemes = {one.scheme for one in compiled.ranges}
    schemes.update(compiled.exact_schemes)
    schemes.discard(GIT)
    if len(schemes) > 1:
        return None
    return StatementCurve(next(iter(schemes), "generic"), compiled)


def _bounds(compiled: CompiledAffected) -> list[bytes]:
    bounds: set[bytes | None] = set()
    for one in compiled.ranges:
        bounds.add(one.low.key)
        bounds.add(one.high.key)
        bounds.update(at for at, _, _ in one.changes)
    for low, high, _ in compiled.updates:
        bounds |= {low, high}
    for closing in compiled.closings:
        bounds.add(closing.low)
        bounds.add(closing.high)
    return sorted(bound for bound in bounds if bound is not None)
