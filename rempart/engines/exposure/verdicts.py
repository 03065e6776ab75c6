"""What several statements say of one version → one decision: whose word holds, and who differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from rempart.engines.exposure.evaluation import evaluate, of_every_version, settled
from rempart.engines.exposure.installed import Installed, doubt, is_packaged
from rempart.engines.exposure.model import Affected, Status, Verdict
from rempart.engines.exposure.platforms import condition_of, is_elsewhere, targets_of
from rempart.engines.exposure.ranges import CompiledAffected, Outcome

# Precedence of sources about one vulnerability: the assigner knows its product best, then the
# vendor's advisory or statement, then those who publish for an ecosystem, then those who enrich the
# record. The first that can decide, decides.
PRECEDENCE: Final = ("cna", "cna-cpe", "csaf", "vex", "osv", "adp", "adp-cpe")
# Silences: they yield to any other statement of the same source that decides.
_SILENT = frozenset(
    {"git_range", "below_range", "between_ranges", "not_listed", "no_versions", "unstated_version"}
)

_INFERRED = {"fixed_at": 0.8, "above_range": 0.7}
_CONTRADICTED = 0.75
_UNCONFIRMED = 0.9
_LONGEST_DETAIL = 400
_LONGEST_JUSTIFICATION = 200
_DISAGREEMENT = 0.7
_UNDECIDED_ABOVE = 0.85


class Terms(NamedTuple):
    """Who makes a statement, and on what terms: all of it but what it says of versions.

    ``targets`` and ``condition``: on what the product runs, and what else a configuration demands (see
    ``platforms``). ``justification``: why its supplier says that it is not affected.
    """

    source: str
    targets: frozenset[str]
    condition: str
    justification: str


def terms_of(affected: Affected) -> Terms:
    """The terms of a statement."""
    return Terms(
        affected.source,
        targets_of(affected),
        condition_of(affected),
        affected.justification[:_LONGEST_JUSTIFICATION],
    )


class Answer(NamedTuple):
    """What one statement says: ``key`` is the identity by which it met the component.

    ``condition`` is what its configuration demands besides, and no inventory line shows;
    ``justification``, why the supplier says that the product is not affected.
    """

    source: str
    outcome: Outcome
    confidence: float
    key: str
    condition: str = ""
    justification: str = ""


class Decision(NamedTuple):
    """A verdict without the component and the vulnerability it is about; ``detail`` lacks the version."""

    status: Status
    source: str
    range: str
    reason: str
    confidence: float
    detail: dict[str, str]

    def verdict(self, component_id: str, vulnerability_id: str, version: str) -> Verdict:
        """The verdict of a component of this version."""
        return Verdict(
            component_id, vulnerability_id, self.status, self.source, self.range, self.reason,
            self.confidence, {"version": version, **self.detail},
        )  # fmt: skip


def answer(
    terms: Terms, compiled: CompiledAffected, held: Installed, confidence: float, identity: str
) -> Answer:
    """One statement's answer for the version held."""
    version, _purl_type = held.compared(identity)
    if not version and (whole := of_every_version(compiled)) is not None:
        return qualified(terms, whole, held, confidence, identity)
    if not version:
        quote = compiled.ranges[0].quote if compiled.ranges else ""
        reason = doubt(identity, held, "", affected=False) or "no_version"
        return Answer(terms.source, Outcome(Status.CANNOT_TELL, reason, quote), confidence, identity)
    outcome = evaluate(compiled, version)
    if held.last and not is_packaged(identity):
        outcome = settled(compiled, outcome, version, held.last)
    return qualified(terms, outcome, held, confidence, identity)


