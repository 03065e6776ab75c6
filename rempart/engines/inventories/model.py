"""What every inventory reader gives: rows, edges, statements, and what it could not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

MESSAGES: Final[Mapping[str, str]] = {
    "bad_value": "{value} is not accepted here",
    "duplicate_ref": "the identifier {ref} is used more than once",
    "empty": "nothing to read",
    "encrypted": "the file is encrypted",
    "extra_cells": "{cells} cells for {columns} columns",
    "forbidden_xml": "document types and entities are refused in XML",
    "is_table": "a table of rows, not a bill of materials",
    "library": "{reason}",
    "macros": "files with macros are refused",
    "missing": "required value is missing",
    "more": "and {count} more problems, not listed",
    "no_header": "no header row",
    "no_software": "the finding names no software",
    "not_json": "not JSON: {reason}",
    "not_winget": "not a list of winget: {reason}",
    "not_xlsx": "not an Excel workbook (.xlsx): {reason}",
    "not_xml": "not XML: {reason}",
    "open_quote": "a quote opened on line {line} is never closed",
    "part_skipped": "the part “{part}” ({count}) is not read",
    "plain_listing": "a listing of packages alone: it does not say their distribution, the sources that they "
    "were built from, nor (rpm) their epoch, without which advisories on them cannot be decided; "
    "rempart collect does",
    "ratio": "the file expands more than {limit} times",
    "schema": "{reason}",
    "too_deep": "nested deeper than {limit} levels",
    "too_large": "larger than {limit} bytes",
    "too_long": "{length} characters, more than {limit}",
    "too_many_cells": "the sheet spans {cells} cells, more than {limit}",
    "too_many_columns": "more than {limit} columns",
    "too_many_components": "more than {limit} components",
    "too_many_members": "more than {limit} parts in the file",
    "too_many_rows": "more than {limit} rows",
    "uncertain": "the scanner is not sure that it is {value}",
    "unclosed_quote": "the row cannot be split into cells: {reason}",
    "unknown_encoding": "the text's encoding is not UTF-8, UTF-16 or Windows-1252",
    "unknown_binary": "not a CSV, XLSX, CycloneDX or SPDX file, nor the export of a known tool",
    "unknown_json": "a JSON file that is neither CycloneDX, SPDX, nor the export of a known tool",
    "unknown_table": "a line that states no software",
    "unknown_text": "a text file that is neither a table nor a known listing of packages",
    "unknown_xml": "an XML file that is neither CycloneDX nor nmap's",
    "unknown_ref": "{ref} names nothing in the document",
    "unknown_version": "version {value} of the format is not supported",
    "wrong_type": "expected {expected}, found {found}",
}


class InventoryError(ValueError):
    """Something that cannot be read: where, which field, a stable code, and the code's values.

    ``code`` is a key of ``MESSAGES``, whose English text ``str()`` gives; the interface translates it.
    """

    def __init__(self, where: str, field: str, code: str, **values: object) -> None:
        self.where = where
        self.field = field
        self.code = code
        self.values = {name: _short(value) for name, value in values.items()}
        super().__init__(where, field, code, self.values)

    def __str__(self) -> str:
        place = " ".join(part for part in (self.where, self.field) if part)
        message = MESSAGES[self.code].format(**self.values)
        return f"{place}: {message}" if place else message


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:197] + "..."


MAX_PROBLEMS: Final = 1_000


class Problems:
    """The problems of one document, in order; beyond ``MAX_PROBLEMS`` they are only counted."""

    def __init__(self) -> None:
        self._listed: list[InventoryError] = []
        self._more = 0

    def add(self, where: str, field: str, code: str, **values: object) -> None:
        """Note one problem (see ``InventoryError``)."""
        if len(self._listed) < MAX_PROBLEMS:
            self._listed.append(InventoryError(where, field, code, **values))
        else:
            self._more += 1

    def all(self) -> tuple[InventoryError, ...]:
        """Those listed, then how many more there were (``more``)."""
        if self._more:
            return (*self._listed, InventoryError("", "", "more", count=self._more))
        return tuple(self._listed)


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """One installed product as its inventory states it; empty text means "not stated".

    ``where`` is the row's number, or the component's bom-ref (its path when it has none).
    ``extra`` holds the other columns or properties by name (``service``, ``site``, ``group``…).
    """

    where: str
    asset_id: str = ""
    asset_name: str = ""
    kind: str = ""
    vendor: str = ""
    product: str = ""
    version: str = ""
    purl: str = ""
    cpe: str = ""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` depends on, contains or provides ``target`` (both are a row's ``where``)."""

    source: str
    target: str
    kind: str = "depends_on"


@dataclass(frozen=True, slots=True)
class VexStatement:
    """An analysis carried by the document (CycloneDX ``vulnerabilities[].analysis``, its own words)."""

    vulnerability: str
    state: str
    justification: str = ""
    responses: tuple[str, ...] = ()
    detail: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """A whole software bill of materials.

    ``subject`` is the product described, when stated; it is not among ``rows``. ``complete`` is false
    when the document says that it does not list everything (absence then proves nothing).
    ``problems`` say what was left out or is doubtful; the rest was read.
    """

    format: str
    format_version: str
    serial: str = ""
    version: str = ""
    made: datetime | None = None
    subject: InventoryRow | None = None
    rows: tuple[InventoryRow, ...] = ()
    edges: tuple[Edge, ...] = ()
    statements: tuple[VexStatement, ...] = ()
    complete: bool = True
    problems: tuple[InventoryError, ...] = ()

    @property
    def everything(self) -> tuple[InventoryRow, ...]:
        """The subject, when stated, then the rows: all that can be vulnerable."""
        return (self.subject, *self.rows) if self.subject else self.rows


@dataclass(frozen=True, slots=True)
class InventoryLimits:
    """Bounds on an inventory file; sizes in bytes, cells in characters."""

    file_bytes: int = 256 * 1024**2
    expanded_bytes: int = 1024**3
    ratio: int = 200
    members: int = 10_000
    rows: int = 1_000_000
    columns: int = 200
    cell: int = 32_767
    area: int = 12_000_000
    depth: int = 64
    components: int = 1_000_000


DEFAULT_LIMITS: Final = InventoryLimits()


def shown(value: Any) -> str:
    """The JSON name of an unexpected value's type."""
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
