"""Tables of assets and software: CSV in the encodings and delimiters of offices, and XLSX."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from python_calamine import CalamineSheet

from rempart.engines.inventories.columns import ROW_FIELDS
from rempart.engines.inventories.model import DEFAULT_LIMITS, InventoryError, InventoryLimits, InventoryRow
from rempart.engines.inventories.workbook import open_sheet, sheet_rows
from rempart.engines.records.fields import clean

_DELIMITERS: Final = ",;\t|"
_SAMPLE: Final = 64 * 1024
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its number as a spreadsheet shows it, its cells by header, or why it is refused."""

    number: int
    cells: dict[str, str]
    error: InventoryError | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table open for reading: its headers (made unique) and how the file was understood.

    A workbook's sheet stays in memory as long as its table: unpacking it is most of the work. Its
    ``other_sheets`` are not read: the person who imports must know that they exist.
    """

    path: Path
    kind: str  # csv | xlsx
    headers: tuple[str, ...]
    encoding: str = ""
    delimiter: str = ""
    limits: InventoryLimits = DEFAULT_LIMITS
    sheet: CalamineSheet | None = field(default=None, repr=False)
    other_sheets: tuple[str, ...] = ()

    def rows(self) -> Iterator[TableRow]:
        """Every row after the header; blank ones are passed over, a bad one carries its error.

        Cells are data, whatever they hold (a formula's text stays as it is). Raises
        ``InventoryError`` where nothing after can be trusted (``too_many_rows``, ``unclosed_quote``,
        ``open_quote``).
        """
        header_seen = False
        for number, cells in _raw_rows(self.path, self.encoding, self.delimiter, self.sheet):
            if number > self.limits.rows:
                raise InventoryError(f"row {number}", "", "too_many_rows", limit=self.limits.rows)
            if not any(cells):
                continue
            if not header_seen:
                header_seen = True
                continue
            yield self._row(number, cells)

    def _row(self, number: int, cells: Sequence[str]) -> TableRow:
        values = {header: clean(cell.strip()) for header, cell in zip(self.headers, cells, strict=False)}
        if len(cells) > len(self.headers) and any(cells[len(self.headers) :]):
            problem = InventoryError(
                f"row {number}", "", "extra_cells", cells=len(cells), columns=len(self.headers)
            )
            return TableRow(number, values, problem)
        for header, value in values.items():
            if len(value) > self.limits.cell:
                problem = InventoryError(
                    f"row {number}", header, "too_long", length=len(value), limit=self.limits.cell
                )
                return TableRow(number, {}, problem)
        return TableRow(number, values)


def open_table(
    path: Path | str, kind: str, limits: InventoryLimits = DEFAULT_LIMITS, sheet_name: str = ""
) -> Table:
    """Understand a ``csv`` or ``xlsx`` file (see ``detect``) and read its header row.

    Of a workbook, the sheet named, else the first visible one that holds anything.

    Raises ``InventoryError`` (``too_large``, ``unknown_encoding``, ``no_header``,
    ``too_many_columns``, and those of the workbook).
    """
    path = Path(path)
    if path.stat().st_size > limits.file_bytes:
        raise InventoryError(path.name, "", "too_large", limit=limits.file_bytes)
    encoding = _encoding(path) if kind == "csv" else ""
    delimiter = _delimiter(path, encoding) if kind == "csv" else ""
    sheet, others = open_sheet(path, limits, sheet_name) if kind == "xlsx" else (None, ())
    for number, cells in _raw_rows(path, encoding, delimiter, sheet):
        if any(cells):
            if len(cells) > limits.columns:
                raise InventoryError(f"row {number}", "", "too_many_columns", limit=limits.columns)
            return Table(path, kind, _unique(cells, limits), encoding, delimiter, limits, sheet, others)
    raise InventoryError(path.name, "", "no_header")


def inventory_rows(table: Table, mapping: Mapping[str, str]) -> Iterator[InventoryRow | InventoryError]:
    """The table's rows as inventory rows, by a mapping field → header (see ``guess_mapping``).

    Fields that ``InventoryRow`` lacks go to ``extra``; columns that the mapping leaves out are not read.
    """
    named = {field: header for field, header in mapping.items() if field in ROW_FIELDS}
    others = {field: header for field, header in mapping.items() if field not in ROW_FIELDS}
    for row in table.rows():
        if row.error is not None:
            yield row.error
            continue
        get = row.cells.get
        yield InventoryRow(
            where=str(row.number),
            extra={field: value for field, header in others.items() if (value := get(header, ""))},
            **{field: get(header, "") for field, header in named.items()},
        )


def _unique(cells: Sequence[str], limits: InventoryLimits) -> tuple[str, ...]:
    """Header names without repeats; an unnamed column is ``#`` and its position."""
    names: dict[str, None] = {}
    for position, cell in enumerate(cells, start=1):
        base = clean(" ".join(cell.split()))[: limits.cell] or f"#{position}"
        name, again = base, 1
        while name in names:
            again += 1
            name = f"{base} ({again})"
        names[name] = None
    return tuple(names)


def _raw_rows(
    path: Path, encoding: str, delimiter: str, sheet: CalamineSheet | None
) -> Iterator[tuple[int, Sequence[str]]]:
    if sheet is not None:
        yield from enumerate(sheet_rows(sheet), start=1)
        return
    with path.open(encoding=encoding, errors="strict", newline="") as stream:
        if stream.read(4).lower() != "sep=":
            stream.seek(0)
        else:
            stream.readline()
        lines = _Lines(stream)
        rows = csv.reader(lines, delimiter=delimiter)
        number = 0
        while True:
            number += 1
            start = rows.line_num + 1
            try:
                cells = next(rows, None)
            except csv.Error as problem:
                where = f"row {number}"
                raise InventoryError(where, f"line {start}", "unclosed_quote", reason=problem) from None
            if cells is None:
                return
            if lines.ended:
                raise InventoryError(f"row {number}", f"line {start}", "open_quote", line=start)
            yield number, cells


class _Lines:
    """A file's lines. A row that asks for one more than there is holds a quote that nothing closes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline()
        if not line:
            self.ended = True
            raise StopIteration
        return line


def _encoding(path: Path) -> str:
    """UTF-16 or UTF-8 by its mark, else UTF-8 if every byte agrees, else Windows-1252 (old Excel)."""
    with path.open("rb") as stream:
        start = stream.read(4096)
        if start.startswith(codecs.BOM_UTF8):
            candidates = ["utf-8-sig"]
        elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            candidates = ["utf-16"]
        elif len(start) >= 4 and start[1::2].count(0) > len(start) // 4:
            candidates = ["utf-16-le"]
        elif len(start) >= 4 and start[::2].count(0) > len(start) // 4:
            candidates = ["utf-16-be"]
        else:
            candidates = ["utf-8", "cp1252"]
        for encoding in candidates:
            stream.seek(0)
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                while chunk := stream.read(_CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                continue
            return encoding
    raise InventoryError(path.name, "", "unknown_encoding")


def _delimiter(path: Path, encoding: str) -> str:
    """The delimiter that splits the first rows alike and most; Excel's ``sep=`` line decides at once."""
    with path.open(encoding=encoding, newline="") as stream:
        sample = stream.read(_SAMPLE)
    if sample[:4].lower() == "sep=" and len(sample) > 4 and sample[4] in _DELIMITERS:
        return sample[4]

    def merit(delimiter: str) -> tuple[int, int]:
        widths: list[int] = []
        try:
            for row in csv.reader(io.StringIO(sample), delimiter=delimiter):
                widths.append(len(row))
                if len(widths) == 20:
                    break
        except csv.Error:
            pass
        if not widths or widths[0] < 2:
            return (0, 0)
        return (sum(width == widths[0] for width in widths[:-1]) + 1, widths[0])

    return max(_DELIMITERS, key=lambda delimiter: (merit(delimiter), delimiter == ","))
