"""Installed components × published statements → verdicts, one per (component, vulnerability)."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from rempart.engines.exposure.aliases import Aliases
from rempart.engines.exposure.branches import by_branch
from rempart.engines.exposure.curves import StatementCurve, statement_curve
from rempart.engines.exposure.deciding import DecisionCurve, Part
from rempart.engines.exposure.identity import affected_keys, component_keys
from rempart.engines.exposure.installed import Installed, installed, is_packaged
from rempart.engines.exposure.model import Affected, Component, Status, Verdict
from rempart.engines.exposure.prepared import Batch, Identities, Matches, Prepared, Run
from rempart.engines.exposure.ranges import (
    PLAIN,
    CompiledAffected,
    Reading,
    Shape,
    compile_affected,
    narrowed,
    reading_of,
    shape_of,
)
from rempart.engines.exposure.uncollected import uncollected
from rempart.engines.exposure.verdicts import (
    PRECEDENCE,
    Answer,
    Decision,
    Terms,
    answer,
    decide,
    ranks,
    terms_of,
)
from rempart.engines.exposure.windows import lacks_revision
from rempart.engines.versions import key, scheme_for

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
    "other_platform": "The source speaks of another platform or edition than the one installed.",
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
    "incomplete_version": "The version is stated without the part (build, revision, patch) that would tell.",
}

# Statements kept compiled at once; past it they are compiled anew when asked again.
_KEPT = 20_000
# Curves of decisions kept from one product to the next of a sweep (about 4 KiB each, with what they hold).
_CURVES_KEPT = 50_000

# Orders of packages: a bound in one counts in a distribution's numbers, by whatever name its product goes.
_PACKAGED = frozenset({"deb", "rpm"})

# By number of a product's line and the curves of its statements (their ``id``: each is held by what it
# leads to).
_Alike = dict[tuple[int, ...], DecisionCurve]


class _Said(NamedTuple):
    """A statement about a group's product: its number, how surely and by which key it met."""

    statement: int
    confidence: float
    identity: str


@dataclass(slots=True)
class _Plan:
    """What is said of a product: ``lines``, each for every vulnerability of which it is said.

    Records come in series that say the same of a product ("2023-10" of Windows): what a line decides is
    worked out once for all of them. ``vulnerabilities`` are those of each line; ``order`` is of them all:
    vulnerability and number of its line, as they were added.
    """

    lines: list[tuple[_Said, ...]] = field(default_factory=list)
    vulnerabilities: list[array[int]] = field(default_factory=list)
    order: list[tuple[int, int]] = field(default_factory=list)


