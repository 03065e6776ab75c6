"""From a path or a stream to plain bytes: gzip, zstd and UTF-16 are undone, under limits, as they flow."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, cast

import zstandard

from rempart.engines.logs.model import Limits

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_WINDOW: Final = 1 << 27  # zstd --long=27, the most that its own tool takes without being told
_BUFFER: Final = 1 << 18


class Opened(io.BufferedReader):
    """The plain bytes of a log. ``trouble`` says why they ended too soon; ``consumed`` counts bytes of the
    file.
    """

    def __init__(self, raw: _Plain, changed: bool) -> None:
        super().__init__(raw, _BUFFER)
        self._plain = raw
        #: Whether these are not the bytes of the file itself (decompressed, or of another encoding).
        self.changed = changed

    @property
    def trouble(self) -> str:
        """Why the bytes stopped before their end; empty when they did not."""
        return self._plain.trouble

    @property
    def consumed(self) -> int:
        """Bytes taken so far from the file itself, compressed as it is."""
        return self._plain.consumed()


class _Plain(io.RawIOBase):
    """A stream that ends, and remembers why, where decompression fails or passes a limit."""

    def __init__(self, inner: BinaryIO, consumed: Callable[[], int], limits: Limits) -> None:
        super().__init__()
        self._inner = inner
        # What is there at once, so that a stream still open does not hold back what it has given.
        self._read: Callable[[int], bytes] = getattr(inner, "read1", inner.read)
        self.consumed = consumed
        self._limits = limits
        self._given = 0
        self.trouble = ""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        if self.trouble:
            return 0
        view = memoryview(cast("bytearray", buffer))
        try:
            chunk = self._read(len(view))
        except EOFError:
            self.trouble = "the compressed file ends too soon"
            return 0
        except (OSError, zlib.error, zstandard.ZstdError, ValueError) as problem:
            self.trouble = f"the compressed file cannot be read further: {problem}"
            return 0
        view[: len(chunk)] = chunk
        self._given += len(chunk)
        limits = self._limits
        if self._given > limits.total_bytes:
            self.trouble = f"more than {limits.total_bytes} bytes once decompressed"
        elif self._given > limits.ratio_floor and self._given > limits.ratio * max(1, self.consumed()):
            self.trouble = f"expands more than {limits.ratio} times (limit for a compressed log)"
        return 0 if self.trouble else len(chunk)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Recoded(io.RawIOBase):
    """UTF-16 read as UTF-8; what is not UTF-16 becomes U+FFFD."""

    def __init__(self, inner: Opened, encoding: str) -> None:
        super().__init__()
        self._inner = inner
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._left:
            chunk = self._inner.read1(max(size, 1 << 16) // 2)
            self._left = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "replace")
            if not chunk:
                break
        given, self._left = self._left[:size], self._left[size:]
        return given

    def close(self) -> None:
        self._inner.close()
        super().close()


class _Portion(io.RawIOBase):
    """The bytes of a file from ``start`` to ``end``."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = end - start

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        self._file.close()
        super().close()


class _Counted(io.RawIOBase):
    """Counts the bytes taken from a file; closes it only when it is ``ours`` (not standard input)."""

    def __init__(self, inner: BinaryIO, ours: bool) -> None:
        super().__init__()
        self._inner = inner
        self._ours = ours
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        chunk = self._inner.read(len(view))
        view[: len(chunk)] = chunk
        self.count += len(chunk)
        return len(chunk)

    def close(self) -> None:
        if self._ours:
            self._inner.close()
        super().close()


def open_log(place: Path | BinaryIO, limits: Limits, portion: tuple[int, int] | None = None) -> Opened:
    """The plain bytes of a file, of a portion of it (start and end, in bytes), or of a stream.

    Raises ``OSError`` when the file cannot be opened.
    """
    if isinstance(place, Path):
        file = cast("BinaryIO", _Portion(place, *portion)) if portion else place.open("rb")
    else:
        file = place
    counted = _Counted(file, ours=isinstance(place, Path))
    head = io.BufferedReader(counted, _BUFFER)
    magic = head.peek(4)[:4]
    inner: BinaryIO = head
    if magic.startswith(_GZIP):
        inner = cast("BinaryIO", gzip.GzipFile(fileobj=head))
    elif magic == _ZSTD:
        reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
            head, read_across_frames=True, closefd=True
        )
        inner = cast("BinaryIO", reader)
    plain = Opened(_Plain(inner, lambda: counted.count, limits), inner is not head)
    if plain.peek(2)[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return plain
    return Opened(_Plain(cast("BinaryIO", _Recoded(plain, "utf-16")), lambda: counted.count, limits), True)
