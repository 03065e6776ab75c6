"""Background jobs: Django's tasks interface over a table, with leases, retries and progress.

A slice writes ``@task()`` functions in its ``jobs.py`` and calls ``.enqueue(...)`` inside a transaction.
Jobs run at least once and must be idempotent; a job whose worker died is taken up again when its lease ends.
"""

from __future__ import annotations

import contextlib
import contextvars
import logging
import threading
import traceback
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.db.models import F, Q
from django.utils.module_loading import import_string
from django_tasks import TaskResult, TaskResultStatus
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError
from django_tasks.exceptions import TaskResultDoesNotExist

from rempart.kernel.models import Job
from rempart.kernel.time import now

log = logging.getLogger("rempart.jobs")

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5

_current: contextvars.ContextVar[uuid.UUID | None] = contextvars.ContextVar("current_job", default=None)


class DatabaseBackend(BaseTaskBackend):
    """Stores tasks as ``Job`` rows; see Django 6.0's django.tasks for the interface."""

    supports_defer = True
    supports_get_result = True
    supports_priority = True

    def enqueue(self, task: Task[Any, Any], args: Any, kwargs: Any) -> TaskResult[Any]:
        self.validate_task(task)
        return _result(_insert(task, list(args), dict(kwargs), ""))

    def get_result(self, result_id: str) -> TaskResult[Any]:
        try:
            return _result(Job.objects.get(id=uuid.UUID(result_id)))
        except (Job.DoesNotExist, ValueError) as error:
            raise TaskResultDoesNotExist(result_id) from error


def _insert(task: Task[Any, Any], args: list[Any], kwargs: dict[str, Any], dedupe_key: str) -> Job:
    at = now()
    return Job.objects.create(
        task_path=task.module_path,
        queue=task.queue_name,
        priority=task.priority,
        args=args,
        kwargs=kwargs,
        enqueued_at=at,
        run_after=task.run_after or at,
        dedupe_key=dedupe_key,
    )


def enqueue_once(task: Task[Any, Any], dedupe_key: str, *args: Any, **kwargs: Any) -> bool:
    """Enqueues unless a job with this key is already waiting; True when one was added."""
    try:
        with transaction.atomic():
            _insert(task, list(args), kwargs, dedupe_key)
    except IntegrityError:
        return False
    return True


def _result(job: Job) -> TaskResult[Any]:
    result: TaskResult[Any] = TaskResult(
        task=import_string(job.task_path),
        id=str(job.id),
        status=TaskResultStatus(job.state),
        enqueued_at=job.enqueued_at,
        started_at=job.started_at,
        last_attempted_at=job.started_at,
        finished_at=job.finished_at,
        args=job.args,
        kwargs=job.kwargs,
        backend="default",
        errors=[TaskError(exception_class_path=e["type"], traceback=e["traceback"]) for e in job.errors],
        worker_ids=[job.worker] * job.attempts,
    )
    object.__setattr__(result, "_return_value", job.result)
    return result


def progress(done: int, total: int, note: str = "") -> None:
    """Shows how far the running job is. Seen once the job's own transaction, if any, commits."""
    job_id = _current.get()
    if job_id is not None:
        Job.objects.filter(id=job_id).update(progress_done=done, progress_total=total, progress_note=note[:200])


def _claim(worker: str, queues: list[str] | None) -> Job | None:
    at = now()
    waiting = Job.objects.filter(
        Q(state=Job.State.READY, run_after__lte=at) | Q(state=Job.State.RUNNING, lease_until__lt=at)
    )
    if queues:
        waiting = waiting.filter(queue__in=queues)
    for job in waiting.order_by("-priority", "run_after")[:5]:
        taken = Job.objects.filter(id=job.id, state=job.state, attempts=job.attempts).update(
            state=Job.State.RUNNING, worker=worker, started_at=at, lease_until=at + LEASE, attempts=F("attempts") + 1
        )
        if taken:
            return Job.objects.get(id=job.id)
    return None


@contextlib.contextmanager
def _lease_kept(job: Job) -> Iterator[None]:
    """Prolongs the lease from a thread of its own while the job runs."""
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(LEASE.total_seconds() / 3):
            Job.objects.filter(id=job.id, worker=job.worker).update(lease_until=now() + LEASE)
        connections.close_all()

    keeper = threading.Thread(target=keep, name=f"lease-{job.id}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()


def run_one(worker: str, queues: list[str] | None = None) -> bool:
    """Runs one due job; False when there is none. A failing job is retried with back-off, then left failed."""
    job = _claim(worker, queues)
    if job is None:
        return False
    token = _current.set(job.id)
    try:
        with _lease_kept(job):
            outcome = import_string(job.task_path).func(*job.args, **job.kwargs)
        Job.objects.filter(id=job.id).update(
            state=Job.State.SUCCESSFUL, finished_at=now(), lease_until=None, result=outcome
        )
    except Exception as error:
        log.exception("job %s (%s) failed", job.id, job.task_path)
        job.errors.append(
            {
                "type": f"{type(error).__module__}.{type(error).__qualname__}",
                "traceback": "".join(traceback.format_exception(error))[-4000:],
                "at": now().isoformat(),
            }
        )
        final = job.attempts >= MAX_ATTEMPTS
        Job.objects.filter(id=job.id).update(
            state=Job.State.FAILED if final else Job.State.READY,
            finished_at=now() if final else None,
            lease_until=None,
            run_after=now() + timedelta(seconds=min(5 * 4 ** (job.attempts - 1), 3600)),
            errors=job.errors[-MAX_ATTEMPTS:],
            dedupe_key="",
        )
    finally:
        _current.reset(token)
    return True
