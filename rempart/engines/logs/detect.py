"""The format of a log by its first bytes; its name says nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import Final

import orjson

from rempart.engines.logs.documents import head_of_wrapper
from rempart.engines.logs.formats import appliances, auditd, messages
from rempart.engines.logs.formats.structured import WRAPPERS
from rempart.engines.logs.formats.tables import delimiter_of, loosely

#: Bytes looked at.
HEAD: Final = 1 << 17
_LINES: Final = 20
_WRAPPER: Final = head_of_wrapper(WRAPPERS)
_NAME: Final = re.compile(r"[^\s=<>{}][^=<>{}\n]{0,120}")
_PRIORITY: Final = re.compile(r"<\d{1,3}>\S")


def _event_format(line: str) -> bool:
    return bool(messages.CEF.search(line, 0, 2048)) or _leef(line)


def _leef(line: str) -> bool:
    return bool(messages.LEEF.search(line, 0, 2048))


def _syslog(line: str) -> bool:
    return bool(messages.RFC5424.match(line) or messages.RFC3164.match(line) or _PRIORITY.match(line))


_LINE_FORMATS: Final[tuple[tuple[str, Callable[[str], object]], ...]] = (
    ("auditd", auditd.RECORD.match),
    ("cef", _event_format),
    ("access", messages.ACCESS.match),
    ("squid", appliances.SQUID.match),
    ("syslog", _syslog),
)


#: What is no log but may hold some, by its first bytes and where they stand.
_HOLDERS: Final = (
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"MSCF\0\0\0\0", "a CAB archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\xfd7zXZ\0", "compressed by xz"),
    (0, b"BZh91AY&SY", "compressed by bzip2"),
    (0, b"\x1f\x8b\x08", "compressed twice"),
    (0, b"\x28\xb5\x2f\xfd", "compressed twice"),
    (0, b"SQLite format 3\0", "an SQLite database"),
)


def holder(head: bytes) -> str:
    """What a file is that begins with ``head``, once decompressed, when it is no log but may hold some."""
    return next((name for place, magic, name in _HOLDERS if head.startswith(magic, place)), "")


def detect(head: bytes) -> str:
    """The name of the format (see ``reading.FORMATS``) of a log that begins with ``head``; ``text`` at
    worst.
    """
    if head.startswith((b"ElfFile\0", b"ElfChnk\0")) or head[4096:4104] == b"ElfChnk\0":
        return "evtx"
    if head.startswith((b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")):
        return "columnar"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):
        found = _json(text)
        if found:
            return found
    if text.startswith((b"<Event ", b"<Event>", b"<Events", b"<?xml")):
        return "windows-xml"
    if text.startswith((b"#separator", b"#set_separator")) or (
        b"\n#fields\t" in head and text.startswith(b"#")
    ):
        return "zeek"
    if re.match(rb"#(?:Version|Software|Fields|Date|Start-Date|Remark):", text):
        return "w3c"
    return _by_lines(text)


def _json(text: bytes) -> str:
    """Lines when the first is a whole object (and no wrapper); documents when an object begins; else
    nothing.
    """
    first = text.split(b"\n", 1)[0].strip()
    if text.startswith(b"["):
        return "json" if re.match(rb"\[\s*+[{\]]", text) else ""
    if _WRAPPER.match(text):
        return "json"
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        # A first line longer than what is looked at, or broken, is still a line when it goes on past its
        # brace.
        return "jsonl" if len(first) > 2 and b"}" in first else _begun(text, first)
    return "jsonl"


def _begun(text: bytes, first: bytes) -> str:
    if re.match(rb'\{\s*+"', text):
        return "jsonl" if len(first) >= HEAD - 16 else "json"
    return "json" if text == b"{" else ""


def _by_lines(text: bytes) -> str:
    lines = [line for line in text.decode("utf-8", "replace").split("\n")[: _LINES + 1] if line.strip()]
    if len(text) >= HEAD - 16 and len(lines) > 1:
        lines.pop()  # cut by the end of what is looked at
    lines = [line.rstrip("\r") for line in lines[:_LINES]]
    if not lines:
        return "text"
    for name, matches in _LINE_FORMATS:
        known = [line for line in lines if matches(line)]
        if 2 * len(known) > len(lines):
            return "leef" if name == "cef" and 2 * sum(map(_leef, known)) > len(known) else name
    return "csv" if _tabular(lines) else "text"


def _tabular(lines: list[str]) -> bool:
    """A header of distinct names, and rows that have as many cells."""
    delimiter = delimiter_of(lines[0])
    header = loosely([lines[0]], delimiter)
    names = [name.strip() for name in header]
    if (
        len(names) < 2
        or len(set(names)) < len(names)
        or not all(re.fullmatch(r"[^\s=<>{}][^=<>{}\n]{0,120}", name) for name in names)
    ):
        return False
    try:
        rows = list(csv.reader(lines[1:], delimiter=delimiter))
    except csv.Error:
        return False
    return not rows or any(len(row) == len(names) for row in rows[:5])
