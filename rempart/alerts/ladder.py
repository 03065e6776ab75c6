"""The escalation ladder and the business calendar of the government."""

from __future__ import annotations

import functools
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from rempart.engines.clocks import BusinessCalendar, Ladder, Rung, Step, quebec_holidays, schedule
from rempart.kernel.time import today

# Act now: the clock never stops. The rest follows business hours.
LADDERS: dict[str, Ladder] = {
    "act_now": Ladder(
        (
            Step(Rung.OFFICER, timedelta(0)),
            Step(Rung.DEPUTY, timedelta(minutes=30)),
            Step(Rung.COCD, timedelta(minutes=60)),
            Step(Rung.CGCD, timedelta(minutes=120)),
        )
    ),
    "out_of_cycle": Ladder(
        (
            Step(Rung.OFFICER, timedelta(0)),
            Step(Rung.DEPUTY, timedelta(hours=4), business=True),
            Step(Rung.COCD, timedelta(hours=8), business=True),
            Step(Rung.CGCD, timedelta(hours=16), business=True),
        )
    ),
    "scheduled": Ladder(
        (
            Step(Rung.OFFICER, timedelta(0)),
            Step(Rung.DEPUTY, timedelta(hours=16), business=True),
            Step(Rung.COCD, timedelta(hours=40), business=True),
        )
    ),
}


@functools.lru_cache(maxsize=4)
def _calendar(year: int) -> BusinessCalendar:
    return BusinessCalendar(
        holidays=quebec_holidays(range(year - 1, year + 3)),
        open=time(8, 30),
        close=time(16, 30),
        tz=ZoneInfo(settings.TIME_ZONE),
    )


def calendar() -> BusinessCalendar:
    """The business calendar with Québec's statutory holidays around the present year."""
    return _calendar(today().year)


@functools.lru_cache(maxsize=4096)
def _steps(priority: str, sent_at: datetime, year: int) -> tuple[tuple[Rung, datetime], ...]:
    ladder = LADDERS.get(priority, LADDERS["scheduled"])
    return tuple((step.rung, step.due_at) for step in schedule(ladder, sent_at, _calendar(year)))


def steps(priority: str, sent_at: datetime) -> tuple[tuple[Rung, datetime], ...]:
    """Who is told when, if nobody acknowledges: (rung, instant), the officer first."""
    return _steps(priority, sent_at, today().year)


def next_escalation(priority: str, alerted_at: datetime, rung: int) -> datetime | None:
    """When the rung above this one is told; None at the top of the ladder."""
    ladder = steps(priority, alerted_at)
    return ladder[rung + 1][1] if rung + 1 < len(ladder) else None
