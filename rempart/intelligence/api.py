"""The API of intelligence: vulnerabilities, advisories and feeds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field

from rempart.intelligence import jobs, queries
from rempart.intelligence.pages.advisories import ADVISORIES
from rempart.intelligence.pages.vulnerabilities import listing
from rempart.intelligence.statements import unpack
from rempart.intelligence.wording import ranges_in_words
from rempart.kernel.edge import page
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission

router = Router()


class Paging(Schema):
    """Which part of a list: ``page`` from 1, ``size`` rows (at most 500)."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 50


class VulnerabilityFilter(Paging):
    """The filters of the list of vulnerabilities; ``sort`` is a column, with a minus for descending."""

    q: Annotated[str, Field(max_length=200)] = ""
    product: Annotated[str, Field(max_length=200)] = ""
    kev: Annotated[str, Field(pattern="^(yes|no)?$")] = ""
    exploitation: Annotated[str, Field(pattern="^(active|poc|none)?$")] = ""
    cvss: Annotated[float | None, Field(ge=0, le=10, description="At least this CVSS score.")] = None
    epss: Annotated[float | None, Field(ge=0, le=1, description="At least this EPSS score.")] = None
    arrived: Annotated[
        str, Field(pattern="^(1|7|30|90|365)?$", description="Days since entry in the KEV.")
    ] = ""
    published: Annotated[str, Field(pattern="^(1|7|30|90|365)?$", description="Days since publication.")] = ""
    sort: Annotated[str, Field(max_length=40)] = ""


class VulnerabilityOut(Schema):
    """A vulnerability's main facts."""

    cve_id: str
    state: str
    title: str
    published_at: datetime | None
    updated_at: datetime | None
    first_seen_at: datetime
    cvss_score: float | None
    cvss_version: str
    cvss_severity: str
    exploitation: str
    exploitation_source: str
    automatable: str
    technical_impact: str
    epss: float | None
    epss_percentile: float | None
    epss_on: date | None
    kev_added_on: date | None
    kev_due_on: date | None
    kev_ransomware: bool


class VulnerabilityPage(Schema):
    """A part of the list."""

    count: int
    page: int
    size: int
    items: list[VulnerabilityOut]


class StatementOut(Schema):
    """One source's statement about one product; ``ranges`` says its versions in the caller's language."""

    source: str
    vendor: str
    product: str
    ranges: str
    statement: dict[str, Any]


class VulnerabilityDetail(VulnerabilityOut):
    """A vulnerability whole, with what each source says of products (at most 300 statements)."""

    description: str
    assigner: str
    cvss_vector: str
    cvss_source: str
    kev_name: str
    kev_vendor: str
    kev_product: str
    kev_action: str
    cwes: list[str]
    references: list[str]
    metrics: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    affected: list[StatementOut]
    affected_count: int
    advisories: list[str]


class AdvisoryOut(Schema):
    """An advisory; its marking binds whoever receives it."""

    id: int
    tracking_id: str
    publisher: str
    version: str
    title: str
    status: str
    marking: str
    signature: str
    released_at: datetime | None
    first_seen_at: datetime
    vulnerability_count: int


class AdvisoryFilter(Paging):
    """The filters of the list of advisories."""

    q: Annotated[str, Field(max_length=200)] = ""
    marking: Annotated[str, Field(max_length=20)] = ""
    signature: Annotated[str, Field(max_length=20)] = ""


class AdvisoryPage(Schema):
    """A part of the list."""

    count: int
    page: int
    size: int
    items: list[AdvisoryOut]


class AdvisoryDetail(AdvisoryOut):
    """An advisory whole."""

    source_url: str
    detail: dict[str, Any]
    vulnerabilities: list[str]


class FeedOut(Schema):
    """A feed and how it does; ``state``: inactive, unknown (never read), failed, late or successful."""

    name: str
    kind: str
    location: str
    enabled: bool
    interval_minutes: int
    state: str
    lag_seconds: float | None
    last_success_at: datetime | None
    last_change_at: datetime | None
    last_error: str
    quarantined: int


