"""XLSX workbooks: the container is checked byte by byte before the reader sees it."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import python_calamine

from rempart.engines.inventories.model import InventoryError, InventoryLimits

_OLE: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = 0x1
_UTF16: Final = frozenset({b"\xff\xfe", b"\xfe\xff"})
_CHUNK: Final = 1 << 20
_OVERLAP: Final = 4096  # spaces allowed inside a reference cut by a chunk's end
_RATIO_FLOOR: Final = 16 * 1024**2

_REF: Final = rb"""\sr\s*=\s*["']"""
_ROW: Final = re.compile(rb"<row\b[^>]{0,80}?" + _REF + rb"([0-9]{1,12})")
_FAR_ROW: Final = re.compile(_REF + rb"[A-Za-z]{0,7}0*[1-9][0-9]{6,}")
_ROW_OF_DIGITS: Final = tuple(re.compile(_REF + rb"[A-Za-z]+0*[1-9][0-9]{%d}" % more) for more in range(7))
# A cell reference right of a column: the reader lays a sheet out densely, so one far cell costs all between.
_RIGHT_OF: Final = (
    (26, re.compile(_REF + rb"[A-Za-z]{2,}[0-9]")),
    (52, re.compile(_REF + rb"(?:[B-Zb-z][A-Za-z]|[A-Za-z]{3,})[0-9]")),
    (104, re.compile(_REF + rb"(?:[D-Zd-z][A-Za-z]|[A-Za-z]{3,})[0-9]")),
    (200, re.compile(_REF + rb"(?:[Gg][S-Zs-z]|[H-Zh-z][A-Za-z]|[A-Za-z]{3,})[0-9]")),
)


def open_sheet(
    path: Path, limits: InventoryLimits, name: str = ""
) -> tuple[python_calamine.CalamineSheet, tuple[str, ...]]:
    """The sheet of that name, else the first visible one that holds anything; and the others' names.

    Raises ``InventoryError``: ``not_xlsx``, ``encrypted``, ``macros``, ``forbidden_xml``, ``ratio``,
    ``too_large``, ``too_many_members``, ``too_many_rows``, ``too_many_columns``, ``too_many_cells``.
    """
    check_container(path, limits)
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as workbook:
            visible = python_calamine.SheetVisibleEnum.Visible
            names = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == visible]
            names = names or workbook.sheet_names
            asked = [name] if name else names
            sheets = (workbook.get_sheet_by_name(one) for one in asked if one in workbook.sheet_names)
            sheet = next((sheet for sheet in sheets if sheet.total_height), None)
    except (python_calamine.CalamineError, OSError, ValueError, KeyError) as problem:
        raise InventoryError(path.name, "", "not_xlsx", reason=problem) from None
    if sheet is None:
        raise InventoryError(path.name, "", "no_header")
    return sheet, tuple(other for other in names if other != sheet.name)


def sheet_rows(sheet: python_calamine.CalamineSheet) -> Iterator[list[str]]:
    """Every row of the sheet from its first line, each cell as text."""
    for row in sheet.iter_rows():
        yield [_text(cell) for cell in row]


def _text(cell: object) -> str:
    """A cell as a person reads it: ``3`` rather than ``3.0``, dates in ISO 8601."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, int | timedelta) else ""


def check_container(path: Path, limits: InventoryLimits) -> None:
    """Refuse what is no plain workbook, or would expand past the limits, by reading every part."""
    name = path.name
    with path.open("rb") as stream:
        if stream.read(4) == _OLE:  # an encrypted workbook, or the binary format of before 2007
            raise InventoryError(name, "", "encrypted")
    try:
        with zipfile.ZipFile(path) as container:
            members = container.infolist()
            if len(members) > limits.members:
                raise InventoryError(name, "", "too_many_members", limit=limits.members)
            names = {member.filename for member in members}
            if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
                raise InventoryError(name, "", "not_xlsx", reason="xl/workbook.xml is absent")
            if any(part.lower().endswith("vbaproject.bin") for part in names):
                raise InventoryError(name, "", "macros")
            if any(member.flag_bits & _ENCRYPTED for member in members):
                raise InventoryError(name, "", "encrypted")
            if sum(member.file_size for member in members) > limits.expanded_bytes:
                raise InventoryError(name, "", "too_large", limit=limits.expanded_bytes)
            _measure(container, members, name, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as problem:
        raise InventoryError(name, "", "not_xlsx", reason=problem) from None


def _measure(
    container: zipfile.ZipFile, members: list[zipfile.ZipInfo], name: str, limits: InventoryLimits
) -> None:
    total = 0
    compressed = max(1, sum(member.compress_size for member in members))
    for member in members:
        extent = _Extent(f"{name}!{member.filename}", limits)
        with container.open(member) as stream:
            first = True
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if total > limits.expanded_bytes:
                    raise InventoryError(name, "", "too_large", limit=limits.expanded_bytes)
                if total > _RATIO_FLOOR and total > limits.ratio * compressed:
                    raise InventoryError(name, "", "ratio", limit=limits.ratio)
                if first and (chunk[:2] in _UTF16 or b"<!DOCTYPE" in chunk[:4096].upper()):
                    raise InventoryError(f"{name}!{member.filename}", "", "forbidden_xml")
                first = False
                extent.add(chunk)  # every part: a sheet may lie under any name


class _Extent:
    """The area a sheet spans, bounded from its raw XML as it streams past."""

    def __init__(self, where: str, limits: InventoryLimits) -> None:
        self._where = where
        self._limits = limits
        self._tail = b""
        self._rows = 1
        self._columns = 26

    def add(self, chunk: bytes) -> None:
        """Account for the next bytes; raises once the bounds are passed."""
        data = self._tail + chunk
        self._tail = data[-_OVERLAP:]
        if _FAR_ROW.search(data):
            raise InventoryError(self._where, "", "too_many_rows", limit=self._limits.rows)
        self._rows = max(self._rows, max(map(int, _ROW.findall(data)), default=0))
        while self._rows < self._limits.rows and _ROW_OF_DIGITS[len(str(self._rows))].search(data):
            self._rows = 10 ** len(str(self._rows))  # a cell outside any numbered row: at least this far
        if self._rows > self._limits.rows:
            raise InventoryError(self._where, "", "too_many_rows", limit=self._limits.rows)
        for width, pattern in _RIGHT_OF:
            if width < self._columns:
                continue
            if not pattern.search(data):
                break
            if width >= self._limits.columns:
                raise InventoryError(self._where, "", "too_many_columns", limit=self._limits.columns)
            self._columns = width * 2
        if self._rows * self._columns > self._limits.area:
            cells = self._rows * self._columns
            raise InventoryError(self._where, "", "too_many_cells", cells=cells, limit=self._limits.area)
