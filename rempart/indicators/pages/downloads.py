"""Indicators that leave as CSV or XLSX, marked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from rempart.indicators import wording
from rempart.indicators.definitions import OBJECTIVES
from rempart.indicators.queries import Rank, Reading, Standing
from rempart.indicators.report import MARKING
from rempart.kernel import exports
from rempart.kernel.exports import Cell, Column
from rempart.kernel.time import now

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def wanted(request: HttpRequest) -> bool:
    """Whether the address asks for a file rather than a page."""
    return request.GET.get("format") in {"csv", "xlsx"}


def _measured(reading: Reading) -> list[Cell]:
    """Raw values (seconds, ratios) for whoever computes on them, then the value as it is read."""
    one, measure = reading.indicator, reading.measure
    return [
        measure.value,
        wording.written(one, measure.value),
        one.target,
        wording.STATES[reading.state],
        measure.numerator,
        measure.denominator,
    ]


def _headings(*first: tuple[str, int]) -> list[Column]:
    rest = (
        (_("Valeur (s, ratio, nombre)"), 18),
        (_("Valeur"), 14),
        (_("Cible (s, ratio, nombre)"), 18),
        (_("État"), 14),
        (_("Numérateur"), 14),
        (_("Dénominateur"), 14),
    )
    return [Column(heading, width) for heading, width in (*first, *rest)]


def standing(request: HttpRequest, found: Standing) -> HttpResponseBase:
    """All the indicators of a place."""
    columns = _headings((_("Objectif"), 10), (_("Point de la politique"), 40), (_("Indicateur"), 44))
    rows: Iterable[list[Cell]] = [
        [
            each.indicator.objective,
            str(OBJECTIVES[each.indicator.objective]),
            str(each.indicator.name),
            *_measured(each),
        ]
        for each in found.readings
    ]
    return _file(request, "indicateurs", _("Indicateurs"), found, columns, rows)


def ranking(request: HttpRequest, found: Standing, code: str, ranks: Iterable[Rank]) -> HttpResponseBase:
    """One indicator by body."""
    columns = _headings((_("Code"), 16), (_("Organisme"), 44))
    rows = [[each.place.code, each.place.name, *_measured(each.reading)] for each in ranks]
    return _file(request, f"indicateur-{code}", str(found[code].indicator.name), found, columns, rows)


def _file(
    request: HttpRequest,
    name: str,
    title: str,
    found: Standing,
    columns: list[Column],
    rows: Iterable[list[Cell]],
) -> HttpResponseBase:
    export = exports.Export(
        columns=columns,
        rows=rows,
        marking=MARKING,
        title=title,
        filters=_("%(place)s, %(days)s derniers jours") % {"place": found.place.name, "days": found.days},
        made_at=now(),
        language="en" if (get_language() or "fr").startswith("en") else "fr",
    )
    if request.GET["format"] == "xlsx":
        target = tempfile.SpooledTemporaryFile(max_size=4 * 1024**2)  # noqa: SIM115 - the response closes it
        exports.write_xlsx(export, target)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=f"{name}.xlsx", content_type=_XLSX)
    response = StreamingHttpResponse(exports.csv_chunks(export), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
