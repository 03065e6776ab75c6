"""The API of people, their duties, on-call periods and contact channels, and of imports from files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from django.conf import settings
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field

from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import NotFound
from rempart.kernel.idempotency import idempotent
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.kernel.uploads import Kind, receive
from rempart.organisations import commands, queries
from rempart.organisations.commands.tables import MAX_BYTES

router = Router()

_Short = Annotated[str, Field(max_length=254)]
_Threshold = Literal["act_now", "out_of_cycle", "scheduled", "never"]


class PersonIn(Schema):
    """Someone of an organisation."""

    name: _Short
    email: _Short
    phone: _Short = ""
    language: Literal["fr", "en"] = "fr"


class PersonEdit(PersonIn):
    """``active`` false: they left, and are never alerted again."""

    active: bool = True


class PersonOut(Schema):
    """``account``: they sign in; their own channels are theirs to tune."""

    id: int
    organisation: str
    name: str
    email: str
    phone: str
    language: str
    active: bool
    account: bool

    @staticmethod
    def resolve_organisation(row: Any) -> str:
        code: str = row.body.code
        return code

    @staticmethod
    def resolve_account(row: Any) -> bool:
        return row.user_id is not None


class DutyIn(Schema):
    """A duty given to someone of the organisation; ``title`` is a title's code (comsi, csio…)."""

    person_id: int
    title: _Short
    deputy_id: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None


class DutyOut(Schema):
    """A duty in force."""

    id: int
    person_id: int
    title: str
    deputy_id: int | None
    starts_on: date
    ends_on: date | None

    @staticmethod
    def resolve_title(row: Any) -> str:
        code: str = row.title.code
        return code


class DeputyIn(Schema):
    """Who answers when the holder cannot; null: nobody."""

    deputy_id: int | None = None


class OnCallIn(Schema):
    """A period during which someone is on call, with its time zone."""

    person_id: int
    starts_at: datetime
    ends_at: datetime
    deputy_id: int | None = None


class OnCallOut(OnCallIn):
    """A period that has not ended."""

    id: int


class ChannelIn(Schema):
    """A way to reach a person, or the organisation itself when no person is named."""

    medium: Literal["email", "webhook"]
    address: Annotated[str, Field(max_length=500)]
    person_id: int | None = None
    immediate_from: _Threshold = "act_now"
    digest: bool = True


class PreferencesIn(Schema):
    """From which priority the channel is told at once, and whether it takes the daily digest."""

    immediate_from: _Threshold
    digest: bool


class ChannelOut(Schema):
    """``verified_at`` empty: nothing is sent there yet. ``bounced_at``: the last message came back."""

    id: int
    person_id: int | None
    medium: str
    address: str
    immediate_from: str
    digest: bool
    verified_at: datetime | None
    bounced_at: datetime | None
    bounce_reason: str
    last_success_at: datetime | None


class LineError(Schema):
    """A line that is refused, headings being line 1."""

    line: int
    field: str
    message: str


class FileEffect(Schema):
    """What a file changes, or would change."""

    applied: bool
    counts: dict[str, int]
    errors: list[LineError]


def _place(request: ActorRequest, code: str) -> Any:
    return queries.get_organisation(request.actor, code)


@router.get("{code}/people", response=list[PersonOut], summary="The people of an organisation")
@page(Permission.PEOPLE_READ)
def list_people(request: ActorRequest, code: str) -> Any:
    return list(queries.people(request.actor, _place(request, code)).order_by("name", "id"))


@router.post("{code}/people", response={201: PersonOut}, summary="Add someone to an organisation")
@page(Permission.ORGANISATION_MANAGE)
@idempotent
def add_person(request: ActorRequest, code: str, content: PersonIn) -> tuple[int, Any]:
    """Their address becomes a contact channel, which a message asks them to prove."""
    body = _place(request, code)
    made = commands.add_person(request.actor, body_id=body.pk, **content.dict(), reach=True)
    return 201, PersonOut.from_orm(made)


@router.put("people/{int:person_id}", response=PersonOut, summary="Correct what is known of someone")
@page(Permission.ORGANISATION_MANAGE)
def edit_person(request: ActorRequest, person_id: int, content: PersonEdit) -> Any:
    found = queries.get_person(request.actor, person_id)
    return commands.edit_person(request.actor, person_id=found.pk, user_id=found.user_id, **content.dict())


@router.get("{code}/duties", response=list[DutyOut], summary="The duties held in an organisation")
@page(Permission.PEOPLE_READ)
def list_duties(request: ActorRequest, code: str) -> Any:
    return list(queries.duties(request.actor, _place(request, code)))


@router.post("{code}/duties", response={201: DutyOut}, summary="Give a duty")
@page(Permission.CONTACT_MANAGE)
@idempotent
def give_duty(request: ActorRequest, code: str, content: DutyIn) -> tuple[int, Any]:
    values = content.dict()
    title = values.pop("title")
    made = commands.give_duty(request.actor, body_id=_place(request, code).pk, title_code=title, **values)
    return 201, DutyOut.from_orm(made)


