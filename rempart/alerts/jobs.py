"""What the slice does regularly."""

from __future__ import annotations

from datetime import timedelta

from rempart.alerts import commands
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
