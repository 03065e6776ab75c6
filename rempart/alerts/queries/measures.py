"""The durations and proportions that indicators are made of. For the platform's own measures: not scoped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q

from rempart.alerts.models import Target
from rempart.kernel.time import now

S = Target.State


@dataclass(frozen=True, slots=True)
class Timing:
    """The instants of one target, from which every duration is taken. None: not reached yet.

    ``known_at`` is when the vulnerability's record or its entry in the catalogue could first call for an
    alert,
    as the platform learnt of it; for a directive in free text, when it was issued.
    """

    body_id: int
    directive_id: int
    vulnerability_id: int | None
    priority: str
    state: str
    published_at: datetime | None
    known_at: datetime
    alerted_at: datetime
    acknowledged_at: datetime | None
    verified_at: datetime | None
    due_at: datetime


def timings(body_ids: Iterable[int] | None, since: datetime) -> list[Timing]:
    """The targets sent, acknowledged or verified since an instant, of these bodies (None: all). One query."""
    rows = Target.objects.filter(
        Q(sent_at__gte=since) | Q(acknowledged_at__gte=since) | Q(verified_at__gte=since)
    )
    if body_ids is not None:
        rows = rows.filter(body_id__in=list(body_ids))
    values = rows.order_by("id").values_list(
        "body_id", "directive_id", "directive__vulnerability_id", "priority", "state",
        "directive__vulnerability__published_at", "directive__vulnerability__first_seen_at",
        "directive__vulnerability__kev_seen_at", "directive__issued_at", "sent_at", "acknowledged_at",
        "verified_at", "due_at",
    )  # fmt: skip
    return [
        Timing(
            body, directive, vulnerability, priority, state, published,
            min(kev or first or issued, sent), sent, acknowledged, verified, due,
        )
        for (
            body, directive, vulnerability, priority, state, published, first, kev, issued, sent,
            acknowledged,
            verified, due,
        ) in values.iterator(chunk_size=2000)
    ]  # fmt: skip


def kev_on_time(body_ids: Iterable[int] | None, since: datetime) -> tuple[int, int]:
    """(verified by their deadline, due) among known exploited vulnerabilities due between ``since`` and now.

    What was withdrawn, stated not affected or accepted is not counted: nothing was to be fixed by that date.
    """
    rows = Target.objects.filter(
        due_at__gte=since, due_at__lte=now(), directive__vulnerability__kev_added_on__isnull=False
    ).exclude(state__in=[S.WITHDRAWN, S.NOT_AFFECTED, S.ACCEPTED])
    if body_ids is not None:
        rows = rows.filter(body_id__in=list(body_ids))
    found = rows.aggregate(
        on_time=Count("id", filter=Q(state=S.VERIFIED, verified_at__lte=F("due_at"))), due=Count("id")
    )
    return found["on_time"], found["due"]


def declared_unproved(body_ids: Iterable[int] | None = None) -> tuple[int, int]:
    """(declared and not yet proved, late among them) now."""
    rows = Target.objects.filter(state=S.DECLARED)
    if body_ids is not None:
        rows = rows.filter(body_id__in=list(body_ids))
    found = rows.aggregate(all=Count("id"), late=Count("id", filter=Q(due_at__lt=now())))
    return found["all"], found["late"]
