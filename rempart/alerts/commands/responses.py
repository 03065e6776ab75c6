"""What people do about a directive: for their own body, or for another with the reason recorded."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.alerts import events
from rempart.alerts.models import Target, TargetEvent
from rempart.alerts.states import BY_PERSON, CLOSED, WAITING
from rempart.kernel import audit, outbox
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

S = Target.State
MAX_REASON = 2000


def _load(actor: Actor, target_id: int, permission: Permission) -> tuple[Target, bool]:
    """The target, locked, and whether the actor acts on the body's behalf."""
    target = (
        Target.objects.select_for_update(of=("self",))
        .select_related("directive", "body")
        .filter(id=target_id)
        .first()
    )
    if target is None or not actor.may(Permission.ALERT_READ, target.body_id):
        raise NotFound(_("Cette directive n’existe pas ou ne vous concerne pas."))
    if actor.may(permission, target.body_id):
        return target, False
    actor.require(Permission.ALERT_ASSIST, target.body_id)
    return target, True


def _reason(reason: str, *, needed: bool) -> str:
    cleaned = reason.strip()
    if needed and not cleaned:
        raise Invalid(_("Indiquez la raison : elle est consignée."), field="reason")
    if len(cleaned) > MAX_REASON:
        raise Invalid(_("La raison dépasse 2 000 caractères."), field="reason")
    return cleaned


def _check_step(target: Target, wanted: S) -> None:
    if wanted not in BY_PERSON.get(S(target.state), frozenset()):
        raise Conflict(
            _("L’état actuel de la directive ne permet pas cette action."),
            code="wrong_state",
            values={"state": target.state, "wanted": str(wanted)},
        )


def _done(
    actor: Actor,
    target: Target,
    kind: str,
    at: datetime,
    *,
    behalf: bool,
    reason: str,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    """The timeline, the event and the audit entry of what was just done."""
    TargetEvent.objects.create(
        target=target,
        body_id=target.body_id,
        at=at,
        kind=kind,
        actor_id=actor.user_id,
        actor_label=actor.label,
        on_behalf=behalf,
        reason=reason,
        detail={key: str(value) for key, value in after.items()},
    )
    outbox.publish(
        events.CHANGED,
        f"directive:{target.directive_id}",
        {"directive_id": target.directive_id, "target_ids": [target.pk], "what": kind},
    )
    audit.record(
        actor,
        f"directive.{kind}",
        target,
        before=before,
        after=after,
        reason=reason,
        on_behalf_of=target.body.name_fr if behalf else "",
        label=f"{target.directive.number} → {target.body.code}",
    )


@transaction.atomic
def acknowledge(actor: Actor, *, target_id: int, reason: str = "") -> Target:
    """The body has the directive in hand. Doing it again changes nothing."""
    target, behalf = _load(actor, target_id, Permission.ALERT_ACKNOWLEDGE)
    why = _reason(reason, needed=behalf)
    if target.acknowledged_at is not None:
        return target
    _check_step(target, S.ACKNOWLEDGED)
    at, before = now(), target.state
    target.state = S.ACKNOWLEDGED
    target.acknowledged_at, target.acknowledged_by_id, target.escalate_at = at, actor.user_id, None
    target.delivered_at = target.delivered_at or at
    target.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "escalate_at", "delivered_at"])
    _done(
        actor, target, "acknowledged", at, behalf=behalf, reason=why,
        before={"state": before}, after={"state": target.state},
    )  # fmt: skip
    return target


def _acknowledged(actor: Actor, target: Target, at: datetime) -> None:
    """Whoever works on a directive has acknowledged it."""
    if target.state in WAITING:
        target.state = S.ACKNOWLEDGED
        target.acknowledged_at, target.acknowledged_by_id, target.escalate_at = at, actor.user_id, None
        target.delivered_at = target.delivered_at or at


_STEP_FIELDS = [
    "state", "acknowledged_at", "acknowledged_by", "escalate_at", "delivered_at", "assigned_to", "declared_at",
]  # fmt: skip


@transaction.atomic
def assign(actor: Actor, *, target_id: int, person_id: int, reason: str = "") -> Target:
    """Gives the work to a person of the body; it is then in progress."""
    target, behalf = _load(actor, target_id, Permission.ALERT_RESPOND)
    why = _reason(reason, needed=behalf)
    if target.state in CLOSED:
        raise Conflict(_("Cette directive est close pour cet organisme."), code="wrong_state")
    person = organisations.person_of(target.body_id, person_id)
    if person is None:
        raise Invalid(_("Cette personne n’appartient pas à l’organisme."), field="person")
    at = now()
    before = {"assigned_to": target.assigned_to_id, "state": target.state}
    _acknowledged(actor, target, at)
    target.assigned_to_id = person_id
    if target.state == S.ACKNOWLEDGED:
        target.state = S.IN_PROGRESS
    target.save(update_fields=_STEP_FIELDS)
    _done(
        actor, target, "assigned", at, behalf=behalf, reason=why, before=before,
        after={"assigned_to": person.name, "state": target.state},
    )  # fmt: skip
    return target


