"""The matcher alone: 150,000 pairs of product and version against 300,000 records, beside ``univers``.

The records are the real ones, again and again under other product names and with other first numbers, so
that names, ranges and their disorder stay real. Times are of the processor, on one core.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
from typing import Any, NamedTuple, TypeVar

from univers.version_constraint import VersionConstraint
from univers.version_range import MavenVersionRange
from univers.versions import MavenVersion

from benchmarks.government import RECORDS
from benchmarks.table import machine, peak_mib, show
from rempart.engines.exposure import Aliases, Matcher, affected_keys, component_keys
from rempart.engines.exposure.model import Affected, Component, VersionEntry
from rempart.engines.records.cve import parse_cve
from rempart.engines.records.sources import open_records

_NUMBER = re.compile(r"^[0-9]{1,4}(?=\.)")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+){1,5}")
_SAMPLE = 4_000
# Shares of the records and of the pairs: each grows while the other stays, then both.
_SIZES = ((0.1, 0.3), (0.3, 0.3), (1.0, 0.3), (0.3, 0.1), (0.3, 1.0), (1.0, 1.0))

T = TypeVar("T")
Records = list[tuple[str, tuple[Affected, ...]]]


def run(options: argparse.Namespace) -> None:
    real = [
        (record.id, record.affected)
        for reading in open_records(RECORDS)
        if reading.document is not None and (record := parse_cve(reading.document)).affected
    ]
    _beside_univers(real)
    heads = (
        "pairs", "records", "answers", "findings", "index", "inventory", "first match", "again",
        "peak memory",
    )  # fmt: skip
    sizes = [(int(options.records * records), int(options.pairs * pairs)) for records, pairs in _SIZES]
    show(f"Matching alone, one core ({machine()})", heads, (_alone(real, *size) for size in sizes))
    columns = ("pairs", "records", "findings", "seconds", "of processor, each", "peak memory, together")
    show(f"Two processes, each with half of the records ({machine()})", columns, [_in_two(real, *sizes[-1])])


class _Share(NamedTuple):
    """What one process did with its share of the records: CPU seconds of each step, wall seconds of all."""

    answers: int
    findings: int
    indexed: float
    prepared: float
    first: float
    again: float
    seconds: float
    peak: float


def _alone(real: Records, records: int, pairs: int) -> tuple[str, ...]:
    components = _in_process(_drawn, real, records, pairs)[0]
    (share,) = _in_process(_measure, real, records, components)
    return (
        f"{len(components):,}", f"{records:,}", f"{share.answers:,}", f"{share.findings:,}",
        f"{share.indexed:.1f} s", f"{share.prepared:.1f} s", f"{share.first:.1f} s", f"{share.again:.1f} s",
        f"{share.peak:,.0f} MiB",
    )  # fmt: skip


def _in_two(real: Records, records: int, pairs: int) -> tuple[str, ...]:
    components = _in_process(_drawn, real, records, pairs)[0]
    shares = _in_process(_measure, real, records, components, of=2)
    return (
        f"{len(components):,}", f"{records:,}", f"{sum(share.findings for share in shares):,}",
        f"{max(share.seconds for share in shares):.1f}",
        " and ".join(f"{share.indexed + share.prepared + share.first:.1f} s" for share in shares),
        f"{sum(share.peak for share in shares):,.0f} MiB",
    )  # fmt: skip


def _in_process(action: Callable[..., T], *given: Any, of: int = 1) -> list[T]:
    """In processes of their own, side by side, whose peaks of memory are those of the action alone."""
    with ProcessPoolExecutor(of, mp_context=get_context("fork")) as pool:
        return [done.result() for done in [pool.submit(action, *given, share, of) for share in range(of)]]


def _drawn(real: Records, records: int, pairs: int, _share: int, _of: int) -> list[Component]:
    return inventory(list(replicated(real, records)), pairs)


def _measure(real: Records, records: int, components: list[Component], share: int, of: int) -> _Share:
    published = list(islice(replicated(real, records), share, None, of))
    start = time.perf_counter()
    matcher = Matcher(Aliases.builtin())
    indexed, _ = _timed(lambda: matcher.fill(published))
    published.clear()
    prepared_in, prepared = _timed(lambda: matcher.prepare(components))
    first, found = _timed(lambda: matcher.sweep(prepared))
    seconds = time.perf_counter() - start
    answers, findings = found.compared, len(found)
    del found
    again, _ = _timed(lambda: matcher.sweep(prepared))
    return _Share(answers, findings, indexed, prepared_in, first, again, seconds, peak_mib())


def _timed(action: Callable[[], T]) -> tuple[float, T]:
    start = time.process_time()
    result = action()
    return time.process_time() - start, result


def replicated(real: Records, count: int) -> Iterator[tuple[str, tuple[Affected, ...]]]:
    for number in range(count):
        identifier, said = real[number % len(real)]
        copy = number // len(real)
        yield f"{identifier}{copy:02}", said if not copy else tuple(_renamed(one, copy) for one in said)


def _renamed(affected: Affected, copy: int) -> Affected:
    """The same statement about another product, its versions starting from another number."""
    name = f" mk{copy}"
    return replace(
        affected,
        product=affected.product + name if affected.product else "",
        package_name=affected.package_name + name if affected.package_name else "",
        cpes=tuple(_renamed_cpe(cpe, copy) for cpe in affected.cpes),
        versions=tuple(_moved(entry, copy) for entry in affected.versions),
    )


def _renamed_cpe(cpe: str, copy: int) -> str:
    fields = cpe.split(":")
    if len(fields) > 4:
        fields[4] += f"_mk{copy}"
    return ":".join(fields)


def _moved(entry: VersionEntry, copy: int) -> VersionEntry:
    def text(version: str) -> str:
        return _NUMBER.sub(lambda found: str(int(found.group()) + copy), version)

    return replace(
        entry,
        version=text(entry.version),
        less_than=text(entry.less_than),
        less_than_or_equal=text(entry.less_than_or_equal),
        changes=tuple(replace(change, at=text(change.at)) for change in entry.changes),
    )


def inventory(population: Iterable[tuple[str, tuple[Affected, ...]]], pairs: int) -> list[Component]:
    """Distinct pairs: versions around the bounds of products drawn as often as records name them."""
    draw = random.Random(20260)
    stated = [one for _, said in population for one in said if one.versions]
    found: dict[Component, None] = {}
    for one in draw.choices(stated, k=pairs):
        bounds = [
            bound
            for entry in one.versions
            for bound in (entry.version, entry.less_than)
            if _PLAIN.fullmatch(bound)
        ]
        cpe = one.cpes[0] if one.cpes and one.product.casefold().startswith("n/a") else ""
        if not bounds or not component_keys(Component("", one.vendor, one.product, "1", cpe=cpe)):
            continue
        for _ in range(8):
            head, _, last = draw.choice(bounds).rpartition(".")
            version = f"{head}.{max(0, int(last) + draw.randrange(-3, 4))}"
            found[Component("", one.vendor, one.product, version, cpe=cpe)] = None
    return list(found)[:pairs]


def _beside_univers(real: Records) -> None:
    """The same versions in the same ranges: both sides have read them before, then both compare."""
    aliases = Aliases.builtin()
    plain = [
        (identifier, kept)
        for identifier, said in real
        if (kept := tuple(one for one in said if one.versions and all(map(_is_plain, one.versions))))
    ]
    components = inventory(plain, _SAMPLE)
    index: dict[str, list[list[MavenVersionRange]]] = {}
    start = time.process_time()
    for _, said in plain:
        for one in said:
            ranges = [_range(entry) for entry in one.versions]
            for name in aliases.resolve(affected_keys(one)):
                index.setdefault(name, []).append(ranges)
    versions = [MavenVersion(component.version) for component in components]
    theirs_read = time.process_time() - start
    held = [sorted(aliases.resolve(component_keys(component))) for component in components]
    start = time.process_time()
    compared = inside = 0
    for version, names in zip(versions, held, strict=True):
        for name in names:
            for ranges in index.get(name, ()):
                compared += len(ranges)
                inside += any(version in one for one in ranges)
    theirs = time.process_time() - start
    start = time.process_time()
    matcher = Matcher(aliases)
    matcher.fill(plain)
    prepared = matcher.prepare(components)
    first = matcher.sweep(prepared)
    ours_read = time.process_time() - start
    ours = min(_timed(lambda: matcher.sweep(prepared))[0] for _ in range(3))

    def each(seconds: float) -> str:
        return f"{seconds / compared * 1e6:.3f} µs"

    show(
        "The same comparisons, one core",
        ("", "reading versions and ranges", "comparing", "a comparison", "found (ranges, findings)"),
        [
            ("univers", f"{theirs_read:.1f} s", f"{theirs:.2f} s", each(theirs), f"{inside:,}"),
            ("Rempart", f"{ours_read:.1f} s", f"{ours:.3f} s", each(ours), f"{len(first):,}"),
            ("ratio", f"{theirs_read / ours_read:.1f}×", f"{theirs / ours:.0f}×", f"of {compared:,}", ""),
        ],
    )  # fmt: skip


def _is_plain(entry: VersionEntry) -> bool:
    bound = entry.less_than or entry.less_than_or_equal
    return bool(_PLAIN.fullmatch(entry.version) and (not bound or _PLAIN.fullmatch(bound)))


def _range(entry: VersionEntry) -> MavenVersionRange:
    low = MavenVersion(entry.version)
    if not entry.less_than and not entry.less_than_or_equal:
        return MavenVersionRange(constraints=(VersionConstraint(comparator="=", version=low),))
    sign = "<" if entry.less_than else "<="
    high = MavenVersion(entry.less_than or entry.less_than_or_equal)
    constraints = [
        VersionConstraint(comparator=">=", version=low),
        VersionConstraint(comparator=sign, version=high),
    ]
    return MavenVersionRange(constraints=tuple(constraints))
