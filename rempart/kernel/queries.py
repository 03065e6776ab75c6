"""Reading the audit trail, and whether the platform works: jobs, events, workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils.translation import gettext as _

from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.models import AuditEntry, Heartbeat, Job, OutboxEvent
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

ALIVE = timedelta(seconds=60)


def audit_entries(actor: Actor) -> QuerySet[AuditEntry]:
    """The entries that the actor may read: all, or those of the bodies where the right is held."""
    scope = actor.scope(Permission.AUDIT_READ)
    if scope.everything:
        return AuditEntry.objects.all()
    return AuditEntry.objects.filter(body_id__in=scope.bodies) if scope else AuditEntry.objects.none()


def get_audit_entry(actor: Actor, seq: int) -> AuditEntry:
    """Raises NotFound when there is no such entry that the actor may read."""
    found = audit_entries(actor).filter(seq=seq).first()
    if found is None:
        raise NotFound(_("Cette entrée n’existe pas, ou vous n’y avez pas accès."))
    return found


def body_codes(ids: set[int]) -> dict[int, str]:
    """The codes of bodies, to name them beside what the kernel keeps by number."""
    return dict(
        apps.get_model("organisations", "Organisation").objects.filter(pk__in=ids).values_list("pk", "code")
    )


def body_ids_named(text: str) -> list[int]:
    """The bodies whose code is, or begins with, this text."""
    model = apps.get_model("organisations", "Organisation")
    return list(model.objects.filter(code__istartswith=text[:40]).values_list("pk", flat=True)[:500])


@dataclass(frozen=True)
class Change:
    """One field of an entry: what it was and what it became (None: absent)."""

    field: str
    before: Any
    after: Any
    changed: bool


def changes(entry: AuditEntry) -> list[Change]:
    """An entry's fields, those that changed first."""
    before, after = entry.before or {}, entry.after or {}
    rows = [
        Change(name, before.get(name), after.get(name), before.get(name) != after.get(name))
        for name in {**before, **after}
    ]
    return sorted(rows, key=lambda row: not row.changed)


def jobs(actor: Actor) -> QuerySet[Job]:
    """All background jobs."""
    actor.require(Permission.OPERATIONS_READ)
    return Job.objects.all()


def get_job(actor: Actor, job_id: UUID) -> Job:
    """Raises NotFound."""
    found = jobs(actor).filter(pk=job_id).first()
    if found is None:
        raise NotFound(_("Cette tâche n’existe pas."))
    return found


@dataclass(frozen=True)
class Backlog:
    """The outbox: events that wait, since when the oldest does, and those that failed too often."""

    waiting: int
    oldest: datetime | None
    parked: int


def backlog() -> Backlog:
    """How far the dispatching of events is behind."""
    pending = OutboxEvent.objects.filter(dispatched_at__isnull=True)
    found = pending.aggregate(
        waiting=Count("id", filter=Q(parked=False)),
        oldest=Min("created_at", filter=Q(parked=False)),
        parked=Count("id", filter=Q(parked=True)),
    )
    return Backlog(found["waiting"], found["oldest"], found["parked"])


def parked_events(actor: Actor, limit: int = 100) -> list[OutboxEvent]:
    """Events whose reactions failed too often, oldest first; ``error`` says why."""
    actor.require(Permission.OPERATIONS_READ)
    return list(OutboxEvent.objects.filter(parked=True, dispatched_at__isnull=True).order_by("id")[:limit])


@dataclass(frozen=True)
class WorkerLife:
    """A worker's last sign of life."""

    name: str
    at: datetime
    alive: bool
    detail: dict[str, Any]


def workers() -> list[WorkerLife]:
    """The workers that gave a sign of life lately, the latest first."""
    at = now()
    rows = Heartbeat.objects.filter(name__startswith="worker:").order_by("-at")
    return [
        WorkerLife(row.name.removeprefix("worker:"), row.at, at - row.at < ALIVE, row.detail) for row in rows
    ]


def scheduled_runs() -> list[Heartbeat]:
    """The last run of each scheduled task."""
    return list(Heartbeat.objects.exclude(name__startswith="worker:").order_by("name"))


def job_paths() -> list[str]:
    """The functions that the jobs kept run."""
    return list(Job.objects.order_by("task_path").values_list("task_path", flat=True).distinct())


def job_counts() -> dict[str, int]:
    """How many unfinished or failed jobs there are, by state."""
    rows = Job.objects.exclude(state=Job.State.SUCCESSFUL).values("state").annotate(n=Count("id"))
    return {row["state"]: row["n"] for row in rows}


def oldest_waiting_job() -> datetime | None:
    """Since when the job that is due and waits longest has been due."""
    found = Job.objects.filter(state=Job.State.READY, run_after__lte=now()).aggregate(
        oldest=Min(F("run_after"))
    )
    oldest: datetime | None = found["oldest"]
    return oldest
