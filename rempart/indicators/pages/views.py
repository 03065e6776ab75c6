"""The table of indicators, the page of each, and the report."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from rempart.indicators import queries, wording
from rempart.indicators.definitions import OBJECTIVES, PERIODS
from rempart.indicators.pages import downloads
from rempart.indicators.queries import Reading
from rempart.indicators.report import MARKING, report_pdf
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.permissions import Permission

_LOOKS = {  # state → the word whose icon and colour it takes
    "met": ("verified", "ok"),
    "missed": ("failed", "critical"),
    "followed": ("inactive", "calm"),
    "unknown": ("unknown", "calm"),
}


def _row(reading: Reading) -> dict[str, Any]:
    icon, meaning = _LOOKS[reading.state]
    one = reading.indicator
    return {
        "code": one.code,
        "name": one.name,
        "value": wording.written(one, reading.measure.value),
        "target": wording.target(one),
        "icon": icon,
        "meaning": meaning,
        "state": wording.STATES[reading.state],
        "basis": wording.basis(one, reading.measure),
        "trend": reading.values,
        "trend_words": wording.trend(one, reading.values),
    }


@page(Permission.INDICATOR_READ)
@require_GET
def indicators(request: ActorRequest) -> HttpResponseBase:
    """Every indicator of a place, by objective of the policy."""
    places = queries.places(request.actor)
    where = queries.place(request.actor, request.GET.get("organisation", ""), places)
    days = queries.period(request.GET.get("period", ""))
    found = queries.standing(request.actor, where, days)
    if downloads.wanted(request):
        return downloads.standing(request, found)
    groups = [
        (code, OBJECTIVES[code], [_row(each) for each in readings])
        for code, readings in groupby(found.readings, key=lambda each: each.indicator.objective)
    ]
    context = {**_choices(places, where, days), "found": found, "groups": groups}
    return render(request, "indicators/indicators.html", context)


@page(Permission.INDICATOR_READ)
@require_GET
def indicator(request: ActorRequest, code: str) -> HttpResponseBase:
    """One indicator: what it means, how it went, and where each body stands."""
    one = queries.indicator(code)
    places = queries.places(request.actor)
    where = queries.place(request.actor, request.GET.get("organisation", ""), places)
    days = queries.period(request.GET.get("period", ""))
    found = queries.standing(request.actor, where, days)
    ranks = queries.ranking(request.actor, one, where, days)
    if downloads.wanted(request):
        return downloads.ranking(request, found, code, ranks)
    reading = found[code]
    context = {
        **_choices(places, where, days),
        "found": found,
        "indicator": one,
        "objective": OBJECTIVES[one.objective],
        "row": _row(reading),
        "reading": reading,
        "unit": wording.unit(one),
        "chart": wording.scaled(one, reading.trend),
        "ranks": [(rank.place, _row(rank.reading)) for rank in ranks],
        "missed": sum(rank.reading.state == "missed" for rank in ranks),
    }
    return render(request, "indicators/indicator.html", context)


@page(Permission.INDICATOR_READ)
@require_GET
def report(request: ActorRequest) -> HttpResponse:
    """The two-page report to the authorities, in both languages."""
    where = queries.place(request.actor, request.GET.get("organisation", ""))
    content = report_pdf(request.actor, where)
    name = f"indicateurs-indicators-{slugify(where.code)}.pdf"
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


def _choices(places: list[Any], where: Any, days: int) -> dict[str, Any]:
    return {
        "places": [(one.code, one.name) for one in places],
        "where": where,
        "days": days,
        "periods": PERIODS,
        "marking_label": MARKING.value,
        "here": f"organisation={where.code}&period={days}",
    }
