"""When an office is open, and where a span of open time ends.

Every instant given must carry a time zone; every instant returned is in UTC, because arithmetic and
comparisons on local times are wrong around the changes of hour (two aware datetimes that share a zone
compare by their wall clocks).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays as statutory

QUEBEC = ZoneInfo("America/Toronto")
"""The zone of Québec; the tz database has no city of its own for it."""

_DAY = timedelta(days=1)
# A calendar closed for longer than this is a mistake; the bound also ends every search.
_LONGEST_SEARCH = 10 * 366


@dataclass(frozen=True, slots=True)
class Hours:
    """When an office opens and closes on one day, in its local time.

    Raises `ValueError` when it closes before it opens, or when a time carries a time zone.
    """

    open: time
    close: time

    def __post_init__(self) -> None:
        """Check the fields."""
        if self.open.tzinfo or self.close.tzinfo:
            raise ValueError("opening hours are local times: they carry no time zone")
        if self.open >= self.close:
            raise ValueError(f"opens at {self.open} and closes at {self.close}")


Week = tuple[Hours | None, ...]
"""Seven days, Monday first; None is a day when the office stays closed."""


def week(opens: time, closes: time, weekdays: Iterable[int] = range(5)) -> Week:
    """Return a week with the same hours on each of `weekdays` (Monday is 0). Raises as `Hours` does."""
    days, hours = set(weekdays), Hours(opens, closes)
    return tuple(hours if day in days else None for day in range(7))


OFFICE_WEEK = week(time(8, 30), time(16, 30))
"""The hours that a new installation counts, Monday to Friday."""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Opening hours of an office: those of each day of `week`, in `tz`, except on `holidays`.

    Raises `ValueError` unless the week has seven days and opens on one of them.
    """

    holidays: frozenset[date] = frozenset()
    week: Week = OFFICE_WEEK
    tz: ZoneInfo = QUEBEC

    def __post_init__(self) -> None:
        """Check the fields."""
        if len(self.week) != 7 or not any(self.week):
            raise ValueError(f"a week of {len(self.week)} days: expected seven, open on at least one of them")

    def is_business_day(self, day: date) -> bool:
        """Return whether the office opens on `day`."""
        return self.week[day.weekday()] is not None and day not in self.holidays

    def is_open(self, at: datetime) -> bool:
        """Return whether the office is open at `at` (closing time excluded)."""
        instant = _utc(at)
        start, end = self._window(instant.astimezone(self.tz).date())
        return start <= instant < end

    def next_open(self, at: datetime) -> datetime:
        """Return `at` if the office is open then, otherwise the next opening."""
        return self.add_business_hours(at, timedelta(0))

    def add_business_hours(self, at: datetime, span: timedelta) -> datetime:
        """Return the instant when `span` of open time has passed since `at`.

        A span that ends exactly at closing time ends there, not at the next opening; a span of zero gives
        the first open instant. Raises `ValueError` for a negative span, a naive `at`, or a span that would
        end more than ten years later.
        """
        if span < timedelta(0):
            raise ValueError("the span is negative")
        instant = _utc(at)
        left = span
        for start, end in self._windows(instant.astimezone(self.tz).date()):
            begin = max(start, instant)
            if begin >= end:
                continue
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise ValueError(f"no {span} of open time within ten years of {at.isoformat()}")

    def add_business_days(self, at: datetime, days: int) -> datetime:
        """Return the closing time of the `days`-th business day after the local day of `at`.

        The day that starts the count is left out and the last day counts whole, as in article 83 of the
        Code of Civil Procedure (Québec). Raises `ValueError` below 1, for a naive `at`, or past ten years.
        """
        if days < 1:
            raise ValueError(f"{days} business days: expected at least 1")
        first = _utc(at).astimezone(self.tz).date() + _DAY
        for count, (_, end) in enumerate(self._windows(first), start=1):
            if count == days:
                return end
        raise ValueError(f"no {days} business days within ten years of {at.isoformat()}")

    def end_of_day(self, day: date) -> datetime:
        """Return the closing time of `day`, or its last second when the office is closed that day."""
        if self.is_business_day(day):
            return self._window(day)[1]
        return self._instant(day, time(23, 59, 59))

    def _windows(self, first: date) -> Iterator[tuple[datetime, datetime]]:
        for offset in range(_LONGEST_SEARCH):
            day = first + timedelta(days=offset)
            if self.is_business_day(day):
                yield self._window(day)

    def _window(self, day: date) -> tuple[datetime, datetime]:
        """Return the open span of `day` in UTC, empty when the office is closed."""
        hours = self.week[day.weekday()]
        if hours is None or day in self.holidays:
            start = self._instant(day, time(0))
            return start, start
        start = self._instant(day, hours.open)
        # An office that opens within the hour that a change of time skips would close before it opens.
        return start, max(start, self._instant(day, hours.close))

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, tzinfo=self.tz).astimezone(UTC)


def quebec_holidays(years: Iterable[int], extra: Iterable[date] = ()) -> frozenset[date]:
    """Return the statutory holidays of Québec in `years`, with their observed days, and `extra`.

    `extra` holds what a government grants its own staff (Easter Monday, 24, 26 and 31 December, 2 January),
    as fixed by its collective agreements. Raises `ValueError` for more than 100 years.
    """
    wanted = sorted(set(years))
    if len(wanted) > 100:
        raise ValueError(f"{len(wanted)} years of holidays: expected at most 100")
    days = statutory.country_holidays("CA", subdiv="QC", years=wanted) if wanted else {}
    return frozenset(days) | frozenset(extra)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} carries no time zone")
    return at.astimezone(UTC)
