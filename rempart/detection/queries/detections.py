"""Detections as their body's own people read them. Nobody else does, whatever their role in a centre."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from rempart.detection.models import Detection, DetectionNote, Level, Rule
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission


def detections(actor: Actor) -> QuerySet[Detection]:
    """The detections of the actor's own bodies."""
    rows = Detection.objects.visible_to(actor, Permission.TELEMETRY_READ)
    return rows.select_related("body", "assignee")


def get_detection(actor: Actor, detection_id: int) -> Detection:
    """Raises NotFound when there is none that the actor may see."""
    rows = detections(actor).select_related("sighting", "triaged_by")
    found: Detection | None = rows.filter(pk=detection_id).first()
    if found is None:
        raise NotFound(_("Cette détection n’existe pas, ou elle est d’un autre organisme."))
    return found


def history(actor: Actor, detection_id: int) -> QuerySet[DetectionNote]:
    """What people said and decided about a detection, the latest first."""
    rows = DetectionNote.objects.visible_to(actor, Permission.TELEMETRY_READ)
    return rows.filter(detection_id=detection_id).order_by("-at", "-id")


def untriaged(actor: Actor) -> int:
    """How many detections of a high or critical level wait for a verdict in the actor's own bodies."""
    rows = Detection.objects.visible_to(actor, Permission.TELEMETRY_READ)
    return int(rows.filter(state=Detection.State.NEW, level__gte=Level.HIGH).count())


def rule_of(actor: Actor, detection: Detection) -> Rule | None:
    """The rule of the library that a detection names, the body's own before the one of all."""
    if detection.kind == "indicator":
        return None
    rows = Rule.objects.visible_to(actor, Permission.DETECTION_READ).filter(key=detection.rule_id)
    return (
        rows.filter(Q(body=None) | Q(body_id=detection.body_id))
        .order_by(F("body").asc(nulls_last=True))
        .first()
    )
