"""Tables that leave as CSV or XLSX: streamed, marked, and harmless to the spreadsheet that opens them."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any, Literal

import xlsxwriter

from rempart.kernel.markings import Marking
from rempart.kernel.text import in_language

Cell = str | int | float | Decimal | bool | date | datetime | None

# A cell that starts so is a formula to some spreadsheet (OWASP, "CSV Injection"), full-width forms included.
_FORMULA = re.compile(r"^\s*[=+\-@\t\r\n＝＋－＠]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ROWS_PER_CHUNK = 500
_SHEET_ROWS = 1_048_576
_CELL_CHARACTERS = 32_767
_EXACT_DIGITS = 15
_WIDEST = 60  # characters: a column wider than that pushes the others off the screen


@dataclass(frozen=True, slots=True)
class Column:
    """What a column is called; in a spreadsheet it is as wide as what it holds."""

    heading: str


@dataclass(frozen=True, slots=True)
class Export:
    """A table on its way out.

    `rows` yields one cell per column and is read once. `filters` is the sentence that says what was chosen,
    empty when everything was. `made_at` is printed; `language` ("fr" or "en") is that of the fixed words.
    """

    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    marking: Marking
    title: str
    filters: str
    made_at: datetime
    language: Literal["fr", "en"] = "fr"

    def notices(self) -> list[str]:
        """Return what goes above the table: marking, title, filters, instant in UTC."""
        return [
            self.marking.label_in(self.language),
            self.title,
            self.filters or self.words("Aucun filtre", "No filter"),
            self.made_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        ]

    def words(self, french: str, english: str) -> str:
        """Return a fixed word in the language of the export."""
        return in_language(french, english, self.language)


def neutralised(text: str) -> str:
    """Return `text` without control characters, and with an apostrophe first if it would run as a formula."""
    clean = _CONTROLS.sub("", text)
    return f"'{clean}" if _FORMULA.match(clean) else clean


def csv_chunks(export: Export, delimiter: str = ",") -> Iterator[bytes]:
    """Yield the export as CSV in UTF-8 with a byte order mark, which Excel needs to read accents.

    The first record holds the notices, the second the headings. Numbers stay numbers (decimal point), dates
    are ISO 8601. Raises `ValueError` when a row has not one cell per column.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    headings = [neutralised(column.heading) for column in export.columns]
    head = [[neutralised(notice) for notice in export.notices()], headings]
    records = chain(head, (_csv_record(export, row) for row in export.rows))
    yield b"\xef\xbb\xbf"
    while chunk := list(islice(records, _ROWS_PER_CHUNK)):
        writer.writerows(chunk)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def write_csv(export: Export, target: IO[bytes], delimiter: str = ",") -> None:
    """Write `csv_chunks` to `target`."""
    for chunk in csv_chunks(export, delimiter):
        target.write(chunk)


