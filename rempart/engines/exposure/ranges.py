"""Affected ranges (CVE JSON 5 schema, ``versions``), compiled once to keys and evaluated many times.

The order of the specification is kept: the first entry that covers the version answers, then, within
it, each change whose ``at`` is reached; else the default status. A bound that cannot be read makes
its comparison neither true nor false, and that doubt reaches the answer unless both outcomes agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rempart.engines.exposure.closing import Closing, End, closings, contradicts_itself
from rempart.engines.exposure.entries import (
    entries_of,
    in_any_update,
    speech_of_statement,
    states_patches,
)
from rempart.engines.exposure.model import Affected, Status, VersionEntry
from rempart.engines.exposure.rangetext import (
    EVERYTHING,
    FROM_THE_START,
    UNSTATED,
    TextRange,
    branch_of,
    is_unstated,
    may_name_product,
    read_range_text,
)
from rempart.engines.versions import key, prefix_bounds, scheme_for
from rempart.engines.versions.generic import update_bounds

_STATUS = {
    "affected": Status.AFFECTED,
    "unaffected": Status.NOT_AFFECTED,
    "unknown": Status.CANNOT_TELL,
}
_SEMVER = frozenset({"semver", "npm"})
_QUOTE_LENGTH = 200
# Commits where a version was expected: an order that only the repository knows.
_COMMIT_LENGTH = 40
_COMMIT = re.compile(r"(?:[<=> ]*)[0-9a-f]{40}(?:[0-9a-f]{24})?", re.IGNORECASE)
_DOTTED = re.compile(r"[vV]?[0-9]+\.[0-9xX*][\w.*-]*", re.ASCII)
# Epochs and marks of releases that only RPM packages write.
_RPM_ONLY = re.compile(r"[0-9]:[0-9]|\.(?:el|fc|amzn|oe)[0-9]")


class Reading(NamedTuple):
    """How a component's version is read: the scheme of its package, and whether it and npm can read it.

    Components with equal readings share one compiled form of a statement.
    """

    hint: str
    readable: frozenset[str]


Shape = tuple[str, tuple[VersionEntry, ...], tuple[str, ...], tuple[str, ...], str, frozenset[str]]
Hit = tuple[int, Status, str]  # a listed version: its place among the entries, its status, its text
PLAIN = Reading("generic", frozenset({"generic"}))


class Bound(NamedTuple):
    """One end of a range. ``key`` None and ``known`` is an open end; not ``known``, an unreadable one."""

    key: bytes | None = None
    inclusive: bool = True
    known: bool = True
    text: str = ""


class CompiledRange(NamedTuple):
    """An entry that covers an interval. ``problem`` is a reason code, empty when all was readable."""

    order: int
    scheme: str
    low: Bound
    high: Bound
    status: Status
    quote: str
    changes: tuple[tuple[bytes | None, Status, str], ...] = ()
    problem: str = ""


@dataclass(slots=True)
class CompiledAffected:
    """What a statement says of versions, ready for comparison.

    Exact versions are looked up, ranges tried in order. ``updates`` are listed versions that stand for their
    every update: the keys from the first to below the second.
    ``closings`` are what is inferred past the ends of ranges, where the source leaves it unstated;
    ``contradictory`` says that its default denies those ends (see ``closing``).
    """

    default: Status
    default_stated: bool
    exact: dict[tuple[str, bytes], Hit] = field(default_factory=dict)
    exact_text: dict[str, Hit] = field(default_factory=dict)
    updates: list[tuple[bytes, bytes, Hit]] = field(default_factory=list)
    exact_schemes: tuple[str, ...] = ()
    ranges: list[CompiledRange] = field(default_factory=list)
    entries: int = 0
    closings: tuple[Closing, ...] = ()
    contradictory: bool = False


class Outcome(NamedTuple):
    """What one statement answers for one version.

    ``inferred``: the source leaves it unstated. ``fixed_in``: where the range in question ends.
    ``contradicted``: the source's own default says otherwise.
    """

    status: Status
    reason: str
    quote: str
    bound: str = ""
    inferred: bool = False
    scheme: str = ""
    fixed_in: str = ""
    contradicted: bool = False


def reading_of(version: str, purl_type: str) -> Reading:
    """The reading of a component's version, given the type of its purl ("" when it has none)."""
    hint = scheme_for("", purl_type)
    return Reading(hint, frozenset(scheme for scheme in {hint, "npm"} if key(scheme, version) is not None))


def shape_of(affected: Affected) -> Shape:
    """What ``compile_affected`` reads of a statement: of equal shapes one compiled form serves."""
    names = any(
        states_patches(affected, entry)
        or may_name_product(entry.version.strip())
        or may_name_product(entry.less_than.strip())
        or may_name_product(entry.less_than_or_equal.strip())
        for entry in affected.versions
    )
    return (
        affected.default_status,
        affected.versions,
        () if affected.versions else affected.cpes,
        (affected.vendor, affected.product) if names else (),
        speech_of_statement(affected),
        in_any_update(affected),
    )


