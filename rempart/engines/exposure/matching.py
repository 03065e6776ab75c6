"""Installed components × published statements → verdicts, one per (component, vulnerability)."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

from rempart.engines.exposure.aliases import Aliases
from rempart.engines.exposure.curves import Curve, StatementCurve, statement_curve, trace
from rempart.engines.exposure.identity import affected_keys, component_keys
from rempart.engines.exposure.installed import Installed, installed, is_packaged
from rempart.engines.exposure.model import Affected, Component, Status, Verdict
from rempart.engines.exposure.ranges import CompiledAffected, Reading, compile_affected, reading_of
from rempart.engines.exposure.verdicts import PRECEDENCE, Answer, Decision, answer, decide, ranks
from rempart.engines.exposure.windows import lacks_revision
from rempart.engines.versions import key

REASONS: dict[str, str] = {
    "in_range": "The version is inside an affected range.",
    "exact_version": "The version is listed as affected.",
    "all_versions": "The source says that every version is affected.",
    "default_affected": "No entry covers the version, and the source's default is affected.",
    "fixed_at": "The version is at or above the one where the affected range ends.",
    "above_range": "The version is above the last affected one; the source states no default.",
    "below_range": "The version is older than every affected range; the source states no default.",
    "between_ranges": "The version is between the branches of two affected ranges; no default is stated.",
    "contradictory_default": "The source calls every other version affected, and yet ends its ranges.",
    "listed_unaffected": "The source lists the version as unaffected.",
    "default_unaffected": "No entry covers the version, and the source's default is unaffected.",
    "not_listed": "No entry covers the version, and the source states no default.",
    "no_versions": "The source names the product without any version.",
    "no_version": "The inventory states no version for the component.",
    "unreadable_version": "The component's version cannot be read in the scheme of the range.",
    "unreadable_range": "A bound of the range cannot be read as a version.",
    "unstated_version": 'The source gives "n/a" or the like for the version.',
    "contradictory_range": "The range ends before it starts.",
    "git_range": "The range is given in commits, which have no order outside their repository.",
    "status_unknown": "The source says that the status of this version is unknown.",
    "ambiguous_product": "The inventory names a family of products, or a package of an unknown release.",
    "backported": "The vendor's version is affected, and a distribution may have corrected its package.",
    "incomplete_version": "The build is stated without the revision that would tell.",
}

# Statements kept compiled at once; past it they are compiled anew when asked again.
_KEPT = 20_000
# Below so many versions of a product, asking each is cheaper than tracing a curve.
_FEW = 4

_Identities = tuple[tuple[str, float], ...]


class _Statement(NamedTuple):
    vulnerability: int
    affected: int
    confidence: float


class _Said(NamedTuple):
    """A statement about a group's product: where it is, how surely and by which key it met."""

    place: int
    confidence: float
    identity: str


class _Plain(NamedTuple):
    """How a component's versions are read: its own, and its vendor's when a distribution packages it."""

    packaged: Reading
    upstream: Reading | None


class _Traced(NamedTuple):
    """The decisions about one vulnerability; ``texts``: versions that only their spelling tells apart."""

    curve: Curve[Decision]
    texts: frozenset[str]


@dataclass(slots=True)
class _Group:
    """Components of one product that are read alike: their verdicts are the same functions of the version.

    ``held`` stands for any of them. ``curves`` are made when first asked for; None where there is none.
    """

    held: Installed
    plan: list[tuple[int, tuple[_Said, ...]]]
    curves: dict[int, _Traced | None] = field(default_factory=dict)
    absent: dict[int, Decision] = field(default_factory=dict)


@dataclass(slots=True)
class Matches:
    """Verdicts as columns, row by row: numbers of a component, a vulnerability and a decision.

    A decision is written once for all the rows that share it.
    """

    components: array[int] = field(default_factory=lambda: array("I"))
    vulnerabilities: array[int] = field(default_factory=lambda: array("I"))
    answers: array[int] = field(default_factory=lambda: array("I"))
    decisions: list[Decision] = field(default_factory=list)
    ids: Sequence[str] = ()
    compared: int = 0

    def __len__(self) -> int:
        return len(self.answers)


