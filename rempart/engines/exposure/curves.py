"""Answers as functions of a version's key, found by bisection however many ranges a source writes.

A statement's answer changes only where the version's key meets a bound of one of its ranges. Between two
bounds that follow each other it is one and the same: so it is asked once there, and once at each bound.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from rempart.engines.exposure.evaluation import measure
from rempart.engines.exposure.ranges import CompiledAffected, Outcome
from rempart.engines.versions import key
from rempart.engines.versions.schemes import GIT

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Curve(Generic[Answer]):
    """``cells[2 * i]`` answers just below ``bounds[i]``, ``cells[2 * i + 1]`` at it, the last above them all.

    ``unreadable`` answers for a version that ``scheme`` cannot read.
    """

    scheme: str
    bounds: list[bytes]
    cells: list[Answer]
    unreadable: Answer

    def at(self, version: bytes | None) -> Answer:
        """The answer at a key."""
        if version is None:
            return self.unreadable
        bounds = self.bounds
        place = bisect_left(bounds, version)
        return self.cells[2 * place + (place < len(bounds) and bounds[place] == version)]

    def runs(self, keys: Sequence[bytes]) -> Iterator[tuple[int, int, Answer]]:
        """For sorted keys: ``(first, past the last, answer)`` of each stretch with one answer."""
        first, end = 0, len(keys)
        for place, bound in enumerate(self.bounds):
            if first == end:
                return
            at = bisect_left(keys, bound, first)
            if at > first:
                yield first, at, self.cells[2 * place]
            first = bisect_right(keys, bound, at) if at < end else end
            if first > at:
                yield at, first, self.cells[2 * place + 1]
        if first < end:
            yield first, end, self.cells[-1]


@dataclass(frozen=True, slots=True)
class StatementCurve:
    """The curve of one statement; versions that it lists one by one are ``points``.

    ``texts`` are listed versions without a key of their own: only the statement itself knows them.
    """

    curve: Curve[Outcome]
    points: dict[bytes, Outcome]
    texts: frozenset[str]

    def at(self, version: bytes | None) -> Outcome:
        """The outcome at a key."""
        if version is not None and version in self.points:
            return self.points[version]
        return self.curve.at(version)


@dataclass(frozen=True, slots=True)
class _At:
    """A version known by its key alone."""

    place: bytes | None
    text: str = field(default="")

    def key(self, scheme: str) -> bytes | None:
        return None if scheme == GIT else self.place


def statement_curve(compiled: CompiledAffected) -> StatementCurve | None:
    """The curve of a statement; None when it mixes schemes, each with an order of its own."""
    schemes = {one.scheme for one in compiled.ranges} | set(compiled.exact_schemes)
    schemes.discard(GIT)
    if len(schemes) > 1:
        return None
    scheme = next(iter(schemes), "generic")
    bounds = {
        end
        for one in compiled.ranges
        for end in (one.low.key, one.high.key, *(at for at, _, _ in one.changes))
        if end is not None
    }
    bounds.update(end for one in compiled.closings for end in (one.low, one.high) if end is not None)
    curve = trace(scheme, bounds, lambda place: measure(compiled, _At(place)))
    points = {place: measure(compiled, _At(place)) for _, place in compiled.exact}
    texts = frozenset(
        text for text in compiled.exact_text if (found := key(scheme, text)) is None or found not in points
    )
    return StatementCurve(curve, points, texts)


def trace(scheme: str, bounds: Iterable[bytes], answer: Callable[[bytes | None], Answer]) -> Curve[Answer]:
    """Ask ``answer`` at each bound and once between each two (None: for what cannot be read).

    A bound where the very same answer goes on is left out.
    """
    kept: list[bytes] = []
    cells = [answer(b"")]
    for bound in sorted(bounds):
        at, after = answer(bound), answer(bound + b"\x00")  # the least key above the bound
        if at is not after or after is not cells[-1]:  # else nothing changes here
            kept.append(bound)
            cells += (at, after)
    return Curve(scheme, kept, cells, answer(None))