def narrowed(affected: Affected, reading: Reading) -> Reading:
    """The reading less what makes no difference to the statement: its entries may declare their scheme."""
    declared = {scheme_for(entry.version_type) for entry in affected.versions} or {"generic"}
    hint = reading.hint if "generic" in declared else "generic"
    asked = {hint} - {"generic"} | ({"npm"} if declared & _SEMVER else set())
    return Reading(hint, reading.readable & asked)


def compile_affected(affected: Affected, reading: Reading = PLAIN) -> CompiledAffected:
    """Read every bound of a statement once, for components of the given reading."""
    entries = entries_of(affected)
    contradictory = contradicts_itself(affected)
    compiled = CompiledAffected(
        default=Status.CANNOT_TELL
        if contradictory
        else _STATUS.get(affected.default_status, Status.CANNOT_TELL),
        default_stated=not contradictory and affected.default_status in {"affected", "unaffected"},
        entries=len(entries),
        contradictory=contradictory,
    )
    schemes: dict[str, None] = {}
    updated = in_any_update(affected)
    for order, entry in enumerate(entries):
        scheme = _scheme(entry, reading)
        if entry.less_than or entry.less_than_or_equal:
            compiled.ranges.append(_compile_range(order, entry, scheme))
        else:
            _compile_single(compiled, order, entry, scheme)
            if scheme == "generic" and entry.version in updated:
                _compile_updates(compiled, order, entry)
            schemes[scheme] = None
    compiled.exact_schemes = tuple(schemes)
    if not compiled.default_stated:
        compiled.closings = tuple(closings([end for one in compiled.ranges for end in _end(one)]))
    return compiled


def _end(candidate: CompiledRange) -> Iterator[End]:
    """The end of an affected range that can be read; a contradictory one ends at the higher of its bounds.

    One version of a list ends nothing: what the list leaves out, it says nothing of.
    """
    high = candidate.high
    if candidate.status is not Status.AFFECTED or high.key is None:
        return
    if candidate.problem not in {"", "contradictory_range"} or candidate.low == high:
        return
    key_of_end = max(high.key, candidate.low.key or b"") if candidate.problem else high.key
    yield End(
        scheme=candidate.scheme,
        key=key_of_end,
        included=high.inclusive,
        names_correction=not high.inclusive and not branch_of(high.text) and not candidate.problem,
        low_text=candidate.low.text,
        high_text=high.text,
        quote=candidate.quote,
    )


def _scheme(entry: VersionEntry, reading: Reading) -> str:
    """The declared scheme, else the component's; ``generic`` where neither reads both sides.

    A declared Maven, Python, Debian or RPM order is not replaced by another. "semver" is: a good part
    of the bounds so declared are not semantic versions, and the vendor's plain order is then meant.
    """
    declared = scheme_for(entry.version_type)
    texts = [
        entry.version,
        entry.less_than,
        entry.less_than_or_equal,
        *(change.at for change in entry.changes),
    ]
    if declared == "git" and _are_releases(texts):
        return "generic"
    if declared != "generic" and declared not in _SEMVER:
        return declared
    if any(len(text) >= _COMMIT_LENGTH and _COMMIT.fullmatch(text.strip()) for text in texts):
        return "git"
    candidate = "npm" if declared in _SEMVER else reading.hint
    if candidate == "generic" and _RPM_ONLY.search("\n".join(texts)):
        candidate = "rpm"
    elif candidate == "generic" or candidate not in reading.readable:
        return "generic"
    if any(not _is_open(text) and not _reads(candidate, text) for text in texts):
        return "generic"
    return candidate


def _are_releases(texts: Sequence[str]) -> bool:
    """Whether texts declared to be commits are numbers with dots, which no commit is."""
    stated = [text for text in texts if not _is_open(text)]
    return bool(stated) and all(_DOTTED.fullmatch(text.strip()) for text in stated)


def _is_open(text: str) -> bool:
    folded = text.strip().casefold()
    if folded.endswith("*") and not branch_of(folded):
        return True
    return folded in FROM_THE_START or folded in UNSTATED or folded in EVERYTHING


def _reads(scheme: str, text: str) -> bool:
    branch = branch_of(text)
    return (prefix_bounds(scheme, branch) if branch else key(scheme, text.strip())) is not None


def _compile_range(order: int, entry: VersionEntry, scheme: str) -> CompiledRange:
    low = _low(entry.version, scheme, included=not entry.after)
    inclusive = not entry.less_than
    high = _high(entry.less_than or entry.less_than_or_equal, scheme, inclusive)
    changes = tuple(
        (key(scheme, change.at.strip()), _STATUS.get(change.status, Status.CANNOT_TELL), change.at)
        for change in entry.changes
    )
    problem = ""
    if scheme == "git":
        problem = "git_range"
    elif not low.known or not high.known or any(at is None for at, _, _ in changes):
        unstated = is_unstated(low.text) if not low.known else is_unstated(high.text) and not high.known
        problem = "unstated_version" if unstated else "unreadable_range"
    elif _is_contradictory(low, high):
        problem = "contradictory_range"
    status = _STATUS.get(entry.status, Status.CANNOT_TELL)
    return CompiledRange(order, scheme, low, high, status, _quote(entry), changes, problem)


