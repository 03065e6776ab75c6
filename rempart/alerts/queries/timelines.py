"""What happened for a body, or for all the bodies of a directive: equal lines of one minute are one line."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import CharField, Count, F, Func, Max
from django.db.models.fields.json import KeyTextTransform

from rempart.alerts.models import Directive, Target, TargetEvent
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.prepared import PreparedWithin

FOLDED = 20  # bodies named in a line that tells of many
_EVENT = (
    "at", "kind", "detail", "reason", "on_behalf", "target_id", "actor_id", "actor_label", "body__name_fr",
    "body__name_en",
)  # fmt: skip


class _Minute(Func):
    """The minute of an instant, as a text that only serves to group."""

    template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return super().as_sql(compiler, connection, template="substr(%(expressions)s, 1, 16)", **context)


@dataclass(frozen=True, slots=True)
class Line:
    """The same thing that happened within a minute for ``bodies`` bodies; ``events``: FOLDED at most, the
    latest first, each with its body.
    """

    at: datetime
    bodies: int
    events: list[TargetEvent]


def timeline_of_target(actor: Actor, target: Target) -> list[TargetEvent]:
    """What happened for one body, in order."""
    actor.require(Permission.ALERT_READ, target.body_id)
    return list(target.events.select_related("actor").order_by("at", "id"))


@cache
def _lines(limit: int) -> PreparedWithin:
    return PreparedWithin(
        (Permission.ALERT_READ,),
        lambda actor, directive: (
            TargetEvent.objects.visible_to(actor, Permission.ALERT_READ)
            .filter(target__directive=directive)
            .annotate(minute=_Minute("at"), rung=KeyTextTransform("rung", "detail"))
            .values_list("kind", "minute", "rung", "actor_id", "actor_label", "on_behalf", "reason")
            .annotate(
                bodies=Count("target_id", distinct=True), lines=Count("id"), last=Max("id"), latest=Max("at")
            )
            .order_by(F("latest").desc(), F("last").desc())[:limit]
        ),
    )


_events = PreparedWithin(
    (Permission.ALERT_READ,),
    lambda actor, directive, event_ids: (
        TargetEvent.objects.visible_to(actor, Permission.ALERT_READ)
        .filter(target__directive=directive, id__in=event_ids)
        .select_related("body")
        .only(*_EVENT)
        .order_by("-id")
    ),
)


def timeline_of_directive(actor: Actor, directive: Directive, limit: int = 100) -> list[Line]:
    """What happened for the bodies of a directive that the actor may see, latest first. Two queries."""
    found = _lines(limit).rows(actor, directive=directive.pk)
    # What is told of many bodies at once is written at once: its rows follow one another.
    wanted = {row[9] - back for row in found for back in range(min(row[8], FOLDED))}
    events: dict[tuple[Any, ...], list[TargetEvent]] = defaultdict(list)
    if wanted:
        for event in _events.rows(actor, directive=directive.pk, event_ids=sorted(wanted)):
            events[_group(event)].append(event)
    return [Line(row[10], row[7], events[row[:7]]) for row in found]


def _group(event: TargetEvent) -> tuple[Any, ...]:
    return (
        event.kind, f"{event.at:%Y-%m-%d %H:%M}", event.detail.get("rung"), event.actor_id, event.actor_label,
        event.on_behalf, event.reason,
    )  # fmt: skip
