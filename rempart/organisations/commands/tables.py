"""Reading the CSV files that describe organisations and people: within limits, by the names of columns."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from rempart.kernel.errors import Invalid

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 10_000
MAX_CELL = 1000
YES, NO = {"1", "oui", "yes", "true", "vrai", "x"}, {"0", "non", "no", "false", "faux"}


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a line cannot be used; ``line`` is its number in the file, headings being line 1."""

    line: int
    field: str
    message: str

    def refusal(self, values: dict[str, Any] | None = None) -> Invalid:
        """The error, with these ``values``, by which the whole file is refused."""
        words = _("Ligne %(line)d, %(field)s : %(message)s")
        told = words % {"line": self.line, "field": self.field, "message": self.message}
        return Invalid(told, code="rows", field=self.field, values=values)


def read_lines(
    path: Path, headings: Mapping[str, str], required: Collection[str]
) -> list[tuple[int, dict[str, str]]]:
    """The lines of a file, each with its number, by our names of its columns.

    ``headings``: the headings understood, in lower case, and the column that each names. Raises Invalid when
    the file as a whole cannot be read: too large, not UTF-8, not CSV, columns missing or given twice, empty.
    """
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    columns: list[str] = []
    try:
        for cells in reader:
            if not columns:
                columns = _columns(cells, headings, required)
            elif any(cell.strip() for cell in cells):
                rows.append((reader.line_num, dict(zip(columns, cells, strict=False))))
            if len(rows) > MAX_ROWS:
                raise Invalid(_("Plus de %(count)d lignes.") % {"count": MAX_ROWS}, code="rows_limit")
    except csv.Error as error:
        raise Invalid(
            _("Ligne %(line)d : ce n’est pas du CSV valable.") % {"line": reader.line_num}, code="format"
        ) from error
    if not rows:
        raise Invalid(_("Le fichier ne contient aucune ligne."), code="empty")
    return rows


def check_cells(cells: Mapping[str, str]) -> None:
    """Raises Invalid naming the column whose cell is too long."""
    for name, cell in cells.items():
        if len(cell) > MAX_CELL:
            raise Invalid(_("Au plus %(count)d caractères.") % {"count": MAX_CELL}, field=name)


def yes_or_no(cells: Mapping[str, str], name: str, empty: bool) -> bool:
    """What a cell says; ``empty`` when it says nothing. Raises Invalid."""
    word = cells.get(name, "").strip().lower()
    if word not in YES | NO | {""}:
        raise Invalid(_("Attendu : oui ou non."), field=name)
    return word in YES if word else empty


def _text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise Invalid(_("Le fichier dépasse %(size)d Mo.") % {"size": MAX_BYTES // 1024**2}, code="size")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            _("Le fichier n’est pas en UTF-8 (octet %(place)d).") % {"place": error.start}, code="encoding"
        ) from error
    if "\x00" in text:
        raise Invalid(_("Le fichier n’est pas un fichier CSV."), code="format")
    return text


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.split("\n", 1)[0].count)


def _columns(cells: list[str], headings: Mapping[str, str], required: Collection[str]) -> list[str]:
    columns = [headings.get(" ".join(cell.split()).lower(), "") for cell in cells]
    missing = [name for name in required if name not in columns]
    if missing:
        raise Invalid(_("Colonnes manquantes : %(names)s.") % {"names": ", ".join(missing)}, code="columns")
    doubled = [name for name, count in Counter(columns).items() if name and count > 1]
    if doubled:
        raise Invalid(
            _("Colonnes données deux fois : %(names)s.") % {"names": ", ".join(doubled)}, code="columns"
        )
    return columns
