"""Parquet → parts to read, those of other times left out, and parts → events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as arrow
from pyarrow import parquet

from rempart.detection.findings import moment_of
from rempart.detection.hunting.packing import MARK, SCHEMA
from rempart.engines import logs

PART: Final = arrow.schema(
    [
        ("place", arrow.int32()),  # the file's number among those of the hunt
        ("file", arrow.string()),
        ("first", arrow.int32()),  # groups of rows: the first, and past the last
        ("last", arrow.int32()),
        ("row", arrow.int64()),  # rows of the file before the first group
        ("rows", arrow.int64()),
        ("bytes", arrow.int64()),
    ]
)
_ROWS: Final = 65_536  # of a part, about
_BATCH: Final = 4_096
_DAY: Final = re.compile(r"(?:day|date|dt)=(\d{4}-\d\d-\d\d)\Z")


@dataclass(frozen=True, slots=True)
class Window:
    """The events wanted: from ``since``, until just before ``until``. Those without a time are wanted too."""

    since: datetime | None = None
    until: datetime | None = None

    def has(self, moment: datetime | None) -> bool:
        """Whether an event of this time is wanted."""
        if moment is None:
            return True
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def meets(self, first: datetime, last: datetime) -> bool:
        """Whether events between these may be wanted."""
        return (self.since is None or last >= self.since) and (self.until is None or first < self.until)


@dataclass(slots=True)
class Extent:
    """What a hunt will read, and what it leaves out since its times are others'. Bytes are of the files."""

    files: int = 0
    rows: int = 0
    bytes: int = 0
    passed: int = 0  # rows


def files_of(places: Iterable[Path]) -> list[Path]:
    """The Parquet files of folders, at any depth, and the files named. Raises ``FileNotFoundError``."""
    found: dict[Path, None] = {}
    for place in places:
        if place.is_dir():
            inside = sorted(
                path
                for path in place.rglob("*.parquet")
                if not any(part.startswith((".", "_")) for part in path.relative_to(place).parts)
            )
            found |= dict.fromkeys(inside)
        elif place.is_file():
            found[place] = None
        else:
            raise FileNotFoundError(f"{place}: no such file or folder")
    return list(found)


def days_of(files: Iterable[Path]) -> tuple[date | None, date | None]:
    """The first and last day of the folders of days that the files are in; None where there are none."""
    days = []
    for path in files:
        for found in filter(None, map(_DAY.match, path.parts[:-1])):
            with suppress(ValueError):
                days.append(date.fromisoformat(found[1]))
    return min(days, default=None), max(days, default=None)


def parts_of(files: list[Path], window: Window, problems: list[logs.Problem]) -> tuple[arrow.Table, Extent]:
    """The parts to read, of ``PART``, and what they amount to. A file that is not Parquet is told, passed."""
    rows: list[dict[str, Any]] = []
    extent = Extent(files=len(files))
    for place, path in enumerate(files):
        try:
            about = parquet.read_metadata(path)
        except (OSError, arrow.ArrowException) as error:
            problems.append(logs.Problem(str(path), f"cannot be opened: {_line(error)}"))
            continue
        kept = _groups(about, window) if _of_these_days(path, window) else [False] * about.num_row_groups
        row = 0
        for number, keep in enumerate(kept):
            group = about.row_group(number)
            if not keep:
                extent.passed += group.num_rows
            else:
                extent.rows += group.num_rows
                extent.bytes += (size := _size(group))
                last = rows[-1] if rows else None
                if last and last["place"] == place and last["last"] == number and last["rows"] < _ROWS:
                    last["last"] += 1
                    last["rows"] += group.num_rows
                    last["bytes"] += size
                else:
                    rows.append(
                        {
                            "place": place, "file": str(path.resolve()), "first": number, "last": number + 1,
                            "row": row, "rows": group.num_rows, "bytes": size,
                        }
                    )  # fmt: skip
            row += group.num_rows
    return arrow.Table.from_pylist(rows, schema=PART), extent


def _size(group: Any) -> int:
    return sum(group.column(place).total_compressed_size for place in range(group.num_columns))


def _of_these_days(path: Path, window: Window) -> bool:
    """Whether the folder of a day may hold what is wanted: a day more on each side, as zones differ."""
    for name in path.parts[:-1]:
        found = _DAY.match(name)
        if found:
            try:
                day = datetime.combine(date.fromisoformat(found[1]), datetime.min.time(), UTC)
            except ValueError:
                continue
            return window.meets(day - timedelta(days=1), day + timedelta(days=2))
    return True


def _groups(about: Any, window: Window) -> list[bool]:
    """Which groups of rows may hold what is wanted, by the times that our own files keep of each."""
    ours = MARK in (about.metadata or {})
    kept = []
    for number in range(about.num_row_groups):
        known = about.row_group(number).column(0).statistics if ours else None
        certain = known is not None and known.has_min_max and known.null_count == 0
        kept.append(window.meets(known.min, known.max) if certain else True)
    return kept


def events_of(
    part: dict[str, Any], window: Window, problems: list[logs.Problem]
) -> Iterator[list[tuple[int, logs.Event]]]:
    """The wanted events of a part, batch after batch, each with its row in the file.

    Of our own files, an event has the source and index of the log that it came from; of other tables, the
    file and the row. What cannot be read is told, and ends the part.
    """
    row, name = part["row"], part["file"]
    interned: dict[str, logs.LogSource] = {}
    shaping = logs.Rows()
    try:
        with parquet.ParquetFile(name) as file:
            ours = MARK in (file.metadata.metadata or {})
            groups = list(range(part["first"], part["last"]))
            for batch in file.iter_batches(_BATCH, row_groups=groups, use_threads=False):
                if ours:
                    found = [_event(each, interned) for each in batch.select(SCHEMA.names).to_pylist()]
                else:
                    shaped = shaping.shaped(batch)
                    found = [logs.Event(name, row + at, *each) for at, each in enumerate(shaped)]
                kept = [
                    (row + at, event)
                    for at, event in enumerate(found)
                    if window.has(moment_of(event.timestamp))
                ]
                row += batch.num_rows
                if kept:
                    yield kept
    except (OSError, ValueError, LookupError, TypeError, arrow.ArrowException) as error:
        problems.append(logs.Problem(name, f"cannot be read further: {_line(error)}", record=row))


def _event(row: dict[str, Any], interned: dict[str, logs.LogSource]) -> logs.Event:
    data = orjson.loads(row["event"])
    if type(data) is not dict:
        raise ValueError("an event that is not an object")
    source = row["logsource"]
    if source is not None:
        if source not in interned:
            interned[source] = logs.LogSource(orjson.loads(source))
        data[logs.LOGSOURCE] = interned[source]
    return logs.Event(row["source"] or "", int(row["event_index"] or 0), data, row["timestamp"])


def _line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