class _Plain(NamedTuple):
    """How a component's versions are read: its own, and its vendor's when a distribution packages it.

    ``targets`` are the systems and hosts that it shows: a statement about others is not about it.
    """

    packaged: Reading
    upstream: Reading | None
    targets: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Group:
    """Components of one product that are read alike: their verdicts are the same functions of the version.

    ``held`` stands for any of them. ``curves`` are made when first asked for; None where there is none:
    those versions are ``asked`` one by one. ``alike`` are those of every group of the product.
    """

    held: Installed
    plain: _Plain
    plan: _Plan
    alike: _Alike
    curves: dict[int, DecisionCurve | None] = field(default_factory=dict)
    absent: dict[int, Decision] = field(default_factory=dict)
    asked: dict[tuple[int, str], Decision] = field(default_factory=dict)


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
        # By place, in the order in which statements were added: vulnerability and number of the statement.
        self._owners = array("I")
        self._said = array("I")
        # By number: what a statement says, and its product. Those that are equal are one.
        self._affected: list[Affected] = []
        self._identified: list[dict[str, float]] = []
        self._statements: dict[Affected, int] = {}
        self._packaged: set[int] = set()
        self._products: dict[tuple[object, ...], dict[str, float]] = {}
        self._index: dict[str, array[int]] = {}
        self._spans: list[tuple[int, int]] = []
        self._shapes: dict[Shape, int] = {}
        self._terms: dict[Terms, Terms] = {}
        self._told: dict[int, tuple[Terms, int]] = {}
        self._narrowed: dict[Reading, Reading] = {}
        self._readings: dict[tuple[int, Reading], Reading] = {}
        self._compiled: dict[tuple[int, Reading], CompiledAffected] = {}
        self._traced: dict[tuple[int, Reading], StatementCurve | None] = {}
        self._curves = 0
        self._groups: dict[tuple[Identities, _Plain], _Group] = {}
        self._alike: dict[tuple[Identities, frozenset[str]], _Alike] = {}
        self._plans: dict[Identities, _Plan] = {}

    def add(self, vulnerability_id: str, affecteds: Iterable[Affected]) -> None:
        """Index every statement of a vulnerability; statements that name no product are dropped."""
        self._release()
        self._plans.clear()
        number = self._numbers.get(vulnerability_id)
        if number is None:
            number = self._numbers[vulnerability_id] = len(self._ids)
            self._ids.append(vulnerability_id)
            self._spans.append((0, 0))
        else:
            self._forget(number)
        first = len(self._owners)
        for affected in by_branch(tuple(affecteds)):
            statement = self._statements.get(affected)
            if statement is None:
                resolved = self._resolved(affected)
                if not resolved:
                    continue
                statement = self._stated(affected, resolved)
            place = len(self._owners)
            self._owners.append(number)
            self._said.append(statement)
            for identity in self._identified[statement]:
                places = self._index.get(identity)
                if places is None:
                    self._index[identity] = array("I", (place,))
                else:
                    places.append(place)
        self._spans[number] = (first, len(self._owners))

    def _stated(self, affected: Affected, resolved: dict[str, float]) -> int:
        """The number of a statement that was never made before."""
        statement = self._statements[affected] = len(self._affected)
        self._affected.append(affected)
        self._identified.append(resolved)
        if any(scheme_for(entry.version_type) in _PACKAGED for entry in affected.versions):
            self._packaged.add(statement)
        return statement

    @uncollected
    def fill(self, said: Iterable[tuple[str, Iterable[Affected]]]) -> None:
        """``add`` for each of many vulnerabilities."""
        for vulnerability_id, affecteds in said:
            self.add(vulnerability_id, affecteds)

    def _resolved(self, affected: Affected) -> dict[str, float]:
        """The canonical keys of a statement's product; products recur, so they are resolved once."""
        named = (
            affected.vendor, affected.product, affected.package_name, affected.collection_url,
            affected.purl, affected.cpes,
        )  # fmt: skip
        found = self._products.get(named)
        if found is None:
            found = self._products[named] = self._aliases.resolve(affected_keys(affected))
        return found

    def keys_of(self, vulnerability_id: str) -> tuple[str, ...]:
        """Canonical identity keys under which a vulnerability is indexed (sorted, distinct)."""
        number = self._numbers.get(vulnerability_id)
        return () if number is None else tuple(sorted(self._named(number)))

    def _named(self, number: int) -> set[str]:
        first, end = self._spans[number]
        return {identity for one in self._said[first:end] for identity in self._identified[one]}

    def keys(self) -> Collection[str]:
        """Canonical identity keys of every product named."""
        return self._index.keys()

    def match(self, components: Iterable[Component]) -> Iterator[Verdict]:
        """Verdicts of each component against every vulnerability that names its product.

        Give distinct components: each verdict is looked up in the curve of its product.
        """
        for component in components:
            identities = self._identities(component)
            plan = self._planned(identities)
            if not plan.order:
                continue
            held = installed(component)
            group = self._group(identities, held)
            if group is None:
                decisions = [self._decide(said, held) for said in plan.lines]
            else:
                keys: dict[tuple[str, bool], bytes | None] = {}
                decisions = [self._look_up(group, line, held, keys) for line in range(len(plan.lines))]
            for number, line in plan.order:
                yield decisions[line].verdict(component.id, self._ids[number], held.stated)

    @uncollected
    def prepare(self, components: Iterable[Component]) -> Prepared:
        """Resolve the products of an inventory once, for any number of sweeps."""
        prepared = Prepared()
        versions = prepared.versions
        groups: dict[tuple[Identities, _Plain], Batch] = {}
        for position, component in enumerate(components):
            identities = self._identities(component)
            if not identities:
                versions.append("")
                continue
            held = installed(component)
            versions.append(held.stated)
            if not held.version or _is_alone(identities, held):
                prepared.alone.append((position, identities, held))
                continue
            batch = groups.setdefault((identities, _plain(held)), Batch(identities, []))
            batch.members.append((position, held))
        prepared.batches = list(groups.values())
        for batch in prepared.batches:
            batch.positions = array("I", [position for position, _ in batch.members])
        return prepared

    @uncollected
    def sweep(self, prepared: Prepared, *, unaffected: bool = False) -> Matches:
        """The verdicts of ``match`` for a whole inventory, by runs, product by product.

        Those not affected are left out unless ``unaffected``, but counted in ``compared``. Curves are kept
        for the next sweep up to a bound: past it, those of the products behind are let go.
        """
        found = Matches(self._ids)
        for position, identities, held in prepared.alone:
            one = array("I", (position,))
            plan = self._planned(identities)
            found.compared += len(plan.order)
            for said, concerned in zip(plan.lines, plan.vulnerabilities, strict=True):
                found.keep(Run(one, 0, 1, concerned, self._decide(said, held)), unaffected=unaffected)
        for batch in prepared.batches:
            group = self._group(batch.identities, batch.members[0][1])
            if group is not None and group.plan.order:
                self._sweep(group, batch, found, unaffected=unaffected)
            if self._curves > _CURVES_KEPT:
                self._release()
        return found

    def _release(self) -> None:
        """Lets go of every curve of decisions; those asked for again are made again."""
        if self._groups:
            self._groups.clear()
            self._alike.clear()
            self._plans.clear()
            self._curves = 0

    def _identities(self, component: Component) -> Identities:
        return tuple(sorted(self._aliases.resolve(component_keys(component)).items()))

    def _sweep(self, group: _Group, batch: Batch, found: Matches, *, unaffected: bool) -> None:
        """Every line of a product against its versions in order: a few bisections each."""
        members, runs = batch.members, found.runs
        found.compared += len(members) * len(group.plan.order)
        for line, concerned in enumerate(group.plan.vulnerabilities):
            traced = self._traced_of(group, line)
            if traced is None or (traced.texts and not traced.texts.isdisjoint(batch.spellings())):
                for place, (_, held) in enumerate(members):
                    decision = self._asked(group, line, held)
                    found.keep(
                        Run(batch.positions, place, place + 1, concerned, decision), unaffected=unaffected
                    )
                continue
            keys, positions, unreadable = batch.order(traced.view)
            for first, end, decision in traced.runs(keys, told=unaffected):
                if unaffected or decision.status is not Status.NOT_AFFECTED:
                    runs.append(Run(positions, first, end, concerned, decision))
            if unreadable:
                found.keep(
                    Run(unreadable, 0, len(unreadable), concerned, traced.at(None)), unaffected=unaffected
                )

    def _forget(self, number: int) -> None:
        for identity in self._named(number):
            kept = (place for place in self._index[identity] if self._owners[place] != number)
            self._index[identity] = array("I", kept)

    def _planned(self, identities: Identities) -> _Plan:
        plan = self._plans.get(identities)
        if plan is None:
            plan = self._plans[identities] = self._plan(identities)
        return plan

    def _plan(self, identities: Identities) -> _Plan:
        """The vulnerabilities of a product, each with its statements in the order they were added."""
        grouped: dict[int, dict[int, _Said]] = {}
        for identity, certainty in identities:
            for place in self._index.get(identity, ()):
                statement = self._said[place]
                confidence = min(certainty, self._identified[statement][identity])
                places = grouped.setdefault(self._owners[place], {})
                if place not in places or confidence > places[place].confidence:
                    places[place] = _Said(statement, confidence, identity)
        plan = _Plan()
        numbers: dict[tuple[_Said, ...], int] = {}
        for number, places in grouped.items():
            said = tuple(places[place] for place in sorted(places))
            line = numbers.setdefault(said, len(plan.lines))
            if line == len(plan.lines):
                plan.lines.append(said)
                plan.vulnerabilities.append(array("I"))
            plan.vulnerabilities[line].append(number)
            plan.order.append((number, line))
        return plan

    def _group(self, identities: Identities, held: Installed) -> _Group | None:
        """The group of a component; None for one whose verdicts are not a matter of order alone."""
        if _is_alone(identities, held):
            return None
        plain = _plain(held)
        group = self._groups.get((identities, plain))
        if group is None:
            alike = self._alike.setdefault((identities, held.targets), {})
            group = self._groups[identities, plain] = _Group(held, plain, self._planned(identities), alike)
        return group

    def _look_up(
        self,
        group: _Group,
        line: int,
        held: Installed,
        keys: dict[tuple[str, bool], bytes | None],
    ) -> Decision:
        said = group.plan.lines[line]
        if not held.version:
            if line not in group.absent:
                group.absent[line] = self._decide(said, held)
            return group.absent[line]
        traced = self._traced_of(group, line)
        if traced is None:
            return self._decide(said, held)
        version = held.version if traced.view[1] else held.upstream
        if traced.texts and version.strip().casefold() in traced.texts:
            return self._decide(said, held)
        if traced.view not in keys:
            keys[traced.view] = key(traced.view[0], version)
        return traced.at(keys[traced.view])

    def _traced_of(self, group: _Group, line: int) -> DecisionCurve | None:
        if line not in group.curves:
            group.curves[line] = self._curve(group, line)
        return group.curves[line]

    def _curve(self, group: _Group, line: int) -> DecisionCurve | None:
        """The decisions that a line leads to, as a function of the version's key in one scheme."""
        held, said = group.held, group.plan.lines[line]
        # The vendor's version inside a package, or the package's own: one of them for all, or no curve.
        if held.upstream:
            counted = {self._counted(one, held) for one in said}
            if len({one.compared(said[0].identity) for one in counted}) > 1 or _is_mixed(said, held):
                return None
            held = next(iter(counted))
        own = not held.upstream or is_packaged(said[0].identity)
        reading = group.plain.packaged if own else group.plain.upstream or PLAIN
        parts: list[Part] = []
        for one in said:
            terms, curve = self._trace(one.statement, reading)
            if curve is None or (parts and curve.scheme != parts[0].curve.scheme):
                return None
            parts.append(Part(terms, curve, one.confidence, one.identity))
        view = (parts[0].curve.scheme, own)
        self._curves += 1
        if group.held.upstream:
            return DecisionCurve(parts, held, view, self._ranks)
        # Other versions of the product may be read otherwise, and yet these statements read them alike.
        alike = (line, *(id(part.curve) for part in parts))
        found = group.alike.get(alike)
        if found is None:
            found = group.alike[alike] = DecisionCurve(parts, held, view, self._ranks)
        return found

    def _decide(self, said: tuple[_Said, ...], held: Installed) -> Decision:
        """The decision for one version as its text states it."""
        answers: list[Answer] = []
        for one in said:
            counted = self._counted(one, held)
            terms, compiled = self._compile(one.statement, reading_of(*counted.compared(one.identity)))
            answers.append(answer(terms, compiled, counted, one.confidence, one.identity))
        return decide(answers, self._ranks)

    def _counted(self, said: _Said, held: Installed) -> Installed:
        """What is held as this statement counts: its bounds may be packages' versions."""
        return replace(held, upstream="") if held.upstream and said.statement in self._packaged else held

    def _asked(self, group: _Group, line: int, held: Installed) -> Decision:
        found = group.asked.get((line, held.version))
        if found is None:
            found = group.asked[line, held.version] = self._decide(group.plan.lines[line], held)
        return found

    def _shape(self, statement: int, reading: Reading) -> tuple[Terms, tuple[int, Reading]]:
        """A statement's terms, and what it has in common with all that say the same of versions."""
        known = self._told.get(statement)
        if known is None:
            affected = self._affected[statement]
            shape = self._shapes.setdefault(shape_of(affected), statement)
            terms = terms_of(affected)
            known = self._told[statement] = (self._terms.setdefault(terms, terms), shape)
        terms, shape = known
        read = self._readings.get((shape, reading))
        if read is None:
            told = narrowed(self._affected[shape], reading)
            read = self._readings[shape, reading] = self._narrowed.setdefault(told, told)
        return terms, (shape, read)

    def _compile(self, statement: int, reading: Reading) -> tuple[Terms, CompiledAffected]:
        terms, shape = self._shape(statement, reading)
        return terms, self._compiled_of(shape)

    def _compiled_of(self, shape: tuple[int, Reading]) -> CompiledAffected:
        found = self._compiled.get(shape)
        if found is None:
            if len(self._compiled) >= _KEPT:
                self._compiled.clear()
                self._traced.clear()
            found = self._compiled[shape] = compile_affected(self._affected[shape[0]], shape[1])
        return found

    def _trace(self, statement: int, reading: Reading) -> tuple[Terms, StatementCurve | None]:
        terms, shape = self._shape(statement, reading)
        if shape not in self._traced:
            self._traced[shape] = statement_curve(self._compiled_of(shape))
        return terms, self._traced[shape]


def match(
    component: Component, vulnerability_id: str, affected_list: Sequence[Affected], aliases: Aliases
) -> Verdict | None:
    """The verdict for one component and one vulnerability; None when no statement names its product."""
    matcher = Matcher(aliases)
    matcher.add(vulnerability_id, affected_list)
    return next(matcher.match((component,)), None)


def _is_alone(identities: Identities, held: Installed) -> bool:
    """Whether what is missing from the version's text decides, and not its order (a build of Windows)."""
    return held.is_open or any(lacks_revision(identity, held.version) for identity, _ in identities)


def _plain(held: Installed) -> _Plain:
    upstream = reading_of(held.upstream, "") if held.upstream else None
    return _Plain(reading_of(held.version, held.purl_type), upstream, held.targets)


def _is_mixed(said: tuple[_Said, ...], held: Installed) -> bool:
    return bool(held.upstream) and len({is_packaged(one.identity) for one in said}) > 1
