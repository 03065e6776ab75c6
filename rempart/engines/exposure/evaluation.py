"""One compiled statement and one version → an answer with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rempart.engines.exposure.closing import Closing
from rempart.engines.exposure.model import Status
from rempart.engines.exposure.ranges import CompiledAffected, CompiledRange, Outcome, covers
from rempart.engines.exposure.rangetext import branch_of
from rempart.engines.versions import key


class Measured(Protocol):
    """A version as statements see it: its text, and its key in a scheme (None where it cannot be read)."""

    @property
    def text(self) -> str:
        """The text as the inventory states it."""

    def key(self, scheme: str) -> bytes | None:
        """The order-preserving key in ``scheme``."""


@dataclass(frozen=True, slots=True)
class _Stated:
    text: str

    def key(self, scheme: str) -> bytes | None:
        return key(scheme, self.text)


def evaluate(compiled: CompiledAffected, version: str) -> Outcome:
    """The answer of a statement for an installed version (text as the inventory states it)."""
    return measure(compiled, _Stated(version))


def measure(compiled: CompiledAffected, version: Measured) -> Outcome:
    """The answer of a statement for a version.

    The entry that decides is the first that covers the version. An earlier entry that might cover it,
    but cannot be read, leaves the answer open unless it would have said the same.
    """
    outcome = _decide(compiled, version)
    told = outcome.status is Status.NOT_AFFECTED or outcome.reason == "not_listed"
    if told and not _is_comparable(compiled, version, outcome):
        return Outcome(Status.CANNOT_TELL, "unreadable_version", outcome.quote)
    return outcome


def of_every_version(compiled: CompiledAffected) -> Outcome | None:
    """The answer that holds whatever the version, where the statement's first entry gives one."""
    first = compiled.ranges[0] if compiled.ranges else None
    if first is None or first.order or first.problem or first.changes or compiled.exact:
        return None
    if not (first.low.known and first.high.known) or first.low.key is not None or first.high.key is not None:
        return None
    possible, reached = _statuses(first, None)
    return _from_range(first, None, possible, reached)


def settled(compiled: CompiledAffected, outcome: Outcome, version: str, last: str) -> Outcome:
    """The outcome of ``version`` where the inventory leaves open which version it is, up to ``last``.

    It stands when no bound and no listed version lies between the two: their answers are then one.
    """
    if outcome.status is Status.CANNOT_TELL:
        return outcome
    places: dict[str, list[bytes | None]] = {}
    for one in compiled.ranges:
        at = places.setdefault(one.scheme, [])
        at += [one.low.key, one.high.key, *(key_of_change for key_of_change, _, _ in one.changes)]
    for scheme, place in compiled.exact:
        places.setdefault(scheme, []).append(place)
    for low_of_updates, high_of_updates, _ in compiled.updates:
        places.setdefault("generic", []).extend((low_of_updates, high_of_updates))
    for scheme, stated in places.items():
        low, high = key(scheme, version), key(scheme, last)
        if low is None or high is None or any(at is not None and low < at <= high for at in stated):
            return Outcome(
                Status.CANNOT_TELL, "incomplete_version", outcome.quote, outcome.bound,
                scheme=outcome.scheme, fixed_in=outcome.fixed_in, contradicted=outcome.contradicted,
            )  # fmt: skip
    return outcome


def _is_comparable(compiled: CompiledAffected, version: Measured, outcome: Outcome) -> bool:
    schemes = {outcome.scheme} if outcome.scheme else {candidate.scheme for candidate in compiled.ranges}
    schemes.update(compiled.exact_schemes if not outcome.scheme else ())
    schemes.discard("git")
    return all(version.key(scheme) is not None for scheme in schemes or {"generic"})


def _decide(compiled: CompiledAffected, version: Measured) -> Outcome:
    exact_order, exact = _exact(compiled, version)
    doubts: list[tuple[CompiledRange, frozenset[Status]]] = []
    for candidate in compiled.ranges:
        if exact is not None and candidate.order > exact_order:
            break
        version_key = version.key(candidate.scheme)
        covered = covers(candidate, version_key)
        if covered is False:
            continue
        possible, reached = _statuses(candidate, version_key)
        if covered and len(possible) == 1:
            return _settle(_from_range(candidate, version_key, possible, reached), doubts, version)
        doubts.append((candidate, possible))
        if covered:
            return _doubtful(candidate, version)
    if exact is not None:
        return _settle(exact, doubts, version)
    return _settle(_by_default(compiled, version), doubts, version)


def _exact(compiled: CompiledAffected, version: Measured) -> tuple[int, Outcome | None]:
    if not compiled.exact_text and not compiled.exact:
        return 0, None
    hits = [compiled.exact_text.get(version.text.strip().casefold())]
    for scheme in compiled.exact_schemes:
        version_key = version.key(scheme)
        if version_key is not None:
            hits.append(compiled.exact.get((scheme, version_key)))
            if scheme == "generic":
                hits += [hit for low, high, hit in compiled.updates if low <= version_key < high]
    found = min((hit for hit in hits if hit is not None), default=None)
    if found is None:
        return 0, None
    order, status, text = found
    reason = {
        Status.AFFECTED: "exact_version",
        Status.NOT_AFFECTED: "listed_unaffected",
        Status.CANNOT_TELL: "status_unknown",
    }[status]
    return order, Outcome(status, reason, text, text)


