"""The API of the escalation ladder and of the business hours."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from rempart.alerts import commands, queries
from rempart.kernel.edge import page
from rempart.kernel.permissions import Permission

router = Router()

_Clock = Annotated[str, Field(pattern=r"^\d{2}:\d{2}$", max_length=5)]
_Pair = Annotated[list[_Clock], Field(min_length=2, max_length=2)]


class StepRow(Schema):
    """Who is told ``minutes`` after the sending; ``business``: of the office's open hours."""

    rung: Literal["officer", "deputy", "cocd", "cgcd"]
    minutes: Annotated[int, Field(ge=0, le=527_040)]
    business: bool = False


_Steps = Annotated[list[StepRow], Field(max_length=8)]


class Ladders(Schema):
    """The officer first, at 0 minutes; delays rise, and once one counts open hours the next ones do."""

    act_now: _Steps
    out_of_cycle: _Steps
    scheduled: _Steps


class OfficeHours(Schema):
    """[opening, closing] in local time, or null when the office is closed."""

    monday: _Pair | None = None
    tuesday: _Pair | None = None
    wednesday: _Pair | None = None
    thursday: _Pair | None = None
    friday: _Pair | None = None
    saturday: _Pair | None = None
    sunday: _Pair | None = None


class ClosedDayRow(Schema):
    day: date
    name_fr: Annotated[str, Field(max_length=100)]
    name_en: Annotated[str, Field(max_length=100)] = ""


class LadderTerms(Schema):
    """Who is told of a directive that nobody acknowledges, when, and which hours count."""

    ladders: Ladders
    time_zone: Annotated[str, Field(max_length=60)]
    statutory_holidays: bool = True
    hours: OfficeHours
    closed_days: Annotated[list[ClosedDayRow], Field(max_length=200, default_factory=list)]


class LadderOut(LadderTerms):
    """``version`` changes whenever something in it does."""

    version: str


class LadderIn(LadderTerms):
    """``version``: that of the ladder that was read; another one in force since refuses the change.

    ``dry_run``: only say what would change.
    """

    version: Annotated[str, Field(max_length=40)] = ""
    reason: Annotated[str, Field(max_length=2000)] = ""
    dry_run: bool = True

    def terms(self) -> dict[str, Any]:
        """As ``commands.read_ladder`` reads it."""
        return self.model_dump(exclude={"version", "reason", "dry_run"})


class MovedOut(Schema):
    """A body's directive whose next escalation moves, to whom and when; null: nobody is told."""

    target_id: int
    directive: str
    body: str
    before: datetime | None
    after: datetime | None
    rung: str


class ToldOut(Schema):
    rung: str
    before: datetime | None
    after: datetime | None


class LadderEffect(Schema):
    """What changes among the ``waiting``, the directives of bodies that nobody acknowledged.

    ``started`` would go up and no longer would, ``stopped`` the contrary; ``at_once`` are due already.
    ``moved`` the first ten; ``sent_now`` by priority, of a directive sent now.
    """

    waiting: int
    sooner: int
    later: int
    started: int
    stopped: int
    at_once: int
    moved: list[MovedOut]
    sent_now: dict[str, list[ToldOut]]
    saved: bool = False
    version: str = ""


def ladder_fields(actor: Any) -> dict[str, Any]:
    """What is in force, as the API and the command line give it."""
    found = queries.escalation(actor)
    return {**found.to_document(), "version": found.version}


def set_ladder(actor: Any, given: LadderIn) -> dict[str, Any]:
    """Tries the terms given, or saves them; what changes, as the API and the command line give it."""
    terms = commands.read_ladder(given.terms())
    effect = None
    if not given.dry_run:
        effect = commands.save_ladder(actor, terms=terms, version=given.version, reason=given.reason)
    if effect is None:  # only tried, or in force already
        effect = commands.preview_ladder(actor, terms=terms)
    return {**asdict(effect), "saved": not given.dry_run, "version": queries.escalation(actor).version}


@router.get("/ladder", response=LadderOut, summary="The escalation ladder and the business hours")
@page(Permission.ALERT_READ, Permission.ESCALATION_EDIT)
def get_ladder(request: HttpRequest) -> dict[str, Any]:
    return ladder_fields(request.actor)  # type: ignore[attr-defined]


@router.put("/ladder", response=LadderEffect, summary="Change the ladder, or see what would change")
@page(Permission.ESCALATION_EDIT)
def put_ladder(request: HttpRequest, given: LadderIn) -> dict[str, Any]:
    """Saved when ``dry_run`` is false: what waits for an acknowledgement follows it at once."""
    return set_ladder(request.actor, given)  # type: ignore[attr-defined]
