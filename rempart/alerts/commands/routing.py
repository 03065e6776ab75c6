"""Keeps each open directive's targets equal to the bodies exposed, at every moment, from evidence alone.

Locks are taken in one order everywhere: the directive, then its targets by id, then the end of the audit
trail.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from rempart.alerts.commands.delivery import queue_messages
from rempart.alerts.commands.timeline import ROUTER, record_events, tell
from rempart.alerts.ladder import Escalation, in_force
from rempart.alerts.models import AlertRule, Directive, Target, TargetEvent
from rempart.alerts.numbering import hold_issuing, next_number
from rempart.alerts.states import CLOSED, after_evidence
from rempart.alerts.wording import directive_words
from rempart.engines.priority import Outcome
from rempart.exposure import queries as exposure
from rempart.exposure.queries import ExposedBody
from rempart.intelligence import queries as intelligence
from rempart.intelligence.queries import Facts
from rempart.kernel import audit, walls
from rempart.kernel.time import now, today

S = Target.State


def route_vulnerabilities(vulnerability_ids: Iterable[int]) -> int:
    """Routes those of these vulnerabilities that may concern a directive; returns how many were looked at.

    A feed changes hundreds at once and few of them matter here: those with an open directive, and those that
    a rule in force may catch.
    """
    wanted = set(vulnerability_ids)
    open_ids = set(
        Directive.objects.filter(state=Directive.State.OPEN, vulnerability_id__in=wanted).values_list(
            "vulnerability_id", flat=True
        )
    )
    rules = list(AlertRule.objects.filter(enabled=True))
    candidates = wanted - open_ids if rules else set()
    if candidates and all(rule.kev_only for rule in rules):
        known = intelligence.vulnerabilities(ROUTER).filter(id__in=candidates, kev_added_on__isnull=False)
        candidates = set(known.values_list("id", flat=True))
    if candidates:
        softest = min((rule.minimum_priority for rule in rules), key=lambda name: Outcome(name).rank)
        candidates = exposure.exposing(candidates, softest)
    for vulnerability_id in sorted(open_ids | candidates):
        route_vulnerability(vulnerability_id)
    return len(open_ids | candidates)


@transaction.atomic
def route_vulnerability(vulnerability_id: int) -> Directive | None:
    """Issues the directive that a rule calls for, or brings the open one up to date. Idempotent."""
    directive = _held(vulnerability_id)
    exposed = exposure.exposed_bodies(vulnerability_id)
    if directive is not None:
        sync_targets(directive, exposed)
        return directive
    rule = _rule_for(vulnerability_id, exposed)
    if rule is None or _cancelled(vulnerability_id):
        return None
    hold_issuing()
    directive = _held(vulnerability_id)
    if directive is not None:
        sync_targets(directive, exposed)
        return directive
    vulnerability = intelligence.facts(vulnerability_id)
    directive = _issue_by_rule(rule, vulnerability_id, vulnerability, exposed)
    sync_targets(directive, exposed)
    audit.record(
        ROUTER,
        "directive.issue",
        directive,
        after={"vulnerability": vulnerability.cve_id, "rule": rule.name_fr, "bodies": len(exposed)},
    )
    return directive


def _held(vulnerability_id: int) -> Directive | None:
    return (
        Directive.objects.select_for_update()
        .filter(vulnerability_id=vulnerability_id, state=Directive.State.OPEN)
        .first()
    )


def _cancelled(vulnerability_id: int) -> bool:
    """What a person has withdrawn, only a person issues again."""
    return Directive.objects.filter(
        vulnerability_id=vulnerability_id, state=Directive.State.CANCELLED
    ).exists()


def _rule_for(vulnerability_id: int, exposed: list[ExposedBody]) -> AlertRule | None:
    if not exposed:
        return None
    vulnerability = intelligence.facts(vulnerability_id)
    worst = max(Outcome(body.priority).rank for body in exposed)
    for rule in AlertRule.objects.filter(enabled=True).order_by("id"):
        urgent = worst >= Outcome(rule.minimum_priority).rank
        if urgent and rule.takes(vulnerability.kev_added_on, today()):
            return rule
    return None


def _issue_by_rule(
    rule: AlertRule, vulnerability_id: int, vulnerability: Facts, exposed: list[ExposedBody]
) -> Directive:
    at = now()
    return Directive.objects.create(
        number=next_number(at),
        vulnerability_id=vulnerability_id,
        audience=Directive.Audience.EXPOSED,
        marking=rule.marking,
        priority=most_urgent(exposed),
        issued_at=at,
        issued_by_rule=rule,
        due_at=min((body.due_at for body in exposed if body.due_at is not None), default=at),
        **directive_words(vulnerability),
    )


def most_urgent(exposed: Iterable[ExposedBody]) -> str:
    """The most urgent priority among exposed bodies."""
    return max((body.priority for body in exposed), key=lambda name: Outcome(name).rank)


def sync_targets(directive: Directive, exposed: list[ExposedBody]) -> None:
    """Adds the bodies newly exposed, and moves the others as evidence says; the directive is held."""
    at = now()
    existing = {
        target.body_id: target for target in directive.targets.select_for_update(of=("self",)).order_by("id")
    }
    added = _add(directive, [body for body in exposed if body.body_id not in existing], at)
    changed, reopened = _move(directive, existing, exposed, at)
    if added:
        tell(directive.pk, added, "routed")
        queue_messages(added, "issued", at)
    if changed:
        tell(directive.pk, changed, "evidence")
    if reopened:
        queue_messages(reopened, "reopened", at)
    _follow(directive, exposed)


def _add(directive: Directive, bodies: list[ExposedBody], at: datetime) -> list[Target]:
    if not bodies:
        return []
    ladder = in_force()
    made = [
        Target(
            directive=directive,
            body_id=body.body_id,
            priority=body.priority,
            sent_at=at,
            alerted_at=at,
            due_at=body.due_at or directive.due_at,
            escalate_at=ladder.next_at(body.priority, at, 0),
            exposures_total=body.assets,
            exposures_open=body.assets,
        )
        for body in bodies
    ]
    Target.objects.bulk_create(made, batch_size=500)
    record_events(made, "sent", at, detail={})
    return made


_EVIDENCE_FIELDS = [
    "state", "exposures_total", "exposures_open", "verified_at", "closed_at", "reopened", "escalate_at",
    "due_at",
    "priority", "declared_at", "alerted_at", "rung", "accepted_until", "delayed_until",
]  # fmt: skip


def _move(
    directive: Directive, existing: dict[int, Target], exposed: list[ExposedBody], at: datetime
) -> tuple[list[Target], list[Target]]:
    """Applies the evidence to present targets; returns those that changed, and those reopened."""
    if not existing or directive.vulnerability_id is None:
        return [], []
    counts = exposure.state_counts(directive.vulnerability_id, list(existing))
    present, ladder = {body.body_id: body for body in exposed}, in_force()
    changed, reopened, lines = [], [], []
    for body_id, target in existing.items():
        mine = counts.get(body_id, {})
        if not mine and directive.audience != Directive.Audience.EXPOSED:
            continue  # asked of bodies that nothing shows exposed: there is no evidence to follow
        before = [getattr(target, name) for name in _EVIDENCE_FIELDS]
        target.exposures_total = sum(number for state, number in mine.items() if state != "withdrawn")
        target.exposures_open = mine.get("open", 0)
        state = after_evidence(
            S(target.state), target.acknowledged_at is not None, mine, seen_since_declared=False
        )
        body = present.get(body_id)
        if state != target.state:
            lines.append(_enter(target, state, at, mine, body, ladder))
            if state not in CLOSED:
                reopened.append(target)
        elif body is not None:
            _follow_priority(target, body, ladder)
        if before != [getattr(target, name) for name in _EVIDENCE_FIELDS]:
            changed.append(target)
    if changed:
        Target.objects.bulk_update(changed, _EVIDENCE_FIELDS, batch_size=100)
    TargetEvent.objects.bulk_create(lines, batch_size=500)
    return changed, reopened


def _follow_priority(target: Target, body: ExposedBody, ladder: Escalation) -> None:
    """What became more urgent is due sooner, unless a delay was granted; a date is never moved later."""
    if Outcome(body.priority).rank > Outcome(target.priority).rank and target.acknowledged_at is None:
        target.escalate_at = ladder.next_at(body.priority, target.alerted_at, target.rung)
    target.priority = body.priority
    if body.due_at is not None and target.delayed_until is None:
        target.due_at = min(target.due_at, body.due_at)


def _enter(
    target: Target,
    state: S,
    at: datetime,
    counts: dict[str, int],
    body: ExposedBody | None,
    ladder: Escalation,
) -> TargetEvent:
    """Moves a target to the state that evidence imposes, and says so in its timeline."""
    came_from = S(target.state)
    target.state = state
    if state in CLOSED:
        target.closed_at, target.escalate_at = at, None
        target.verified_at = at if state == S.VERIFIED else None
        kind = str(state)
    else:
        kind = "reopened"
        target.closed_at = target.verified_at = target.declared_at = target.accepted_until = None
        target.reopened += 1
        target.alerted_at, target.rung, target.delayed_until = at, 0, None
        if body is not None:
            target.priority, target.due_at = body.priority, body.due_at or target.due_at
        waiting = target.acknowledged_at is None
        target.escalate_at = ladder.next_at(target.priority, at, 0) if waiting else None
    return TargetEvent(
        target=target,
        body_id=target.body_id,
        at=at,
        kind=kind,
        actor_label=ROUTER.label,
        detail={"from": str(came_from), **counts},
    )


def _follow(directive: Directive, exposed: list[ExposedBody]) -> None:
    """The directive is as urgent as its most urgent body. It stays open: a body exposed later is alerted
    too.
    """
    if directive.audience != Directive.Audience.EXPOSED or not exposed:
        return
    priority = most_urgent(exposed)
    if Outcome(priority).rank > Outcome(directive.priority).rank:
        directive.priority = priority
        directive.save(update_fields=["priority"])


@walls.lifted()
def close_when_done(directive: Directive, at: datetime) -> bool:
    """Closes a directive that is about no vulnerability once no body has anything left to do."""
    if directive.vulnerability_id is not None:
        return False
    states = set(directive.targets.values_list("state", flat=True))
    if not states or not states <= set(CLOSED):
        return False
    directive.state, directive.closed_at = Directive.State.CLOSED, at
    directive.save(update_fields=["state", "closed_at"])
    return True


@transaction.atomic
def body_reported(body_id: int, observed_at: datetime, import_id: int | None) -> int:
    """A new inventory of a body: what it had declared and the inventory still shows is reopened.

    Returns how many targets were reopened. What the inventory proves fixed is closed by routing.
    """
    at = now()
    declared = list(
        Target.objects.select_for_update(of=("self",))
        .select_related("directive")
        .filter(body_id=body_id, state=S.DECLARED, declared_at__lte=observed_at)
        .order_by("id")
    )
    reopened, ladder = [], in_force()
    for target in declared:
        vulnerability_id = target.directive.vulnerability_id
        if vulnerability_id is None:
            continue
        counts = exposure.state_counts(vulnerability_id, [body_id]).get(body_id, {})
        state = after_evidence(S.DECLARED, True, counts, seen_since_declared=True)
        if state != S.IN_PROGRESS:
            continue
        line = _enter(target, state, at, counts, None, ladder)
        line.detail["import"] = import_id
        target.exposures_open = counts.get("open", 0)
        target.save(update_fields=_EVIDENCE_FIELDS)
        line.save()
        tell(target.directive_id, [target], "reopened")
        reopened.append(target)
    if reopened:
        queue_messages(reopened, "reopened", at)
    return len(reopened)
