"""Rules, those of all and those of one's bodies."""

from __future__ import annotations

from django.db.models import QuerySet

from rempart.detection.models import Rule
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission


def rules(actor: Actor) -> QuerySet[Rule]:
    """The rules of the government, and those of the bodies that the actor may read."""
    return Rule.objects.visible_to(actor, Permission.DETECTION_READ).select_related("source", "body")
