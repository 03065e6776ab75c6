"""Climbs the ladder for those who have not acknowledged, and reminds those whose deadline comes near."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from rempart.alerts.commands.delivery import queue_messages
from rempart.alerts.commands.timeline import record_events, tell
from rempart.alerts.ladder import RUNGS, in_force
from rempart.alerts.models import Directive, Target
from rempart.alerts.states import OPEN, WAITING
from rempart.kernel.time import now

BATCH = 500
GRACE = timedelta(minutes=15)
REMIND_BEFORE = timedelta(hours=24)


@transaction.atomic
def escalate_due() -> int:
    """Tells the next rung for every target whose time has come; returns how many climbed."""
    at = now()
    due = list(
        Target.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(escalate_at__lte=at, closed_at__isnull=True, state__in=WAITING)
        .order_by("escalate_at", "id")[:BATCH]
    )
    if not due:
        return 0
    ladder = in_force()
    by_rung: dict[str, list[Target]] = {}
    for target in due:
        told = ladder.next_told(target.priority, target.alerted_at, target.rung)
        if told is None:
            target.escalate_at = None
            continue
        target.rung = RUNGS.index(told[0])
        following = ladder.next_at(target.priority, target.alerted_at, target.rung)
        # After a stop of the platform several rungs may be due: each still gets its quarter of an hour, or
        # what the ladder leaves it when that is less.
        target.escalate_at = max(following, at + min(GRACE, following - told[1])) if following else None
        by_rung.setdefault(str(told[0]), []).append(target)
    Target.objects.bulk_update(due, ["rung", "escalate_at"], batch_size=300)
    for rung, targets in by_rung.items():
        record_events(targets, "escalated", at, {"rung": rung})
        queue_messages(targets, "escalated", at, rung)
    for directive_id in sorted({target.directive_id for target in due}):
        tell(directive_id, [target for target in due if target.directive_id == directive_id], "escalated")
    return len(due)


@transaction.atomic
def remind_due() -> int:
    """Reminds, once a deadline, those who have not declared and whose deadline is within a day; returns how
    many.

    Who had less than two days in all is not reminded: the escalation ladder already presses.
    """
    at = now()
    near = Target.objects.filter(
        closed_at__isnull=True,
        state__in=OPEN - {Target.State.DECLARED},
        due_at__gt=at,
        due_at__lte=at + REMIND_BEFORE,
        directive__state=Directive.State.OPEN,
    )
    slow = [target for target in near if target.due_at - target.alerted_at > 2 * REMIND_BEFORE]
    return queue_messages(slow, "reminder", at) if slow else 0
