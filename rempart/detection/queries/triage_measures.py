"""How soon bodies judge their detections: counts alone, for the platform's own measures. Not scoped."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from rempart.detection.models import Detection, ForgottenDetection, Level

IN_TIME = timedelta(hours=24)


def triaged_in_time(since: datetime, until: datetime) -> dict[int, tuple[float, float]]:
    """Body → (judged within 24 hours, all) of the high and critical detections received in a period.

    Those that still have time are left out; those forgotten since count as they did. Two queries.
    """
    soon = Q(triaged_at__lte=F("recorded_at") + IN_TIME)
    found: dict[int, tuple[float, float]] = {}
    for model in (Detection, ForgottenDetection):
        rows = model.objects.filter(level__gte=Level.HIGH, recorded_at__gte=since, recorded_at__lt=until)
        counted = (
            rows.filter(soon | Q(recorded_at__lte=until - IN_TIME))
            .order_by()
            .values_list("body_id")
            .annotate(n=Count("pk", filter=soon), d=Count("pk"))
        )
        for body, n, d in counted:
            before = found.get(body, (0.0, 0.0))
            found[body] = (before[0] + n, before[1] + d)
    return found
