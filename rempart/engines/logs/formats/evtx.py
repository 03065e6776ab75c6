"""Windows event logs (EVTX), chunk by chunk, so that a damaged one costs only itself.

The header of the file is not trusted: each chunk of 64 KiB is handed to the parser under a header of our
own, which also finds the chunks of a file that was cut, left dirty, or whose header is destroyed.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

import orjson
from evtx import PyEvtxParser

from rempart.engines.logs import windows
from rempart.engines.logs.documents import parse
from rempart.engines.logs.model import Event, Source

CHUNK: Final = 65536
HEADER: Final = 4096
_FILE_MAGIC: Final = b"ElfFile\x00"
_CHUNK_MAGIC: Final = b"ElfChnk\x00"
_RECORD_MAGIC: Final = b"\x2a\x2a\x00\x00"
_FIRST_RECORD: Final = 512


def _header() -> bytes:
    fields = struct.pack("<8sQQQIHHHH", _FILE_MAGIC, 0, 0, 1, 128, 1, 3, HEADER, 1).ljust(120, b"\0")
    return (fields + struct.pack("<II", 0, zlib.crc32(fields))).ljust(HEADER, b"\0")


_OUR_HEADER: Final = _header()


def events(source: Source) -> Iterator[Event]:
    """Each record in the order of the file; one that cannot be read is reported with its place and keeps
    it.
    """
    offset = announced = 0
    if not source.start:
        head = source.stream.read(HEADER)
        announced = _announced(head)
        offset = len(head)
        if not head.startswith(_FILE_MAGIC):
            source.problem("the header of the file is damaged; its chunks are read all the same", offset=0)
        if head.startswith(_CHUNK_MAGIC):  # chunks without the header of their file
            chunk = head + source.stream.read(CHUNK - HEADER)
            offset = len(chunk)
            yield from _chunk(source, chunk, 0)
    while chunk := source.stream.read(CHUNK):
        yield from _chunk(source, chunk, offset)
        offset += len(chunk)
    size = _size(source, offset)
    if size < announced and (size <= HEADER or (size - HEADER) % CHUNK == 0):  # else a chunk said so
        source.problem(f"the file is cut: {size} bytes are there of {announced}", offset=size)


def _size(source: Source, read: int) -> int:
    """The bytes of the file: a part of it may be read alone."""
    try:
        return source.path.stat().st_size if source.path is not None else read
    except OSError:
        return read


def _announced(head: bytes) -> int:
    """The least size of the file that its header announces; 0 when the header is not to be believed."""
    if not head.startswith(_FILE_MAGIC):
        return 0
    if len(head) < HEADER:
        return HEADER
    (chunks,) = struct.unpack_from("<H", head, 42)
    (checksum,) = struct.unpack_from("<I", head, 124)
    return HEADER + chunks * CHUNK if zlib.crc32(head[:120]) == checksum else 0


def _chunk(source: Source, chunk: bytes, offset: int) -> Iterator[Event]:
    if not chunk.startswith(_CHUNK_MAGIC):
        if chunk.strip(b"\0"):  # a file grows by zeros ahead of its records
            source.problem("not a chunk of events (signature damaged); it is left", offset=offset)
        return
    if len(chunk) < CHUNK:
        source.problem(f"the file is cut: this chunk has {len(chunk)} bytes of {CHUNK}", offset=offset)
        chunk = chunk.ljust(CHUNK, b"\0")
    told = _record_count(chunk)
    chunk, bridges = _bridged(chunk)
    if bridges:
        source.problem(f"{bridges} damaged stretches among the records; what follows is read", offset=offset)
    try:
        records = PyEvtxParser(io.BytesIO(_OUR_HEADER + chunk), number_of_threads=1).records_json()
    except (RuntimeError, OSError, ValueError) as problem:
        source.problem(f"the chunk cannot be read: {_said(problem)}", offset=offset)
        return
    name = source.name
    read = failed = 0
    while True:
        try:
            record = next(records)
        except StopIteration:
            break
        except (RuntimeError, OSError, ValueError) as problem:
            failed += 1
            source.problem(f"a record cannot be read: {_said(problem)}", offset=offset, record=source.records)
            source.records += 1
            if failed > CHUNK // 24:  # more than a chunk can hold: the parser does not advance
                break
            continue
        if record is None:
            break
        read += 1
        try:
            data, clock = _flat(record["data"], source)
        except ValueError as problem:
            source.problem(f"a record cannot be read: {_said(problem)}", offset=offset, record=source.records)
            source.records += 1
            continue
        event = Event(name, source.records, data, clock or record["timestamp"])
        source.records += 1
        yield event
    if told > read + failed:
        source.problem(
            f"{told - read - failed} of {told} records of the chunk cannot be reached", offset=offset
        )


def _flat(text: str, source: Source) -> tuple[dict[str, Any], Any]:
    """The flat event of a record's JSON; raises ``ValueError`` when its damage left no event."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = parse(text.encode("utf-8", "replace"), source)
    event = document.get("Event") if isinstance(document, dict) else None
    if not isinstance(event, dict) or not isinstance(event.get("System"), dict):
        raise ValueError("no System element")
    return windows.flat(document)


def _record_count(chunk: bytes) -> int:
    """Records that the chunk's header announces, when it is believable."""
    first, last = struct.unpack_from("<QQ", chunk, 8)
    return last - first + 1 if first <= last < first + CHUNK // 24 else 0


def _bridged(chunk: bytes) -> tuple[bytes, int]:
    """The chunk with a record laid over each stretch that is none, so that what follows can be reached,
    and the number of those.

    A record is whole when its signature stands before it and its size at both its ends.
    """
    (end,) = struct.unpack_from("<I", chunk, 48)
    end = end if _FIRST_RECORD < end <= CHUNK else CHUNK
    mended: bytearray | None = None
    place, bridges = _FIRST_RECORD, 0
    while place + 28 <= end:
        size = _size_at(chunk, place, end)
        if not size:
            following = _next_record(chunk, place + 4, end)
            if not following:
                break
            size = following - place
            bridges += 1
            mended = mended or bytearray(chunk)
            struct.pack_into("<4sI", mended, place, _RECORD_MAGIC, size)
            struct.pack_into("<I", mended, following - 4, size)
        place += size
    return (bytes(mended) if mended else chunk), bridges


def _size_at(chunk: bytes, place: int, end: int) -> int:
    """The size of the record that begins here; 0 when none does."""
    if not chunk.startswith(_RECORD_MAGIC, place):
        return 0
    (size,) = struct.unpack_from("<I", chunk, place + 4)
    if not 28 <= size <= end - place or struct.unpack_from("<I", chunk, place + size - 4)[0] != size:
        return 0
    return int(size)


def _next_record(chunk: bytes, place: int, end: int) -> int:
    while (place := chunk.find(_RECORD_MAGIC, place, end)) >= 0:
        if _size_at(chunk, place, end):
            return place
        place += 4
    return 0


def _said(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300]
