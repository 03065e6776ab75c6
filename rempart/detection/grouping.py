"""Findings that say the same thing, told once with their count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rempart.detection.findings import Finding

#: Groups held at once, and places kept of each.
_GROUPS: Final = 50_000
_INDEXES: Final = 100

_Key = tuple[str, str, str | None, str | None, tuple[tuple[str, str], ...]]


def grouped(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for each rule, source, host, user and values that matched, in the order of their first.

    It keeps the first event, the count, the last time, and the first hundred indexes. Past fifty thousand
    groups held at once, the oldest are given as they stand.
    """
    held: dict[_Key, Finding] = {}
    for finding in findings:
        key = (
            finding.origin.id,
            finding.source,
            finding.host,
            finding.user,
            tuple((one.field, str(one.value)) for one in finding.matched),
        )
        first = held.get(key)
        if first is None:
            finding.indexes = finding.indexes or [finding.index]
            finding.last = finding.last or finding.timestamp
            held[key] = finding
            if len(held) > _GROUPS:
                yield held.pop(next(iter(held)))
            continue
        first.count += finding.count
        first.last = finding.timestamp or first.last
        if len(first.indexes) < _INDEXES:
            first.indexes.append(finding.index)
    yield from held.values()
