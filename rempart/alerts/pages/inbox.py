"""What waits for a body's officer: by deadline, with one visible action each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render

from rempart.alerts import commands, queries
from rempart.alerts.states import OPEN, WAITING, S
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.permissions import Permission
from rempart.kernel.prepared import PreparedWithin
from rempart.kernel.scoping import ScopedQuerySet
from rempart.kernel.time import now

_MOST = 100
_ENDED = 10

_RIGHTS = (Permission.ALERT_READ, Permission.ALERT_RESPOND)


def _mine(actor: Actor) -> ScopedQuerySet:
    return queries.target_lines(actor).visible_to(actor, Permission.ALERT_RESPOND)


_open = PreparedWithin(
    _RIGHTS, lambda actor: _mine(actor).filter(state__in=OPEN).order_by("due_at", "id")[: _MOST + 1]
)
_ended = PreparedWithin(
    _RIGHTS, lambda actor: _mine(actor).exclude(state__in=OPEN).order_by("-closed_at", "-id")[:_ENDED]
)


@page(Permission.ALERT_RESPOND)
def inbox(request: ActorRequest) -> HttpResponseBase:
    """The directives of the actor's own bodies: what is to do first, then what is declared, then the latest
    ends.
    """
    actor = request.actor
    rows = _open.rows(actor)
    unseen = [row.pk for row in rows if row.state == S.SENT]
    if unseen and actor.may(Permission.ALERT_ACKNOWLEDGE):
        commands.mark_delivered(actor, target_ids=unseen)
    at = now()
    counts = Counter(
        waiting=sum(row.state in WAITING for row in rows),
        late=sum(row.due_at < at for row in rows),
        declared=sum(row.state == S.DECLARED for row in rows),
        open=len(rows),
    )
    context: dict[str, Any] = {
        "todo": [row for row in rows if row.state != S.DECLARED][:_MOST],
        "declared": [row for row in rows if row.state == S.DECLARED][:_MOST],
        "ended": _ended.rows(actor),
        "counts": dict(counts),
        "more": len(rows) > _MOST,
        "several": len({row.body_id for row in rows}) > 1,
        "may_acknowledge": actor.may(Permission.ALERT_ACKNOWLEDGE),
    }
    return render(request, "alerts/inbox.html", context)
