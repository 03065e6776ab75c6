"""Installed components × published statements → verdicts, one per (component, vulnerability)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rempart.engines.exposure.aliases import Aliases
from rempart.engines.exposure.cpe import parse_cpe
from rempart.engines.exposure.evaluation import evaluate
from rempart.engines.exposure.identity import affected_keys, component_keys, parse_purl
from rempart.engines.exposure.model import Affected, Component, Status, Verdict
from rempart.engines.exposure.ranges import (
    CompiledAffected,
    Outcome,
    Reading,
    compile_affected,
    reading_of,
)

REASONS: dict[str, str] = {
    "in_range": "The version is inside an affected range.",
    "exact_version": "The version is listed as affected.",
    "all_versions": "The source says that every version is affected.",
    "default_affected": "No entry covers the version, and the source's default is affected.",
    "fixed_at": "The version is at or above the one where the affected range ends.",
    "above_range": "The version is above the last affected one; the source states no default.",
    "below_range": "The version is older than every affected range; the source states no default.",
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
}

# Precedence of sources about one vulnerability: the assigner knows its product best, then the
# vendor's advisory, then those who enrich the record. The first that can decide, decides.
_PRECEDENCE = {"cna": 0, "cna-cpe": 1, "csaf": 2, "adp": 3, "adp-cpe": 4}
# Silences: they yield to any other statement of the same source that decides.
_SILENT = frozenset({"git_range", "below_range", "not_listed", "no_versions", "unstated_version"})

_INFERRED = {"fixed_at": 0.8, "above_range": 0.7}
_DISAGREEMENT = 0.7
_UNDECIDED_ABOVE = 0.85


class _Statement(NamedTuple):
    vulnerability: int
    affected: int
    confidence: float


class _Answer(NamedTuple):
    source: str
    outcome: Outcome
    confidence: float
    key: str


class Matcher:
    """Index of product statements by canonical identity key.

    ``add`` may be called at any time; adding a vulnerability again replaces what was said of it.
    """

    def __init__(self, aliases: Aliases) -> None:
        self._aliases = aliases
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._affected: list[Affected] = []
        self._index: dict[str, list[_Statement]] = {}
        self._keys: dict[int, list[str]] = {}
        self._compiled: dict[tuple[int, Reading], CompiledAffected] = {}

    def add(self, vulnerability_id: str, affecteds: Iterable[Affected]) -> None:
        """Index every statement of a vulnerability; statements that name no product are dropped."""
        number = self._numbers.get(vulnerability_id)
        if number is None:
            number = self._numbers[vulnerability_id] = len(self._ids)
            self._ids.append(vulnerability_id)
        else:
            self._forget(number)
        keys: list[str] = []
        for affected in affecteds:
            resolved = self._aliases.resolve(affected_keys(affected))
            if not resolved:
                continue
            place = len(self._affected)
            self._affected.append(affected)
            for identity, confidence in resolved.items():
                self._index.setdefault(identity, []).append(_Statement(number, place, confidence))
                keys.append(identity)
        self._keys[number] = keys

    def keys_of(self, vulnerability_id: str) -> tuple[str, ...]:
        """Canonical identity keys under which a vulnerability is indexed (sorted, distinct)."""
        number = self._numbers.get(vulnerability_id)
        return () if number is None else tuple(sorted(set(self._keys[number])))

    def match(self, components: Iterable[Component]) -> Iterator[Verdict]:
        """Verdicts of each component against every vulnerability that names its product.

        Give distinct components: the cost is one evaluation per (component, statement of its product).
        """
        for component in components:
            yield from self._match_one(component)

    def _forget(self, number: int) -> None:
        for identity in set(self._keys.get(number, ())):
            kept = [known for known in self._index[identity] if known.vulnerability != number]
            self._index[identity] = kept

    def _match_one(self, component: Component) -> Iterator[Verdict]:
        identities = self._aliases.resolve(component_keys(component))
        grouped: dict[int, dict[int, tuple[float, str]]] = {}
        for identity, certainty in identities.items():
            for statement in self._index.get(identity, ()):
                confidence = min(certainty, statement.confidence)
                places = grouped.setdefault(statement.vulnerability, {})
                if confidence > places.get(statement.affected, (0.0, ""))[0]:
                    places[statement.affected] = (confidence, identity)
        if not grouped:
            return
        version, purl_type = _version_of(component)
        reading = reading_of(version, purl_type)
        for number, places in grouped.items():
            answers = []
            for place, (confidence, identity) in sorted(places.items()):
                compiled = self._compile(place, reading)
                answers.append(_answer(compiled, version, confidence, identity))
            yield _verdict(component.id, version, self._ids[number], answers)

    def _compile(self, place: int, reading: Reading) -> CompiledAffected:
        compiled = self._compiled.get((place, reading))
        if compiled is None:
            compiled = self._compiled[place, reading] = compile_affected(self._affected[place], reading)
        return compiled


def match(
    component: Component, vulnerability_id: str, affected_list: Sequence[Affected], aliases: Aliases
) -> Verdict | None:
    """The verdict for one component and one vulnerability; None when no statement names its product."""
    matcher = Matcher(aliases)
    matcher.add(vulnerability_id, affected_list)
    return next(matcher.match((component,)), None)


def _version_of(component: Component) -> tuple[str, str]:
    """The version as stated, else the one in the purl, else in the CPE; and the purl's type."""
    purl = parse_purl(component.purl)
    version = component.version.strip()
    if not version and purl is not None:
        version = purl.version or ""
    if not version and component.cpe:
        cpe = parse_cpe(component.cpe)
        if cpe is not None and cpe.version:
            version = f"{cpe.version}-{cpe.update}" if cpe.update else cpe.version
    return version, purl.type if purl is not None else ""


