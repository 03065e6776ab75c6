"""Rows under a header: CSV and its like, W3C extended logs (IIS, proxies, Windows' firewall), Zeek's
tables.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from rempart.engines.logs.lines import lines
from rempart.engines.logs.model import LOGSOURCE, Event, LogSource, Source
from rempart.engines.logs.shapes import BY_NAME, Shaper, dress, first_of

_CELL: Final = 1 << 20
_BLOCK: Final = 2_000  # lines of one row
_DELIMITERS: Final = ",;\t|"


def delimiter_of(header: str) -> str:
    """The delimiter that the header has most of; a comma when it has none."""
    return max(_DELIMITERS, key=header.count)


def delimited(source: Source) -> Iterator[Event]:
    """Rows of CSV (comma, semicolon, tab or bar) by the names of its header; an empty cell is an absent
    field.
    """
    csv.field_size_limit(_CELL)
    given = _text_lines(source)
    header = next(given, None)
    if header is None:
        return
    header = header.removeprefix("\ufeff")
    delimiter = delimiter_of(header)
    names = [name.strip() for name in loosely([header], delimiter)]
    if len(names) > source.limits.columns:
        source.problem(f"{len(names)} columns exceed the limit of {source.limits.columns}", line=1)
        return
    shape, columns = Shaper().shape, tuple(names)
    waiting: deque[str] = deque()
    while (line := waiting.popleft() if waiting else next(given, None)) is not None:
        if line.isspace():
            continue
        row = _row(line, given, waiting, delimiter, source)
        data: dict[str, Any] = {name: cell for name, cell in zip(names, row, strict=False) if cell}
        if len(row) > len(names):
            last = min(len(row), source.limits.columns)
            data.update((f"column_{place}", row[place]) for place in range(len(names), last))
        index = source.records
        source.records += 1
        data, clock = shape(data, columns)
        yield Event(source.name, index, data, clock)


def _row(line: str, given: Iterator[str], waiting: deque[str], delimiter: str, source: Source) -> list[str]:
    """The cells of the row that begins with ``line``, and with as many more as its quotes ask.

    A quote that does not end within a megabyte or two thousand lines is taken as a plain character of its
    line, so that it hides no row; the lines looked at go back to ``waiting``.
    """
    if '"' not in line:
        return line.rstrip("\r\n").split(delimiter)
    block, size = [line], len(line)
    while True:
        try:
            return next(csv.reader(block, delimiter=delimiter, strict=True))
        except csv.Error as problem:
            if "end of data" not in str(problem):
                return loosely(block, delimiter)
        while True:
            more = waiting.popleft() if waiting else next(given, None)
            if more is None or size > _CELL or len(block) > _BLOCK:
                source.problem("a quote that does not end", line=source.lines, record=source.records)
                waiting.extendleft(reversed(block[1:] if more is None else [*block[1:], more]))
                return line.rstrip("\r\n").split(delimiter)
            block.append(more)
            size += len(more)
            if '"' in more:
                break


def loosely(block: list[str], delimiter: str) -> list[str]:
    """A row whose quotes or ends of lines are not where they should be, as well as it can be read."""
    try:
        return next(csv.reader(block, delimiter=delimiter))
    except (csv.Error, StopIteration):
        return "".join(block).rstrip("\r\n").split(delimiter)


def _text_lines(source: Source) -> Iterator[str]:
    """Lines with their break, blank ones too: a quoted cell may hold them."""
    limit = source.limits.record_bytes
    while line := source.stream.readline(limit):
        source.lines += 1
        if len(line) >= limit and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = source.stream.readline(1 << 20)
            source.problem(f"a line exceeds the limit of {limit} bytes", line=source.lines)
            source.records += 1
            continue
        yield source.text(line)


def w3c(source: Source) -> Iterator[Event]:
    """Rows of the W3C extended format, by the latest ``#Fields``; ``-`` is an absent field."""
    names: list[str] = []
    signature = BY_NAME["w3c-webserver"]
    date = ""
    iis = False
    for raw in lines(source):
        line = source.text(raw)
        if line.startswith(("#", "\ufeff#")):
            directive, _, value = line.lstrip("\ufeff").partition(":")
            if directive == "#Fields":
                names = value.split()
                signature = BY_NAME[_w3c_kind(names, source)]
            elif directive == "#Date":
                date = value.split()[0] if value.split() else ""
            elif directive == "#Software":
                iis = "Internet Information" in value
            continue
        index = source.records
        source.records += 1
        if not names:
            source.problem("a row before any #Fields", line=source.lines, record=index)
            continue
        cells = line.split() if '"' not in line else _quoted(line)
        data: dict[str, Any] = {
            name: cell for name, cell in zip(names, cells, strict=False) if cell not in ("-", "")
        }
        if len(cells) != len(names):
            source.problem(
                f"{len(cells)} cells for {len(names)} fields; those present are kept",
                line=source.lines,
                record=index,
            )
        if iis and "cs(User-Agent)" in data:
            data["cs(User-Agent)"] = data["cs(User-Agent)"].replace("+", " ")  # how IIS writes a space
        if "cs-uri" not in data and "cs-uri-stem" in data:
            query = data.get("cs-uri-query")
            data["c-uri"] = f"{data['cs-uri-stem']}?{query}" if query else data["cs-uri-stem"]
        for name in ("sc-status", "s-port", "c-port", "src-port", "dst-port"):
            if name in data and data[name].isdecimal() and len(data[name]) < 10:
                data[name] = int(data[name])
        clock = f"{data.get('date', date)} {data['time']}" if "time" in data else None
        yield Event(source.name, index, dress(data, signature), clock)