def _statuses(candidate: CompiledRange, version_key: bytes | None) -> tuple[frozenset[Status], str]:
    """Statuses that a covering range may give, and the change that was last reached ("" for none)."""
    possible = {candidate.status}
    reached = ""
    for at, status, text in candidate.changes:
        if at is None or version_key is None:
            possible.add(status)
        elif at <= version_key:
            possible, reached = {status}, text
    return frozenset(possible), reached


def _fixed_in(candidate: CompiledRange, version_key: bytes | None) -> str:
    for at, status, text in candidate.changes:
        if status is Status.NOT_AFFECTED and at is not None and version_key is not None and at > version_key:
            return text
    return candidate.high.text if _names_correction(candidate) else ""


def _names_correction(candidate: CompiledRange) -> bool:
    """Whether the range ends at the first corrected version, and not after a whole branch ("5.10.*")."""
    high = candidate.high
    return high.key is not None and not high.inclusive and not branch_of(high.text) and not candidate.problem


def _from_range(
    candidate: CompiledRange, version_key: bytes | None, possible: frozenset[Status], reached: str
) -> Outcome:
    (status,) = possible
    open_ended = candidate.low.key is None and candidate.high.key is None
    if status is Status.AFFECTED:
        reason = "all_versions" if open_ended and not candidate.changes else "in_range"
        start = reached or candidate.low.text
        fixed_in = _fixed_in(candidate, version_key)
        return Outcome(status, reason, candidate.quote, start, False, candidate.scheme, fixed_in)
    if status is Status.CANNOT_TELL:
        return Outcome(status, "status_unknown", candidate.quote, scheme=candidate.scheme)
    if candidate.status is Status.AFFECTED:
        return Outcome(status, "fixed_at", candidate.quote, reached, scheme=candidate.scheme)
    return Outcome(status, "listed_unaffected", candidate.quote, candidate.low.text, scheme=candidate.scheme)


def _settle(
    outcome: Outcome, doubts: list[tuple[CompiledRange, frozenset[Status]]], version: Measured
) -> Outcome:
    for candidate, possible in doubts:
        if possible != {outcome.status}:
            return _doubtful(candidate, version)
    return outcome


def _doubtful(candidate: CompiledRange, version: Measured) -> Outcome:
    reason = candidate.problem
    if not reason:
        readable = version.key(candidate.scheme) is not None
        reason = "unreadable_range" if readable else "unreadable_version"
    return Outcome(Status.CANNOT_TELL, reason, candidate.quote, scheme=candidate.scheme)


def _by_default(compiled: CompiledAffected, version: Measured) -> Outcome:
    """No entry covers the version: the default stated, else what the ends of ranges imply (``closing``).

    A version below every range is not taken as unaffected: older releases are often out of support and
    were never examined.
    """
    if compiled.default is Status.AFFECTED:
        return Outcome(Status.AFFECTED, "default_affected", "")
    passed, before = _neighbours(compiled, version)
    if compiled.default_stated:
        if passed is not None and _names_correction(passed):
            return Outcome(
                Status.NOT_AFFECTED, "fixed_at", passed.quote, passed.high.text, scheme=passed.scheme
            )
        quote = passed.quote if passed is not None else (before.quote if before is not None else "")
        return Outcome(Status.NOT_AFFECTED, "default_unaffected", quote)
    closed = _closing(compiled, version)
    if closed is not None:
        return Outcome(
            Status.NOT_AFFECTED, closed.reason, closed.quote, closed.bound, True, closed.scheme,
            contradicted=compiled.contradictory,
        )  # fmt: skip
    near = passed or before
    if near is None:
        reason = "not_listed" if compiled.entries else "no_versions"
        return Outcome(Status.CANNOT_TELL, reason, "", inferred=True)
    reason = "between_ranges" if passed is not None else "below_range"
    if compiled.contradictory:
        reason = "contradictory_default"
    bound = passed.high.text if passed is not None else near.low.text
    return Outcome(
        Status.CANNOT_TELL, reason, near.quote, bound, True, near.scheme,
        contradicted=compiled.contradictory,
    )  # fmt: skip


def _closing(compiled: CompiledAffected, version: Measured) -> Closing | None:
    for closing in compiled.closings:
        version_key = version.key(closing.scheme)
        if version_key is not None and closing.holds(version_key):
            return closing
    return None


def _neighbours(
    compiled: CompiledAffected, version: Measured
) -> tuple[CompiledRange | None, CompiledRange | None]:
    """The affected range that ends last at or below the version, and one that starts above it."""
    passed: CompiledRange | None = None
    before: CompiledRange | None = None
    for candidate in compiled.ranges:
        contradictory = candidate.problem == "contradictory_range"
        if candidate.status is not Status.AFFECTED or (candidate.problem and not contradictory):
            continue
        version_key = version.key(candidate.scheme)
        if version_key is None:
            continue
        low, high = candidate.low.key, candidate.high.key
        if high is not None and version_key >= high:
            if passed is None or passed.high.key is None or high > passed.high.key:
                passed = candidate
        elif low is not None and version_key < low and not contradictory:
            before = before or candidate
    return passed, before
