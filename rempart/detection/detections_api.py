"""The API of detections: a body's nodes give them, its people read them, centres read what leaves."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field, field_validator

from rempart.detection import retention_api, sending
from rempart.detection.commands.detections import MOST, Reported, record_detections
from rempart.detection.models import Level
from rempart.detection.pages import detections_lists as lists
from rempart.detection.pseudonyms import PSEUDONYM
from rempart.detection.queries.detections import detections
from rempart.detection.queries.responses import block_list
from rempart.detection.queries.sightings import own_bodies, own_body, sightings
from rempart.kernel.edge import page
from rempart.kernel.errors import Invalid
from rempart.kernel.idempotency import idempotent
from rempart.kernel.listing import Page
from rempart.kernel.permissions import Permission

router = Router()
router.add_router("/retention", retention_api.router)

_DEPTH = 6
_EXACT = 2**53
_Short = Annotated[str, Field(max_length=200)]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{0,64}$")]
_Pseudonym = Annotated[str, Field(pattern=rf"^({PSEUDONYM.pattern})?$")]
_LEVELS = Literal["informational", "low", "medium", "high", "critical"]


class MatchedIn(Schema):
    """A value that matched, and what the rule looked for there."""

    field: _Short = ""
    value: Annotated[str, Field(max_length=sending.SAMPLE_TEXT)] = ""
    pattern: Annotated[str, Field(max_length=sending.SAMPLE_TEXT)] = ""
    search: _Short = ""

    @field_validator("*", mode="after")
    @classmethod
    def _without_nul(cls, text: str) -> str:
        return sending.clean(text, sending.SAMPLE_TEXT)


class DetectionIn(Schema):
    """A part of a detection. ``key`` names it: sent again under the same key, it counts once.

    The node that keeps hosts and users to itself gives their pseudonyms, and no event.
    """

    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rule_id: Annotated[str, Field(min_length=1, max_length=300)]
    rule_title: Annotated[str, Field(min_length=1, max_length=300)]
    rule_digest: _Digest = ""
    level: _LEVELS
    kind: Literal["sigma", "correlation", "indicator"] = "sigma"
    techniques: Annotated[
        list[Annotated[str, Field(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]],
        Field(max_length=20, default_factory=list),
    ]
    count: Annotated[int, Field(ge=1, le=10**9)] = 1
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    host: Annotated[str, Field(max_length=255)] = ""
    user: Annotated[str, Field(max_length=255)] = ""
    host_pseudonym: _Pseudonym = ""
    user_pseudonym: _Pseudonym = ""
    source: Annotated[str, Field(max_length=300)] = ""
    matched: Annotated[list[MatchedIn], Field(max_length=sending.MATCHED, default_factory=list)]
    sample: dict[str, Any] = Field(default_factory=dict)

    @field_validator("rule_id", "rule_title", "host", "user", "source", mode="after")
    @classmethod
    def _without_nul(cls, text: str) -> str:
        return sending.clean(text, 300)

    @field_validator("sample", mode="after")
    @classmethod
    def _small(cls, sample: dict[str, Any]) -> dict[str, Any]:
        if _too_deep(sample):
            raise ValueError(f"more than {_DEPTH} levels deep")
        kept: dict[str, Any] = _storable(sample)
        if len(sending.encoded(kept)) > sending.SAMPLE_BYTES:
            raise ValueError(f"more than {sending.SAMPLE_BYTES} bytes")
        return kept


class BatchIn(Schema):
    """Detections of one body; ``run``: of which run of a hunt, when one brought them."""

    body: Annotated[str, Field(max_length=40)]
    run: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    detections: Annotated[list[DetectionIn], Field(max_length=MOST)]


class BatchOut(Schema):
    """What the batch changed: how many detections are new, grew, or were known as they are."""

    received: int
    new: int
    grown: int
    unchanged: int


class SightingOut(Schema):
    """What leaves a body about a detection: everything there is."""

    id: int
    body: str
    kind: str
    rule_id: str
    rule_title: str
    rule_digest: str
    level: str
    techniques: list[str]
    first_at: datetime | None
    last_at: datetime | None
    count: int
    host: str
    user: str
    recorded_at: datetime


class DetectionOut(SightingOut):
    """A detection as its body's people see it; ``host`` and ``user`` are the names themselves."""

    source: str
    matched: list[MatchedIn]
    sample: dict[str, Any]
    state: str
    triaged_at: datetime | None


class SightingPage(Schema):
    """A page of sightings, the latest first."""

    total: int
    page: int
    pages: int
    items: list[SightingOut]


class DetectionPage(Schema):
    """A page of detections, the latest first."""

    total: int
    page: int
    pages: int
    items: list[DetectionOut]


