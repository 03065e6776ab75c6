"""The API of the library: packs of rules for nodes, and what they say they run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import Field

from rempart.detection import queries
from rempart.detection.commands import packs, sharing
from rempart.detection.pages import packs as pages
from rempart.detection.troubles import MOST
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission

router = Router()


class PackOut(Schema):
    """A signed pack of rules; ``body`` is "" when it is for all."""

    number: int
    digest: str
    key: str
    body: str
    rules: int
    filters: int
    size: int
    made_at: datetime


class KeyOut(Schema):
    """The public key (Ed25519, hexadecimal) that signs packs."""

    key: str


class TroubleIn(Schema):
    """A rule of the pack that the machine cannot use, or not wholly; "" for a filter."""

    rule: Annotated[str, Field(max_length=300)] = ""
    code: Literal["refused", "lists", "never", "unmapped", "absent", "filter"]


class ReportIn(Schema):
    """What a node runs, and what it cannot do."""

    body: Annotated[str, Field(max_length=40)]
    node: Annotated[str, Field(max_length=200)]
    digest: Annotated[str, Field(max_length=64)]
    rules: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    defects: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    troubles: Annotated[list[TroubleIn], Field(max_length=MOST)] | None = None


class ReportOut(Schema):
    """A node's report; ``known`` when the platform made that pack, ``current`` when it is the latest."""

    node: str
    digest: str
    since: datetime
    reported_at: datetime
    known: bool
    current: bool


def _pack(pack: Any) -> dict[str, Any]:
    names = ("number", "digest", "key", "rules", "filters", "size", "made_at")
    return {**{name: getattr(pack, name) for name in names}, "body": pack.body.code if pack.body else ""}


class ShareIn(Schema):
    """Whether the centres above the body read its rule whole."""

    shared: bool


class ShareOut(Schema):
    """A body's own rule, and who reads its texts and test cases."""

    id: int
    rule: str
    title: str
    shared: bool


@router.post("rules/{rule_id}/share", response=ShareOut, summary="Let centres read a body's own rule, or not")
@page(Permission.DETECTION_REVIEW)
def share(request: ActorRequest, rule_id: int, stated: ShareIn) -> Any:
    """The body's own people alone: the token also needs telemetry:read."""
    made = sharing.share_rule(request.actor, rule_id=rule_id, shared=stated.shared)
    return {"id": made.pk, "rule": made.key, "title": made.title, "shared": made.shared}


@router.get("packs/key", response=KeyOut, summary="The public key that signs packs of rules")
@page(Permission.DETECTION_RUN, Permission.DETECTION_READ)
def pack_key(request: ActorRequest) -> Any:
    return {"key": packs.public_key()}


@router.get("packs/latest", response=PackOut, summary="The pack that a body should run")
@page(Permission.DETECTION_RUN)
def latest(request: ActorRequest, body: str = "") -> Any:
    """The body's own last pack, else that of all."""
    return _pack(queries.latest_pack(request.actor, body))


@router.get("packs/files/{digest}", summary="The file of a pack")
@page(Permission.DETECTION_RUN)
def pack_content(request: ActorRequest, digest: str) -> HttpResponse:
    return pages.file_of_pack(queries.get_pack(request.actor, digest))


@router.post("packs/reports", response=ReportOut, summary="Say which pack a node runs")
@page(Permission.DETECTION_RUN)
def report(request: ActorRequest, stated: ReportIn) -> Any:
    body = queries.running_body(request.actor, stated.body)
    if body is None:
        raise NotFound(f"{stated.body[:40]}: ?", field="body")
    made = packs.report_pack(
        request.actor,
        body_id=body,
        node=stated.node,
        digest=stated.digest,
        rules=stated.rules,
        defects=stated.defects,
        troubles=None if stated.troubles is None else [(one.rule, one.code) for one in stated.troubles],
    )
    return {
        "node": made.node,
        "digest": made.digest,
        "since": made.since,
        "reported_at": made.reported_at,
        "known": made.pack_id is not None,
        "current": queries.is_current(request.actor, made),
    }
