"""Tables of indicators kept on the disk by the digest of the files that they were read from.

Plain numbers and JSON, and never objects: a file that is cut, changed, of another owner, of another form of
machine or of an older version is as good as absent. Writing goes through a temporary file, so that a reader
never sees half of one. Files of which only their owner can make anything; the oldest go when there are many.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from rempart.engines.observables.indexing import Laying, Said, Stored
from rempart.engines.observables.matching import KINDS, Table
from rempart.engines.observables.model import Defect, Loaded

#: To be changed with the form of the files, and with what values are normalised to.
_FORMAT: Final = f"rempart-indicators-1 {sys.byteorder}\n".encode()
_DIGEST: Final = 32
_HEADER: Final = 8  # bytes of the header's length
#: Files that are read in no time are not kept.
_WORTH: Final = 512 * 1024
_FILE_BYTES: Final = 1024**3
_TOTAL_BYTES: Final = 2 * 1024**3
_FILES: Final = 8
_SOURCE_PARTS, _TABLE_PARTS = 2, 5

Kept = tuple[Table, Table, Loaded]


class Place:
    """Where the tables of these files are kept, in a folder; ``of`` gives None where they are not."""

    def __init__(self, folder: Path, key: str, files: list[Path], seen: list[tuple[int, ...]]) -> None:
        self._folder, self._files, self._seen = folder, files, seen
        self._path = folder / f"indicators-{key}.bin"

    @classmethod
    def of(cls, folder: Path, paths: Sequence[Path], allow: Sequence[Path]) -> Place | None:
        """None also where a file cannot be read twice. The files' names and contents are the key."""
        files = [*paths, *allow]
        key = hashlib.blake2b(_FORMAT, digest_size=16)
        key.update(f"{len(paths)} {len(allow)}".encode())
        try:
            seen = [_state(path) for path in files]
            if any(not stat.S_ISREG(state[0]) for state in seen) or sum(state[1] for state in seen) < _WORTH:
                return None
            for path in files:
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_DIGEST))
                name = os.fsencode(path)
                key.update(len(name).to_bytes(8, "big") + name + content.digest())
        except OSError:  # as reading it will tell
            return None
        return cls(folder, key.hexdigest(), files, seen)

    def read(self) -> Kept | None:
        """What was kept, or None."""
        try:
            raw = _owned(self._path)
            head = len(_FORMAT) + _DIGEST
            body = memoryview(raw)[head:]
            if raw[: len(_FORMAT)] != _FORMAT or _digest(body) != raw[len(_FORMAT) : head]:
                return None
            kept = _tables(body)
            os.utime(self._path)  # those read last stay longest
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None
        return kept

    def write(self, tables: Sequence[Table], loaded: Loaded) -> None:
        """Keep them; a folder that cannot be written to is left alone, as the cache is only a comfort."""
        try:
            parts = list(_parts(tables, loaded))
        except (OverflowError, TypeError):
            return
        if sum(map(len, parts)) > _FILE_BYTES or self._seen != [_state(path) for path in self._files]:
            return
        digest = hashlib.blake2b(digest_size=_DIGEST)
        for part in parts:
            digest.update(part)
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".indicators-")
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(_FORMAT + digest.digest())
                    stream.writelines(parts)
                Path(name).replace(self._path)
            except OSError:
                Path(name).unlink(missing_ok=True)
            self._bound()

    def _bound(self) -> None:
        """Remove those read longest ago, past so many and so many bytes."""
        files = sorted(
            (
                (path.stat().st_mtime, path.stat().st_size, path)
                for path in self._folder.glob("indicators-*.bin")
            ),
            reverse=True,
        )
        total = 0
        for number, (_, size, path) in enumerate(files):
            total += size
            if number and (number >= _FILES or total > _TOTAL_BYTES):
                path.unlink(missing_ok=True)


def _state(path: Path) -> tuple[int, ...]:
    """What changes when a file does, its kind and size first."""
    known = path.stat()
    return known.st_mode, known.st_size, known.st_mtime_ns, known.st_ino


def _owned(path: Path) -> bytes:
    """The bytes of a file that nobody but us can have written. Raises ``OSError``, ``ValueError``."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as file:
        known = os.fstat(handle)
        if (
            not stat.S_ISREG(known.st_mode)
            or known.st_uid != os.geteuid()
            or known.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            or known.st_size > _FILE_BYTES
        ):
            raise ValueError("a file of someone else")
        return file.read()


def _digest(body: memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def _parts(tables: Sequence[Table], loaded: Loaded) -> Iterator[bytes]:
    """A header that tells of the parts after it, and these. Raises ``OverflowError``, ``TypeError``."""
    laying = Laying()
    parts: list[bytes] = []
    described = []
    for table in tables:
        values, endings, shifts = table.contents()
        made = {kind: laying.stored(exact) for kind, exact in values.items()}
        for kind in KINDS:
            parts += made[kind]
        described.append({"endings": sorted(endings), "shifts": [sorted(each) for each in shifts]})
    parts[:0] = laying.said()
    header = orjson.dumps({"loaded": asdict(loaded), "tables": described, "parts": list(map(len, parts))})
    yield len(header).to_bytes(_HEADER, "big") + header
    yield from parts


def _tables(body: memoryview) -> Kept:
    """The tables of a body. Raises ``ValueError``, ``KeyError`` and the like for what is none."""
    size = int.from_bytes(body[:_HEADER], "big")
    header: dict[str, Any] = orjson.loads(body[_HEADER : _HEADER + size])
    parts, place = [], _HEADER + size
    for length in header["parts"]:
        parts.append(body[place : place + length])
        place += length
    said = Said(*parts[:_SOURCE_PARTS])
    waiting = iter(parts[_SOURCE_PARTS:])
    tables = []
    for each in header["tables"]:
        values = {kind: Stored(tuple(islice(waiting, _TABLE_PARTS)), said) for kind in KINDS}
        tables.append(Table.of(values, each["endings"], each["shifts"]))
    loaded = Loaded(**header["loaded"])
    loaded.defects = [Defect(**defect) for defect in header["loaded"]["defects"]]
    table, allowed = tables
    return table, allowed, loaded
