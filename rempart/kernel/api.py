"""How the API knows its caller and answers errors (RFC 9457), and the kernel's own routes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Query, Router, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import APIKeyCookie, HttpBearer

from rempart.kernel import commands, queries, tokens
from rempart.kernel.actors import NotPermitted, actor_for
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.listing import MAX_PAGE_SIZE
from rempart.kernel.permissions import Permission

router = Router()


class BearerToken(HttpBearer):
    """``Authorization: Bearer rmp_…``."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = tokens.authenticate(token)
        if found is None:
            return None
        user, api_token = found
        request.user = user
        request.actor = actor_for(user, api_token)  # type: ignore[attr-defined]
        return user


class Session(APIKeyCookie):
    """The browser's session, with its CSRF token for writes."""

    param_name = "rempart_session"

    def __call__(self, request: HttpRequest) -> Any:
        # A client without a session, whose token was refused, is told so (401): CSRF is not its concern.
        return super().__call__(request) if self.param_name in request.COOKIES else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user if request.user.is_authenticated else None


def install_errors(api: NinjaAPI) -> None:
    """Every error of the API is a problem document that names the field."""

    def problem(request: HttpRequest, status: int, title: str, **more: Any) -> HttpResponse:
        response = api.create_response(request, {"status": status, "title": title, **more}, status=status)
        response["Content-Type"] = "application/problem+json"
        return response

    @api.exception_handler(NotPermitted)
    def not_permitted(request: HttpRequest, error: NotPermitted) -> HttpResponse:
        return problem(request, 403, "Not permitted", permission=str(error.permission))

    @api.exception_handler(DomainError)
    def domain(request: HttpRequest, error: DomainError) -> HttpResponse:
        return problem(
            request, error.status, str(error.message), code=error.code, field=error.field, values=error.values
        )

    @api.exception_handler(ValidationError)
    def validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
        errors = [
            {"field": ".".join(str(part) for part in each["loc"]), "message": each["msg"]}
            for each in error.errors
        ]
        return problem(request, 422, "Invalid request", errors=errors)

    @api.exception_handler(AuthenticationError)
    def unknown_caller(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        response = problem(request, 401, "Sign in, or send a valid API token")
        response["WWW-Authenticate"] = "Bearer"
        return response

    @api.exception_handler(HttpError)
    def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
        return problem(request, error.status_code, str(error))


class AuditEntryOut(Schema):
    """An entry of the audit trail."""

    seq: int
    at: datetime
    actor_label: str
    actor_kind: str
    action: str
    object_type: str
    object_id: str
    object_label: str
    body_id: int | None
    on_behalf_of: str
    reason: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class AuditPage(Schema):
    """A page of entries, latest first."""

    total: int
    rows: list[AuditEntryOut]


class JobOut(Schema):
    """A background job."""

    id: UUID
    task_path: str
    state: str
    queue: str
    enqueued_at: datetime
    finished_at: datetime | None
    attempts: int
    progress_done: int
    progress_total: int
    progress_note: str


class JobPage(Schema):
    """A page of jobs, latest first."""

    total: int
    rows: list[JobOut]


_PAGE = Query(1, ge=1, le=1_000_000)
_SIZE = Query(50, ge=1, le=MAX_PAGE_SIZE)


@router.get("audit", response=AuditPage, summary="The audit trail, latest entry first")
@page(Permission.AUDIT_READ)
def list_audit(
    request: ActorRequest,
    action: str = "",
    actor: str = "",
    object_type: str = "",
    object_id: str = "",
    page: int = _PAGE,
    size: int = _SIZE,
) -> dict[str, Any]:
    rows = queries.audit_entries(request.actor).order_by("-seq")
    wanted = {
        "action__startswith": action,
        "actor_label__icontains": actor,
        "object_type": object_type,
        "object_id": object_id,
    }
    rows = rows.filter(**{name: value.replace("\x00", "") for name, value in wanted.items() if value})
    return {"total": rows.count(), "rows": list(rows[(page - 1) * size : page * size])}


@router.get("jobs", response=JobPage, summary="Background jobs, latest first")
@page(Permission.OPERATIONS_READ)
def list_jobs(request: ActorRequest, state: str = "", page: int = _PAGE, size: int = _SIZE) -> dict[str, Any]:
    rows = queries.jobs(request.actor).order_by("-enqueued_at", "pk")
    if state:
        rows = rows.filter(state=state.upper())
    return {"total": rows.count(), "rows": list(rows[(page - 1) * size : page * size])}


@router.get("jobs/{job_id}", response=JobOut, summary="One job and how far it is")
@page(Permission.OPERATIONS_READ)
def read_job(request: ActorRequest, job_id: UUID) -> Any:
    return queries.get_job(request.actor, job_id)


@router.post("jobs/{job_id}/retry", response={204: None}, summary="Put a failed job back in line")
@page(Permission.OPERATIONS_ACT)
def retry_job(request: ActorRequest, job_id: UUID) -> tuple[int, None]:
    commands.retry_job(request.actor, job_id=job_id)
    return 204, None


@router.post("jobs/{job_id}/cancel", response={204: None}, summary="Stop a job")
@page(Permission.OPERATIONS_ACT)
def cancel_job(request: ActorRequest, job_id: UUID) -> tuple[int, None]:
    commands.cancel_job(request.actor, job_id=job_id)
    return 204, None
