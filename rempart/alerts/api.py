"""The API of directives: lists, preview and issue, the answers of bodies, messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from rempart.alerts import commands, ladder_api, queries
from rempart.alerts.pages import lists
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import Actor
from rempart.kernel.edge import page
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

router = Router()
router.add_router("", ladder_api.router)

_Reason = Annotated[str, Field(max_length=2000)]
_Title = Annotated[str, Field(max_length=300)]
_Text = Annotated[str, Field(max_length=20_000)]
_Short = Annotated[str, Field(max_length=200)]


class DirectiveOut(Schema):
    """A directive with its counts among the bodies that the caller may see."""

    number: str
    vulnerability: str | None
    audience: str
    title_fr: str
    title_en: str
    text_fr: str
    text_en: str
    marking: str
    priority: str
    state: str
    issued_at: datetime
    due_at: datetime
    closed_at: datetime | None
    bodies: int
    verified: int
    declared: int
    acknowledged: int
    silent: int
    other_ends: int
    late: int


class DirectivePage(Schema):
    total: int
    page: int
    pages: int
    items: list[DirectiveOut]


class TargetOut(Schema):
    """One body bound by one directive."""

    id: int
    directive: str
    body: str
    state: str
    priority: str
    sent_at: datetime
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    declared_at: datetime | None
    verified_at: datetime | None
    closed_at: datetime | None
    due_at: datetime
    delay_requested_until: datetime | None
    exposures_open: int
    exposures_total: int
    rung: int
    reopened: int


class TargetPage(Schema):
    total: int
    page: int
    pages: int
    items: list[TargetOut]


class EventOut(Schema):
    at: datetime
    kind: str
    actor: str
    on_behalf: bool
    reason: str
    detail: dict[str, Any]


class _Paged(Schema):
    sort: _Short = ""
    page: Annotated[int, Field(ge=1)] = 1
    size: Annotated[int, Field(ge=1, le=500)] = 50


class DirectiveFilters(_Paged):
    """Empty ones filter nothing."""

    state: _Short = ""
    priority: _Short = ""
    late: _Short = ""
    unacknowledged: _Short = ""
    vulnerability: _Short = ""
    body: _Short = ""
    centre: _Short = ""


class TargetFilters(DirectiveFilters):
    open: _Short = ""
    delay: _Short = ""
    recent: _Short = ""
    directive: _Short = ""


class TermsIn(Schema):
    """To whom, by when. ``portfolio`` and ``vulnerability`` are a centre's code and a CVE's identifier."""

    vulnerability: Annotated[str, Field(max_length=120)] = ""
    audience: Literal["exposed", "portfolio", "all"] = "exposed"
    portfolio: Annotated[str, Field(max_length=40)] = ""
    priority: Literal["act_now", "out_of_cycle", "scheduled"] = "out_of_cycle"
    due_at: datetime | None = None


class DirectiveIn(TermsIn):
    title_fr: _Title = ""
    title_en: _Title = ""
    text_fr: _Text = ""
    text_en: _Text = ""
    marking: Literal["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"] = "TLP:AMBER"


class ReachedOut(Schema):
    body_id: int
    assets: int
    priority: str
    due_at: datetime
    people: list[str]
    channels: int


class PreviewOut(Schema):
    """Whom a directive would reach; ``silent`` bodies have nobody to write to."""

    people: int
    silent: int
    bodies: list[ReachedOut]


class ReasonIn(Schema):
    reason: _Reason = ""


class AssignIn(ReasonIn):
    person_id: int


class DelayIn(Schema):
    until: datetime
    reason: _Reason


class NotAffectedIn(ReasonIn):
    justification: Annotated[str, Field(max_length=60)]
    explanation: Annotated[str, Field(max_length=10_000)]


class AcceptIn(ReasonIn):
    until: datetime
    explanation: Annotated[str, Field(max_length=10_000)]
    compensating_measure: Annotated[str, Field(max_length=10_000)]


class RuleTermsIn(Schema):
    """When a directive is issued without waiting for a person; ``dry_run`` says what it would issue now."""

    name_fr: _Short
    name_en: _Short
    enabled: bool = True
    kev_only: bool = True
    minimum_priority: Literal["act_now", "out_of_cycle", "scheduled"] = "act_now"
    kev_added_within_days: Annotated[int | None, Field(ge=0, le=3650)] = None
    marking: Literal["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"] = "TLP:AMBER"
    reason: _Reason = ""
    dry_run: bool = True


class RuleOut(Schema):
    """A rule of alert."""

    id: int
    name_fr: str
    name_en: str
    enabled: bool
    kev_only: bool
    minimum_priority: str
    kev_added_within_days: int | None
    marking: str


class RuleEffect(Schema):
    """What a rule issues, or would issue, at once; ``rule`` is absent after a dry run."""

    directives: int
    bodies: int
    vulnerabilities: list[str]
    rule: RuleOut | None = None


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _given(filters: _Paged) -> dict[str, str]:
    return {name: str(value) for name, value in filters.dict().items()}


def directive_fields(row: Any) -> dict[str, Any]:
    """A row of ``queries.directives`` as the API and the command line give it."""
    fields = [name for name in DirectiveOut.model_fields if name != "vulnerability"]
    found = {name: getattr(row, name) for name in fields}
    return {**found, "vulnerability": row.vulnerability.cve_id if row.vulnerability is not None else None}


def target_fields(row: Any) -> dict[str, Any]:
    """A row of ``queries.targets`` as the API and the command line give it."""
    fields = [name for name in TargetOut.model_fields if name not in {"directive", "body"}]
    found = {name: getattr(row, name) for name in fields}
    return {**found, "directive": row.directive.number, "body": row.body.code}


def _answer(
    request: HttpRequest, target_id: int, command: Callable[..., Any], **terms: Any
) -> dict[str, Any]:
    command(_actor(request), target_id=target_id, **terms)
    return target_fields(queries.get_target(_actor(request), target_id))


def _terms(actor: Actor, given: TermsIn) -> dict[str, Any]:
    known = (
        intelligence.get_vulnerability(actor, given.vulnerability.upper()) if given.vulnerability else None
    )
    place = organisations.get_organisation(actor, given.portfolio) if given.portfolio else None
    return {
        "vulnerability_id": known.pk if known is not None else None,
        "audience": given.audience,
        "portfolio_id": place.pk if place is not None else None,
        "priority": given.priority,
        "due_at": given.due_at,
    }


@router.get("/directives", response=DirectivePage, summary="List directives")
@page(Permission.ALERT_READ)
def list_directives(request: HttpRequest, filters: Query[DirectiveFilters]) -> dict[str, Any]:
    """Filters are those of the page; late and unacknowledged take "yes"."""
    actor = _actor(request)
    rows = lists.with_urgency(queries.directives(actor))
    shown = lists.directive_listing(actor).page(rows, _given(filters))
    items = [directive_fields(row) for row in shown.rows]
    return {"total": shown.total, "page": shown.number, "pages": shown.pages, "items": items}


@router.post("/directives", response={201: DirectiveOut}, summary="Issue a directive")
@page(Permission.ALERT_ISSUE)
def issue_directive(request: HttpRequest, given: DirectiveIn) -> tuple[int, dict[str, Any]]:
    """Sends it at once to every body of its audience."""
    actor = _actor(request)
    made = commands.issue_directive(
        actor, **_terms(actor, given), title_fr=given.title_fr, title_en=given.title_en,
        text_fr=given.text_fr, text_en=given.text_en, marking=given.marking,
    )  # fmt: skip
    return 201, directive_fields(queries.get_directive(actor, made.number))


@router.post("/directives/preview", response=PreviewOut, summary="See whom a directive would reach")
@page(Permission.ALERT_ISSUE)
def preview_directive(request: HttpRequest, given: TermsIn) -> dict[str, Any]:
    actor = _actor(request)
    seen = commands.preview_directive(actor, **_terms(actor, given))
    fields = list(ReachedOut.model_fields)
    bodies = [{name: getattr(each, name) for name in fields} for each in seen.bodies]
    return {"people": seen.people, "silent": len(seen.silent), "bodies": bodies}


@router.get("/directives/{number}", response=DirectiveOut, summary="Read a directive")
@page(Permission.ALERT_READ)
def get_directive(request: HttpRequest, number: str) -> dict[str, Any]:
    return directive_fields(queries.get_directive(_actor(request), number))


@router.post("/directives/{number}/cancel", response=DirectiveOut, summary="Cancel a directive")
@page(Permission.ALERT_ISSUE)
def cancel_directive(request: HttpRequest, number: str, given: ReasonIn) -> dict[str, Any]:
    actor = _actor(request)
    found = queries.get_directive(actor, number)
    commands.cancel_directive(actor, directive_id=found.pk, reason=given.reason)
    return directive_fields(queries.get_directive(actor, number))


def _save_rule(actor: Actor, given: RuleTermsIn, rule_id: int | None = None) -> dict[str, Any]:
    terms = commands.RuleTerms(**given.dict(exclude={"reason", "dry_run"}))
    effect = asdict(commands.preview_rule(actor, terms=terms))
    if given.dry_run:
        return effect
    return {
        **effect,
        "rule": commands.save_rule(actor, terms=terms, rule_id=rule_id, reason=given.reason),
    }


@router.get("/rules", response=list[RuleOut], summary="The rules that issue directives by themselves")
@page(Permission.ALERT_ISSUE)
def list_rules(request: HttpRequest) -> Any:
    return list(queries.rules(_actor(request)))


@router.post("/rules", response=RuleEffect, summary="Add a rule, or see what it would issue")
@page(Permission.ALERT_ISSUE)
def add_rule(request: HttpRequest, given: RuleTermsIn) -> dict[str, Any]:
    """Saved when ``dry_run`` is false: it then issues what it catches among what is known already."""
    return _save_rule(_actor(request), given)


@router.put(
    "/rules/{alert_rule_id}", response=RuleEffect, summary="Change a rule, or see what it would issue"
)
@page(Permission.ALERT_ISSUE)
def change_rule(request: HttpRequest, alert_rule_id: int, given: RuleTermsIn) -> dict[str, Any]:
    """Directives already issued stay."""
    actor = _actor(request)
    queries.get_rule(actor, alert_rule_id)
    return _save_rule(actor, given, alert_rule_id)


@router.get("/targets", response=TargetPage, summary="List the bodies bound by directives")
@page(Permission.ALERT_READ)
def list_targets(request: HttpRequest, filters: Query[TargetFilters]) -> dict[str, Any]:
    """Filters are those of the page; open, late, unacknowledged, delay and recent take "yes"."""
    actor = _actor(request)
    rows = lists.with_ends(queries.targets(actor))
    shown = lists.target_listing(actor).page(rows, _given(filters))
    items = [target_fields(row) for row in shown.rows]
    return {"total": shown.total, "page": shown.number, "pages": shown.pages, "items": items}


@router.get("/targets/{target_id}", response=TargetOut, summary="Read a target")
@page(Permission.ALERT_READ)
def get_target(request: HttpRequest, target_id: int) -> dict[str, Any]:
    return target_fields(queries.get_target(_actor(request), target_id))


@router.get("/targets/{target_id}/timeline", response=list[EventOut], summary="Read a target's timeline")
@page(Permission.ALERT_READ)
def get_timeline(request: HttpRequest, target_id: int) -> list[dict[str, Any]]:
    actor = _actor(request)
    events = queries.timeline_of_target(actor, queries.get_target(actor, target_id))
    return [
        {
            "at": each.at,
            "kind": each.kind,
            "actor": each.actor_label,
            "on_behalf": each.on_behalf,
            "reason": each.reason,
            "detail": each.detail,
        }
        for each in events
    ]


@router.post("/targets/{target_id}/acknowledge", response=TargetOut, summary="Acknowledge")
@page(Permission.ALERT_ACKNOWLEDGE, Permission.ALERT_ASSIST)
def acknowledge(request: HttpRequest, target_id: int, given: ReasonIn) -> dict[str, Any]:
    """A centre that acknowledges for a body gives its reason."""
    return _answer(request, target_id, commands.acknowledge, reason=given.reason)


@router.post("/targets/{target_id}/assign", response=TargetOut, summary="Give the work to a person")
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def assign(request: HttpRequest, target_id: int, given: AssignIn) -> dict[str, Any]:
    return _answer(request, target_id, commands.assign, person_id=given.person_id, reason=given.reason)


@router.post("/targets/{target_id}/start", response=TargetOut, summary="Say that work has begun")
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def start(request: HttpRequest, target_id: int, given: ReasonIn) -> dict[str, Any]:
    return _answer(request, target_id, commands.start, reason=given.reason)


@router.post("/targets/{target_id}/declare", response=TargetOut, summary="Declare it applied")
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def declare(request: HttpRequest, target_id: int, given: ReasonIn) -> dict[str, Any]:
    """It stays to be proved by a later inventory."""
    return _answer(request, target_id, commands.declare, reason=given.reason)


@router.post("/targets/{target_id}/delay", response=TargetOut, summary="Ask for a later deadline")
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def request_delay(request: HttpRequest, target_id: int, given: DelayIn) -> dict[str, Any]:
    return _answer(request, target_id, commands.request_delay, until=given.until, reason=given.reason)


@router.post("/targets/{target_id}/delay/grant", response=TargetOut, summary="Grant the delay asked for")
@page(Permission.ALERT_REVIEW)
def grant_delay(request: HttpRequest, target_id: int, given: ReasonIn) -> dict[str, Any]:
    return _answer(request, target_id, commands.grant_delay, reason=given.reason)


@router.post("/targets/{target_id}/delay/refuse", response=TargetOut, summary="Refuse the delay asked for")
@page(Permission.ALERT_REVIEW)
def refuse_delay(request: HttpRequest, target_id: int, given: ReasonIn) -> dict[str, Any]:
    return _answer(request, target_id, commands.refuse_delay, reason=given.reason)


@router.post("/targets/{target_id}/not-affected", response=TargetOut, summary="State not affected (VEX)")
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def state_not_affected(request: HttpRequest, target_id: int, given: NotAffectedIn) -> dict[str, Any]:
    """Counts once the centre accepts it; the target then moves by evidence."""
    return _answer(request, target_id, commands.state_not_affected, **given.dict())


@router.post("/targets/{target_id}/accept-risk", response=TargetOut, summary="Ask to accept the risk")
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def state_accepted(request: HttpRequest, target_id: int, given: AcceptIn) -> dict[str, Any]:
    return _answer(request, target_id, commands.state_accepted, **given.dict())


@router.post("/targets/{target_id}/proof", response=TargetOut, summary="Accept a proof seen by the centre")
@page(Permission.ALERT_REVIEW)
def accept_proof(request: HttpRequest, target_id: int, given: ReasonIn) -> dict[str, Any]:
    """Only for what no inventory proves."""
    return _answer(request, target_id, commands.accept_proof, reason=given.reason)
