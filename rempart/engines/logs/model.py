"""What reading a log gives, the limits it obeys, and what goes wrong on the way, reported aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from rempart.engines.logs.times import rfc3339

#: Key of an event's data under which its log source is kept: ``{"product", "category", "service"}``.
LOGSOURCE: Final = "_logsource"

#: Problems of one source that are reported one by one; the others are only counted.
_DETAILED: Final = 50


class LogSource(dict[str, str]):
    """A log source in Sigma's words. It may stand in a set, so that an event's values may be put in one."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a file may hold; sizes in bytes, ``ratio`` decompressed over compressed.

    Logs repeat themselves, so a ratio is looked at only past ``ratio_floor``.
    """

    record_bytes: int = 16 * 1024**2
    total_bytes: int = 256 * 1024**3
    depth: int = 64
    ratio: int = 250
    ratio_floor: int = 512 * 1024**2
    columns: int = 4096
    joined_records: int = 4096  # records of auditd held while their event is not complete


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of a source that could not be read; ``offset`` in bytes, ``line`` and ``record`` from 1 and
    0.
    """

    source: str
    reason: str
    offset: int | None = None
    line: int | None = None
    record: int | None = None

    def __str__(self) -> str:
        places = [("byte", self.offset), ("line", self.line), ("record", self.record)]
        where = ", ".join(f"{name} {value}" for name, value in places if value is not None)
        return f"{self.source}{f' ({where})' if where else ''}: {self.reason}"


class Event:
    """One event: where it stands, and its data by name of field (nested objects stay nested)."""

    __slots__ = ("_line", "_made", "clock", "data", "index", "source")

    def __init__(
        self,
        source: str,
        index: int,
        data: dict[str, Any],
        clock: Any = None,
        made: Callable[[bytes], dict[str, Any]] | None = None,
        line: bytes = b"",
    ) -> None:
        """``made`` makes the data of ``line`` once more."""
        self.source = source
        self.index = index
        self.data = data
        #: The time as the log wrote it; it is read only for the events that are asked.
        self.clock = clock
        self._made = made
        self._line = line

    def forget(self) -> None:
        """Let go of the data, if its line is there: the data is then made once more when it is asked."""
        if self._made is not None:
            del self.data

    def __getattr__(self, name: str) -> Any:
        if name != "data" or self._made is None:
            raise AttributeError(name)
        self.data = self._made(self._line)
        return self.data

    @property
    def timestamp(self) -> str | None:
        """The time in RFC 3339, UTC; None when absent or unreadable. A time without a zone is UTC."""
        return rfc3339(self.clock)

    def __repr__(self) -> str:
        return f"Event({self.source!r}, {self.index}, {self.data!r})"


@dataclass(slots=True)
class Source:
    """A log being read: its name and bytes, the places its records have taken, and its problems' way out.

    ``records`` counts every record met, so that one that cannot be read keeps its place (its index).
    """

    name: str
    stream: BinaryIO
    limits: Limits
    aside: Callable[[Problem], None]
    start: int = 0  # where the stream begins in its file, in bytes
    path: Path | None = None  # the file whose plain bytes the stream gives, when it is one
    now: datetime | None = None  # gives the year to dates that have none (RFC 3164)
    records: int = 0
    lines: int = 0
    replaced: int = 0
    _problems: int = field(default=0)
    _first_replaced: int = field(default=0)

    def problem(
        self, reason: str, *, offset: int | None = None, line: int | None = None, record: int | None = None
    ) -> None:
        """Report a problem; past the first fifty of a source, only their number is told at its end."""
        self._problems += 1
        if offset is not None:
            offset += self.start
        if self._problems <= _DETAILED:
            self.aside(Problem(self.name, reason, offset, line, record))

    def text(self, raw: bytes) -> str:
        """The UTF-8 text of ``raw``; bytes that are not become U+FFFD and their record is counted."""
        try:
            return raw.decode()
        except UnicodeDecodeError:
            if not self.replaced:
                self._first_replaced = self.records
            self.replaced += 1
            return raw.decode("utf-8", "replace")

    def close(self) -> None:
        """Report what is told once a file: problems beyond those detailed, and bytes replaced."""
        if self._problems > _DETAILED:
            self.aside(Problem(self.name, f"{self._problems - _DETAILED} more problems, not shown"))
        if self.replaced:
            reason = f"invalid UTF-8 in {self.replaced} records, kept with U+FFFD in its place"
            self.aside(Problem(self.name, reason, record=self._first_replaced))