@router.put("duties/{int:duty_id}/deputy", response=DutyOut, summary="Say who answers in a holder's place")
@page(Permission.CONTACT_MANAGE)
def set_deputy(request: ActorRequest, duty_id: int, content: DeputyIn) -> Any:
    return commands.set_deputy(request.actor, duty_id=duty_id, deputy_id=content.deputy_id)


@router.delete("duties/{int:duty_id}", response=DutyOut, summary="End a duty today, or on a day")
@page(Permission.CONTACT_MANAGE)
def end_duty(request: ActorRequest, duty_id: int, on: date | None = None) -> Any:
    return commands.end_duty(request.actor, duty_id=duty_id, on=on)


@router.get("{code}/on-call", response=list[OnCallOut], summary="Who is on call, now and later")
@page(Permission.PEOPLE_READ)
def list_on_call(request: ActorRequest, code: str) -> Any:
    return list(queries.on_call(request.actor, _place(request, code), now()))


@router.post("{code}/on-call", response={201: OnCallOut}, summary="Put someone on call")
@page(Permission.CONTACT_MANAGE)
@idempotent
def add_on_call(request: ActorRequest, code: str, content: OnCallIn) -> tuple[int, Any]:
    """Two periods of an organisation do not overlap."""
    made = commands.add_on_call(request.actor, body_id=_place(request, code).pk, **content.dict())
    return 201, OnCallOut.from_orm(made)


@router.delete("on-call/{int:period_id}", response={204: None}, summary="Take an on-call period back")
@page(Permission.CONTACT_MANAGE)
def remove_on_call(request: ActorRequest, period_id: int) -> tuple[int, None]:
    commands.remove_on_call(request.actor, period_id=period_id)
    return 204, None


@router.get("{code}/channels", response=list[ChannelOut], summary="How an organisation is reached")
@page(Permission.PEOPLE_READ)
def list_channels(request: ActorRequest, code: str) -> Any:
    return list(queries.channels_of(request.actor, organisation=_place(request, code)))


@router.post("{code}/channels", response={201: ChannelOut}, summary="Add a contact channel")
@page(Permission.CONTACT_MANAGE)
@idempotent
def add_channel(request: ActorRequest, code: str, content: ChannelIn) -> tuple[int, Any]:
    """Nothing is sent there before the address has proved that it is read."""
    body, values = _place(request, code), content.dict()
    person_id = values["person_id"]
    if person_id is not None and queries.get_person(request.actor, person_id).body_id != body.pk:
        raise NotFound("person_id", field="person_id")
    made = commands.add_channel(request.actor, body_id=body.pk, **values)
    return 201, ChannelOut.from_orm(made)


@router.put("channels/{int:channel_id}", response=ChannelOut, summary="Tune a contact channel by severity")
@page(Permission.CONTACT_MANAGE)
def set_preferences(request: ActorRequest, channel_id: int, content: PreferencesIn) -> Any:
    return commands.set_preferences(request.actor, channel_id=channel_id, **content.dict())


@router.delete("channels/{int:channel_id}", response={204: None}, summary="Forget a contact channel")
@page(Permission.CONTACT_MANAGE)
def remove_channel(request: ActorRequest, channel_id: int) -> tuple[int, None]:
    commands.remove_channel(request.actor, channel_id=channel_id)
    return 204, None


@router.post("tree/files", response=FileEffect, summary="Import the tree from a CSV file")
@page(Permission.ORGANISATION_MANAGE)
def import_tree(
    request: ActorRequest, file: File[UploadedFile], dry_run: Form[bool] = True
) -> dict[str, Any]:
    """Whole or not at all, unless ``dry_run``: what it would change, then."""
    return _import(request, file, dry_run, commands.plan_tree, commands.apply_tree)


@router.post("people/files", response=FileEffect, summary="Import people and duties from a CSV file")
@page(Permission.ORGANISATION_MANAGE)
def import_people(
    request: ActorRequest, file: File[UploadedFile], dry_run: Form[bool] = True
) -> dict[str, Any]:
    """Whole or not at all, unless ``dry_run``: what it would change, then."""
    return _import(request, file, dry_run, commands.plan_people, commands.apply_people)


def _import(
    request: ActorRequest,
    file: UploadedFile,
    dry_run: bool,
    plan: Callable[..., Any],
    apply: Callable[..., Any],
) -> dict[str, Any]:
    spool = Path(settings.UPLOAD_DIR) / "organisations"
    stored = receive(file, kinds=(Kind.CSV,), max_bytes=MAX_BYTES, spool_dir=spool)
    try:
        found = plan(request.actor, path=stored.path)
        if not found.errors and not dry_run:
            found = apply(request.actor, path=stored.path)
    finally:
        stored.path.unlink(missing_ok=True)
    return {
        "applied": not found.errors and not dry_run,
        "counts": found.counts,
        "errors": [
            {"line": each.line, "field": each.field, "message": each.message} for each in found.errors
        ],
    }
