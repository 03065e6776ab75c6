"""What every answer to a directive has in common: who acts for whom, why, and the trace it leaves."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from rempart.alerts.commands.timeline import tell
from rempart.alerts.models import Target, TargetEvent
from rempart.alerts.states import BY_PERSON, WAITING
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.permissions import Permission

S = Target.State
MAX_REASON = 2000

STEP_FIELDS = [
    "state", "acknowledged_at", "acknowledged_by", "escalate_at", "delivered_at", "assigned_to",
    "declared_at",
]  # fmt: skip


def locked(target_id: int) -> Target | None:
    """The target, locked until the end of the transaction."""
    return (
        Target.objects.select_for_update(of=("self",))
        .select_related("directive", "body")
        .filter(id=target_id)
        .first()
    )


def load(actor: Actor, target_id: int, permission: Permission) -> tuple[Target, bool]:
    """The target, locked, and whether the actor acts on the body's behalf. Raises NotFound, NotPermitted."""
    target = locked(target_id)
    if target is None or not actor.may(Permission.ALERT_READ, target.body_id):
        raise NotFound(_("Cette directive n’existe pas ou ne vous concerne pas."))
    if actor.may(permission, target.body_id):
        return target, False
    actor.require(Permission.ALERT_ASSIST, target.body_id)
    return target, True


def clean_reason(reason: str, *, needed: bool) -> str:
    """The reason as it is kept. Raises Invalid when it is needed and missing, or too long."""
    cleaned = reason.strip()
    if needed and not cleaned:
        raise Invalid(_("Indiquez la raison : elle est consignée."), field="reason")
    if len(cleaned) > MAX_REASON:
        raise Invalid(_("La raison dépasse 2 000 caractères."), field="reason")
    return cleaned


def check_step(target: Target, wanted: S) -> None:
    """Raises Conflict unless a person may take the target from where it is to ``wanted``."""
    if wanted not in BY_PERSON.get(S(target.state), frozenset()):
        raise Conflict(
            _("L’état actuel de la directive ne permet pas cette action."),
            code="wrong_state",
            values={"state": target.state, "wanted": str(wanted)},
        )


def note_acknowledged(actor: Actor, target: Target, at: datetime) -> None:
    """Whoever works on a directive has acknowledged it: the ladder stops."""
    if target.state in WAITING:
        target.state = S.ACKNOWLEDGED
        target.acknowledged_at, target.acknowledged_by_id, target.escalate_at = at, actor.user_id, None
        target.delivered_at = target.delivered_at or at


def leave_trace(
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
    tell(target.directive_id, [target], kind)
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
