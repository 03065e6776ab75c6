"""The instant by which a directive is to be carried out."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from rempart.engines.clocks.calendar import BusinessCalendar
from rempart.engines.priority import Deadline, Unit


class DueReason(StrEnum):
    """What set the date: the deadline of the outcome, the KEV catalogue, or the least time left to act."""

    DEADLINE = "deadline"
    KEV = "kev"
    LEAST_TIME = "least_time"


class Due(NamedTuple):
    """A due instant (UTC) and what set it."""

    at: datetime
    reason: DueReason


def due_date(
    start: datetime,
    deadline: Deadline,
    calendar: BusinessCalendar,
    kev_due: date | None = None,
    least: timedelta = timedelta(hours=24),
) -> Due:
    """Return when an action decided at `start` is due.

    Calendar hours run without pause. Days end when the office closes: the n-th calendar day after the local
    day of `start` (its last second when the office is closed that day), or the n-th business day. `kev_due`,
    the catalogue's date, shortens the time to the end of that day, yet never below `least` nor when it has
    already passed at `start`: nobody is asked to finish before being told. Raises `ValueError` when `start`
    carries no time zone or `least` is negative.
    """
    if start.tzinfo is None:
        raise ValueError(f"{start.isoformat()} carries no time zone")
    if least < timedelta(0):
        raise ValueError("the least time is negative")
    begin = start.astimezone(UTC)
    at = _deadline_end(begin, deadline, calendar)
    if kev_due is None:
        return Due(at, DueReason.DEADLINE)
    catalogue = calendar.end_of_day(kev_due)
    if catalogue <= begin or catalogue >= at:
        return Due(at, DueReason.DEADLINE)
    if catalogue >= begin + least:
        return Due(catalogue, DueReason.KEV)
    return Due(min(at, begin + least), DueReason.LEAST_TIME)


def _deadline_end(begin: datetime, deadline: Deadline, calendar: BusinessCalendar) -> datetime:
    if deadline.unit is Unit.HOURS:
        span = timedelta(hours=deadline.amount)
        return calendar.add_business_hours(begin, span) if deadline.business else begin + span
    if deadline.business:
        return calendar.add_business_days(begin, deadline.amount)
    return calendar.end_of_day(begin.astimezone(calendar.tz).date() + timedelta(days=deadline.amount))