def write_xlsx(export: Export, target: IO[bytes]) -> int:
    """Write the export as an Excel workbook and return the number of rows; memory does not grow with them.

    Each sheet begins with the notices and prints the marking on every page; a table longer than a sheet goes
    on in the next. The last sheet repeats the notices with the number of rows. Instants are in UTC. Raises
    `ValueError` when a row has not one cell per column.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"title": export.title, "comments": export.notices()[0]})
        return _Sheets(book, export).write()


class _Sheets:
    """Writes a table over as many sheets of a workbook as it needs."""

    def __init__(self, book: xlsxwriter.Workbook, export: Export) -> None:
        self._book = book
        self._export = export
        self._bold = book.add_format({"bold": True})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self._first_row = len(export.notices()) + 2
        # The arrow of the filter stands beside the heading.
        self._widths = [len(column.heading) + 3 for column in export.columns]
        self._tables: list[Any] = []

    def write(self) -> int:
        count, line, sheet = 0, self._first_row, self._table_sheet(1)
        number = 1
        for row in self._export.rows:
            _check(self._export, row)
            if line == _SHEET_ROWS:
                number += 1
                line, sheet = self._first_row, self._table_sheet(number)
            for place, cell in enumerate(row):
                self._cell(sheet, line, place, cell)
            line += 1
            count += 1
        self._finish(line)
        about = self._sheet(self._export.words("À propos", "About"))
        total = self._export.words(f"{count} lignes", f"{count} rows")
        for place, notice in enumerate([*self._export.notices(), total]):
            about.write_string(place, 0, neutralised(notice))
        return count

    def _table_sheet(self, number: int) -> Any:
        name = self._export.words("Données", "Data")
        sheet = self._sheet(name if number == 1 else f"{name} {number}")
        self._tables.append(sheet)
        for line, notice in enumerate(self._export.notices()):
            sheet.write_string(line, 0, neutralised(notice), self._bold if line == 0 else None)
        for place, column in enumerate(self._export.columns):
            sheet.write_string(self._first_row - 1, place, neutralised(column.heading), self._bold)
        sheet.freeze_panes(self._first_row, 0)
        return sheet

    def _finish(self, end: int) -> None:
        """Once every row is known: columns as wide as what they hold, and headings that filter."""
        for sheet in self._tables:
            for place, width in enumerate(self._widths):
                sheet.set_column(place, place, min(width + 1, _WIDEST))
            last = end - 1 if sheet is self._tables[-1] else _SHEET_ROWS - 1
            sheet.autofilter(self._first_row - 1, 0, max(last, self._first_row - 1), len(self._widths) - 1)

    def _sheet(self, name: str) -> Any:
        sheet = self._book.add_worksheet(name)
        # An ampersand begins a command in a page header.
        sheet.set_header("&C" + self._export.notices()[0].replace("&", "&&"))
        sheet.set_footer("&C&P / &N")
        return sheet

    def _cell(self, sheet: Any, line: int, place: int, cell: Cell) -> None:
        value = _plain(self._export, cell)
        match value:
            case None:
                pass
            case str():
                text = neutralised(value)
                cut = text if len(text) <= _CELL_CHARACTERS else text[: _CELL_CHARACTERS - 1] + "…"
                self._widths[place] = max(self._widths[place], len(cut))
                sheet.write_string(line, place, cut)
            case datetime():
                naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
                self._date(sheet, line, place, naive)
            case date():
                self._date(sheet, line, place, value)
            case _:
                self._widths[place] = max(self._widths[place], len(f"{value:.6g}"))
                sheet.write_number(line, place, value)

    def _date(self, sheet: Any, line: int, place: int, value: date) -> None:
        # Excel knows no day before 1900.
        if value.year < 1900:
            sheet.write_string(line, place, value.isoformat())
        else:
            instant = isinstance(value, datetime)
            self._widths[place] = max(self._widths[place], 16 if instant else 10)
            sheet.write_datetime(line, place, value, self._instant if instant else self._day)


def _csv_record(export: Export, row: Sequence[Cell]) -> list[str]:
    _check(export, row)
    record = []
    for cell in row:
        value = _plain(export, cell)
        match value:
            case None:
                record.append("")
            case str():
                record.append(neutralised(value))
            case date():
                record.append(value.isoformat())
            case _:
                record.append(str(value))
    return record


def _plain(export: Export, cell: Cell) -> str | int | float | Decimal | date | datetime | None:
    """Turn what a spreadsheet has no type for into text: truth values, numbers it could not hold exactly."""
    match cell:
        case bool():
            return export.words("oui", "yes") if cell else export.words("non", "no")
        case float() | Decimal() if not math.isfinite(cell):
            return None
        case int() if abs(cell) >= 10**_EXACT_DIGITS:
            return str(cell)
        case None | str() | int() | float() | Decimal() | date():
            return cell
        case _:
            return str(cell)


def _check(export: Export, row: Sequence[Cell]) -> None:
    if len(row) != len(export.columns):
        raise ValueError(f"a row of {len(row)} cells in a table of {len(export.columns)} columns")