@transaction.atomic
def start(actor: Actor, *, target_id: int, reason: str = "") -> Target:
    """Work has begun (again)."""
    target, behalf = _load(actor, target_id, Permission.ALERT_RESPOND)
    why = _reason(reason, needed=behalf)
    at, before = now(), target.state
    _acknowledged(actor, target, at)
    _check_step(target, S.IN_PROGRESS)
    target.state, target.declared_at = S.IN_PROGRESS, None
    target.save(update_fields=_STEP_FIELDS)
    _done(
        actor, target, "started", at, behalf=behalf, reason=why,
        before={"state": before}, after={"state": target.state},
    )  # fmt: skip
    return target


@transaction.atomic
def declare(actor: Actor, *, target_id: int, reason: str = "") -> Target:
    """The body says it is done. It stays to be proved by a later inventory."""
    target, behalf = _load(actor, target_id, Permission.ALERT_RESPOND)
    why = _reason(reason, needed=behalf)
    at, before = now(), target.state
    _acknowledged(actor, target, at)
    _check_step(target, S.DECLARED)
    target.state, target.declared_at = S.DECLARED, at
    target.save(update_fields=_STEP_FIELDS)
    _done(
        actor, target, "declared", at, behalf=behalf, reason=why,
        before={"state": before}, after={"state": target.state},
    )  # fmt: skip
    return target


@transaction.atomic
def request_delay(actor: Actor, *, target_id: int, until: datetime, reason: str) -> Target:
    """Asks for a later deadline; the centre answers."""
    target, behalf = _load(actor, target_id, Permission.ALERT_RESPOND)
    why = _reason(reason, needed=True)
    at = now()
    if target.state in CLOSED:
        raise Conflict(_("Cette directive est close pour cet organisme."), code="wrong_state")
    if until <= max(at, target.due_at):
        raise Invalid(_("Le délai demandé doit dépasser l’échéance actuelle."), field="until")
    if (until - at).days > 366:
        raise Invalid(_("Le délai demandé dépasse un an."), field="until")
    _acknowledged(actor, target, at)
    target.delay_requested_until, target.delay_reason = until, why
    target.save(update_fields=[*_STEP_FIELDS, "delay_requested_until", "delay_reason"])
    _done(
        actor, target, "delay_requested", at, behalf=behalf, reason=why,
        before={"due_at": target.due_at}, after={"requested": until},
    )  # fmt: skip
    return target


def _load_for_review(actor: Actor, target_id: int) -> Target:
    target, _behalf = _load(actor, target_id, Permission.ALERT_REVIEW)
    actor.require(Permission.ALERT_REVIEW, target.body_id)
    if target.delay_requested_until is None:
        raise Conflict(_("Aucun délai n’est demandé."), code="no_request")
    return target


@transaction.atomic
def grant_delay(actor: Actor, *, target_id: int, reason: str = "") -> Target:
    """Grants the delay asked for: the deadline moves."""
    target = _load_for_review(actor, target_id)
    at, before = now(), target.due_at
    target.due_at = target.delayed_until = target.delay_requested_until
    target.delay_requested_until = None
    target.save(update_fields=["due_at", "delayed_until", "delay_requested_until"])
    _done(
        actor, target, "delay_granted", at, behalf=False, reason=_reason(reason, needed=False),
        before={"due_at": before}, after={"due_at": target.due_at},
    )  # fmt: skip
    return target


@transaction.atomic
def refuse_delay(actor: Actor, *, target_id: int, reason: str) -> Target:
    """Refuses it, with the reason; the deadline stays."""
    target = _load_for_review(actor, target_id)
    asked = target.delay_requested_until
    target.delay_requested_until = None
    target.save(update_fields=["delay_requested_until"])
    _done(
        actor, target, "delay_refused", now(), behalf=False, reason=_reason(reason, needed=True),
        before={"requested": asked}, after={"due_at": target.due_at},
    )  # fmt: skip
    return target


@transaction.atomic
def mark_delivered(actor: Actor, *, target_ids: list[int]) -> int:
    """The body's officer has the directive on the screen: as good as a message received."""
    waiting = Target.objects.visible_to(actor, Permission.ALERT_ACKNOWLEDGE).filter(id__in=target_ids, state=S.SENT)
    return waiting.update(state=S.DELIVERED, delivered_at=now())
