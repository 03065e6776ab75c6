"""What correlations follow, kept on disk until all logs are read, then decided in the order of time.

Files come one after another, and each may cover the same days: taken as they come, what one holds would be
too late for what another told. Events that their rules match go to a private table, and are correlated at the
end.
"""

from __future__ import annotations

import pickle
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeAlias

from rempart.detection.findings import Finding
from rempart.detection.scan import BATCH, Engines
from rempart.engines import logs, sigma
from rempart.engines.sigma.values import time_of

#: An event that correlations follow: its place in its source, its time (RFC 3339) and its data.
Followed: TypeAlias = tuple[int, str | None, dict[str, Any]]

_TABLE: Final = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE event (time REAL, file INT, place INT, source TEXT, record BLOB);
"""
_INDEX: Final = "CREATE INDEX by_time ON event (time, file, place)"
_ORDERED: Final = "SELECT source, record FROM event ORDER BY time, file, place"
_LONG_AGO: Final = 0.0
_REASONS: Final = (
    ("late", "matches came too late for correlations, which took no account of them"),
    (
        "untimed",
        "matches of events without a readable time, taken by correlations as of the time before them",
    ),
    ("crowded", "matches taken by correlations before their time, for too many waited"),
    ("groups", "groups of correlations forgotten, for too many were open"),
    ("entries", "matches forgotten by groups of correlations that had too many"),
    ("unusable", "matches without the value that a correlation counts"),
)


def followed(events: Iterable[logs.Event]) -> list[Followed]:
    """What is kept of events that correlations follow."""
    return [(event.index, event.timestamp, event.data) for event in events]


def costs(detector: sigma.Detector | None) -> list[logs.Problem]:
    """What bounds and clocks cost the correlations of a detector that has ended."""
    if detector is None:
        return []
    counted = [(getattr(detector.counters, name), words) for name, words in _REASONS]
    return [logs.Problem("correlations", f"{count} {words}") for count, words in counted if count]


class Held:
    """The events that correlations follow; as a context, they go with its end."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._stack = ExitStack()
        self._file = -1
        self._last = _LONG_AGO
        #: What bounds cost, once the findings are told.
        self.problems: list[logs.Problem] = []

    def __enter__(self) -> Held:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="rempart-follow-")))
        self._database = sqlite3.connect(folder / "events.sqlite3", isolation_level=None)
        self._stack.callback(self._database.close)
        self._database.executescript(_TABLE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def begin(self) -> None:
        """A file begins."""
        self._file += 1
        self._last = _LONG_AGO

    def add(self, source: str, before: int, events: Iterable[Followed]) -> None:
        """Keep events of a source, in the order of their places, ``before`` records of it standing before.

        One without a readable time stands where it came in its file.
        """
        rows = []
        for place, timestamp, data in events:
            time = time_of({**data, "_time": timestamp})
            self._last = self._last if time is None else time
            record = zlib.compress(pickle.dumps((before + place, timestamp, data)), 1)
            rows.append((self._last, self._file, before + place, source, record))
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")

    def findings(self) -> Iterator[Finding]:
        """What correlations find in all that was kept."""
        self._database.execute(_INDEX)
        engines = self._engines.correlating()
        sources: dict[tuple[tuple[str, str], ...], logs.LogSource] = {}
        rows = self._database.execute(_ORDERED)
        while some := rows.fetchmany(BATCH):
            for finding in engines.scan([_event(source, record, sources) for source, record in some]):
                if finding.origin.kind == "correlation":
                    yield finding
        yield from engines.finish()
        self.problems = costs(engines.detector)


def _event(
    source: str, record: bytes, sources: dict[tuple[tuple[str, str], ...], logs.LogSource]
) -> logs.Event:
    place, timestamp, data = pickle.loads(zlib.decompress(record))  # noqa: S301 - of our own private folder
    told = data.get(logs.LOGSOURCE)
    if isinstance(told, logs.LogSource):  # one object for one log source
        data[logs.LOGSOURCE] = sources.setdefault(tuple(sorted(told.items())), told)
    return logs.Event(source, place, data, timestamp)
