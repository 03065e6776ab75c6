"""What the parts of a hunt gave, kept on disk until all have: in the order of the files, then correlated."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import orjson
import pyarrow as arrow

from rempart.detection.findings import Finding
from rempart.detection.hunting.work import Hunt, finding_of
from rempart.detection.scan import BATCH, Engines
from rempart.detection.tally import Tally
from rempart.engines import logs

_PASSING: Final = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
_LAST: Final = 2**63 - 1
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS finding (place INT, row INT, rank INT, record BLOB,
    PRIMARY KEY (place, row, rank)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (place INT, row INT, time TEXT, record BLOB,
    PRIMARY KEY (place, row)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS part (place INT, row INT, events INT, PRIMARY KEY (place, row)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told (parts INT);
"""


class Gathering:
    """A private table of what was found; as a context, it goes with its end, unless a folder is given.

    A part done twice (a machine lost half way) is kept once: its rows have the same places. In a folder, a
    part is kept whole or not at all, whenever the process ends. ``done`` has the parts that were taken, by
    the places of their file and first row, with their events; ``told`` is how many of them, in order, the
    platform has.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._stack = ExitStack()
        self._folder = folder
        self.done: dict[tuple[int, int], int] = {}
        self.told = 0

    def __enter__(self) -> Gathering:
        folder = self._folder or Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rempart-hunt-"))
        )
        self._database = sqlite3.connect(folder / "found.sqlite3", isolation_level=None)
        self._stack.callback(self._database.close)
        self._database.executescript(_TABLES if self._folder else _PASSING + _TABLES)
        rows = self._database.execute("SELECT place, row, events FROM part")
        self.done = {(place, row): events for place, row, events in rows}
        (self.told,) = self._database.execute("SELECT COALESCE(MAX(parts), 0) FROM told").fetchone()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def take(self, batches: list[arrow.RecordBatch], tally: Tally) -> int:
        """Keep the rows of a part; returns the bytes that it read."""
        self._database.execute("BEGIN")
        read = self._kept(batches, tally)
        self._database.execute("COMMIT")
        return read

    def _kept(self, batches: list[arrow.RecordBatch], tally: Tally) -> int:
        read = 0
        for batch in batches:
            findings, events, parts = [], [], []
            for row in batch.to_pylist():
                if row["kind"] == "finding":
                    findings.append((row["place"], row["row"], row["rank"], row["record"]))
                elif row["kind"] == "event":
                    timestamp = orjson.loads(row["record"])["timestamp"]
                    events.append((row["place"], row["row"], timestamp, row["record"]))
                else:
                    read += _counted(row, tally)
                    if row["kind"] == "count":
                        parts.append((row["place"], row["row"], orjson.loads(row["record"])["events"]))
            self._database.executemany("INSERT OR REPLACE INTO finding VALUES (?, ?, ?, ?)", findings)
            self._database.executemany("INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?)", events)
            self._database.executemany("INSERT OR REPLACE INTO part VALUES (?, ?, ?)", parts)
            self.done |= {(place, row): events for place, row, events in parts}
        return read

    def findings(self, hunt: Hunt) -> Iterator[Finding]:
        """Every finding by file, row and rule; then those of correlations, in the order of time."""
        order = "SELECT record FROM finding ORDER BY place, row, rank"
        for (record,) in self._database.execute(order):
            yield finding_of(record)
        yield from self.correlated(hunt)

    def of_part(self, place: int, row: int, end: int | None) -> Iterator[Finding]:
        """The findings of a file's rows from ``row`` until ``end`` (excluded; None: its last), in order."""
        order = "SELECT record FROM finding WHERE place = ? AND row >= ? AND row < ? ORDER BY row, rank"
        for (record,) in self._database.execute(order, (place, row, _LAST if end is None else end)):
            yield finding_of(record)

    def tell(self, parts: int) -> None:
        """Note that the platform has what the first ``parts`` parts found."""
        self._database.execute("INSERT INTO told VALUES (?)", (parts,))

    def correlated(self, hunt: Hunt) -> Iterator[Finding]:
        """What correlations find in the events that they follow, taken through the rules once more, in order
        of time: few, beside all.
        """
        if not hunt.correlates:
            return
        engines = Engines(hunt.settings, replace(hunt.sought, indicators=None))
        # Rank by time as text: RFC 3339 in UTC sorts so but for fractions, which the correlator settles.
        order = "SELECT record FROM event ORDER BY time IS NULL, time, place, row"
        cursor = self._database.execute(order)
        while rows := cursor.fetchmany(BATCH):
            for finding in engines.scan([_event(record) for (record,) in rows]):
                if finding.origin.kind == "correlation":
                    yield finding
        yield from engines.finish()


def _counted(row: dict[str, Any], tally: Tally) -> int:
    record = orjson.loads(row["record"])
    if row["kind"] == "problem":
        tally.trouble([logs.Problem(record["source"], record["reason"], record=record["record"])])
        return 0
    tally.events += record["events"]
    return int(record["bytes"])


def _event(record: bytes) -> logs.Event:
    given = orjson.loads(record)
    source = given["data"].get(logs.LOGSOURCE)
    if source is not None:
        given["data"][logs.LOGSOURCE] = _logsource(tuple(sorted(source.items())))
    return logs.Event(given["source"], given["index"], given["data"], given["timestamp"])


_logsources: dict[tuple[tuple[str, str], ...], logs.LogSource] = {}


def _logsource(items: tuple[tuple[str, str], ...]) -> logs.LogSource:
    """One object for one log source: the engine knows them by identity."""
    return _logsources.setdefault(items, logs.LogSource(items))