def _low(text: str, scheme: str, *, included: bool) -> Bound:
    text = text.strip()
    folded = text.casefold()
    if folded in FROM_THE_START or folded in EVERYTHING:
        return Bound(text=text)
    branch = branch_of(text)
    if branch:
        bounds = prefix_bounds(scheme, branch)
        return Bound(bounds[0], text=text) if bounds else Bound(known=False, text=text)
    found = key(scheme, text.removeprefix(">=").strip())
    return Bound(found, included, known=found is not None, text=text)


def _high(text: str, scheme: str, inclusive: bool) -> Bound:
    text = text.strip()
    branch = branch_of(text)
    if branch:
        bounds = prefix_bounds(scheme, branch)
        return Bound(bounds[1], False, text=text) if bounds else Bound(known=False, text=text)
    found = key(scheme, text.removeprefix("<=" if inclusive else "<").strip())
    if found is not None:
        return Bound(found, inclusive, text=text)
    # A final "*" stands for an arbitrarily large version (CVE schema, ``lessThan``), whatever it follows.
    return Bound(text=text) if text.endswith("*") else Bound(known=False, text=text)


def _is_contradictory(low: Bound, high: Bound) -> bool:
    if low.key is None or high.key is None:
        return False
    return low.key > high.key or (low.key == high.key and not (low.inclusive and high.inclusive))


def _compile_single(compiled: CompiledAffected, order: int, entry: VersionEntry, scheme: str) -> None:
    text = entry.version.strip()
    folded = text.casefold()
    status = _STATUS.get(entry.status, Status.CANNOT_TELL)
    hit = (order, status, text[:_QUOTE_LENGTH])
    if folded not in UNSTATED and folded not in EVERYTHING:
        compiled.exact_text.setdefault(folded, hit)
    branch = branch_of(text)
    bounds = prefix_bounds(scheme, branch) if branch else None
    if bounds:
        low, high = Bound(bounds[0], text=text), Bound(bounds[1], False, text=text)
        compiled.ranges.append(CompiledRange(order, scheme, low, high, status, text))
        return
    read = read_range_text(text) if scheme != "git" else ()
    if not read:
        found = key(scheme, text)
        if found is not None:
            compiled.exact.setdefault((scheme, found), hit)
            return
    compiled.ranges.extend(_compile_text(order, part, scheme, status, text) for part in read)
    if not read:
        problem = (
            "git_range"
            if scheme == "git"
            else ("unstated_version" if is_unstated(text) else "unreadable_range")
        )
        if not any(known.problem == problem and known.status == status for known in compiled.ranges):
            unknown = Bound(known=False, text=text)
            compiled.ranges.append(
                CompiledRange(order, scheme, unknown, unknown, status, text[:_QUOTE_LENGTH], (), problem)
            )


def _compile_updates(compiled: CompiledAffected, order: int, entry: VersionEntry) -> None:
    bounds = update_bounds(entry.version)
    if bounds is not None:
        status = _STATUS.get(entry.status, Status.CANNOT_TELL)
        compiled.updates.append((*bounds, (order, status, entry.version[:_QUOTE_LENGTH])))


def _compile_text(order: int, read: TextRange, scheme: str, status: Status, quote: str) -> CompiledRange:
    low = _low(read.low, scheme, included=read.low_inclusive) if read.low else Bound()
    high = _high(read.high, scheme, read.high_inclusive) if read.high else Bound()
    problem = ""
    if not low.known or not high.known:
        problem = "unreadable_range"
    elif _is_contradictory(low, high):
        problem = "contradictory_range"
    return CompiledRange(order, scheme, low, high, status, quote[:_QUOTE_LENGTH], (), problem)


def _quote(entry: VersionEntry) -> str:
    sign, bound = ("<", entry.less_than) if entry.less_than else ("<=", entry.less_than_or_equal)
    changes = "".join(f"; {change.at}: {change.status}" for change in entry.changes)
    start = ">" if entry.after else ">="
    return f"{start} {entry.version}, {sign} {bound}{changes}"[:_QUOTE_LENGTH]


def covers(candidate: CompiledRange, version: bytes | None) -> bool | None:
    """Whether the interval holds a version; None when a bound or the version cannot be read."""
    low, high = candidate.low, candidate.high
    if candidate.problem == "contradictory_range":
        # No reading of the two bounds holds a version above them both.
        ends = [end for end in (low.key, high.key) if end is not None]
        return False if version is not None and version > max(ends) else None
    above: bool | None = None
    below: bool | None = None
    if low.known:
        if low.key is None:
            above = True
        elif version is not None:
            above = version >= low.key if low.inclusive else version > low.key
    if high.known:
        if high.key is None:
            below = True
        elif version is not None:
            below = version <= high.key if high.inclusive else version < high.key
    if above is False or below is False:
        return False
    return True if above and below else None
