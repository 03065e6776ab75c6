"""What the slice does regularly."""

from __future__ import annotations

from datetime import timedelta

from rempart.alerts import commands
from rempart.kernel.worker import every


@every(timedelta(seconds=1))
def deliver() -> None:
    while commands.deliver_due():
        pass


@every(timedelta(seconds=15))
def escalate() -> None:
    while commands.escalate_due():
        pass
