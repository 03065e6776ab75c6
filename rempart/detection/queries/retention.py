"""How long detections are kept, and how many a change would have the platform forget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from rempart.detection.models import Detection, Level, Response, ResponseAction, Retention
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

LEAST_DAYS, MOST_DAYS = 7, 3_650
S = ResponseAction.State
# What a response did there is still in force, or on its way: to forget it would undo it, or lose its undoing.
_HELD = (S.PENDING, S.DONE, S.UNDOING, S.UNDO_FAILED)


def due(body_id: int | None, before: datetime) -> QuerySet[Detection]:
    """The detections of a body, or of all, received before a moment, that no response in force holds.

    For the platform's own work: not scoped.
    """
    actions = ResponseAction.objects.filter(detection=OuterRef("pk"), dry=False, state__in=_HELD)
    held = actions.exclude(response__kind=Response.Kind.DIRECTIVE, state=S.DONE)
    rows = Detection.objects.filter(~Exists(held), recorded_at__lt=before)
    return rows if body_id is None else rows.filter(body_id=body_id)


def limits() -> dict[int, int]:
    """Body → the days that it keeps its detections, for the bodies that have some. Not scoped."""
    said = dict(Retention.objects.values_list("body_id", "days"))
    most = said.pop(None, None)
    found = {}
    for body_id in Detection.objects.order_by().values_list("body_id", flat=True).distinct():
        days = min((each for each in (said.get(body_id), most) if each is not None), default=None)
        if days is not None:
            found[body_id] = days
    return found


def overdue(slack: timedelta) -> int:
    """How many detections should have been forgotten for longer than ``slack``. Not scoped."""
    at = now() - slack
    return sum(due(body, at - timedelta(days=days)).count() for body, days in limits().items())


def government_limit() -> int | None:
    """The most days that any body may keep, if it was said."""
    return Retention.objects.filter(body=None).values_list("days", flat=True).first()


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a duration would have the platform forget: detections, and those without a verdict among them."""

    detections: int = 0
    untriaged: int = 0
    oldest: datetime | None = None


def leaving(actor: Actor, body_id: int | None, days: int) -> Leaving:
    """What would be forgotten in a body, or (None) in all, if detections were kept so many days.

    Counts alone, so whoever may set the government's own limit sees those of all. Raises NotPermitted.
    """
    if body_id is None:
        actor.require_everywhere(Permission.DETECTION_REVIEW)
    else:
        actor.require(Permission.TELEMETRY_READ, body_id)
    urgent = Q(state=Detection.State.NEW, level__gte=Level.HIGH)
    told = due(body_id, now() - timedelta(days=days)).aggregate(
        detections=Count("pk"), untriaged=Count("pk", filter=urgent), oldest=Min("recorded_at")
    )
    return Leaving(**told)


def leaving_with(actor: Actor, body_id: int | None, days: int | None) -> Leaving:
    """The same with what the government allows at most; nothing when neither says anything."""
    most = government_limit() if body_id is not None else None
    counted = min((each for each in (days, most) if each is not None), default=None)
    return Leaving() if counted is None else leaving(actor, body_id, counted)


def days_of(actor: Actor, body_id: int) -> int | None:
    """The days that a body said."""
    rows = Retention.objects.visible_to(actor, Permission.TELEMETRY_READ)
    return rows.filter(body_id=body_id).values_list("days", flat=True).first()


def kept_by(actor: Actor) -> list[Any]:
    """The actor's own bodies, each with its ``retention``, how many detections it has and since when."""
    bodies = list(organisations.bodies(actor, Permission.TELEMETRY_READ).order_by("name_fr"))
    said = {
        one.body_id: one
        for one in Retention.objects.visible_to(actor, Permission.TELEMETRY_READ).select_related("set_by")
    }
    rows = Detection.objects.visible_to(actor, Permission.TELEMETRY_READ).order_by().values_list("body_id")
    counts = {body: (n, oldest) for body, n, oldest in rows.annotate(n=Count("pk"), o=Min("recorded_at"))}
    for body in bodies:
        body.retention = said.get(body.pk)
        body.detections, body.oldest = counts.get(body.pk, (0, None))
    return bodies


def of_all(actor: Actor) -> Retention | None:
    """What the government allows at most, with who said it."""
    rows = Retention.objects.visible_to(actor, Permission.DETECTION_READ).select_related("set_by")
    found: Retention | None = rows.filter(body=None).first()
    return found