class Requested(Schema):
    """Whether a reading was added to the queue (none is while one waits)."""

    name: str
    queued: bool


@router.get("vulnerabilities", response=VulnerabilityPage, summary="List vulnerabilities")
@page(Permission.INTELLIGENCE_READ)
def list_vulnerabilities(request: HttpRequest, filters: Query[VulnerabilityFilter]) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    known = queries.vulnerabilities(actor).defer("description", "references", "metrics", "kev_action")
    shown = listing(actor).page(known, _parameters(filters))
    return {"count": shown.total, "page": shown.number, "size": shown.size, "items": shown.rows}


@router.get("vulnerabilities/{path:cve_id}", response=VulnerabilityDetail, summary="Read a vulnerability")
@page(Permission.INTELLIGENCE_READ)
def get_vulnerability(request: HttpRequest, cve_id: str) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_vulnerability(actor, cve_id)
    stated, total = queries.statements_of(actor, found)
    names = VulnerabilityDetail.model_fields.keys() - {"affected", "affected_count", "advisories"}
    return {
        **{name: getattr(found, name) for name in names},
        "affected": [
            {
                "source": each.source,
                "vendor": each.vendor,
                "product": each.product,
                "ranges": ranges_in_words(unpack(each.statement)),
                "statement": each.statement,
            }
            for each in stated
        ],
        "affected_count": total,
        "advisories": [each.tracking_id for each in queries.advisories_of(actor, found)],
    }


@router.get("advisories", response=AdvisoryPage, summary="List advisories")
@page(Permission.INTELLIGENCE_READ)
def list_advisories(request: HttpRequest, filters: Query[AdvisoryFilter]) -> dict[str, Any]:
    known = queries.advisories(request.actor).defer("detail")  # type: ignore[attr-defined]
    shown = ADVISORIES.page(known, _parameters(filters))
    return {"count": shown.total, "page": shown.number, "size": shown.size, "items": shown.rows}


@router.get("advisories/{int:advisory_id}", response=AdvisoryDetail, summary="Read an advisory")
@page(Permission.INTELLIGENCE_READ)
def get_advisory(request: HttpRequest, advisory_id: int) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_advisory(actor, advisory_id)
    names = AdvisoryDetail.model_fields.keys() - {"vulnerabilities"}
    return {
        **{name: getattr(found, name) for name in names},
        "vulnerabilities": [each.cve_id for each in queries.vulnerabilities_of(actor, found)],
    }


@router.get("feeds", response=list[FeedOut], summary="List feeds and how they do")
@page(Permission.OPERATIONS_READ)
def list_feeds(request: HttpRequest) -> list[dict[str, Any]]:
    return [feed_as_dict(each) for each in queries.feed_statuses(request.actor)]  # type: ignore[attr-defined]


@router.post("feeds/{name}/run", response={202: Requested}, summary="Read a feed now")
@page(Permission.INTELLIGENCE_MANAGE)
def run_feed(request: HttpRequest, name: str) -> tuple[int, dict[str, Any]]:
    request.actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)  # type: ignore[attr-defined]
    if not queries.feed_exists(name):
        raise NotFound(_("Cette source n’existe pas."), field="name")
    return 202, {"name": name, "queued": jobs.request_reading(name)}


def _parameters(filters: Schema) -> dict[str, str]:
    return {name: str(value) for name, value in filters.dict().items() if value not in (None, "")}


def feed_as_dict(status: queries.FeedStatus) -> dict[str, Any]:
    """A feed's state as plain values."""
    feed = status.feed
    return {
        "name": feed.name,
        "kind": feed.kind,
        "location": feed.location,
        "enabled": feed.enabled,
        "interval_minutes": feed.interval_minutes,
        "state": status.state,
        "lag_seconds": status.lag.total_seconds() if status.lag is not None else None,
        "last_success_at": feed.last_success_at,
        "last_change_at": feed.last_change_at,
        "last_error": feed.last_error,
        "quarantined": status.rejected,
    }