def qualified(terms: Terms, outcome: Outcome, held: Installed, confidence: float, identity: str) -> Answer:
    """An outcome with the doubts that the identity and the inventory leave.

    A statement about another system or host than the one shown is about another product. A condition
    that no inventory line shows (hardware, an operating system) is told, and lowers the confidence.
    """
    if is_elsewhere(terms.targets, held.targets) and outcome.status is not Status.NOT_AFFECTED:
        quote = ", ".join(sorted(terms.targets))
        elsewhere = Outcome(Status.NOT_AFFECTED, "other_platform", quote)
        return Answer(terms.source, elsewhere, confidence, identity)
    reason = doubt(identity, held, outcome.reason, affected=outcome.status is Status.AFFECTED)
    if reason:
        outcome = Outcome(
            Status.CANNOT_TELL, reason, outcome.quote, outcome.bound, scheme=outcome.scheme,
            fixed_in=outcome.fixed_in, contradicted=outcome.contradicted,
        )  # fmt: skip
    if outcome.inferred:
        confidence *= _INFERRED.get(outcome.reason, 1.0)
    if outcome.contradicted:
        confidence *= _CONTRADICTED
    condition = terms.condition if outcome.status is Status.AFFECTED else ""
    justification = terms.justification if outcome.status is Status.NOT_AFFECTED else ""
    confidence *= _UNCONFIRMED if condition else 1.0
    return Answer(terms.source, outcome, confidence, identity, condition, justification)


def ranks(precedence: Sequence[str]) -> dict[str, int]:
    """Kind of source ("cna", "csaf"…) → its rank; a kind that is not named comes last."""
    return {kind: rank for rank, kind in enumerate(precedence)}


def decide(answers: Sequence[Answer], rank: Mapping[str, int]) -> Decision:
    """The first source that can decide decides; what others say otherwise is kept in ``detail``."""
    if len(answers) == 1:
        (chosen,) = answers
        return _decision(chosen, chosen.confidence, _detail(chosen))
    by_source: dict[str, list[Answer]] = {}
    for one in answers:
        by_source.setdefault(one.source, []).append(one)
    said = [_of_one_source(group) for group in by_source.values()]
    if len(said) > 1:
        said.sort(key=lambda one: _rank(one.source, rank))
    decided = [one for one in said if one.outcome.status is not Status.CANNOT_TELL]
    chosen = decided[0] if decided else said[0]
    outcome = chosen.outcome
    confidence = chosen.confidence
    detail = _detail(chosen)
    if len(said) > 1:
        disagreeing = [one for one in decided if one.outcome.status is not outcome.status]
        if disagreeing:
            detail["disagreement"] = ", ".join(f"{one.source}={one.outcome.status}" for one in disagreeing)
            ranges = (f"{one.source}: {one.outcome.quote}" for one in (chosen, *disagreeing))
            detail["disagreement_ranges"] = " | ".join(ranges)[:_LONGEST_DETAIL]
            confidence *= _DISAGREEMENT
        undecided = [one for one in said if decided and one.outcome.status is Status.CANNOT_TELL]
        above = [one for one in undecided if _rank(one.source, rank) < _rank(chosen.source, rank)]
        if above:
            detail["undecided"] = ", ".join(f"{one.source}={one.outcome.reason}" for one in above)
            confidence *= _UNDECIDED_ABOVE
    return _decision(chosen, confidence, detail)


def _decision(chosen: Answer, confidence: float, detail: dict[str, str]) -> Decision:
    outcome = chosen.outcome
    return Decision(
        outcome.status, chosen.source, outcome.quote, outcome.reason, round(confidence, 4), detail
    )


def _detail(chosen: Answer) -> dict[str, str]:
    """The values of the reason, by name."""
    outcome = chosen.outcome
    detail = {"identity": chosen.key}
    if outcome.bound:
        detail["bound"] = outcome.bound
    if outcome.scheme:
        detail["scheme"] = outcome.scheme
    if outcome.fixed_in:
        detail["fixed_in"] = outcome.fixed_in
    if outcome.contradicted:
        detail["contradiction"] = "default_affected"
    if chosen.condition:
        detail["condition"] = chosen.condition
    if chosen.justification:
        detail["justification"] = chosen.justification
    return detail


def _rank(source: str, rank: Mapping[str, int]) -> int:
    return rank.get(source.partition(":")[0], len(rank))


def _of_one_source(answers: list[Answer]) -> Answer:
    """Statements of one source add up: affected by one is affected; doubt in one leaves doubt."""
    if len(answers) == 1:
        return answers[0]
    affected = [one for one in answers if one.outcome.status is Status.AFFECTED]
    if affected:
        return max(affected, key=lambda one: one.confidence)
    spoken = [one for one in answers if one.outcome.reason not in _SILENT] or answers
    doubtful = [one for one in spoken if one.outcome.status is Status.CANNOT_TELL]
    return max(doubtful or spoken, key=lambda one: (one.confidence, bool(one.justification)))
