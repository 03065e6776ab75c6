"""An inventory made ready to be matched at once, and what matching it found, by runs of components."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rempart.engines.exposure.installed import Installed
from rempart.engines.exposure.model import Status
from rempart.engines.exposure.verdicts import Decision
from rempart.engines.versions import key

Identities = tuple[tuple[str, float], ...]


class Run(NamedTuple):
    """``positions[first:end]`` are components that share one decision about each of the vulnerabilities.

    ``vulnerabilities`` are numbers in ``Matches.ids``: records that say the same of a product.
    """

    positions: array[int]
    first: int
    end: int
    vulnerabilities: array[int]
    decision: Decision


@dataclass(slots=True)
class Matches:
    """Verdicts by runs of components; ``ids`` names vulnerabilities, ``compared`` counts answers."""

    ids: Sequence[str]
    runs: list[Run] = field(default_factory=list)
    compared: int = 0

    def __len__(self) -> int:
        return sum((run.end - run.first) * len(run.vulnerabilities) for run in self.runs)

    def rows(self) -> Iterator[tuple[int, str, Decision]]:
        """Each component's position, the vulnerability and the decision."""
        for positions, first, end, numbers, decision in self.runs:
            held = positions[first:end]
            for number in numbers:
                identifier = self.ids[number]
                for position in held:
                    yield position, identifier, decision

    def keep(self, run: Run, *, unaffected: bool) -> None:
        """Takes a run in; one that is not affected only with ``unaffected``."""
        if unaffected or run.decision.status is not Status.NOT_AFFECTED:
            self.runs.append(run)


@dataclass(slots=True)
class Batch:
    """Components of one group: their positions, what they hold, and their keys in each order asked for."""

    identities: Identities
    members: list[tuple[int, Installed]]
    views: dict[tuple[str, bool], Order] = field(default_factory=dict)
    positions: array[int] = field(default_factory=lambda: array("I"))
    spelled: frozenset[str] = frozenset()

    def order(self, view: tuple[str, bool]) -> Order:
        """The versions in the order of a scheme: whole, or the vendor's inside a package."""
        found = self.views.get(view)
        if found is None:
            found = self.views[view] = _in_order(self.members, *view)
        return found

    def spellings(self) -> frozenset[str]:
        """The versions as statements that list them look them up."""
        if not self.spelled:
            texts = {text for _, held in self.members for text in (held.version, held.upstream) if text}
            self.spelled = frozenset(text.strip().casefold() for text in texts)
        return self.spelled


class Order(NamedTuple):
    """Keys in order, the positions beside them, and the positions of versions that have no key."""

    keys: list[bytes]
    positions: array[int]
    unreadable: array[int]


@dataclass(slots=True)
class Prepared:
    """An inventory whose products are resolved and whose versions are keys in order: see ``Matcher.sweep``.

    ``alone``: components whose verdicts are not a matter of order (no version, a build without revision).
    ``versions``, by position, are those that verdicts quote; "" for what nothing identifies.
    """

    batches: list[Batch] = field(default_factory=list)
    alone: list[tuple[int, Identities, Installed]] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    _named: dict[str, tuple[list[int], list[int]]] = field(default_factory=dict)

    def about(self, keys: Iterable[str]) -> Prepared:
        """What of it goes by any of these canonical keys; positions stay those of the whole."""
        if not self._named:
            for at, batch in enumerate(self.batches):
                for identity, _ in batch.identities:
                    self._named.setdefault(identity, ([], []))[0].append(at)
            for at, (_, identities, _) in enumerate(self.alone):
                for identity, _ in identities:
                    self._named.setdefault(identity, ([], []))[1].append(at)
        met = [self._named[one] for one in keys if one in self._named]
        return Prepared(
            [self.batches[at] for at in sorted({at for batches, _ in met for at in batches})],
            [self.alone[at] for at in sorted({at for _, alone in met for at in alone})],
            self.versions,
        )


def _in_order(members: list[tuple[int, Installed]], scheme: str, whole: bool) -> Order:
    read, unreadable = [], array("I")
    for position, held in members:
        found = key(scheme, held.version if whole else held.upstream)
        if found is None:
            unreadable.append(position)
        else:
            read.append((found, position))
    read.sort()
    return Order([found for found, _ in read], array("I", [position for _, position in read]), unreadable)