def _answer(compiled: CompiledAffected, version: str, confidence: float, identity: str) -> _Answer:
    if not version:
        quote = compiled.ranges[0].quote if compiled.ranges else ""
        return _Answer(
            compiled.source, Outcome(Status.CANNOT_TELL, "no_version", quote), confidence, identity
        )
    outcome = evaluate(compiled, version)
    if outcome.inferred:
        confidence *= _INFERRED.get(outcome.reason, 1.0)
    return _Answer(compiled.source, outcome, confidence, identity)


def _rank(source: str) -> int:
    return _PRECEDENCE.get(source.partition(":")[0], len(_PRECEDENCE))


def _of_one_source(answers: list[_Answer]) -> _Answer:
    """Statements of one source add up: affected by one is affected; doubt in one leaves doubt."""
    affected = [answer for answer in answers if answer.outcome.status is Status.AFFECTED]
    if affected:
        return max(affected, key=lambda answer: answer.confidence)
    spoken = [answer for answer in answers if answer.outcome.reason not in _SILENT] or answers
    doubtful = [answer for answer in spoken if answer.outcome.status is Status.CANNOT_TELL]
    return max(doubtful or spoken, key=lambda answer: answer.confidence)


def _verdict(component_id: str, version: str, vulnerability_id: str, answers: list[_Answer]) -> Verdict:
    by_source: dict[str, list[_Answer]] = {}
    for answer in answers:
        by_source.setdefault(answer.source, []).append(answer)
    said = sorted((_of_one_source(group) for group in by_source.values()), key=lambda one: _rank(one.source))
    decided = [one for one in said if one.outcome.status is not Status.CANNOT_TELL]
    chosen = decided[0] if decided else said[0]
    confidence = chosen.confidence
    detail = {"version": version, "identity": chosen.key}
    if chosen.outcome.bound:
        detail["bound"] = chosen.outcome.bound
    if chosen.outcome.scheme:
        detail["scheme"] = chosen.outcome.scheme
    if chosen.outcome.fixed_in:
        detail["fixed_in"] = chosen.outcome.fixed_in
    disagreeing = [one for one in decided if one.outcome.status is not chosen.outcome.status]
    if disagreeing:
        detail["disagreement"] = ", ".join(f"{one.source}={one.outcome.status}" for one in disagreeing)
        confidence *= _DISAGREEMENT
    undecided = [one for one in said if decided and one.outcome.status is Status.CANNOT_TELL]
    above = [one for one in undecided if _rank(one.source) < _rank(chosen.source)]
    if above:
        detail["undecided"] = ", ".join(f"{one.source}={one.outcome.reason}" for one in above)
        confidence *= _UNDECIDED_ABOVE
    outcome = chosen.outcome
    return Verdict(
        component_id, vulnerability_id, outcome.status, chosen.source, outcome.quote, outcome.reason,
        round(confidence, 4), detail,
    )  # fmt: skip