class BlockedOut(Schema):
    """A value to block, since when, and the rule that had it blocked."""

    value: str
    since: datetime | None
    rule_id: str


class SightingFilters(Schema):
    """The filters of the list in the web interface; empty ones filter nothing."""

    level: _Short = ""
    rule: _Short = ""
    technique: _Short = ""
    body: _Short = ""
    age: _Short = ""
    hunt: _Short = ""
    sort: _Short = ""
    page: Annotated[int, Field(ge=1)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 50


class DetectionFilters(SightingFilters):
    """And those of what stays in the body."""

    state: _Short = ""
    host: _Short = ""
    user: _Short = ""


def _too_deep(value: Any) -> bool:
    """Whether a document has more levels than are kept; looked at without recursion."""
    level = [value]
    for _depth in range(_DEPTH):
        level = [
            each
            for one in level
            if isinstance(one, dict | list)
            for each in (one.values() if isinstance(one, dict) else one)
        ]
    return any(isinstance(one, dict | list) for one in level)


def _storable(value: Any) -> Any:
    """A document of few levels as any database keeps it: no NUL, no lone surrogate, numbers that JSON has."""
    if isinstance(value, dict):
        return {sending.clean(key, sending.SAMPLE_TEXT): _storable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, str):
        return sending.clean(value, sending.SAMPLE_BYTES)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return str(value) if isinstance(value, int) and abs(value) >= _EXACT else value


@router.post("/batches", response=BatchOut, summary="Give a body's detections")
@page(Permission.SIGHTING_SEND)
@idempotent
def post_batch(request: HttpRequest, content: BatchIn) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    body = own_body(actor, content.body, Permission.SIGHTING_SEND)
    reported = [
        Reported(
            **one.dict(exclude={"level", "techniques"}),
            level=Level[one.level.upper()],
            techniques=tuple(one.techniques),
        )
        for one in content.detections
    ]
    recorded = record_detections(actor, body_id=body.pk, reported=reported, run_id=content.run)
    return {name: getattr(recorded, name) for name in ("received", "new", "grown", "unchanged")}


@router.get("/sightings", response=SightingPage, summary="What leaves bodies: rule, time, count, pseudonyms")
@page(Permission.SIGHTING_READ)
def list_sightings(request: HttpRequest, filters: Query[SightingFilters]) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    shown = lists.sighting_listing(actor).page(sightings(actor), _parameters(filters))
    return _page(shown, _sighting)


@router.get("/detections", response=DetectionPage, summary="Detections of one's own body")
@page(Permission.TELEMETRY_READ)
def list_detections(request: HttpRequest, filters: Query[DetectionFilters]) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    shown = lists.detection_listing(actor).page(detections(actor), _parameters(filters))
    return _page(shown, _detection)


@router.get("/block-list", response=list[BlockedOut], summary="What a body's responses block now")
@page(Permission.BLOCK_LIST_READ)
def read_block_list(request: HttpRequest, body: _Short = "", form: Literal["json", "text"] = "json") -> Any:
    """As JSON, or as text with one value a line. The body may be left out by whoever has one alone."""
    actor = request.actor  # type: ignore[attr-defined]
    if not body:
        mine = own_bodies(actor, Permission.BLOCK_LIST_READ)
        if len(mine) != 1:
            raise Invalid(_("Choisissez l’organisme."), field="body")
        body = mine[0].code
    values = block_list(actor, own_body(actor, body, Permission.BLOCK_LIST_READ).pk)
    if form == "json":
        return values
    lines = "".join(f"{one['value']}\n" for one in values)
    return HttpResponse(lines, content_type="text/plain; charset=utf-8")


def _parameters(filters: Schema) -> dict[str, str]:
    return {name: str(value) for name, value in filters.dict().items()}


def _page(shown: Page, item: Any) -> dict[str, Any]:
    return {
        "total": shown.total,
        "page": shown.number,
        "pages": shown.pages,
        "items": [item(one) for one in shown.rows],
    }


def _sighting(one: Any) -> dict[str, Any]:
    names = (
        "kind", "rule_id", "rule_title", "rule_digest", "first_at", "last_at", "count", "host", "user",
        "recorded_at",
    )  # fmt: skip
    return {
        "id": one.pk,
        "body": one.body.code,
        "level": Level(one.level).name.lower(),
        "techniques": one.techniques.split(),
        **{name: getattr(one, name) for name in names},
    }


def _detection(one: Any) -> dict[str, Any]:
    return _sighting(one) | {
        name: getattr(one, name) for name in ("source", "matched", "sample", "state", "triaged_at")
    }
