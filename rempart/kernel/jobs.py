"""Background jobs: Django's tasks interface over a table, with leases, retries and progress.

A slice writes ``@task()`` functions in its ``jobs.py`` and calls ``.enqueue(...)`` inside a transaction.
Jobs run at least once and must be idempotent; a job whose worker died is taken up again when its lease ends.
"""

from __future__ import annotations

import contextvars
import logging
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.module_loading import import_string
from django_tasks import TaskResult, TaskResultStatus
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.utils import normalize_json

from rempart.kernel import leases
from rempart.kernel.models import Job
from rempart.kernel.time import now

log = logging.getLogger("rempart.jobs")

MAX_FAILURES = 5

#: Does what is of a higher priority than the one it is given.
LetPass = Callable[[int], None]


@dataclass(frozen=True)
class _Running:
    """The job that runs, and what it lets pass when it gives way."""

    job: Job
    let_pass: LetPass | None


_running: contextvars.ContextVar[_Running | None] = contextvars.ContextVar("running_job", default=None)


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
        args=normalize_json(args),
        kwargs=normalize_json(kwargs),
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


class Cancelled(Exception):
    """The job was cancelled, or taken by another worker: raised in the job by ``progress``, which ends it."""


def progress(done: int, total: int, note: str = "") -> None:
    """Shows how far the running job is, and stops it (Cancelled) when it is no longer this worker's.

    Seen once the job's own transaction, if any, commits: long jobs work in several transactions.
    """
    running = _running.get()
    if running is None:
        return
    job = running.job
    shown = _held(job).update(progress_done=done, progress_total=total, progress_note=note[:200])
    if not shown:
        raise Cancelled(str(job.id))


def give_way() -> None:
    """Lets what is more urgent pass before the running job goes on: events, jobs of a higher priority, and
    what is scheduled.

    For long jobs, between two of their transactions. Elsewhere than in a worker, nothing happens.
    """
    running = _running.get()
    if running is None or running.let_pass is None:
        return
    token = _running.set(None)
    try:
        running.let_pass(running.job.priority)
    finally:
        _running.reset(token)


def _held(job: Job) -> QuerySet[Job]:
    """The job's row, as long as this claim on it stands."""
    return Job.objects.filter(id=job.id, state=Job.State.RUNNING, worker=job.worker, attempts=job.attempts)


def _claim(worker: str, queues: list[str] | None, above: int | None = None) -> Job | None:
    at = now()
    free = Q(state=Job.State.READY, run_after__lte=at) | Q(state=Job.State.RUNNING, lease_until__lt=at)
    waiting = Job.objects.filter(free, finished_at__isnull=True)
    if queues:
        waiting = waiting.filter(queue__in=queues)
    if above is not None:
        waiting = waiting.filter(priority__gt=above)
    for job in waiting.order_by("-priority", "run_after")[:5]:
        taken = Job.objects.filter(free, id=job.id, attempts=job.attempts).update(
            state=Job.State.RUNNING,
            worker=worker,
            started_at=at,
            lease_until=at + leases.LEASE,
            run_after=at,  # should this worker die, the job waits its turn again behind the others
            attempts=F("attempts") + 1,
        )
        if taken:
            return Job.objects.get(id=job.id)
    return None


def run_one(
    worker: str,
    queues: list[str] | None = None,
    *,
    above: int | None = None,
    let_pass: LetPass | None = None,
) -> bool:
    """Runs one due job (of a priority ``above`` that one); False when there is none.

    A failing job is retried with back-off, then left. ``let_pass`` is called where the job gives way.
    """
    job = _claim(worker, queues, above)
    if job is None:
        return False
    token = _running.set(_Running(job, let_pass))
    try:
        leases.refuse_deadly(job.attempts, job.failures)
        with leases.kept(lambda: _held(job).update(lease_until=now() + leases.LEASE)):
            outcome = import_string(job.task_path).func(*job.args, **job.kwargs)
        _held(job).update(
            state=Job.State.SUCCESSFUL,
            finished_at=now(),
            lease_until=None,
            result=_plain(outcome),
            dedupe_key="",
        )
    except Cancelled:
        log.info("job %s (%s) stopped", job.id, job.task_path)
    except Exception as error:
        log.exception("job %s (%s) failed", job.id, job.task_path)
        _fail(job, error)
    finally:
        _running.reset(token)
    return True


def _fail(job: Job, error: Exception) -> None:
    """Keeps why the job failed; it waits for its next attempt, or stays failed after the last."""
    failure = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "traceback": "".join(traceback.format_exception(error)).replace("\x00", "")[-4000:],
        "at": now().isoformat(),
    }
    failures = job.failures + 1
    final = failures >= MAX_FAILURES or isinstance(error, leases.Deadly)
    _held(job).update(
        state=Job.State.FAILED if final else Job.State.READY,
        finished_at=now() if final else None,
        lease_until=None,
        run_after=now() + timedelta(seconds=min(5 * 4 ** (failures - 1), 3600)),
        failures=failures,
        errors=[*job.errors, failure][-MAX_FAILURES:],
        dedupe_key="",
    )


def _plain(outcome: Any) -> Any:
    """A job's outcome as JSON keeps it; counts are often dataclasses."""
    return orjson.loads(orjson.dumps(outcome, default=str, option=orjson.OPT_NON_STR_KEYS))


def release_leases() -> int:
    """Frees the jobs of a worker known to be dead (a single-process platform that restarts)."""
    return Job.objects.filter(state=Job.State.RUNNING).update(lease_until=now() - timedelta(seconds=1))
