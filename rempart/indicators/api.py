"""The API of indicators."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from rempart.indicators import queries, wording
from rempart.indicators.definitions import INDICATORS, OBJECTIVES, Indicator
from rempart.indicators.queries import Reading
from rempart.kernel.edge import page
from rempart.kernel.permissions import Permission

router = Router()


class IndicatorOut(Schema):
    """A definition. ``target`` is in seconds, a ratio, a count or days, by ``unit``."""

    code: str
    objective: str
    objective_name: str
    name: str
    definition: str
    formula: str
    source: str
    unit: str
    direction: str
    target: float | None


class ReadingOut(Schema):
    """A value; ``text`` is the value in the caller's language, ``state`` met, missed, followed or unknown."""

    code: str
    objective: str
    value: float | None
    text: str
    numerator: float | None
    denominator: float | None
    target: float | None
    state: str


class StandingOut(Schema):
    organisation: str
    days: int
    as_of: datetime
    readings: list[ReadingOut]


class PointOut(Schema):
    day: date
    value: float | None


class RankOut(Schema):
    organisation: str
    name: str
    reading: ReadingOut


class IndicatorDetailOut(Schema):
    definition: IndicatorOut
    organisation: str
    days: int
    reading: ReadingOut
    trend: list[PointOut]
    bodies: list[RankOut]


def _definition(one: Indicator) -> dict[str, Any]:
    return {
        "code": one.code,
        "objective": one.objective,
        "objective_name": str(OBJECTIVES[one.objective]),
        "name": str(one.name),
        "definition": str(one.definition),
        "formula": str(one.formula),
        "source": str(one.source),
        "unit": one.unit,
        "direction": one.direction,
        "target": one.target,
    }


def reading_out(reading: Reading) -> dict[str, Any]:
    """A reading as the API and the command line give it."""
    one, measure = reading.indicator, reading.measure
    return {
        "code": one.code,
        "objective": one.objective,
        "value": measure.value,
        "text": wording.written(one, measure.value),
        "numerator": measure.numerator,
        "denominator": measure.denominator,
        "target": one.target,
        "state": reading.state,
    }


@router.get(
    "/definitions", response=list[IndicatorOut], summary="What is measured, how, and what is aimed at"
)
@page(Permission.INDICATOR_READ)
def definitions(request: HttpRequest) -> list[dict[str, Any]]:
    return [_definition(one) for one in INDICATORS]


@router.get("", response=StandingOut, summary="Every indicator of an organisation")
@page(Permission.INDICATOR_READ)
def standing(
    request: HttpRequest, organisation: str = Query("", max_length=40), period: str = Query("", max_length=4)
) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    where = queries.place(actor, organisation)
    found = queries.standing(actor, where, queries.period(period))
    return {
        "organisation": where.code,
        "days": found.days,
        "as_of": found.as_of,
        "readings": [reading_out(each) for each in found.readings],
    }


@router.get("/{code}", response=IndicatorDetailOut, summary="One indicator, its trend and its bodies")
@page(Permission.INDICATOR_READ)
def indicator(
    request: HttpRequest,
    code: str,
    organisation: str = Query("", max_length=40),
    period: str = Query("", max_length=4),
) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    one = queries.indicator(code)
    where = queries.place(actor, organisation)
    days = queries.period(period)
    reading = queries.standing(actor, where, days)[code]
    return {
        "definition": _definition(one),
        "organisation": where.code,
        "days": days,
        "reading": reading_out(reading),
        "trend": [{"day": day, "value": value} for day, value in reading.trend],
        "bodies": [
            {
                "organisation": rank.place.code,
                "name": rank.place.name,
                "reading": reading_out(rank.reading),
            }
            for rank in queries.ranking(actor, one, where, days)
        ],
    }
