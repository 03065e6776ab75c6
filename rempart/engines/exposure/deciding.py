"""What is decided about one vulnerability, as a function of the version's key: decided when asked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from rempart.engines.exposure.curves import StatementCurve, cell_of
from rempart.engines.exposure.families import is_family
from rempart.engines.exposure.installed import Installed
from rempart.engines.exposure.model import Status
from rempart.engines.exposure.verdicts import Decision, Terms, decide, qualified

# "Not affected", of which nobody asked the reason.
_UNTOLD: Final = Decision(Status.NOT_AFFECTED, "", "", "", 0.0, {})


class Part(NamedTuple):
    """One statement about the product: what it says, and how surely, by which identity, it met."""

    terms: Terms
    curve: StatementCurve
    confidence: float
    identity: str


class DecisionCurve:
    """The decisions about one vulnerability for components that are read alike.

    ``texts``: versions that only their spelling tells apart. ``view``: the order in which versions are
    looked up: its scheme, and whether the whole version is read or the vendor's inside a package.
    """

    __slots__ = (
        "_ambiguous", "_bounds", "_cells", "_held", "_known", "_parts", "_ranks", "_unreadable",
        "texts", "view",
    )  # fmt: skip

    def __init__(
        self, parts: Sequence[Part], held: Installed, view: tuple[str, bool], ranks: Mapping[str, int]
    ) -> None:
        self._parts = parts
        self._held = held
        self._ranks = ranks
        self._ambiguous = any(is_family(part.identity) for part in parts)
        first = parts[0].curve
        if len(parts) == 1 and not first.points:
            self._bounds = first.bounds
        else:
            self._bounds = sorted(
                {bound for part in parts for bound in (*part.curve.bounds, *part.curve.points)}
            )
        self._cells: list[Decision | None] = [None] * (2 * len(self._bounds) + 1)
        self._known: dict[tuple[int, ...], Decision] = {}
        self._unreadable: Decision | None = None
        self.texts = (
            first.texts if len(parts) == 1 else frozenset().union(*(one.curve.texts for one in parts))
        )
        self.view = view

    def at(self, place: bytes | None, *, told: bool = True) -> Decision:
        """The decision at a key (None: for a version that cannot be read).

        Unless ``told``, one that is not affected may come without its reason.
        """
        if place is None:
            if self._unreadable is None:
                self._unreadable = self._decide(None, told=True)
            return self._unreadable
        return self._at(cell_of(self._bounds, place), place, told)

    def runs(self, keys: Sequence[bytes], *, told: bool) -> Iterator[tuple[int, int, Decision]]:
        """For sorted keys: ``(first, past the last, decision)`` of each stretch with one decision."""
        bounds, cells, count = self._bounds, self._cells, len(self._bounds)
        first, end = 0, len(keys)
        since, going = 0, None
        while first < end:
            place = keys[first]
            index = bisect_left(bounds, place)
            if index < count and bounds[index] == place:
                cell, past = 2 * index + 1, bisect_right(keys, place, first)
            else:
                cell, past = 2 * index, bisect_left(keys, bounds[index], first) if index < count else end
            decision = cells[cell]
            if decision is None or (told and decision is _UNTOLD):
                decision = self._at(cell, place, told)
            if decision is not going:
                if going is not None:
                    yield since, first, going
                since, going = first, decision
            first = past
        if going is not None:
            yield since, end, going

    def _at(self, cell: int, place: bytes, told: bool) -> Decision:
        found = self._cells[cell]
        if found is None or (told and found is _UNTOLD):
            found = self._cells[cell] = self._decide(place, told=told)
        return found

    def _decide(self, place: bytes | None, *, told: bool) -> Decision:
        outcomes = [part.curve.at(place) for part in self._parts]
        # Doubts that an inventory leaves are about what is affected, or about a family of products.
        if not told and not self._ambiguous and all(one.status is Status.NOT_AFFECTED for one in outcomes):
            return _UNTOLD
        alike = tuple(map(id, outcomes))
        found = self._known.get(alike) if self._known else None
        if found is None:
            answers = [
                qualified(part.terms, outcome, self._held, part.confidence, part.identity)
                for part, outcome in zip(self._parts, outcomes, strict=True)
            ]
            found = decide(answers, self._ranks)
            if len(outcomes) > 1:  # elsewhere, each outcome has a cell of its own
                self._known = {**self._known, alike: found} if self._known else {alike: found}
        return found
