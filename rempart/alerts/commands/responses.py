"""What people do about a directive: for their own body, or for another with the reason recorded."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.alerts.commands.acting import (
    STEP_FIELDS,
    check_step,
    clean_reason,
    leave_trace,
    load,
    note_acknowledged,
)
from rempart.alerts.commands.routing import close_when_done
from rempart.alerts.models import Directive, Target
from rempart.alerts.states import CLOSED
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

S = Target.State


@transaction.atomic
def acknowledge(actor: Actor, *, target_id: int, reason: str = "") -> Target:
    """The body has the directive in hand. Doing it again changes nothing."""
    target, behalf = load(actor, target_id, Permission.ALERT_ACKNOWLEDGE)
    why = clean_reason(reason, needed=behalf)
    if target.acknowledged_at is not None:
        return target
    check_step(target, S.ACKNOWLEDGED)
    at, before = now(), target.state
    target.state = S.ACKNOWLEDGED
    target.acknowledged_at, target.acknowledged_by_id, target.escalate_at = at, actor.user_id, None
    target.delivered_at = target.delivered_at or at
    target.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "escalate_at", "delivered_at"])
    leave_trace(
        actor, target, "acknowledged", at, behalf=behalf, reason=why,
        before={"state": before}, after={"state": target.state},
    )  # fmt: skip
    return target


@transaction.atomic
def assign(actor: Actor, *, target_id: int, person_id: int, reason: str = "") -> Target:
    """Gives the work to a person of the body; it is then in progress."""
    target, behalf = load(actor, target_id, Permission.ALERT_RESPOND)
    why = clean_reason(reason, needed=behalf)
    if target.state in CLOSED:
        raise Conflict(_("Cette directive est close pour cet organisme."), code="wrong_state")
    person = organisations.get_person(actor, person_id)
    if not person.active or not person.body.path.startswith(target.body.path):
        raise Invalid(_("Cette personne n’appartient pas à l’organisme."), field="person")
    at = now()
    before = {"assigned_to": target.assigned_to_id, "state": target.state}
    note_acknowledged(actor, target, at)
    target.assigned_to_id = person_id
    if target.state == S.ACKNOWLEDGED:
        target.state = S.IN_PROGRESS
    target.save(update_fields=STEP_FIELDS)
    leave_trace(
        actor, target, "assigned", at, behalf=behalf, reason=why, before=before,
        after={"assigned_to": person.name, "state": target.state},
    )  # fmt: skip
    return target


@transaction.atomic
def start(actor: Actor, *, target_id: int, reason: str = "") -> Target:
    """Work has begun (again)."""
    target, behalf = load(actor, target_id, Permission.ALERT_RESPOND)
    why = clean_reason(reason, needed=behalf)
    at, before = now(), target.state
    note_acknowledged(actor, target, at)
    check_step(target, S.IN_PROGRESS)
    target.state, target.declared_at = S.IN_PROGRESS, None
    target.save(update_fields=STEP_FIELDS)
    leave_trace(
        actor, target, "started", at, behalf=behalf, reason=why,
        before={"state": before}, after={"state": target.state},
    )  # fmt: skip
    return target


@transaction.atomic
def declare(actor: Actor, *, target_id: int, reason: str = "") -> Target:
    """The body says it is done. It stays to be proved by a later inventory."""
    target, behalf = load(actor, target_id, Permission.ALERT_RESPOND)
    why = clean_reason(reason, needed=behalf)
    at, before = now(), target.state
    note_acknowledged(actor, target, at)
    check_step(target, S.DECLARED)
    target.state, target.declared_at = S.DECLARED, at
    target.save(update_fields=STEP_FIELDS)
    leave_trace(
        actor, target, "declared", at, behalf=behalf, reason=why,
        before={"state": before}, after={"state": target.state},
    )  # fmt: skip
    return target


@transaction.atomic
def request_delay(actor: Actor, *, target_id: int, until: datetime, reason: str) -> Target:
    """Asks for a later deadline; the centre answers."""
    target, behalf = load(actor, target_id, Permission.ALERT_RESPOND)
    why = clean_reason(reason, needed=True)
    at = now()
    if target.state in CLOSED:
        raise Conflict(_("Cette directive est close pour cet organisme."), code="wrong_state")
    if until <= max(at, target.due_at):
        raise Invalid(_("Le délai demandé doit dépasser l’échéance actuelle."), field="until")
    if (until - at).days > 366:
        raise Invalid(_("Le délai demandé dépasse un an."), field="until")
    note_acknowledged(actor, target, at)
    target.delay_requested_until, target.delay_reason = until, why
    target.save(update_fields=[*STEP_FIELDS, "delay_requested_until", "delay_reason"])
    leave_trace(
        actor, target, "delay_requested", at, behalf=behalf, reason=why,
        before={"due_at": target.due_at}, after={"requested": until},
    )  # fmt: skip
    return target


def _load_for_review(actor: Actor, target_id: int) -> Target:
    target, _behalf = load(actor, target_id, Permission.ALERT_REVIEW)
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
    leave_trace(
        actor, target, "delay_granted", at, behalf=False, reason=clean_reason(reason, needed=False),
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
    leave_trace(
        actor, target, "delay_refused", now(), behalf=False, reason=clean_reason(reason, needed=True),
        before={"requested": asked}, after={"due_at": target.due_at},
    )  # fmt: skip
    return target


@transaction.atomic
def mark_delivered(actor: Actor, *, target_ids: list[int]) -> int:
    """The body's officer has the directive on the screen: as good as a message received."""
    waiting = Target.objects.visible_to(actor, Permission.ALERT_ACKNOWLEDGE).filter(
        id__in=target_ids, state=S.SENT
    )
    return waiting.update(state=S.DELIVERED, delivered_at=now())


@transaction.atomic
def accept_proof(actor: Actor, *, target_id: int, reason: str) -> Target:
    """A centre has seen the proof of what no inventory can show: the target is verified, with what was seen.

    Only for what no exposure proves: a directive in free text, or a body that nothing shows exposed.
    """
    directive_id = Target.objects.filter(id=target_id).values_list("directive_id", flat=True).first()
    directive = Directive.objects.select_for_update().filter(id=directive_id).first()
    target, _behalf = load(actor, target_id, Permission.ALERT_REVIEW)
    actor.require(Permission.ALERT_REVIEW, target.body_id)
    why = clean_reason(reason, needed=True)
    if target.exposures_total:
        raise Conflict(_("Cette directive se prouve par un inventaire."), code="proved_by_inventory")
    if target.state != S.DECLARED:
        raise Conflict(_("L’organisme n’a pas déclaré la directive appliquée."), code="wrong_state")
    at = now()
    target.state, target.verified_at, target.closed_at, target.escalate_at = S.VERIFIED, at, at, None
    target.save(update_fields=["state", "verified_at", "closed_at", "escalate_at"])
    done = directive is not None and close_when_done(directive, at)
    leave_trace(
        actor, target, "verified", at, behalf=False, reason=why, before={"state": S.DECLARED},
        after={"state": target.state, "directive_closed": done},
    )  # fmt: skip
    return target
