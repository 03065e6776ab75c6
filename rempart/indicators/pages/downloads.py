"""Indicators that leave as CSV or XLSX, marked."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from rempart.indicators import wording
from rempart.indicators.definitions import OBJECTIVES
from rempart.indicators.queries import Rank, Reading, Standing
from rempart.indicators.report import MARKING
from rempart.kernel.downloads import file_of, wanted
from rempart.kernel.exports import Cell, Column

__all__ = ["ranking", "standing", "wanted"]


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


def _headings(*first: str) -> list[Column]:
    rest = (
        _("Valeur (s, ratio, nombre)"),
        _("Valeur"),
        _("Cible (s, ratio, nombre)"),
        _("État"),
        _("Numérateur"),
        _("Dénominateur"),
    )
    return [Column(heading) for heading in (*first, *rest)]


def standing(request: HttpRequest, found: Standing) -> HttpResponseBase:
    """All the indicators of a place."""
    columns = _headings(_("Objectif"), _("Point de la politique"), _("Indicateur"))
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
    columns = _headings(_("Code"), _("Organisme"))
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
    return file_of(
        request,
        name=name,
        title=title,
        headings=columns,
        cells=rows,
        marking=MARKING,
        filters=_("%(place)s, %(days)s derniers jours") % {"place": found.place.name, "days": found.days},
    )
