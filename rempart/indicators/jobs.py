"""The day's values, taken again soon after something happened, and every hour; the last of the day stays."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Max

from rempart.indicators.commands import take_snapshot
from rempart.indicators.models import Snapshot
from rempart.kernel import outbox
from rempart.kernel.actors import system
from rempart.kernel.time import now, today
from rempart.kernel.worker import every

SETTLED = timedelta(minutes=5)  # the least time between two takings
STALE = timedelta(hours=1)
_COUNTED = ("alerts.changed", "assets.inventory_changed", "exposure.changed")


@every(timedelta(minutes=1))
def snapshot() -> None:
    """Takes the values when the day has none, when they are stale, or when they no longer tell what is."""
    taken = Snapshot.objects.filter(day=today()).aggregate(at=Max("taken_at"))["at"]
    age = STALE if taken is None else now() - taken
    if age >= STALE or (age >= SETTLED and outbox.happened_since(taken, _COUNTED)):
        take_snapshot(system("indicators"))
