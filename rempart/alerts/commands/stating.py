"""A body's word about a directive: not affected, or a risk accepted until a date. The centre reviews it.

The target itself moves later, by evidence: once the statement is accepted, the exposures it covers close.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.alerts.commands.acting import STEP_FIELDS, clean_reason, leave_trace, load, note_acknowledged
from rempart.alerts.models import Target
from rempart.alerts.states import CLOSED
from rempart.exposure import commands as exposure_commands
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now


@transaction.atomic
def state_not_affected(
    actor: Actor, *, target_id: int, justification: str, explanation: str, reason: str = ""
) -> Target:
    """Says that the body is not affected, with a VEX justification. Raises Invalid, Conflict, NotFound."""
    return _state(actor, target_id, "not_affected", explanation, reason, justification=justification)


@transaction.atomic
def state_accepted(
    actor: Actor,
    *,
    target_id: int,
    until: datetime,
    explanation: str,
    compensating_measure: str,
    reason: str = "",
) -> Target:
    """Asks to accept the risk until a date, with what compensates it. Raises Invalid, Conflict, NotFound."""
    return _state(
        actor, target_id, "risk_accepted", explanation, reason, valid_until=until,
        compensating_measure=compensating_measure,
    )  # fmt: skip


def _state(actor: Actor, target_id: int, kind: str, explanation: str, reason: str, **terms: object) -> Target:
    target, behalf = load(actor, target_id, Permission.ALERT_RESPOND)
    why = clean_reason(reason, needed=behalf)
    if target.state in CLOSED:
        raise Conflict(_("Cette directive est close pour cet organisme."), code="wrong_state")
    if target.directive.vulnerability_id is None:
        raise Invalid(_("Cette directive ne porte sur aucune vulnérabilité."), field="kind")
    at, before = now(), target.state
    note_acknowledged(actor, target, at)
    target.save(update_fields=STEP_FIELDS)
    statement = exposure_commands.make_statement(
        actor, body_id=target.body_id, vulnerability_id=target.directive.vulnerability_id, kind=kind,
        explanation=explanation, reason=why, **terms,
    )  # fmt: skip
    leave_trace(
        actor, target, f"stated_{kind}", at, behalf=behalf, reason=why, before={"state": before},
        after={"state": target.state, "statement": statement.pk, "explanation": statement.explanation},
    )  # fmt: skip
    return target
