"""Detections are forgotten when their time is up: their sighting, count and what measures need stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from rempart.detection.models import Detection, DetectionPart, ForgottenDetection, Retention
from rempart.detection.queries.retention import LEAST_DAYS, MOST_DAYS, due, limits
from rempart.kernel import audit
from rempart.kernel.actors import Actor, system
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_BATCH = 500


@transaction.atomic
def set_retention(actor: Actor, *, body_id: int | None, days: int | None) -> Retention | None:
    """How many days detections are kept in a body, or (None) at most in any; without ``days``, unsaid.

    Nothing is forgotten here: ``forget_due`` does it. Raises NotPermitted, Invalid (``days``).
    """
    if body_id is None:
        actor.require_everywhere(Permission.DETECTION_REVIEW)
    else:
        actor.require(Permission.TELEMETRY_TRIAGE, body_id)
    if days is not None and not LEAST_DAYS <= days <= MOST_DAYS:
        raise Invalid(_("De 7 à 3 650 jours."), field="days")
    most = Retention.objects.filter(body=None).values_list("days", flat=True).first()
    if body_id is not None and days is not None and most is not None and days > most:
        raise Invalid(
            _("Le gouvernement permet %(days)d jours au plus.") % {"days": most}, field="days"
        )  # fmt: skip
    held = Retention.objects.select_for_update().filter(body_id=body_id).first()
    before = {"days": held.days if held else None}
    if days is None:
        if held is not None:
            audit.record(actor, "detection.retention_set", held, body_id=body_id, before=before, after={})
            held.delete()
        return None
    held = held or Retention(body_id=body_id)
    held.days, held.set_by_id, held.set_at = days, actor.user_id, now()
    held.save()
    audit.record(actor, "detection.retention_set", held, body_id=body_id, before=before, after={"days": days})
    return held


def forget_due() -> int:
    """Forgets what every body has kept for longer than it keeps; returns how many detections."""
    forgotten = 0
    for body_id, days in sorted(limits().items()):
        before = now() - timedelta(days=days)
        gone = 0
        while batch := _forget(body_id, before):
            gone += batch
        if gone:
            audit.record(
                system("detection"), "detection.forgotten", None, body_id=body_id,
                after={"detections": gone, "days": days, "before": before},
            )  # fmt: skip
        forgotten += gone
    return forgotten


@transaction.atomic
def _forget(body_id: int, before: datetime) -> int:
    rows = list(due(body_id, before).select_for_update(of=("self",)).order_by("recorded_at")[:_BATCH])
    if not rows:
        return 0
    parts: dict[int, dict[str, Any]] = {row.pk: {} for row in rows}
    for one in DetectionPart.objects.filter(detection__in=rows):
        moments = [each and each.isoformat() for each in (one.first_at, one.last_at)]
        parts[one.detection_id][one.key] = [one.count, *moments]
    ForgottenDetection.objects.bulk_create(
        [
            ForgottenDetection(
                body_id=body_id, sighting_id=row.sighting_id, key=kept_key(row.key), parts=parts[row.pk],
                level=row.level, state=row.state, recorded_at=row.recorded_at, triaged_at=row.triaged_at,
            )
            for row in rows
        ]
    )  # fmt: skip
    Detection.objects.filter(pk__in=list(parts)).delete()
    return len(rows)


def kept_key(key: str) -> str:
    """A detection's key once it is forgotten: no host can be tried against it without our secret."""
    return salted_hmac("detection.forgotten", key, algorithm="sha256").hexdigest()


def remembered(body_id: int, keys: Sequence[str]) -> dict[str, ForgottenDetection]:
    """Key → what is left of it, for those of these detections that were forgotten."""
    asked = {kept_key(key): key for key in keys}
    rows = ForgottenDetection.objects.filter(body_id=body_id, key__in=list(asked))
    return {asked[row.key]: row for row in rows}


def restore_parts(found: Sequence[tuple[Detection, ForgottenDetection]]) -> None:
    """Gives detections that come again the parts that they had: what was counted is not counted twice."""
    DetectionPart.objects.bulk_create(
        DetectionPart(
            body_id=row.body_id, detection=row, key=key, count=count,
            first_at=first and datetime.fromisoformat(first), last_at=last and datetime.fromisoformat(last),
        )
        for row, held in found
        for key, (count, first, last) in held.parts.items()
    )  # fmt: skip
    ForgottenDetection.objects.filter(pk__in=[held.pk for _row, held in found]).update(key="", parts={})
