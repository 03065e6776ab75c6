"""Logs → Parquet: one row an event, a folder a day, so that a hunt reads only the days that it asks for.

Rows hold the event whole, as JSON: logs of many forms share one schema, and an event comes back as it was
read. Files are written aside and appear together at the end, or not at all.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pyarrow as arrow
from pyarrow import parquet

from rempart.detection.findings import encoded, moment_of
from rempart.engines import logs

#: Tells our files from other tables; its value is the layout's number.
MARK: Final = b"rempart.events"
SCHEMA: Final = arrow.schema(
    [
        ("time", arrow.timestamp("us", "UTC")),
        ("timestamp", arrow.string()),
        ("source", arrow.string()),
        ("event_index", arrow.int64()),
        ("logsource", arrow.string()),
        ("event", arrow.large_binary()),
    ],
    metadata={MARK: b"1"},
)
UNKNOWN: Final = "unknown"  # the day of events without a readable time
_ROWS: Final = 16_384  # of a group of rows
_HELD: Final = 131_072  # rows of all days, not written yet
_BYTES: Final = 256 * 1024**2
_OPEN: Final = 64  # files

_Row = tuple[datetime | None, str | None, str, int, str | None, bytes]


class Packing:
    """A folder being added to: ``with Packing(folder) as packing: packing.add(events)``."""

    def __init__(self, folder: Path) -> None:
        self.rows = self.files = 0
        self._folder = folder
        self._run = uuid.uuid4().hex[:12]
        self._aside = folder / f".packing-{self._run}"
        self._days: dict[str, list[_Row]] = {}
        self._writers: dict[str, tuple[parquet.ParquetWriter, Path]] = {}
        self._done: list[tuple[Path, str]] = []
        self._held = self._bytes = 0

    def __enter__(self) -> Packing:
        self._aside.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                for day in list(self._days):
                    self._write(day)
            for day in list(self._writers):
                self._close(day)
            if error is None:
                self._publish()
        finally:
            shutil.rmtree(self._aside, ignore_errors=True)

    def add(self, events: Iterable[logs.Event]) -> None:
        """Take events, in any order. Raises ``OSError`` when they cannot be written."""
        for event in events:
            row, day = _row(event)
            self._days.setdefault(day, []).append(row)
            self.rows += 1
            self._held += 1
            self._bytes += len(row[5])
            if len(self._days[day]) >= _ROWS:
                self._write(day)
            elif self._held >= _HELD or self._bytes >= _BYTES:
                self._write(max(self._days, key=lambda name: len(self._days[name])))
                self._bytes = sum(len(row[5]) for rows in self._days.values() for row in rows)

    def _write(self, day: str) -> None:
        rows = self._days.pop(day, [])
        if not rows:
            return
        self._held -= len(rows)
        held = self._writers.pop(day, None) or self._opened(day)
        self._writers[day] = held  # the last used come last
        columns = [
            arrow.array(values, field.type)
            for values, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)
        ]
        held[0].write_batch(arrow.RecordBatch.from_arrays(columns, schema=SCHEMA))
        if len(self._writers) > _OPEN:
            self._close(next(iter(self._writers)))

    def _opened(self, day: str) -> tuple[parquet.ParquetWriter, Path]:
        path = self._aside / f"{day}-{len(self._done) + len(self._writers)}.parquet"
        return parquet.ParquetWriter(path, SCHEMA, compression="zstd"), path

    def _close(self, day: str) -> None:
        writer, path = self._writers.pop(day)
        writer.close()
        self._done.append((path, day))

    def _publish(self) -> None:
        published: list[Path] = []
        try:
            for number, (path, day) in enumerate(self._done):
                folder = self._folder / f"day={day}"
                folder.mkdir(exist_ok=True)
                published.append(path.replace(folder / f"{self._run}-{number}.parquet"))
        except OSError:
            for path in published:
                with suppress(OSError):
                    path.unlink()
            raise
        self.files = len(published)


def _row(event: logs.Event) -> tuple[_Row, str]:
    data: dict[str, Any] = event.data
    source = data.get(logs.LOGSOURCE)
    if source is not None:
        data = {name: value for name, value in data.items() if name != logs.LOGSOURCE}
    timestamp = event.timestamp
    moment = moment_of(timestamp)
    logsource = encoded(source).decode() if source is not None else None
    row = (moment, timestamp, event.source, event.index, logsource, encoded(data))
    return row, f"{moment:%Y-%m-%d}" if moment else UNKNOWN
