"""The day's values, taken again every hour: the last of the day stays."""

from __future__ import annotations

from datetime import timedelta

from rempart.indicators.commands import take_snapshot
from rempart.kernel.actors import system
from rempart.kernel.worker import every


@every(timedelta(hours=1))
def snapshot() -> None:
    take_snapshot(system("indicators"))
