"""Every write of the alerts slice."""

from rempart.alerts.commands.delivery import deliver_due, queue_messages
from rempart.alerts.commands.directives import (
    Preview,
    cancel_directive,
    issue_directive,
    preview_directive,
)
from rempart.alerts.commands.escalation import escalate_due
from rempart.alerts.commands.responses import (
    acknowledge,
    assign,
    declare,
    grant_delay,
    mark_delivered,
    refuse_delay,
    request_delay,
    start,
)
from rempart.alerts.commands.routing import body_reported, route_vulnerability, sync_targets

__all__ = [
    "Preview",
    "acknowledge",
    "assign",
    "body_reported",
    "cancel_directive",
    "declare",
    "deliver_due",
    "escalate_due",
    "grant_delay",
    "issue_directive",
    "mark_delivered",
    "preview_directive",
    "queue_messages",
    "refuse_delay",
    "request_delay",
    "route_vulnerability",
    "start",
    "sync_targets",
]
