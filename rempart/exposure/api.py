"""The API of exposures: lists, statements, findings, the decision table."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from rempart.exposure import changes_api, commands, products_api, queries, wording
from rempart.exposure.pages import lists
from rempart.intelligence import queries as intelligence
from rempart.kernel.edge import page
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

router = Router()
router.add_router("", products_api.router)
router.add_router("", changes_api.router)

_Text = Annotated[str, Field(max_length=10_000)]
_Short = Annotated[str, Field(max_length=200)]


class ExposureOut(Schema):
    """An asset that holds a component concerned by a vulnerability."""

    id: int
    body: str
    asset: str
    component: str
    vulnerability: str
    certainty: str
    state: str
    priority: str
    criticality: int
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    reopened: int
    proof: dict[str, Any]


class ExposurePage(Schema):
    """``beyond``: there are more than ``total``. Given back as the parameter ``after`` with the next page's
    number, ``after`` goes on from there however deep; it is empty where a number is enough."""

    total: int
    beyond: bool
    page: int
    pages: int
    after: str
    items: list[ExposureOut]


class InputOut(Schema):
    name: str
    value: str
    source: str
    decisive: bool


class ExposureDetail(ExposureOut):
    """With the verdict and the inputs of its priority."""

    status: str
    source: str
    range: str
    reason: str
    sentence: str
    confidence: float | None
    inputs: list[InputOut]
    due_reason: str


class ExposureFilters(Schema):
    """The filters of the list in the web interface; empty ones filter nothing."""

    state: _Short = ""
    priority: _Short = ""
    certainty: _Short = ""
    late: _Short = ""
    body: _Short = ""
    centre: _Short = ""
    vulnerability: _Short = ""
    asset: _Short = ""
    service: _Short = ""
    criticality: _Short = ""
    kev: _Short = ""
    internet: _Short = ""
    age: _Short = ""
    closed: _Short = ""
    sort: _Short = ""
    page: Annotated[int, Field(ge=1)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 50
    after: Annotated[str, Field(max_length=1000)] = ""


class FindingOut(Schema):
    """The verdict for one component."""

    component: str
    purl: str
    cpe: str
    status: str
    source: str
    range: str
    reason: str
    sentence: str
    confidence: float


class StatementIn(Schema):
    """``vulnerability`` is a CVE identifier. A risk accepted needs a measure and a date."""

    body: _Short
    vulnerability: _Short
    kind: Literal["not_affected", "risk_accepted"]
    explanation: _Text
    justification: _Short = ""
    compensating_measure: _Text = ""
    valid_until: datetime | None = None
    component_id: int | None = None
    reason: _Short = ""


class StatementOut(Schema):
    id: int
    body: str
    vulnerability: str
    kind: str
    justification: str
    explanation: str
    compensating_measure: str
    valid_until: datetime | None
    state: str
    made_at: datetime
    reviewed_at: datetime | None
    review_note: str


class ReviewIn(Schema):
    accept: bool
    note: Annotated[str, Field(max_length=5000)] = ""


class WithdrawIn(Schema):
    reason: Annotated[str, Field(max_length=2000)]


class EndedOut(Schema):
    """How many statements ended: the one taken back, and its copies in other bodies."""

    ended: int


class RuleRow(Schema):
    exploitation: _Short
    exposure: _Short
    automatable: _Short
    impact: _Short
    outcome: _Short


class DeadlineRow(Schema):
    outcome: _Short
    amount: int
    unit: Literal["hours", "days"]
    business: bool = False


class PriorityTable(Schema):
    """The 72 combinations and the deadline of each outcome."""

    rows: Annotated[list[RuleRow], Field(max_length=144)]
    deadlines: Annotated[list[DeadlineRow], Field(max_length=8)]


class PriorityTableIn(PriorityTable):
    """``dry_run``: only say what would change."""

    reason: Annotated[str, Field(max_length=2000)] = ""
    dry_run: bool = False


class TableEffect(Schema):
    combinations: int
    before: dict[str, int]
    after: dict[str, int]
    moved: int
    bodies: int
    inversions: int


def _exposure(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk,
        "body": one.body.code,
        "asset": one.asset.key,
        "component": str(one.component),
        "vulnerability": one.vulnerability.cve_id,
        **{
            name: getattr(one, name)
            for name in ("certainty", "state", "priority", "criticality", "opened_at", "due_at", "closed_at")
        },
        "reopened": one.reopened,
        "proof": one.proof,
    }


def _statement(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk,
        "body": one.body.code,
        "vulnerability": one.vulnerability.cve_id,
        **{
            name: getattr(one, name)
            for name in ("kind", "justification", "explanation", "compensating_measure")
        },
        **{
            name: getattr(one, name)
            for name in ("valid_until", "state", "made_at", "reviewed_at", "review_note")
        },
    }


@router.get("/exposures", response=ExposurePage, summary="List exposures")
@page(Permission.EXPOSURE_READ)
def list_exposures(request: HttpRequest, filters: Query[ExposureFilters]) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    parameters = {name: str(value) for name, value in filters.dict().items()}
    shown = lists.exposure_page(actor, parameters)
    items = [_exposure(one) for one in shown.rows]
    return {
        "total": shown.total,
        "beyond": shown.beyond,
        "page": shown.number,
        "pages": shown.pages,
        "after": shown.last_cursor,
        "items": items,
    }


@router.get("/exposures/{int:exposure_id}", response=ExposureDetail, summary="One exposure, and why")
@page(Permission.EXPOSURE_READ)
def get_exposure(request: HttpRequest, exposure_id: int) -> dict[str, Any]:
    found = queries.get_exposure(request.actor, exposure_id)  # type: ignore[attr-defined]
    finding = queries.finding_of(found)
    why = queries.priority_for(found)
    return {
        **_exposure(found),
        "status": finding.status if finding else "",
        "source": finding.source if finding else "",
        "range": finding.range if finding else "",
        "reason": finding.reason if finding else "",
        "sentence": wording.verdict(finding.reason, finding.detail, finding.range) if finding else "",
        "confidence": finding.confidence if finding else None,
        "inputs": [
            {"name": one.name, "value": str(one.value), "source": one.source, "decisive": one.decisive}
            for one in why.inputs
        ],
        "due_reason": str(why.due_reason),
    }


@router.get("/findings/{cve_id}", response=list[FindingOut], summary="Verdicts about a vulnerability")
@page(Permission.EXPOSURE_READ)
def list_findings(
    request: HttpRequest, cve_id: str, page_number: Annotated[int, Query(ge=1, alias="page")] = 1
) -> list[dict[str, Any]]:
    actor = request.actor  # type: ignore[attr-defined]
    vulnerability = intelligence.get_vulnerability(actor, cve_id.upper())
    rows = queries.findings(actor, vulnerability.pk)[(page_number - 1) * 500 : page_number * 500]
    return [
        {
            "component": str(one.component),
            "purl": one.component.purl,
            "cpe": one.component.cpe,
            "sentence": wording.verdict(one.reason, one.detail, one.range),
            **{name: getattr(one, name) for name in ("status", "source", "range", "reason", "confidence")},
        }
        for one in rows
    ]


@router.get("/statements", response=list[StatementOut], summary="List statements, latest first")
@page(Permission.EXPOSURE_READ)
def list_statements(request: HttpRequest, state: str = "", page: int = 1) -> list[dict[str, Any]]:
    actor = request.actor  # type: ignore[attr-defined]
    shown = lists.STATEMENTS.page(
        queries.statements(actor), {"state": state, "page": str(page), "size": "500"}
    )
    return [_statement(one) for one in shown.rows]


@router.post("/statements", response={201: StatementOut}, summary="Propose a statement")
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def make_statement(request: HttpRequest, content: StatementIn) -> tuple[int, dict[str, Any]]:
    actor = request.actor  # type: ignore[attr-defined]
    values = content.dict()
    body = organisations.get_organisation(actor, values.pop("body"))
    vulnerability = intelligence.get_vulnerability(actor, values.pop("vulnerability").upper())
    made = commands.make_statement(actor, body_id=body.pk, vulnerability_id=vulnerability.pk, **values)
    return 201, _statement(made)


@router.post(
    "/statements/{int:statement_id}/review", response=StatementOut, summary="Accept or refuse a statement"
)
@page(Permission.ALERT_REVIEW)
def review_statement(request: HttpRequest, statement_id: int, content: ReviewIn) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    return _statement(
        commands.review_statement(actor, statement_id=statement_id, accept=content.accept, note=content.note)
    )


@router.post("/statements/{int:statement_id}/withdraw", response=EndedOut, summary="Take a statement back")
@page(Permission.ALERT_RESPOND, Permission.ALERT_REVIEW)
def withdraw_statement(request: HttpRequest, statement_id: int, content: WithdrawIn) -> dict[str, int]:
    actor = request.actor  # type: ignore[attr-defined]
    return {"ended": commands.withdraw_statement(actor, statement_id=statement_id, reason=content.reason)}


@router.get("/priority", response=PriorityTable, summary="The decision table and deadlines")
@page(Permission.EXPOSURE_READ, Permission.PRIORITY_EDIT)
def get_priority_table(request: HttpRequest) -> dict[str, Any]:
    return {"rows": queries.priority_table().to_rows(), "deadlines": queries.priority_deadlines().to_rows()}


@router.put("/priority", response=TableEffect, summary="Replace the decision table, or preview it")
@page(Permission.PRIORITY_EDIT)
def put_priority_table(request: HttpRequest, content: PriorityTableIn) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    rows = [row.dict() for row in content.rows]
    deadlines = [row.dict() for row in content.deadlines]
    effect = commands.preview_priority_table(actor, commands.parse_table(rows))
    commands.parse_deadlines(deadlines)
    if not content.dry_run:
        commands.edit_priority_table(actor, rows=rows, deadlines=deadlines, reason=content.reason)
    return effect