def _w3c_kind(names: list[str], source: Source) -> str:
    if "src-ip" in names and "action" in names:
        return "w3c-firewall"
    proxied = {"s-action", "sc-filter-result", "cs-categories", "x-virus-id", "r-host", "r-ip"}
    return "w3c-proxy" if proxied & set(names) else "w3c-webserver"


def _quoted(line: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter="\t" if "\t" in line else " ", skipinitialspace=True), [])
    except csv.Error:
        return line.split()


def zeek(source: Source) -> Iterator[Event]:
    """Rows of Zeek's tables, their values by ``#types``; unset fields are absent."""
    separator, inner, empty, unset, path = "\t", ",", "(empty)", "-", ""
    names: list[str] = []
    kinds: list[Callable[[str], Any]] = []
    signature, hint = BY_NAME["zeek"], LogSource(product="zeek")
    for raw in lines(source):
        line = source.text(raw)
        if line.startswith("#"):
            key, _, value = line[1:].partition(" " if line.startswith("#separator") else separator)
            if key == "separator":
                separator = _separator(value)
            elif key == "set_separator":
                inner = value
            elif key == "empty_field":
                empty = value
            elif key == "unset_field":
                unset = value
            elif key == "path":
                path = value
                hint = LogSource(product="zeek", service=path)
            elif key == "fields":
                names = value.split(separator)
            elif key == "types":
                kinds = [_zeek_type(kind, inner, empty) for kind in value.split(separator)]
                signature = BY_NAME.get(f"zeek-{path}", signature)
            continue
        index = source.records
        source.records += 1
        data: dict[str, Any] = {}
        for place, cell in enumerate(line.split(separator)[: len(names)]):
            if cell == unset:
                continue
            try:
                data[names[place]] = kinds[place](cell) if place < len(kinds) else cell
            except ValueError:
                data[names[place]] = cell
        if not data:
            source.problem("a row before any #fields", line=source.lines, record=index)
            continue
        dress(data, signature)
        if signature.name == "zeek" and path:
            data[LOGSOURCE] = hint
        yield Event(source.name, index, data, first_of(data, ("ts",)))


def _separator(value: str) -> str:
    """The separator that a header writes as ``\\x09`` or as itself; a tab when it is neither."""
    if value.startswith("\\x"):
        try:
            return bytes.fromhex(value[2:]).decode("latin-1") or "\t"
        except ValueError:
            return "\t"
    return value or "\t"


def _zeek_type(kind: str, inner: str, empty: str) -> Callable[[str], Any]:
    if kind in ("count", "int", "port"):
        return int
    if kind in ("double", "interval", "time"):
        return float
    if kind == "bool":
        return lambda cell: cell == "T"
    if kind.startswith(("set[", "vector[")):
        return lambda cell: [] if cell == empty else cell.split(inner)
    return lambda cell: "" if cell == empty else cell
