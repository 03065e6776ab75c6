"""What the boards show: progress, what presses, what just happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rempart.alerts.models import Directive, Target, TargetEvent
from rempart.alerts.queries.directives import directive_lines
from rempart.alerts.states import OPEN, WAITING
from rempart.kernel.actors import Actor, Scope
from rempart.kernel.keeping import Kept, changes
from rempart.kernel.permissions import Permission
from rempart.kernel.scoping import condition
from rempart.kernel.sql import fetch, instant, listed
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
    rows = directive_lines(actor).filter(state=Directive.State.OPEN).order_by("-late", "due_at", "-id")
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


_SENTENCE = f"""
SELECT
    COUNT(DISTINCT CASE WHEN t.state IN ({listed(OPEN)}) THEN t.directive_id END),
    COUNT(DISTINCT CASE WHEN t.state IN ({listed(WAITING)}) THEN t.body_id END),
    COUNT(DISTINCT CASE WHEN t.state IN ({listed(WAITING)}) AND t.rung > 0 THEN t.body_id END),
    COUNT(CASE WHEN t.state IN ({listed(WAITING)}) THEN 1 END),
    COUNT(DISTINCT CASE WHEN t.state IN ({listed(OPEN)}) AND t.due_at < %s THEN t.body_id END),
    COUNT(CASE WHEN t.state IN ({listed(OPEN)}) AND t.due_at < %s THEN 1 END),
    COUNT(CASE WHEN t.state = '{S.DECLARED}' THEN 1 END),
    COUNT(CASE WHEN t.verified_at > %s THEN 1 END),
    COUNT(CASE WHEN t.state IN ({listed(OPEN)}) AND t.delay_requested_until IS NOT NULL THEN 1 END)
FROM alerts_target t
WHERE (t.state IN ({listed(OPEN)}) OR t.verified_at > %s) AND {{visible}}
"""  # noqa: S608 - codes of ours


def sentence_counts(actor: Actor) -> SentenceCounts:
    """One query over the targets that matter now, once for those who see the same until something changes."""
    scope = actor.scope(Permission.ALERT_READ)
    return _counted.get(scope, lambda: _counts(scope), changes())


_counted: Kept[SentenceCounts] = Kept(seconds=30)


def _counts(scope: Scope) -> SentenceCounts:
    visible = condition(scope, "t.body_id")
    at, yesterday = instant(now()), instant(now() - timedelta(days=1))
    (found,) = fetch(_SENTENCE.format(visible=visible), [at, at, yesterday, yesterday])
    return SentenceCounts(*found)


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


_WAITING = f"SELECT COUNT(*) FROM alerts_target WHERE state IN ({listed(OPEN - {S.DECLARED})})"  # noqa: S608 - codes of ours


def waiting(actor: Actor) -> dict[str, int]:
    """For the menu: directives of the actor's own bodies that wait for an answer. One query."""
    if not actor.may(Permission.ALERT_RESPOND):
        return {}
    visible = condition(actor.scope(Permission.ALERT_RESPOND), "body_id")
    ((count,),) = fetch(f"{_WAITING} AND {visible}")
    return {"inbox": count}
