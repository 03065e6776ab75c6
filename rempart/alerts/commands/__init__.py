"""Every write of the alerts slice."""

from rempart.alerts.commands.delivery import deliver_due, queue_messages, retry_delivery
from rempart.alerts.commands.digests import queue_digests
from rempart.alerts.commands.directives import (
    Preview,
    cancel_directive,
    issue_directive,
    preview_directive,
)
from rempart.alerts.commands.escalation import escalate_due, remind_due
from rempart.alerts.commands.ladder import (
    LadderPreview,
    Moved,
    Told,
    preview_ladder,
    read_ladder,
    save_ladder,
)
from rempart.alerts.commands.links import Link, acknowledge_by_link, read_link
from rempart.alerts.commands.responses import (
    accept_proof,
    acknowledge,
    assign,
    declare,
    grant_delay,
    mark_delivered,
    refuse_delay,
    request_delay,
    start,
)
from rempart.alerts.commands.routing import (
    body_reported,
    route_vulnerabilities,
    route_vulnerability,
    sync_targets,
)
from rempart.alerts.commands.rules import RulePreview, RuleTerms, apply_rules, preview_rule, save_rule
from rempart.alerts.commands.stating import state_accepted, state_not_affected

__all__ = [
    "LadderPreview",
    "Link",
    "Moved",
    "Preview",
    "RulePreview",
    "RuleTerms",
    "Told",
    "accept_proof",
    "acknowledge",
    "acknowledge_by_link",
    "apply_rules",
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
    "preview_ladder",
    "preview_rule",
    "queue_digests",
    "queue_messages",
    "read_ladder",
    "read_link",
    "refuse_delay",
    "remind_due",
    "request_delay",
    "retry_delivery",
    "route_vulnerabilities",
    "route_vulnerability",
    "save_ladder",
    "save_rule",
    "start",
    "state_accepted",
    "state_not_affected",
    "sync_targets",
]
