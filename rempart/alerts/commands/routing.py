"""Keeps each open directive's targets equal to the bodies exposed, at every moment, from evidence alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from rempart.alerts import events
from rempart.alerts.commands.delivery import queue_messages
from rempart.alerts.ladder import steps
from rempart.alerts.models import AlertRule, Directive, Target, TargetEvent
from rempart.alerts.numbering import next_number
from rempart.alerts.states import CLOSED, after_evidence
from rempart.alerts.wording import directive_words
from rempart.engines.priority import Outcome
from rempart.exposure import queries as exposure
from rempart.exposure.queries import ExposedBody
from rempart.intelligence import queries as intelligence
from rempart.kernel import audit, outbox
from rempart.kernel.actors import system
from rempart.kernel.time import now, today

_ROUTER = system("alerts")
S = Target.State


def route_vulnerability(vulnerability_id: int) -> Directive | None:
    """Issues the directive that a rule calls for, or brings the open one up to date. Idempotent."""
    with transaction.atomic():
        directive = (
            Directive.objects.select_for_update()
            .filter(vulnerability_id=vulnerability_id, state=Directive.State.OPEN)
            .first()
        )
        exposed = exposure.exposed_bodies(vulnerability_id)
        if directive is None:
            rule = _rule_for(vulnerability_id, exposed)
            if rule is None:
                return None
            directive = _issue_by_rule(rule, vulnerability_id, exposed)
        sync_targets(directive, exposed)
        return directive


def _rule_for(vulnerability_id: int, exposed: list[ExposedBody]) -> AlertRule | None:
    if not exposed:
        return None
    vulnerability = intelligence.facts(vulnerability_id)
    worst = max(Outcome(body.priority).rank for body in exposed)
    for rule in AlertRule.objects.filter(enabled=True).order_by("id"):
        if rule.kev_only and vulnerability.kev_added_on is None:
            continue
        if rule.kev_added_within_days is not None and (
            vulnerability.kev_added_on is None
            or (today() - vulnerability.kev_added_on).days > rule.kev_added_within_days
        ):
            continue
        if worst >= Outcome(rule.minimum_priority).rank:
            return rule
    return None


def _issue_by_rule(rule: AlertRule, vulnerability_id: int, exposed: list[ExposedBody]) -> Directive:
    vulnerability = intelligence.facts(vulnerability_id)
    at = now()
    directive = Directive.objects.create(
        number=next_number(at),
        vulnerability_id=vulnerability_id,
        audience=Directive.Audience.EXPOSED,
        marking=rule.marking,
        priority=_worst_priority(exposed),
        issued_at=at,
        issued_by_rule=rule,
        due_at=min(body.due_at for body in exposed if body.due_at is not None),
        **directive_words(vulnerability),
    )
    audit.record(
        _ROUTER,
        "directive.issue",
        directive,
        after={"vulnerability": vulnerability.cve_id, "rule": rule.name_fr, "bodies": len(exposed)},
    )
    return directive


def _worst_priority(exposed: Iterable[ExposedBody]) -> str:
    return max((body.priority for body in exposed), key=lambda name: Outcome(name).rank)


def sync_targets(directive: Directive, exposed: list[ExposedBody]) -> None:
    """Adds the bodies newly exposed, and moves the others as the evidence says. Caller holds the directive."""
    at = now()
    existing = {target.body_id: target for target in directive.targets.all()}
    added = _add(directive, [body for body in exposed if body.body_id not in existing], at)
    changed = _move(directive, existing, exposed, at)
    if added or changed:
        outbox.publish(
            events.CHANGED,
            f"directive:{directive.pk}",
            {
                "directive_id": directive.pk,
                "target_ids": [target.pk for target in [*added, *changed]],
                "what": "routed" if added else "evidence",
            },
        )
    if added:
        queue_messages(added, "issued", at)
    _close_when_done(directive, at)


def _add(directive: Directive, bodies: list[ExposedBody], at: datetime) -> list[Target]:
    if not bodies:
        return []
    made = [
        Target(
            directive=directive,
            body_id=body.body_id,
            priority=body.priority,
            sent_at=at,
            due_at=body.due_at or directive.due_at,
            escalate_at=next((when for _, when in steps(body.priority, at)[1:]), None),
            exposures_total=body.assets,
            exposures_open=body.assets,
        )
        for body in bodies
    ]
    Target.objects.bulk_create(made, batch_size=500)
    record_events(made, "sent", at, detail={"assets": None})
    return made


def _move(
    directive: Directive, existing: dict[int, Target], exposed: list[ExposedBody], at: datetime
) -> list[Target]:
    """Applies the evidence to the targets that already are; returns those whose row changed."""
    if not existing or directive.vulnerability_id is None:
        return []
    counts = exposure.state_counts(directive.vulnerability_id, list(existing))
    present = {body.body_id: body for body in exposed}
    changed, lines = [], []
    for body_id, target in existing.items():
        mine = counts.get(body_id, {})
        total = sum(number for state, number in mine.items() if state != "withdrawn")
        still_open = mine.get("open", 0)
        before = (target.state, target.exposures_total, target.exposures_open, target.due_at, target.priority)
        state = after_evidence(S(target.state), target.acknowledged_at is not None, mine, seen_since_declared=False)
        if state != target.state:
            lines.append(_enter(target, state, at, mine))
        target.exposures_total, target.exposures_open = total, still_open
        body = present.get(body_id)
        if body is not None and body.due_at is not None and target.delayed_until is None:
            target.due_at = min(target.due_at, body.due_at) if target.state == before[0] else body.due_at
            target.priority = body.priority
        if before != (target.state, target.exposures_total, target.exposures_open, target.due_at, target.priority):
            changed.append(target)
    Target.objects.bulk_update(changed, _EVIDENCE_FIELDS, batch_size=200)
    TargetEvent.objects.bulk_create(lines, batch_size=500)
    return changed


_EVIDENCE_FIELDS = [
    "state", "exposures_total", "exposures_open", "verified_at", "closed_at", "reopened", "escalate_at", "due_at",
    "priority", "declared_at",
]  # fmt: skip


def _enter(target: Target, state: S, at: datetime, counts: dict[str, int]) -> TargetEvent:
    """Moves a target to the state that evidence imposes, and says so in its timeline."""
    came_from = S(target.state)
    target.state = state
    if state in CLOSED:
        target.closed_at, target.escalate_at = at, None
        target.verified_at = at if state == S.VERIFIED else target.verified_at
        kind = str(state)
    else:
        kind = "reopened" if came_from in CLOSED or came_from == S.DECLARED else str(state)
        target.closed_at = target.verified_at = target.declared_at = None
        target.reopened += 1
        if target.acknowledged_at is None:
            target.escalate_at = next((when for _, when in steps(target.priority, at)[1:]), None)
    return TargetEvent(
        target=target,
        body_id=target.body_id,
        at=at,
        kind=kind,
        actor_label=_ROUTER.label,
        detail={"from": str(came_from), **counts},
    )


def _close_when_done(directive: Directive, at: datetime) -> None:
    """A directive about a vulnerability stays open while a body is: an end without targets closes nothing."""
    states = set(directive.targets.values_list("state", flat=True))
    if states and states <= set(CLOSED) and directive.audience != Directive.Audience.EXPOSED:
        directive.state, directive.closed_at = Directive.State.CLOSED, at
        directive.save(update_fields=["state", "closed_at"])
        audit.record(_ROUTER, "directive.close", directive, after={"state": "closed"})


@transaction.atomic
def body_reported(body_id: int, observed_at: datetime, import_id: int | None) -> int:
    """A new inventory of a body: what it had declared and the inventory still shows is reopened.

    Returns how many targets were reopened. What the inventory proves fixed was closed by routing.
    """
    at = now()
    declared = list(
        Target.objects.select_for_update()
        .select_related("directive")
        .filter(body_id=body_id, state=S.DECLARED, declared_at__lte=observed_at, exposures_open__gt=0)
    )
    reopened = []
    for target in declared:
        vulnerability_id = target.directive.vulnerability_id
        if vulnerability_id is None:
            continue
        counts = exposure.state_counts(vulnerability_id, [body_id]).get(body_id, {})
        state = after_evidence(S.DECLARED, True, counts, seen_since_declared=True)
        if state != S.IN_PROGRESS:
            continue
        line = _enter(target, state, at, counts)
        line.detail["import"] = import_id
        target.save(update_fields=_EVIDENCE_FIELDS)
        line.save()
        reopened.append(target)
        outbox.publish(
            events.CHANGED,
            f"directive:{target.directive_id}",
            {"directive_id": target.directive_id, "target_ids": [target.pk], "what": "reopened"},
        )
    if reopened:
        queue_messages(reopened, "reopened", at)
    return len(reopened)


def record_events(targets: Iterable[Target], kind: str, at: datetime, detail: dict[str, object]) -> None:
    """The same line in the timeline of each target, by the platform."""
    TargetEvent.objects.bulk_create(
        [
            TargetEvent(
                target=target, body_id=target.body_id, at=at, kind=kind, actor_label=_ROUTER.label, detail=detail
            )
            for target in targets
        ],
        batch_size=500,
    )
