"""What is spread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

import pyarrow as arrow

#: From a part to its result.
Step: TypeAlias = Callable[[arrow.RecordBatch], Iterable[arrow.RecordBatch]]


class EngineMissing(Exception):
    """The engine is not installed, or does not start; the text says which and what to do."""


class Work(Protocol):
    """Plain data that can go to another machine."""

    def start(self) -> Step:
        """Make ready in a process, once."""


def packed(batches: Iterable[arrow.RecordBatch]) -> bytes:
    """Batches in one text of bytes (Arrow's stream), each with its own schema; nothing when there is none."""
    sink = arrow.BufferOutputStream()
    for batch in batches:
        with arrow.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
    return bytes(sink.getvalue())


def unpacked(data: bytes) -> list[arrow.RecordBatch]:
    """The batches of ``packed``."""
    source, found = arrow.BufferReader(data), []
    while source.tell() < len(data):
        found.extend(arrow.ipc.open_stream(source))
    return found
