"""What was told and what was done, so that a worker killed at any moment goes on without loss or double.

A broker gives a message again until it is acknowledged. For each batch, in this order: the findings are
written and reach the disk; the position (the size of the file, and which messages are done) replaces the
former one in a file beside; the broker is told. On starting again, what was written beyond the position is
cut off, since its messages will come again; a message that comes though it is done is acknowledged and
passed. The done messages are kept only until the broker says that nothing before them comes again.
"""

from __future__ import annotations

import fcntl
import os
import sys
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from rempart.detection.streams.model import Message, StreamError

_VERSION: Final = 1
_KEPT: Final = 4096  # lanes (partitions); those that no longer come go first


class Done:
    """A set of whole numbers as closed ranges, and all up to ``floor``."""

    def __init__(self, floor: int = -1, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self.floor = floor
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self._firsts.append(first)
            self._lasts.append(last)

    def __contains__(self, number: int) -> bool:
        if number <= self.floor:
            return True
        place = bisect_right(self._firsts, number) - 1
        return place >= 0 and number <= self._lasts[place]

    def add(self, number: int) -> None:
        """Put a number in."""
        if number in self:
            return
        firsts, lasts = self._firsts, self._lasts
        place = bisect_right(firsts, number)
        after = place < len(firsts) and firsts[place] == number + 1
        if place and lasts[place - 1] == number - 1:
            lasts[place - 1] = lasts[place] if after else number
            if after:
                del firsts[place], lasts[place]
        elif after:
            firsts[place] = number
        else:
            firsts.insert(place, number)
            lasts.insert(place, number)

    def raise_floor(self, floor: int) -> None:
        """Take all up to ``floor`` as in, and forget their ranges."""
        if floor <= self.floor:
            return
        self.floor = floor
        place = bisect_right(self._firsts, floor)
        if place and self._lasts[place - 1] > floor:
            self._firsts[place - 1] = floor + 1
            place -= 1
        del self._firsts[:place], self._lasts[:place]

    def ranges(self) -> list[tuple[int, int]]:
        """The ranges above the floor, in order."""
        return list(zip(self._firsts, self._lasts, strict=True))


class Ledger:
    """Where findings go: a file with its position beside it, or standard output with a memory alone.

    Raises ``StreamError`` when another worker holds the file, or when its position cannot be understood.
    """

    def __init__(self, to: Path | None) -> None:
        self._lanes: dict[str, Done] = {}
        self._path = to.resolve() if to is not None and str(to) != "-" else None
        self._file: BinaryIO = sys.stdout.buffer
        if self._path is None:
            return
        self._position = self._path.with_name(f"{self._path.name}.position")
        self._file = self._opened(self._path)
        self._resume(self._path)
        self._save()

    def write(self, line: bytes) -> int:
        """Add to what is told; it counts once committed."""
        return self._file.write(line)

    def knows(self, message: Message) -> bool:
        """Whether a message is done."""
        lane = self._lanes.get(message.lane)
        return lane is not None and message.sequence in lane

    def commit(self, messages: Iterable[Message]) -> None:
        """Make what was written and which messages are done one step; they may be acknowledged after it."""
        for message in messages:
            lane = self._lanes.pop(message.lane, None) or Done()
            self._lanes[message.lane] = lane  # the last used come last
            lane.add(message.sequence)
        self._file.flush()
        if self._path is not None:
            os.fsync(self._file.fileno())
            self._save()
            self._follow_rotation(self._path)

    def forget(self, floors: Mapping[str, int]) -> None:
        """What lies below these never comes again."""
        for lane, floor in floors.items():
            if lane in self._lanes:
                self._lanes[lane].raise_floor(floor)

    def close(self) -> None:
        """Close the file."""
        self._file.flush()
        if self._path is not None:
            self._file.close()

    def _opened(self, path: Path) -> BinaryIO:
        if path.exists() and not path.is_file():
            raise StreamError(f"--to {path}: not a plain file (standard output takes what comes)")
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o640), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise StreamError(
                f"--to {path}: another worker writes to it; each has a file of its own"
            ) from None
        file.seek(0, os.SEEK_END)
        return file

    def _resume(self, path: Path) -> None:
        try:
            known = self._read(orjson.loads(self._position.read_bytes()))
        except FileNotFoundError:
            return
        except (ValueError, TypeError, KeyError) as error:
            raise StreamError(
                f"{self._position}: not a position ({error}); move it aside to start anew"
            ) from None
        now = os.fstat(self._file.fileno())
        if (now.st_ino, now.st_dev) == known[:2] and now.st_size >= known[2]:
            self._file.truncate(known[2])
            self._file.seek(known[2])
        # Otherwise the file was put away (rotation): the new one is gone on with.

    def _read(self, document: dict[str, Any]) -> tuple[int, int, int]:
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']}")
        for name, lane in document["lanes"].items():
            ranges = [(int(first), int(last)) for first, last in lane["done"]]
            self._lanes[str(name)] = Done(int(lane["floor"]), ranges)
        return int(document["inode"]), int(document["device"]), int(document["size"])

    def _save(self) -> None:
        """Replace the position in one step, on the disk before it is relied on."""
        for lane in list(self._lanes)[:-_KEPT]:
            del self._lanes[lane]
        about = os.fstat(self._file.fileno())
        document = {
            "version": _VERSION,
            "inode": about.st_ino,
            "device": about.st_dev,
            "size": self._file.tell(),
            "lanes": {
                name: {"floor": lane.floor, "done": lane.ranges()} for name, lane in self._lanes.items()
            },
        }
        partial = self._position.with_name(f".{self._position.name}.new")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "wb") as file:
            file.write(orjson.dumps(document))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._position)

    def _follow_rotation(self, path: Path) -> None:
        """Go on in a new file when ours was put away under another name."""
        held = os.fstat(self._file.fileno())
        try:
            named = path.stat()
        except FileNotFoundError:
            named = None
        if named is None or (named.st_ino, named.st_dev) != (held.st_ino, held.st_dev):
            self._file.close()
            self._file = self._opened(path)
            self._save()
