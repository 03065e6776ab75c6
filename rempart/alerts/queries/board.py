"""What the boards show: progress, what presses, what just happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from rempart.alerts.models import Directive, Target, TargetEvent
from rempart.alerts.queries.directives import directives
from rempart.alerts.states import OPEN, WAITING
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

S = Target.State


@dataclass(frozen=True, slots=True)
class DirectiveProgress:
    """One open directive and where its bodies stand; ``other_ends``: not affected, accepted or withdrawn."""

    id: int
    number: str
    title: str
    cve_id: str
    priority: str
    issued_at: datetime
    due_at: datetime
    bodies: int
    verified: int
    declared: int
    acknowledged: int
    silent: int
    other_ends: int
    late: int


def directive_progress(actor: Actor, limit: int = 20) -> list[DirectiveProgress]:
    """The open directives, those with the most late bodies first. One query."""
    rows = directives(actor).filter(state=Directive.State.OPEN).order_by("-late", "due_at", "-id")
    return [
        DirectiveProgress(
            row.pk,
            row.number,
            row.title,
            row.vulnerability.cve_id if row.vulnerability is not None else "",
            row.priority,
            row.issued_at,
            row.due_at,
            row.bodies,
            row.verified,
            row.declared,
            row.acknowledged,
            row.silent,
            row.other_ends,
            row.late,
        )
        for row in rows[:limit]
    ]


@dataclass(frozen=True, slots=True)
class SentenceCounts:
    """The figures of a board's sentence, over the bodies of the actor.

    ``unacknowledged`` bodies with a directive that nobody took in hand, ``waiting_targets`` such directives;
    ``unacknowledged_escalated`` bodies for which it went up; ``late_bodies``, ``late_targets`` open
    past their deadline; ``declared_unproved`` targets; ``verified_since_yesterday`` targets in the last 24 h;
    ``delay_requests``.
    """

    open_directives: int
    unacknowledged: int
    unacknowledged_escalated: int
    waiting_targets: int
    late_bodies: int
    late_targets: int
    declared_unproved: int
    verified_since_yesterday: int
    delay_requests: int


def sentence_counts(actor: Actor) -> SentenceCounts:
    """One query over the targets that matter now."""
    at = now()
    live = Q(state__in=OPEN) | Q(verified_at__gt=at - timedelta(days=1))
    waiting_now = Q(state__in=WAITING)
    late = Q(state__in=OPEN, due_at__lt=at)
    found = Target.objects.visible_to(actor, Permission.ALERT_READ).filter(live).aggregate(
        open_directives=Count("directive", filter=Q(state__in=OPEN), distinct=True),
        unacknowledged=Count("body", filter=waiting_now, distinct=True),
        unacknowledged_escalated=Count("body", filter=waiting_now & Q(rung__gt=0), distinct=True),
        waiting_targets=Count("id", filter=waiting_now),
        late_bodies=Count("body", filter=late, distinct=True),
        late_targets=Count("id", filter=late),
        declared_unproved=Count("id", filter=Q(state=S.DECLARED)),
        verified_since_yesterday=Count("id", filter=Q(verified_at__gt=at - timedelta(days=1))),
        delay_requests=Count("id", filter=Q(state__in=OPEN, delay_requested_until__isnull=False)),
    )  # fmt: skip
    return SentenceCounts(**found)


@dataclass(frozen=True, slots=True)
class RecentEvent:
    """A line of "what just happened"; ``kind`` is a TargetEvent's."""

    at: datetime
    kind: str
    actor: str
    on_behalf: bool
    body_code: str
    body: str
    directive: str
    title: str
    target_id: int


def recent_events(actor: Actor, limit: int = 20) -> list[RecentEvent]:
    """What people and evidence did lately, latest first; the platform's own sendings are left out."""
    rows = (
        TargetEvent.objects.visible_to(actor, Permission.ALERT_READ)
        .exclude(kind__in=["sent", "delivered"])
        .select_related("body", "target__directive")
        .order_by("-at", "-id")[:limit]
    )
    return [
        RecentEvent(
            row.at,
            row.kind,
            row.actor_label if row.actor_id is not None else "",
            row.on_behalf,
            row.body.code,
            row.body.name,
            row.target.directive.number,
            row.target.directive.title,
            row.target_id,
        )
        for row in rows
    ]


def waiting(actor: Actor) -> dict[str, int]:
    """For the menu: directives of the actor's own bodies that wait for an answer. One query."""
    if not actor.may(Permission.ALERT_RESPOND):
        return {}
    mine = Target.objects.visible_to(actor, Permission.ALERT_RESPOND)
    return {"inbox": mine.filter(state__in=OPEN - {S.DECLARED}).count()}
