"""From a place to events: opened, its format recognised, read to its end whatever it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

from rempart.engines.logs.detect import HEAD, detect, holder
from rempart.engines.logs.formats import (
    appliances,
    auditd,
    evtx,
    messages,
    structured,
    tables,
    windows_xml,
)
from rempart.engines.logs.lines import lines
from rempart.engines.logs.model import DEFAULT_LIMITS, Event, Limits, Problem, Source
from rempart.engines.logs.opening import Opened, open_log

FORMATS: Final[dict[str, Callable[[Source], Iterator[Event]]]] = {
    "evtx": evtx.events,
    "windows-xml": windows_xml.events,
    "jsonl": structured.json_lines,
    "json": structured.json_documents,
    "columnar": structured.columnar,
    "csv": tables.delimited,
    "w3c": tables.w3c,
    "zeek": tables.zeek,
    "access": messages.access,
    "squid": appliances.squid,
    "syslog": messages.syslog,
    "auditd": auditd.auditd,
    "cef": messages.event_format,
    "leef": messages.event_format,
    "text": messages.text_lines,
}
#: What is told of a file that is no log but may hold some: it has no events.
HOLDER: Final = "archive"
#: Formats whose lines stand alone, so that a file of theirs can be read in portions.
BY_LINE: Final = frozenset({"jsonl", "access", "squid", "syslog", "cef", "leef", "text"})


class Reading:
    """The events of one log, as an iterator; ``format``, ``records`` (met so far) and ``consumed`` tell of
    it.
    """

    def __init__(self, source: Source, opened: Opened, form: str, refusal: str = "") -> None:
        self.format = form
        self._refusal = refusal
        self._source = source
        self._opened = opened
        self._events = self._run()

    @property
    def records(self) -> int:
        """Records met so far, those that could not be read included: each has its index."""
        return self._source.records

    @property
    def lines(self) -> int:
        """Lines met so far, where the format has lines."""
        return self._source.lines

    @property
    def consumed(self) -> int:
        """Bytes of the file taken so far (compressed bytes when it is compressed)."""
        return self._opened.consumed

    def __iter__(self) -> Iterator[Event]:
        return self._events

    def __next__(self) -> Event:
        return next(self._events)

    def _run(self) -> Iterator[Event]:
        source = self._source
        try:
            if self._refusal:
                source.problem(self._refusal, offset=0)
                return
            yield from FORMATS[self.format](source)
        except (ValueError, ArithmeticError, LookupError, RecursionError) as problem:
            # What no reader foresaw ends its own file, told, and not the whole run.
            reason = f"reading stopped: {type(problem).__name__}: {problem}"
            source.problem(reason, offset=self._opened.consumed, record=source.records)
        finally:
            if self._opened.trouble:
                source.problem(self._opened.trouble, offset=self._opened.consumed, record=source.records)
            source.close()
            self._opened.close()


def read(
    place: Path | BinaryIO,
    *,
    problems: Callable[[Problem], None],
    name: str = "",
    form: str = "",
    limits: Limits = DEFAULT_LIMITS,
    now: datetime | None = None,
    portion: tuple[int, int] | None = None,
) -> Reading:
    """The events of a file or stream. What cannot be read goes to ``problems``, and the rest is still given.

    ``form`` forces a format of ``FORMATS``; ``now`` gives their year to dates that have none; ``portion``
    (bytes, on bounds of lines or of EVTX chunks) reads a part of an uncompressed file, its indexes from 0.
    Raises ``OSError`` when the file cannot be opened, ``KeyError`` for an unknown form.
    """
    opened = open_log(place, limits, portion)
    head = opened.peek(HEAD)
    held = "" if form else holder(head)
    form = HOLDER if held else form or detect(head[:HEAD])
    if form not in FORMATS and not held:
        raise KeyError(form)
    path = place if isinstance(place, Path) and portion is None and not opened.changed else None
    source = Source(
        name or str(place if isinstance(place, Path) else getattr(place, "name", place)),
        opened,
        limits,
        problems,
        start=portion[0] if portion else 0,
        path=path,
        now=now,
    )
    return Reading(source, opened, form, f"{held}: give what it holds" if held else "")


def count_records(path: Path, portion: tuple[int, int], limits: Limits = DEFAULT_LIMITS) -> int:
    """The records of a portion of a file whose format is one of ``BY_LINE``. Raises ``OSError``."""
    with open_log(path, limits, portion) as opened:
        source = Source("", opened, limits, lambda problem: None)
        given = sum(1 for _ in lines(source))
        return given + source.records  # those that are too long are not given


def portions(
    path: Path, size: int, *, form: str = "", limits: Limits = DEFAULT_LIMITS
) -> tuple[str, list[tuple[int, int]]]:
    """The format of a file, and the parts of about ``size`` bytes in which it may be read apart (one: it
    may not).

    A compressed file, or a format whose records span lines, is one part. Raises ``OSError``.
    """
    total = path.stat().st_size
    with open_log(path, limits) as opened:
        head = opened.peek(HEAD)[:HEAD]
        if not form and holder(head):
            return "", [(0, total)]
        form = form or detect(head)
        whole = opened.changed
    if whole or total <= size or form not in BY_LINE | {"evtx"}:
        return form, [(0, total)]
    if form == "evtx":
        step = max(1, size // evtx.CHUNK) * evtx.CHUNK
        bounds = [0, *range(evtx.HEADER + step, total, step), total]
        return form, list(pairwise(bounds))
    bounds = [0]
    with path.open("rb") as file:
        while bounds[-1] + size < total:
            file.seek(bounds[-1] + size)
            while (piece := file.readline(1 << 20)) and not piece.endswith(b"\n"):
                pass
            bounds.append(file.tell())
    if bounds[-1] < total:
        bounds.append(total)
    return form, list(pairwise(bounds))
