"""The API of support dates and of products' names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from rempart.exposure.commands import offers
from rempart.exposure.commands import products as decisions
from rempart.exposure.pages import lifecycle as lists
from rempart.exposure.pages import offers as offer_pages
from rempart.exposure.queries import doubts, lifecycle
from rempart.exposure.queries import offers as offered
from rempart.kernel.edge import page
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

router = Router()

_Short = Annotated[str, Field(max_length=200)]


class HoldingOut(Schema):
    """Software of one body, and until when it is supported."""

    body: str
    product: str
    title: str
    component: str
    cycle: str
    ends_on: date | None
    past: bool | None
    extended_on: date | None
    assets: int
    internet: int
    criticality: int


class HoldingPage(Schema):
    total: int
    page: int
    pages: int
    totals: dict[str, dict[str, int]]
    items: list[HoldingOut]


class HoldingFilters(Schema):
    """``when``: now, 12 (within 12 months), 24 (from 12 to 24), later, unknown; the others as in the list."""

    when: Literal["", "now", "12", "24", "later", "unknown"] = ""
    q: _Short = ""
    body: _Short = ""
    centre: _Short = ""
    product: _Short = ""
    internet: Literal["", "yes", "no"] = ""
    sort: _Short = ""
    page: Annotated[int, Field(ge=1)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 50


class CycleOut(Schema):
    name: str
    label: str
    released: date | None
    ends_on: date | None
    extended_on: date | None
    standing: str
    latest: str


class CheckedOut(Schema):
    """A product, the cycle of the version asked about (empty: none), and where that cycle stands."""

    product: str
    title: str
    link: str
    version: str
    cycle: str
    standing: str
    ends_on: date | None
    cycles: list[CycleOut]


@router.get("/lifecycle", response=HoldingPage, summary="Software by the end of its support")
@page(Permission.EXPOSURE_READ)
def list_holdings(request: HttpRequest, filters: Query[HoldingFilters]) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    parameters = {name: str(value) for name, value in filters.dict().items()}
    listing, rows = lists.listing_for(actor), lists.listed(actor)
    shown = listing.page(rows, parameters)
    items = [
        {
            "body": one.body.code,
            "product": one.product.slug,
            "title": one.product.title,
            "component": str(one.component),
            "cycle": one.cycle.name if one.cycle is not None else "",
            **{name: getattr(one, name) for name in ("ends_on", "past", "extended_on")},
            **{name: getattr(one, name) for name in ("assets", "internet", "criticality")},
        }
        for one in shown.rows
    ]
    kept = {**parameters, "when": ""}
    totals = lifecycle.support_totals(listing.rows(rows, kept))
    return {
        "total": shown.total, "page": shown.number, "pages": shown.pages, "totals": totals, "items": items,
    }  # fmt: skip


@router.get("/lifecycle/check", response=list[CheckedOut], summary="Until when a product is supported")
@page(Permission.EXPOSURE_READ)
def check_support(
    request: HttpRequest,
    product: Annotated[str, Query(max_length=200)] = "",
    version: Annotated[str, Query(max_length=60)] = "",
) -> list[dict[str, Any]]:
    found = lifecycle.check_support(request.actor, product, version)  # type: ignore[attr-defined]
    return [checked_as_dict(one) for one in found]


def checked_as_dict(one: lifecycle.Checked) -> dict[str, Any]:
    """What was found of a product, for the API and the command line."""
    return {
        "product": one.product.slug,
        "title": one.product.title,
        "link": one.product.link,
        "version": one.version,
        "cycle": one.cycle.name if one.cycle is not None else "",
        "standing": one.support.standing.value if one.support is not None else "",
        "ends_on": one.support.ends_on if one.support is not None else None,
        "cycles": [
            {
                "name": cycle.name,
                "label": cycle.label,
                "released": cycle.released,
                "ends_on": support.ends_on,
                "extended_on": cycle.extended.on,
                "standing": support.standing.value,
                "latest": cycle.latest,
            }
            for cycle, support in one.cycles
        ],
    }


class AdoptIn(Schema):
    """``reason``: why a centre acts for the body."""

    body: _Short
    reason: _Short = ""


class AdoptedOut(Schema):
    id: int
    state: str


@router.get("/statements/vex", response=dict[str, Any], summary="Accepted statements as OpenVEX or CycloneDX")
@page(Permission.EXPOSURE_READ)
def statements_as_vex(
    request: HttpRequest, form: Literal["openvex", "cyclonedx"] = "openvex", body: str = ""
) -> dict[str, Any]:
    return offer_pages.vex_document(request, form, body[:60])


class OfferOut(Schema):
    """A reviewed "not affected" of another body; ``bodies``: those of yours that may take it up."""

    id: int
    vulnerability: str
    component: str
    justification: str
    explanation: str
    reviewed_at: datetime | None
    valid_until: datetime | None
    bodies: list[str]


@router.get("/statements/offers", response=list[OfferOut], summary="Statements offered to your bodies")
@page(Permission.EXPOSURE_READ)
def list_offers(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {
            "id": one.pk,
            "vulnerability": one.vulnerability.cve_id,
            "component": str(one.component),
            **{name: getattr(one, name) for name in ("justification", "explanation")},
            **{name: getattr(one, name) for name in ("reviewed_at", "valid_until")},
            "bodies": [body.code for body in bodies],
        }
        for one, bodies in offered.offers(request.actor)  # type: ignore[attr-defined]
    ]


@router.post("/statements/{int:statement_id}/adopt", response={201: AdoptedOut}, summary="Take up an offer")
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def adopt_statement(request: HttpRequest, statement_id: int, content: AdoptIn) -> tuple[int, dict[str, Any]]:
    actor = request.actor  # type: ignore[attr-defined]
    body = organisations.get_organisation(actor, content.body)
    made = offers.adopt_statement(actor, statement_id=statement_id, body_id=body.pk, reason=content.reason)
    return 201, {"id": made.pk, "state": str(made.state)}


@router.post("/statements/{int:statement_id}/offer", response=AdoptedOut, summary="Offer a statement to all")
@page(Permission.ALERT_REVIEW)
def offer_statement(request: HttpRequest, statement_id: int, offered: bool = True) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    made = offers.offer_statement(actor, statement_id=statement_id, offered=offered)
    return {"id": made.pk, "state": str(made.state)}


class DoubtOut(Schema):
    """A reason for which verdicts stay open."""

    reason: str
    verdicts: int
    components: int
    settles: str


@router.get("/doubts", response=list[DoubtOut], summary="What cannot be told, by reason")
@page(Permission.EXPOSURE_READ)
def list_doubts(request: HttpRequest) -> list[dict[str, Any]]:
    found = doubts.doubts(doubts.doubtful(request.actor))  # type: ignore[attr-defined]
    return [
        {
            "reason": one.reason,
            "verdicts": one.verdicts,
            "components": one.components,
            "settles": str(one.settles),
        }
        for one in found
    ]


class DecisionsIn(Schema):
    """Decisions as exported: one JSON object a line."""

    lines: Annotated[list[Annotated[str, Field(max_length=4_000)]], Field(max_length=20_000)]
    replace: bool = False


class ImportedOut(Schema):
    added: int
    unchanged: int
    kept: int
    errors: list[str]


@router.get("/products/decisions", response=list[str], summary="Decisions on product names, as JSON lines")
@page(Permission.INTELLIGENCE_MANAGE)
def export_decisions(request: HttpRequest) -> list[str]:
    return list(decisions.export_decisions(request.actor))  # type: ignore[attr-defined]


@router.post("/products/decisions", response=ImportedOut, summary="Take in decisions, all or none")
@page(Permission.INTELLIGENCE_MANAGE)
def import_decisions(request: HttpRequest, content: DecisionsIn) -> decisions.Imported:
    actor = request.actor  # type: ignore[attr-defined]
    return decisions.import_decisions(actor, content.lines, replace=content.replace)
