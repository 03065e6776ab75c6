"""The API of what matchings changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from rempart.exposure import change_words
from rempart.exposure.commands import precedence
from rempart.exposure.pages import changes
from rempart.exposure.queries import differences as queries
from rempart.exposure.queries import source_order
from rempart.kernel.edge import page
from rempart.kernel.permissions import Permission

router = Router()

_Short = Annotated[str, Field(max_length=200)]


class RunOut(Schema):
    """``moved`` counts the exposures that you may see, by move; ``left_out``, verdicts not detailed."""

    id: int
    kind: str
    feed: str
    started_at: datetime
    finished_at: datetime | None
    moved: dict[str, int]
    left_out: int


class RunPage(Schema):
    total: int
    page: int
    pages: int
    items: list[RunOut]


class VerdictOut(Schema):
    """A verdict; every field is empty where nothing published concerned the component."""

    status: str = ""
    source: str = ""
    range: str = ""
    reason: str = ""


class ChangeOut(Schema):
    """``n`` exposures of one body moved so; ``cause`` is empty for what followed from no verdict."""

    vulnerability: str
    body: str
    component: str
    move: str
    n: int
    exposure_id: int
    cause: str
    before: VerdictOut
    after: VerdictOut
    sentence: str


class ChangePage(Schema):
    run: RunOut
    total: int
    page: int
    pages: int
    items: list[ChangeOut]


class RunFilters(Schema):
    kind: Literal["", "feed", "rematch", "identity", "precedence"] = ""
    feed: _Short = ""
    page: Annotated[int, Field(ge=1)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 50


class ChangeFilters(Schema):
    """The filters of the list in the web interface; empty ones filter nothing."""

    move: _Short = ""
    cause: _Short = ""
    vulnerability: _Short = ""
    q: _Short = ""
    body: _Short = ""
    sort: _Short = ""
    page: Annotated[int, Field(ge=1)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 50


def run_as_dict(run: Any, moved: dict[str, int]) -> dict[str, Any]:
    names = ("kind", "feed", "started_at", "finished_at", "left_out")
    return {"id": run.pk, **{name: getattr(run, name) for name in names}, "moved": moved}


def change_as_dict(one: Any) -> dict[str, Any]:
    verdict = one.verdict
    return {
        "vulnerability": one.vulnerability.cve_id,
        "body": one.body.code,
        "component": str(one.component),
        "move": one.move,
        "n": one.n,
        "exposure_id": one.exposure_id,
        "cause": verdict.cause if verdict is not None else "",
        "before": verdict.before if verdict is not None else {},
        "after": verdict.after if verdict is not None else {},
        "sentence": change_words.why(one),
    }


class SourceOrder(Schema):
    """Kinds of sources, the first believed first."""

    order: Annotated[list[_Short], Field(max_length=20)]


class SourceOrderIn(SourceOrder):
    """``dry_run``: only say what would change."""

    reason: Annotated[str, Field(max_length=2000)] = ""
    dry_run: bool = False


class OrderEffect(Schema):
    verdicts: int
    closed: int
    opened: int
    bodies: int
    partial: bool


@router.get("/precedence", response=SourceOrder, summary="In which order sources are believed")
@page(Permission.EXPOSURE_READ, Permission.PRIORITY_EDIT)
def get_source_order(request: HttpRequest) -> dict[str, Any]:
    return {"order": source_order()}


@router.put("/precedence", response=OrderEffect, summary="Change that order, or preview it")
@page(Permission.PRIORITY_EDIT)
def put_source_order(request: HttpRequest, content: SourceOrderIn) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    preview = precedence.preview_order(actor, content.order)
    if not content.dry_run:
        precedence.edit_order(actor, kinds=content.order, reason=content.reason)
    counts = {name: getattr(preview, name) for name in ("verdicts", "closed", "opened", "partial")}
    return {**counts, "bodies": len(preview.bodies)}


@router.get("/runs", response=RunPage, summary="List readings and re-matches that were kept")
@page(Permission.EXPOSURE_READ)
def list_runs(request: HttpRequest, filters: Query[RunFilters]) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    parameters = {name: str(value) for name, value in filters.dict().items()}
    shown = changes.RUNS.page(queries.runs(actor), parameters)
    moved = queries.moved(actor, [one.pk for one in shown.rows])
    items = [run_as_dict(one, moved[one.pk]) for one in shown.rows]
    return {"total": shown.total, "page": shown.number, "pages": shown.pages, "items": items}


@router.get("/runs/{int:run_id}", response=ChangePage, summary="What one of them changed, and why")
@page(Permission.EXPOSURE_READ)
def get_run(request: HttpRequest, run_id: int, filters: Query[ChangeFilters]) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    run = queries.get_run(actor, run_id)
    parameters = {name: str(value) for name, value in filters.dict().items()}
    shown = changes.CHANGES.page(queries.moves(actor, run), parameters)
    return {
        "run": run_as_dict(run, queries.moved(actor, [run.pk])[run.pk]),
        "total": shown.total,
        "page": shown.number,
        "pages": shown.pages,
        "items": [change_as_dict(one) for one in shown.rows],
    }
