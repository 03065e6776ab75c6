"""The API of how long a body keeps its detections."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field

from rempart.detection.commands import retention as commands
from rempart.detection.queries import retention as queries
from rempart.detection.queries.sightings import own_body
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.permissions import Permission

router = Router()

_Code = Annotated[str, Field(max_length=40)]


class RetentionIn(Schema):
    """The days after their reception that detections are kept; none: as the government allows at most."""

    body: _Code
    days: Annotated[int, Field(ge=queries.LEAST_DAYS, le=queries.MOST_DAYS)] | None = None
    dry: bool = False


class RetentionOut(Schema):
    """A body's days and the government's most; how many detections the next pass forgets, and of those how
    many high or critical ones have no verdict.
    """

    body: str
    days: int | None
    most: int | None
    leaving: int
    untriaged: int


@router.get("", response=RetentionOut, summary="How long a body keeps its detections")
@page(Permission.TELEMETRY_READ)
def read(request: ActorRequest, body: _Code) -> Any:
    found = own_body(request.actor, body, Permission.TELEMETRY_READ)
    return _told(request, found, queries.days_of(request.actor, found.pk))


@router.post("", response=RetentionOut, summary="Say how long a body keeps its detections")
@page(Permission.TELEMETRY_TRIAGE)
def write(request: ActorRequest, content: RetentionIn) -> Any:
    """With ``dry``, nothing changes: ``leaving`` tells what would be forgotten."""
    found = own_body(request.actor, content.body, Permission.TELEMETRY_TRIAGE)
    if not content.dry:
        commands.set_retention(request.actor, body_id=found.pk, days=content.days)
    return _told(request, found, content.days)


def _told(request: ActorRequest, body: Any, days: int | None) -> dict[str, Any]:
    leaving = queries.leaving_with(request.actor, body.pk, days)
    return {
        "body": body.code, "days": days, "most": queries.government_limit(),
        "leaving": leaving.detections, "untriaged": leaving.untriaged,
    }  # fmt: skip
