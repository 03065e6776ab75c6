"""JSON in lines, arrays, wrappers and dumps; Parquet and Arrow."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, cast

import orjson

from rempart.engines.logs.documents import Splitter, parse
from rempart.engines.logs.lines import lines
from rempart.engines.logs.model import Event, Source
from rempart.engines.logs.shapes import Shaper
from rempart.engines.logs.times import rfc3339

#: Members of a root object whose array holds the events (CloudTrail, Azure, Google, Microsoft 365 exports).
WRAPPERS: Final = (b"Records", b"records", b"Events", b"events", b"value", b"items", b"entries", b"logs")
_ROWS: Final = 8192


def json_lines(source: Source) -> Iterator[Event]:
    """One object a line. A line that holds none is reported and keeps its place."""
    shape = Shaper().shape
    name, depth = source.name, source.limits.depth
    loads = orjson.loads

    def made(line: bytes) -> dict[str, Any]:
        return shape(loads(line))[0]

    for line in lines(source):
        again: Callable[[bytes], dict[str, Any]] | None = made
        try:
            value = loads(line)
            if line.count(b"{") + line.count(b"[") > depth:
                value, again = parse(line, source), None
        except orjson.JSONDecodeError:
            value, again = _salvaged(line, source), None
        index = source.records
        source.records += 1
        if type(value) is dict:
            data, clock = shape(value)
            yield Event(name, index, data, clock, again, line)
        elif value is not None:
            source.problem("a value that is not an object", line=source.lines, record=index)


def _salvaged(line: bytes, source: Source) -> Any:
    try:
        return parse(line.removeprefix(b"\xef\xbb\xbf").rstrip(b","), source)
    except ValueError as problem:
        source.problem(str(problem), line=source.lines, record=source.records)
        return None


def json_documents(source: Source) -> Iterator[Event]:
    """Objects wherever their lines break: an array, a wrapper, or dumps one after another."""
    shape = Shaper().shape
    for offset, raw in Splitter(source, WRAPPERS).objects():
        index = source.records
        source.records += 1
        if not raw:
            continue
        try:
            value = parse(raw, source)
        except ValueError as problem:
            source.problem(str(problem), offset=offset, record=index)
            continue
        data, clock = shape(value)
        yield Event(source.name, index, data, clock)


def columnar(source: Source) -> Iterator[Event]:
    """Rows of Parquet or Arrow (file or stream), a few thousand at a time; absent values are left out."""
    import pyarrow as arrow

    rows = Rows()
    try:
        for batch in _batches(source):
            for data, clock in rows.shaped(batch):
                index = source.records
                source.records += 1
                yield Event(source.name, index, data, clock)
    except (arrow.ArrowException, OSError, ValueError, MemoryError) as problem:  # a size that lies
        source.problem(f"the table cannot be read further: {problem}", record=source.records)


class Rows:
    """Batches of Arrow as events' data and times; what depends on columns alone is settled once."""

    def __init__(self) -> None:
        self._shape = Shaper().shape

    def shaped(self, batch: Any) -> Iterator[tuple[dict[str, Any], Any]]:
        """The data and time of each row; absent values are left out.

        Raises ``ArrowException`` or ``ValueError`` for a batch that lies about its own buffers.
        """
        import pyarrow as arrow

        batch.validate(full=True)  # offsets of a hostile file may lead anywhere
        columns = tuple(batch.schema.names)
        coarse = arrow.schema([(field.name, _coarse(field.type)) for field in batch.schema])
        table = batch.cast(coarse, safe=False)
        strange = [field.name for field in coarse if not _is_plain(field.type)]
        for row in table.to_pylist():
            for name in strange:
                row[name] = _plain(row[name])
            present = {name: value for name, value in row.items() if value is not None}
            yield self._shape(present, columns)


def _coarse(kind: Any) -> Any:
    """The type without nanoseconds, which Python's times do not have."""
    import pyarrow as arrow
    from pyarrow import types

    if types.is_timestamp(kind) and kind.unit == "ns":
        return arrow.timestamp("us", kind.tz)
    if types.is_duration(kind) and kind.unit == "ns":
        return arrow.duration("us")
    if types.is_time64(kind) and kind.unit == "ns":
        return arrow.time64("us")
    return kind


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    return bool(
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
    )


def _plain(value: Any) -> Any:
    """A value as JSON would hold it: times in RFC 3339, bytes as text, maps as objects."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return {str(key): _plain(item) for key, item in value}
        return [_plain(item) for item in value]
    return str(value)


def _batches(source: Source) -> Iterator[Any]:
    import pyarrow as arrow
    from pyarrow import parquet

    head = cast("io.BufferedReader", source.stream).peek(6)[:6]
    if head.startswith(b"PAR1"):
        yield from parquet.ParquetFile(_seekable(source)).iter_batches(_ROWS)
    elif head == b"ARROW1":
        reader = arrow.ipc.open_file(_seekable(source))
        for place in range(reader.num_record_batches):
            yield from _sliced(reader.get_batch(place))
    else:
        for batch in arrow.ipc.open_stream(source.stream):
            yield from _sliced(batch)


def _sliced(batch: Any) -> Iterator[Any]:
    for start in range(0, batch.num_rows, _ROWS):
        yield batch.slice(start, _ROWS)


def _seekable(source: Source) -> Any:
    """The file itself when it is one; else (compressed, standard input) its bytes, up to a gigabyte."""
    path = source.path
    if path is not None:
        return path.open("rb")
    limit = 1 << 30
    data = source.stream.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"a compressed table of more than {limit} bytes; decompress it first")
    return io.BytesIO(data)
