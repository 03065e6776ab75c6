"""The escalation ladder, the business hours and the deadlines in force."""

from __future__ import annotations

from datetime import datetime

from rempart.alerts import due, ladder
from rempart.alerts.ladder import Escalation
from rempart.kernel.actors import Actor, NotPermitted
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now


def escalation(actor: Actor) -> Escalation:
    """What is in force: the same for every body, and no secret to who reads directives or edits it.

    Raises NotPermitted.
    """
    if not any(actor.may(each) for each in (Permission.ALERT_READ, Permission.ESCALATION_EDIT)):
        raise NotPermitted(Permission.ALERT_READ)
    return ladder.in_force()


def default_dues(actor: Actor) -> dict[str, datetime]:
    """By when a directive sent now is due where nobody says, for each priority. Raises NotPermitted."""
    actor.require(Permission.ALERT_READ)
    return due.default_dues(now())
