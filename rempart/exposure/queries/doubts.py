"""What cannot be told: doubtful verdicts by reason, and the rows behind each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from rempart.exposure import wording
from rempart.exposure.models import Exposure, Finding
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason for which verdicts stay open: how many verdicts, of how many distinct components."""

    reason: str
    verdicts: int
    components: int
    settles: Any


def doubtful(actor: Actor) -> QuerySet[Finding]:
    """The verdicts that cannot be told, of software that the actor's bodies hold now."""
    rows = Finding.objects.filter(status="cannot_tell").select_related("component", "vulnerability")
    held = Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(
        vulnerability_id=OuterRef("vulnerability_id"), component_id=OuterRef("component_id"), state="open"
    )
    return rows.filter(Exists(held))


def doubts(rows: QuerySet[Finding]) -> list[Doubt]:
    """These verdicts by reason, the commonest first."""
    counted = (
        rows.order_by()
        .values("reason")
        .annotate(verdicts=Count("id"), components=Count("component_id", distinct=True))
    )
    return [
        Doubt(row["reason"], row["verdicts"], row["components"], wording.SETTLES.get(row["reason"], "—"))
        for row in counted.order_by("-verdicts", "reason")
    ]
