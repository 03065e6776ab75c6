"""What the slice does regularly."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import task

from rempart.alerts import commands
from rempart.kernel import jobs
from rempart.kernel.worker import every

_BATCHES = 20  # of one turn: the worker has other work


@every(timedelta(seconds=1))
def deliver() -> None:
    for _ in range(_BATCHES):
        if not commands.deliver_due():
            return


@every(timedelta(seconds=15))
def escalate() -> None:
    for _ in range(_BATCHES):
        if not commands.escalate_due():
            return


@every(timedelta(minutes=10))
def remind() -> None:
    commands.remind_due()


@every(timedelta(minutes=5))
def digest() -> None:
    commands.queue_digests()


@task(queue_name="urgent", priority=20)
def apply_rules() -> int:
    """Issues what the rules in force catch among what is known already."""
    return commands.apply_rules(jobs.progress)
