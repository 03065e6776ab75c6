"""The API of organisations, people and accounts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Query, Router, Schema

from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.idempotency import idempotent
from rempart.kernel.listing import MAX_PAGE_SIZE
from rempart.kernel.permissions import Permission
from rempart.organisations import commands, people_api, queries

router = Router()
router.add_router("", people_api.router)

_PAGE = Query(1, ge=1, le=1_000_000)
_SIZE = Query(50, ge=1, le=MAX_PAGE_SIZE)


class OrganisationOut(Schema):
    """A place in the tree."""

    id: int
    code: str
    kind: str
    parent: str | None
    name_fr: str
    name_en: str
    sector: str
    essential: bool
    active_from: date
    active_to: date | None

    @staticmethod
    def resolve_parent(row: Any) -> str | None:
        """The code of the organisation above."""
        return row.parent.code if row.parent else None


class OrganisationPage(Schema):
    """A page of organisations, by code."""

    total: int
    rows: list[OrganisationOut]


class OrganisationIn(Schema):
    """A new organisation."""

    code: str
    kind: str
    parent_code: str = ""
    name_fr: str
    name_en: str = ""
    sector: str = ""
    essential: bool = False


class OrganisationEdit(Schema):
    """What may change of an organisation in place."""

    name_fr: str
    name_en: str = ""
    sector: str = ""
    essential: bool = False
    on: date | None = None


class MoveIn(Schema):
    """Where an organisation goes, and since when (today unless said)."""

    parent_code: str
    on: date | None = None


class CloseIn(Schema):
    """Since when (today unless said), and why."""

    on: date | None = None
    reason: str = ""


class VersionOut(Schema):
    """What an organisation was during a period; ``valid_to`` is excluded."""

    valid_from: date
    valid_to: date | None
    kind: str
    name_fr: str
    name_en: str
    sector: str


class UserOut(Schema):
    """An account."""

    id: int
    email: str
    name: str
    language: str
    is_active: bool


class UserPage(Schema):
    """A page of accounts, by address."""

    total: int
    rows: list[UserOut]


class UserIn(Schema):
    """A new account; ``invite`` sends the message from which its holder chooses a password."""

    email: str
    name: str
    language: str = "fr"
    invite: bool = True


class GrantIn(Schema):
    """A role over an organisation and what is below it."""

    role: str
    organisation_code: str
    ends_at: datetime | None = None


class GrantOut(Schema):
    """A role held."""

    id: int
    role: str
    organisation: str
    starts_at: datetime
    ends_at: datetime | None

    @staticmethod
    def resolve_organisation(row: Any) -> str:
        """The code of the organisation."""
        code: str = row.organisation.code
        return code


@router.get("", response=OrganisationPage, summary="The organisations that you may see")
@page(Permission.ORGANISATION_READ)
def list_organisations(
    request: ActorRequest, kind: str = "", parent: str = "", page: int = _PAGE, size: int = _SIZE
) -> dict[str, Any]:
    rows = queries.organisations(request.actor).order_by("code")
    wanted = {"kind": kind, "parent__code": parent}
    rows = rows.filter(**{name: value.replace("\x00", "") for name, value in wanted.items() if value})
    return {"total": rows.count(), "rows": list(rows[(page - 1) * size : page * size])}


@router.post("", response={201: OrganisationOut}, summary="Add an organisation")
@page(Permission.ORGANISATION_MANAGE)
@idempotent
def create_organisation(request: ActorRequest, content: OrganisationIn) -> tuple[int, Any]:
    made = commands.create_organisation(request.actor, **content.dict())
    return 201, OrganisationOut.from_orm(made)


@router.get("users", response=UserPage, summary="The accounts that you manage")
@page(Permission.USER_MANAGE)
def list_users(request: ActorRequest, page: int = _PAGE, size: int = _SIZE) -> dict[str, Any]:
    rows = queries.users(request.actor).order_by("email")
    return {"total": rows.count(), "rows": list(rows[(page - 1) * size : page * size])}


@router.post("users", response={201: UserOut}, summary="Open an account")
@page(Permission.USER_MANAGE)
@idempotent
def create_user(request: ActorRequest, content: UserIn) -> tuple[int, Any]:
    made = commands.create_user(request.actor, **content.dict())
    return 201, UserOut.from_orm(made)


@router.get("users/{int:user_id}/grants", response=list[GrantOut], summary="The roles of an account")
@page(Permission.USER_MANAGE)
def list_grants(request: ActorRequest, user_id: int) -> Any:
    return list(queries.grants_of(request.actor, queries.get_user(request.actor, user_id)))


@router.post("users/{int:user_id}/grants", response={201: GrantOut}, summary="Give a role")
@page(Permission.USER_MANAGE)
@idempotent
def grant_role(request: ActorRequest, user_id: int, content: GrantIn) -> tuple[int, Any]:
    grant = commands.grant_role(request.actor, user_id=user_id, **content.dict())
    return 201, GrantOut.from_orm(grant)


@router.delete("grants/{int:grant_id}", response={204: None}, summary="Take a role back")
@page(Permission.USER_MANAGE)
def revoke_role(request: ActorRequest, grant_id: int, reason: str = "") -> tuple[int, None]:
    commands.revoke_role(request.actor, grant_id=grant_id, reason=reason)
    return 204, None


@router.post("users/{int:user_id}/deactivate", response=UserOut, summary="Close an account")
@page(Permission.USER_MANAGE)
def deactivate_user(request: ActorRequest, user_id: int, reason: str = "") -> Any:
    return commands.set_active(request.actor, user_id=user_id, active=False, reason=reason)


@router.get("{code}", response=OrganisationOut, summary="One organisation")
@page(Permission.ORGANISATION_READ)
def read_organisation(request: ActorRequest, code: str) -> Any:
    return queries.get_organisation(request.actor, code)


@router.put("{code}", response=OrganisationOut, summary="Rename an organisation, or change its sector")
@page(Permission.ORGANISATION_MANAGE)
def edit_organisation(request: ActorRequest, code: str, content: OrganisationEdit) -> Any:
    return commands.edit_organisation(request.actor, code=code, **content.dict())


@router.post(
    "{code}/move", response=OrganisationOut, summary="Move an organisation with all that is below it"
)
@page(Permission.ORGANISATION_MANAGE)
def move_organisation(request: ActorRequest, code: str, content: MoveIn) -> Any:
    return commands.move_organisation(request.actor, code=code, **content.dict())


@router.post("{code}/close", response=OrganisationOut, summary="Close an organisation; its history stays")
@page(Permission.ORGANISATION_MANAGE)
def close_organisation(request: ActorRequest, code: str, content: CloseIn) -> Any:
    return commands.close_organisation(request.actor, code=code, **content.dict())


@router.get("{code}/history", response=list[VersionOut], summary="What an organisation was")
@page(Permission.ORGANISATION_READ)
def read_history(request: ActorRequest, code: str) -> Any:
    return queries.history(request.actor, queries.get_organisation(request.actor, code))
