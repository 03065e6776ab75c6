"""What an operator may do to jobs and events, and the platform's own upkeep."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.kernel import audit, idempotency
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Conflict, NotFound
from rempart.kernel.models import Job, OutboxEvent
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.kernel.worker import every

log = logging.getLogger("rempart.upkeep")

KEPT = timedelta(days=30)


@transaction.atomic
def retry_job(actor: Actor, *, job_id: UUID) -> None:
    """Puts a failed job back in line, with all its attempts; raises Conflict when it did not fail."""
    actor.require_everywhere(Permission.OPERATIONS_ACT)
    job = _job(job_id)
    taken = Job.objects.filter(pk=job_id, state=Job.State.FAILED).update(
        state=Job.State.READY, attempts=0, failures=0, run_after=now(), finished_at=None, lease_until=None,
        worker="",
    )  # fmt: skip
    if not taken:
        raise Conflict(_("Seule une tâche en échec peut être reprise."))
    audit.record(actor, "job.retry", job)


@transaction.atomic
def cancel_job(actor: Actor, *, job_id: UUID) -> None:
    """Stops a job: one that waits never starts, one that runs stops where it next shows its progress."""
    actor.require_everywhere(Permission.OPERATIONS_ACT)
    job = _job(job_id)
    why = {
        "type": "rempart.kernel.jobs.Cancelled",
        "traceback": "",
        "at": now().isoformat(),
        "by": actor.user_id,
    }
    taken = Job.objects.filter(pk=job_id, finished_at__isnull=True).update(
        state=Job.State.FAILED,
        finished_at=now(),
        lease_until=None,
        errors=[*job.errors, why][-5:],
        dedupe_key="",
    )
    if not taken:
        raise Conflict(_("Cette tâche est déjà terminée."))
    audit.record(actor, "job.cancel", job)


@transaction.atomic
def retry_event(actor: Actor, *, event_id: int) -> None:
    """Has a parked event dispatched again; reactions that ran do not run twice."""
    actor.require_everywhere(Permission.OPERATIONS_ACT)
    event = OutboxEvent.objects.filter(pk=event_id).first()
    if event is None:
        raise NotFound(_("Cet événement n’existe pas."))
    taken = OutboxEvent.objects.filter(pk=event_id, parked=True, dispatched_at__isnull=True).update(
        parked=False, attempts=0, failures=0, next_attempt_at=None, claimed_until=None
    )
    if not taken:
        raise Conflict(_("Seul un événement en échec peut être repris."))
    audit.record(actor, "event.retry", event)


@every(timedelta(hours=6))
def tidy() -> None:
    """Forgets what was done a month ago (audit entries stay), and logs the end of the audit chain.

    Whoever can rewrite the database does not reach the log.
    """
    before = now() - KEPT
    idempotency.forget_old()
    Job.objects.filter(state=Job.State.SUCCESSFUL, finished_at__lt=before).delete()
    # A thousand at a time: SQLite has one writer, and a long deletion would hold everyone.
    while True:
        old = list(OutboxEvent.objects.filter(dispatched_at__lt=before).values_list("pk", flat=True)[:1000])
        if not old:
            break
        OutboxEvent.objects.filter(pk__in=old).delete()
    end = audit.head()
    log.info("audit chain ends at %d:%s", end.seq, end.hash)


def _job(job_id: UUID) -> Job:
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        raise NotFound(_("Cette tâche n’existe pas."))
    return job
