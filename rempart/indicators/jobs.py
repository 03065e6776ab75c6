"""The day's values, taken again soon after something happened, and every hour; the last of the day stays."""

from __future__ import annotations

import time
from datetime import timedelta

from django.core.cache import caches
from django.db.models import Max

from rempart.indicators.commands import take_snapshot
from rempart.indicators.models import Snapshot
from rempart.kernel import outbox
from rempart.kernel.actors import system
from rempart.kernel.time import now, today
from rempart.kernel.worker import every

SETTLED = timedelta(minutes=5)  # the least time between two takings
STALE = timedelta(hours=1)
SHARE = 20  # takings fill at most one twentieth of the time
_COUNTED = ("alerts.changed", "assets.inventory_changed", "exposure.changed")
_LASTED = "indicators.snapshot.seconds"  # how long this process's last taking took


@every(timedelta(minutes=1), patient=True)
def snapshot() -> None:
    """Takes the values when the day has none, when they are stale, or when they no longer tell what is."""
    lasted = caches["process"]
    settled = max(SETTLED, timedelta(seconds=SHARE * lasted.get(_LASTED, 0.0)))
    taken = Snapshot.objects.filter(day=today()).aggregate(at=Max("taken_at"))["at"]
    age = STALE if taken is None else now() - taken
    if age >= STALE or (age >= settled and outbox.happened_since(taken, _COUNTED)):
        start = time.monotonic()
        take_snapshot(system("indicators"))
        lasted.set(_LASTED, time.monotonic() - start, STALE.total_seconds())
