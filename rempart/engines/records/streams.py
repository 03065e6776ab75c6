"""Decompression under limits: bytes are counted as they come out, never announced sizes alone."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from rempart.engines.records.fields import RecordError
from rempart.engines.records.reading import Limits

_GZIP_MAGIC = b"\x1f\x8b"


class Meter:
    """The limits of one reading, and the bytes that all its streams have given so far."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.total = 0

    @property
    def spent(self) -> bool:
        """Whether the total allowed is passed: nothing more is to be read."""
        return self.total > self.limits.total_bytes

    def count(self, size: int) -> None:
        """Add bytes; raises ``RecordError`` (``too_large``) past the total allowed."""
        self.total += size
        if self.spent:
            raise RecordError("", f"more than {self.limits.total_bytes} bytes in all", "too_large")


class MeteredStream(io.RawIOBase):
    """A readable stream that stops, with a ``RecordError``, past the total or the ratio allowed."""

    def __init__(self, inner: BinaryIO, consumed: Callable[[], int], meter: Meter) -> None:
        super().__init__()
        self._inner = inner
        self._consumed = consumed
        self._meter = meter
        self._given = 0

    def readable(self) -> bool:
        """A metered stream is for reading."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill ``buffer``; ``RecordError`` is ``truncated``, ``unreadable``, ``too_large`` or ``ratio``."""
        view = memoryview(cast("bytearray", buffer))
        try:
            chunk = self._inner.read(len(view))
        except EOFError:
            raise RecordError("", "the compressed file ends too soon", "truncated") from None
        except (OSError, zlib.error, RuntimeError, NotImplementedError) as problem:
            raise RecordError("", f"the compressed file cannot be read: {problem}", "unreadable") from None
        view[: len(chunk)] = chunk
        self._given += len(chunk)
        self._meter.count(len(chunk))
        limits = self._meter.limits
        if self._given > limits.ratio_floor and self._given > limits.ratio * max(1, self._consumed()):
            raise RecordError("", f"expands more than {limits.ratio} times", "ratio")
        return len(chunk)

    def close(self) -> None:
        """Close the stream beneath as well."""
        self._inner.close()
        super().close()


def open_bytes(path: Path, meter: Meter) -> io.BufferedReader:
    """The file's bytes, gunzipped when it is gzip (by its first bytes, not its name)."""
    file = path.open("rb")
    compressed = file.read(2) == _GZIP_MAGIC
    file.seek(0)
    if not compressed:
        return io.BufferedReader(MeteredStream(file, file.tell, meter), 1 << 20)
    unzipped = cast("BinaryIO", _Gunzipped(file))
    return io.BufferedReader(MeteredStream(unzipped, file.tell, meter), 1 << 20)


class _Gunzipped(gzip.GzipFile):
    """Gives what it has as soon as it has it, so that a cut file yields all before the cut."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(fileobj=file)
        self._file = file

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes, from one step of decompression."""
        return self.read1(-1 if size is None else size)

    def close(self) -> None:
        """Close the file as well, which ``GzipFile`` leaves open."""
        super().close()
        self._file.close()


def open_text(path: Path, limits: Limits) -> TextIO:
    """The file's UTF-8 text; a byte that is not UTF-8 shows as U+FFFD, and the row's check refuses it."""
    return io.TextIOWrapper(
        open_bytes(path, Meter(limits)), encoding="utf-8-sig", errors="replace", newline=""
    )


def lines(stream: io.BufferedReader, limits: Limits) -> Iterator[bytes | RecordError]:
    """Each line without its break; one past ``record_bytes`` is an error and is skipped, unheld."""
    while line := stream.readline(limits.record_bytes + 2):
        if line.endswith(b"\n") or len(line) <= limits.record_bytes:
            yield line.rstrip(b"\r\n")
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(1 << 20)
        yield RecordError("", f"the record exceeds {limits.record_bytes} bytes", "too_large")