class Matcher:
    """Index of product statements by canonical identity key.

    ``add`` may be called at any time; adding a vulnerability again replaces what was said of it.
    ``precedence`` orders kinds of sources; the first that can decide, decides.
    """

    def __init__(self, aliases: Aliases, precedence: Sequence[str] = PRECEDENCE) -> None:
        self._aliases = aliases
        self._ranks = ranks(precedence)
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._affected: list[Affected] = []
        self._index: dict[str, list[_Statement]] = {}
        self._keys: dict[int, tuple[str, ...]] = {}
        self._compiled: dict[tuple[int, Reading], CompiledAffected] = {}
        self._traced: dict[tuple[int, Reading], StatementCurve | None] = {}
        self._groups: dict[tuple[_Identities, _Plain], _Group] = {}
        self._plans: dict[_Identities, list[tuple[int, tuple[_Said, ...]]]] = {}

    def add(self, vulnerability_id: str, affecteds: Iterable[Affected]) -> None:
        """Index every statement of a vulnerability; statements that name no product are dropped."""
        self._groups.clear()
        self._plans.clear()
        number = self._numbers.get(vulnerability_id)
        if number is None:
            number = self._numbers[vulnerability_id] = len(self._ids)
            self._ids.append(vulnerability_id)
        else:
            self._forget(number)
        keys: dict[str, None] = {}
        for affected in affecteds:
            resolved = self._aliases.resolve(affected_keys(affected))
            if not resolved:
                continue
            place = len(self._affected)
            self._affected.append(affected)
            for identity, confidence in resolved.items():
                self._index.setdefault(identity, []).append(_Statement(number, place, confidence))
                keys[identity] = None
        self._keys[number] = tuple(keys)

    def keys_of(self, vulnerability_id: str) -> tuple[str, ...]:
        """Canonical identity keys under which a vulnerability is indexed (sorted, distinct)."""
        number = self._numbers.get(vulnerability_id)
        return () if number is None else tuple(sorted(self._keys[number]))

    def match(self, components: Iterable[Component]) -> Iterator[Verdict]:
        """Verdicts of each component against every vulnerability that names its product.

        Give distinct components: each verdict is looked up in the curve of its product.
        """
        for component in components:
            identities = self._identities(component)
            if not self._planned(identities):
                continue
            held = installed(component)
            group = self._group(identities, held)
            if group is None:
                for number, said in self._planned(identities):
                    decision = self._decide(said, held)
                    yield decision.verdict(component.id, self._ids[number], held.version)
                continue
            keys: dict[tuple[str, bool], bytes | None] = {}
            for number, said in group.plan:
                decision = self._look_up(group, number, said, held, keys)
                yield decision.verdict(component.id, self._ids[number], held.version)

    def match_columns(self, components: Sequence[Component], *, unaffected: bool = False) -> Matches:
        """The same verdicts as columns, for whole governments: component and vulnerability by their numbers.

        Rows come product by product. Those not affected are left out unless ``unaffected``; ``compared``
        counts every pair of component and vulnerability that was answered.
        """
        found = Matches(ids=self._ids)
        groups: dict[tuple[_Identities, _Plain], list[tuple[int, Installed]]] = {}
        for position, component in enumerate(components):
            identities = self._identities(component)
            if not any(identity in self._index for identity, _ in identities):
                continue
            held = installed(component)
            if not held.version or _is_alone(identities, held):
                self._one_row(position, identities, held, found, unaffected=unaffected)
            else:
                groups.setdefault((identities, _plain(held)), []).append((position, held))
        for (identities, _), members in groups.items():
            group = self._group(identities, members[0][1])
            if group is not None:
                self._sweep(group, members, found, unaffected=unaffected)
        return found

    def _identities(self, component: Component) -> _Identities:
        return tuple(sorted(self._aliases.resolve(component_keys(component)).items()))

    def _one_row(
        self, position: int, identities: _Identities, held: Installed, found: Matches, *, unaffected: bool
    ) -> None:
        for number, said in self._planned(identities):
            decision = self._decide(said, held)
            found.compared += 1
            if unaffected or decision.status is not Status.NOT_AFFECTED:
                found.components.append(position)
                found.vulnerabilities.append(number)
                found.answers.append(len(found.decisions))
                found.decisions.append(decision)

    def _sweep(
        self, group: _Group, members: list[tuple[int, Installed]], found: Matches, *, unaffected: bool
    ) -> None:
        """Every vulnerability of a product against its versions in order: a few bisections each."""
        orders: dict[tuple[str, bool], tuple[list[bytes], array[int], array[int]]] = {}
        for number, said in group.plan:
            found.compared += len(members)
            traced = self._traced_of(group, number, said) if len(members) >= _FEW else None
            if traced is None or traced.texts:
                for position, held in members:
                    _extend(found, array("I", (position,)), number, self._decide(said, held), unaffected)
                continue
            curve = traced.curve
            view = (curve.scheme, is_packaged(said[0].identity))
            if view not in orders:
                orders[view] = _in_order(members, curve.scheme, said[0].identity)
            keys, positions, unreadable = orders[view]
            for first, end, decision in curve.runs(keys):
                _extend(found, positions[first:end], number, decision, unaffected)
            if unreadable:
                _extend(found, unreadable, number, curve.unreadable, unaffected)

    def _forget(self, number: int) -> None:
        for identity in self._keys.get(number, ()):
            kept = [known for known in self._index[identity] if known.vulnerability != number]
            self._index[identity] = kept

    def _planned(self, identities: _Identities) -> list[tuple[int, tuple[_Said, ...]]]:
        plan = self._plans.get(identities)
        if plan is None:
            plan = self._plans[identities] = self._plan(identities)
        return plan

    def _plan(self, identities: _Identities) -> list[tuple[int, tuple[_Said, ...]]]:
        """The vulnerabilities of a product, each with its statements in the order they were added."""
        grouped: dict[int, dict[int, tuple[float, str]]] = {}
        for identity, certainty in identities:
            for statement in self._index.get(identity, ()):
                confidence = min(certainty, statement.confidence)
                places = grouped.setdefault(statement.vulnerability, {})
                if confidence > places.get(statement.affected, (0.0, ""))[0]:
                    places[statement.affected] = (confidence, identity)
        return [
            (number, tuple(_Said(place, *by) for place, by in sorted(places.items())))
            for number, places in grouped.items()
        ]

    def _group(self, identities: _Identities, held: Installed) -> _Group | None:
        """The group of a component; None for one whose verdicts are not a matter of order alone."""
        if _is_alone(identities, held):
            return None
        plain = _plain(held)
        group = self._groups.get((identities, plain))
        if group is None:
            group = self._groups[identities, plain] = _Group(held, self._planned(identities))
        return group

    def _look_up(
        self,
        group: _Group,
        number: int,
        said: tuple[_Said, ...],
        held: Installed,
        keys: dict[tuple[str, bool], bytes | None],
    ) -> Decision:
        if not held.version:
            if number not in group.absent:
                group.absent[number] = self._decide(said, held)
            return group.absent[number]
        traced = self._traced_of(group, number, said)
        if traced is None:
            return self._decide(said, held)
        version, _ = held.compared(said[0].identity)
        if traced.texts and version.strip().casefold() in traced.texts:
            return self._decide(said, held)
        curve = traced.curve
        view = (curve.scheme, is_packaged(said[0].identity))
        if view not in keys:
            keys[view] = key(curve.scheme, version)
        return curve.at(keys[view])

    def _traced_of(self, group: _Group, number: int, said: tuple[_Said, ...]) -> _Traced | None:
        if number not in group.curves:
            group.curves[number] = self._curve(said, group.held)
        return group.curves[number]

    def _curve(self, said: tuple[_Said, ...], held: Installed) -> _Traced | None:
        """The decisions about one vulnerability as a function of the version's key in one scheme."""
        if len({held.compared(one.identity) for one in said}) > 1:
            return None
        reading = reading_of(*held.compared(said[0].identity))
        parts: list[tuple[CompiledAffected, StatementCurve, _Said]] = []
        for one in said:
            curve = self._trace(one.place, reading)
            if curve is None or (parts and curve.curve.scheme != parts[0][1].curve.scheme):
                return None
            parts.append((self._compile(one.place, reading), curve, one))
        known: dict[tuple[int, ...], Decision] = {}

        def decision(place: bytes | None) -> Decision:
            outcomes = tuple(id(curve.at(place)) for _, curve, _ in parts)
            if outcomes not in known:
                known[outcomes] = decide(
                    [
                        answer(compiled, curve, held, one.confidence, one.identity, place)
                        for compiled, curve, one in parts
                    ],
                    self._ranks,
                )
            return known[outcomes]

        bounds = {bound for _, curve, _ in parts for bound in (*curve.curve.bounds, *curve.points)}
        texts = frozenset(text for _, curve, _ in parts for text in curve.texts)
        return _Traced(trace(parts[0][1].curve.scheme, bounds, decision), texts)

    def _decide(self, said: tuple[_Said, ...], held: Installed) -> Decision:
        """The decision for one version as its text states it."""
        answers: list[Answer] = []
        for one in said:
            compiled = self._compile(one.place, reading_of(*held.compared(one.identity)))
            answers.append(answer(compiled, None, held, one.confidence, one.identity))
        return decide(answers, self._ranks)

    def _compile(self, place: int, reading: Reading) -> CompiledAffected:
        found = self._compiled.get((place, reading))
        if found is None:
            if len(self._compiled) >= _KEPT:
                self._compiled.clear()
                self._traced.clear()
            found = self._compiled[place, reading] = compile_affected(self._affected[place], reading)
        return found

    def _trace(self, place: int, reading: Reading) -> StatementCurve | None:
        if (place, reading) not in self._traced:
            self._traced[place, reading] = statement_curve(self._compile(place, reading))
        return self._traced[place, reading]


