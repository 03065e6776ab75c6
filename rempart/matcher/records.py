"""Published records → the statements that may concern an inventory, in one process or several.

Every record is parsed whole, so that a malformed one is always reported; only those whose products can
meet a component are kept, so that memory follows the inventory and not the size of the feeds.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count, repeat
from pathlib import Path

from rempart.engines.exposure import Aliases, affected_keys
from rempart.engines.exposure.model import Affected, VulnerabilityRecord
from rempart.engines.records import read_any
from rempart.engines.records.fields import RecordError
from rempart.engines.records.sources import open_records
from rempart.matcher.problems import Problem, of_file, of_record

Progress = Callable[[int], None]
_TOLD_EVERY = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which statements are kept: of the products of ``keys``, of ``vulnerabilities`` (None: of all)."""

    keys: frozenset[str] | None
    vulnerabilities: frozenset[str] | None = None


@dataclass(slots=True)
class Records:
    """What a reading gave. ``rejected``: identifiers that their authority withdrew."""

    records: list[VulnerabilityRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    read: int = 0

    def add(self, other: Records) -> None:
        """Take in another part of the same reading."""
        self.records += other.records
        self.problems += other.problems
        self.rejected |= other.rejected
        self.read += other.read

    def statements(self) -> dict[str, tuple[Affected, ...]]:
        """What is said of each vulnerability. Of one source's records about it, the last updated holds."""
        latest: dict[tuple[str, str], tuple[float, list[Affected]]] = {}
        for record in self.records:
            if record.id in self.rejected:
                continue
            at = record.updated.timestamp() if record.updated else 0.0
            by_source: dict[str, list[Affected]] = {}
            for affected in record.affected:
                by_source.setdefault(affected.source, []).append(affected)
            for source, said in by_source.items():
                known = latest.get((record.id, source))
                if known is None or at > known[0]:
                    latest[record.id, source] = (at, said)
        found: dict[str, list[Affected]] = {}
        for (identifier, _), (_, said) in latest.items():
            found.setdefault(identifier, []).extend(said)
        return {identifier: tuple(dict.fromkeys(said)) for identifier, said in found.items()}

    def aliases(self) -> dict[str, tuple[str, ...]]:
        """The other names of each vulnerability, as its records state them."""
        found: dict[str, dict[str, None]] = {}
        for record in self.records:
            found.setdefault(record.id, {}).update(dict.fromkeys(record.aliases))
        return {identifier: tuple(names) for identifier, names in found.items() if names}


def read_records(
    paths: Sequence[Path],
    wanted: Wanted,
    aliases: Aliases,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Records:
    """Read files, folders and archives of records.

    With ``jobs`` processes each reads every source and parses its own share: unpacking is cheap beside
    parsing, and no document crosses from one process to another.
    """
    if jobs <= 1:
        return _share(paths, wanted, aliases, 0, 1, progress)
    found = Records()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        shares = pool.map(
            _share, repeat(paths), repeat(wanted), repeat(aliases), range(jobs), repeat(jobs), repeat(None)
        )
        for share in shares:
            found.add(share)
            if progress is not None:
                progress(found.read)
    return found


def _share(
    paths: Sequence[Path],
    wanted: Wanted,
    aliases: Aliases,
    share: int,
    shares: int,
    progress: Progress | None,
) -> Records:
    found = Records()
    meets = _Meeting(wanted, aliases)
    position = count()
    for path in paths:
        try:
            for reading in open_records(path):
                if next(position) % shares != share:
                    continue
                if reading.error is not None:
                    found.problems.append(of_record(reading.where, reading.error))
                elif reading.document is not None:
                    _keep(reading.where, reading.document, meets, found)
                if progress is not None and found.read % _TOLD_EVERY == 0:
                    progress(found.read)
        except OSError as error:
            if share == 0:
                found.problems.append(of_file(str(path), error))
    return found


def _keep(where: str, document: dict[str, object], meets: _Meeting, found: Records) -> None:
    try:
        read = read_any(document)
    except RecordError as error:
        found.problems.append(of_record(where, error))
        return
    found.read += 1
    for record in read:
        if record.state == "REJECTED":
            found.rejected.add(record.id)
            continue
        said = tuple(meets.of(record))
        if said:
            found.records.append(replace(record, affected=said, description="", references=(), metrics=()))


class _Meeting:
    """Whether a statement's product can be one of those wanted; products recur, so the answer is kept."""

    def __init__(self, wanted: Wanted, aliases: Aliases) -> None:
        self._wanted = wanted
        self._aliases = aliases
        self._known: dict[tuple[object, ...], bool] = {}

    def of(self, record: VulnerabilityRecord) -> Iterator[Affected]:
        only = self._wanted.vulnerabilities
        if only is not None and only.isdisjoint((record.id, *record.aliases)):
            return
        for affected in record.affected:
            if self._wanted.keys is None or self._meets(affected, self._wanted.keys):
                yield affected

    def _meets(self, affected: Affected, keys: frozenset[str]) -> bool:
        product = (
            affected.vendor,
            affected.product,
            affected.package_name,
            affected.collection_url,
            affected.purl,
            affected.cpes,
        )
        known = self._known.get(product)
        if known is None:
            resolved = self._aliases.resolve(affected_keys(affected))
            known = self._known[product] = not keys.isdisjoint(resolved)
        return known
