"""What waits for a body's officer: by deadline, with one visible action each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render

from rempart.alerts import commands, queries
from rempart.alerts.states import OPEN, WAITING, S
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_MOST = 100


@page(Permission.ALERT_RESPOND)
def inbox(request: ActorRequest) -> HttpResponseBase:
    """The directives of the actor's own bodies: what is to do first, then what is declared, then the latest
    ends.
    """
    actor = request.actor
    mine = queries.target_lines(actor).visible_to(actor, Permission.ALERT_RESPOND)
    rows = list(mine.filter(state__in=OPEN).order_by("due_at", "id")[: _MOST + 1])
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
        "ended": list(mine.exclude(state__in=OPEN).order_by("-closed_at", "-id")[:10]),
        "counts": dict(counts),
        "more": len(rows) > _MOST,
        "several": len({row.body_id for row in rows}) > 1,
        "may_acknowledge": actor.may(Permission.ALERT_ACKNOWLEDGE),
    }
    return render(request, "alerts/inbox.html", context)
