"""Climbs the ladder for those who have not acknowledged: officer → deputy → COCD → CGCD."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from rempart.alerts import events
from rempart.alerts.commands.delivery import queue_messages
from rempart.alerts.commands.routing import record_events
from rempart.alerts.ladder import steps
from rempart.alerts.models import Target
from rempart.alerts.states import WAITING
from rempart.kernel import outbox
from rempart.kernel.time import now

BATCH = 500


@transaction.atomic
def escalate_due() -> int:
    """Tells the next rung for every target whose time has come; returns how many climbed."""
    at = now()
    due = list(
        Target.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(escalate_at__lte=at, closed_at__isnull=True, state__in=WAITING)
        .order_by("escalate_at")[:BATCH]
    )
    by_rung: dict[str, list[Target]] = {}
    for target in due:
        ladder = steps(target.priority, target.sent_at)
        target.rung = min(target.rung + 1, len(ladder) - 1)
        following = ladder[target.rung + 1 :]
        # A target reopened long after it was sent climbs one rung an hour, not all at once.
        target.escalate_at = max(following[0][1], at + timedelta(minutes=15)) if following else None
        by_rung.setdefault(str(ladder[target.rung][0]), []).append(target)
    Target.objects.bulk_update(due, ["rung", "escalate_at"], batch_size=300)
    for rung, targets in by_rung.items():
        record_events(targets, "escalated", at, {"rung": rung})
        queue_messages(targets, "escalated", at, rung)
    for directive_id in {target.directive_id for target in due}:
        mine = [target.pk for target in due if target.directive_id == directive_id]
        outbox.publish(
            events.CHANGED,
            f"directive:{directive_id}",
            {"directive_id": directive_id, "target_ids": mine, "what": "escalated"},
        )
    return len(due)
