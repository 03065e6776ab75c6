"""How soon bodies judge their detections: counts alone, for the platform's own measures. Not scoped."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from rempart.detection.models import Detection, Level

IN_TIME = timedelta(hours=24)


def triaged_in_time(since: datetime, until: datetime) -> dict[int, tuple[float, float]]:
    """Body → (judged within 24 hours, all) of the high and critical detections received in a period.

    Those that still have time are left out. One query.
    """
    soon = Q(triaged_at__lte=F("recorded_at") + IN_TIME)
    rows = Detection.objects.filter(level__gte=Level.HIGH, recorded_at__gte=since, recorded_at__lt=until)
    counted = (
        rows.filter(soon | Q(recorded_at__lte=until - IN_TIME))
        .order_by()
        .values_list("body_id")
        .annotate(n=Count("pk", filter=soon), d=Count("pk"))
    )
    return {body: (float(n), float(d)) for body, n, d in counted}
