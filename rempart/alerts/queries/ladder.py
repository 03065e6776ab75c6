"""The escalation ladder and the business hours in force."""

from __future__ import annotations

from rempart.alerts import ladder
from rempart.alerts.ladder import Escalation
from rempart.kernel.actors import Actor, NotPermitted
from rempart.kernel.permissions import Permission


def escalation(actor: Actor) -> Escalation:
    """What is in force: the same for every body, and no secret to who reads directives or edits it.

    Raises NotPermitted.
    """
    if not any(actor.may(each) for each in (Permission.ALERT_READ, Permission.ESCALATION_EDIT)):
        raise NotPermitted(Permission.ALERT_READ)
    return ladder.in_force()