def match(
    component: Component, vulnerability_id: str, affected_list: Sequence[Affected], aliases: Aliases
) -> Verdict | None:
    """The verdict for one component and one vulnerability; None when no statement names its product."""
    matcher = Matcher(aliases)
    matcher.add(vulnerability_id, affected_list)
    return next(matcher.match((component,)), None)


def _is_alone(identities: _Identities, held: Installed) -> bool:
    """Whether what is missing from the version's text decides, and not its order (a build of Windows)."""
    return any(lacks_revision(identity, held.version) for identity, _ in identities)


def _plain(held: Installed) -> _Plain:
    upstream = reading_of(held.upstream, "") if held.upstream else None
    return _Plain(reading_of(held.version, held.purl_type), upstream)


def _in_order(
    members: list[tuple[int, Installed]], scheme: str, identity: str
) -> tuple[list[bytes], array[int], array[int]]:
    """Keys in order with the components' positions beside them; and the positions without a key."""
    read, unreadable = [], array("I")
    for position, held in members:
        found = key(scheme, held.compared(identity)[0])
        if found is None:
            unreadable.append(position)
        else:
            read.append((found, position))
    read.sort()
    return [found for found, _ in read], array("I", [position for _, position in read]), unreadable


def _extend(found: Matches, positions: array[int], number: int, decision: Decision, unaffected: bool) -> None:
    if decision.status is Status.NOT_AFFECTED and not unaffected:
        return
    found.components.extend(positions)
    found.vulnerabilities.extend(repeat(number, len(positions)))
    found.answers.extend(repeat(len(found.decisions), len(positions)))
    found.decisions.append(decision)
