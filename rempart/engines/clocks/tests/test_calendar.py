from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.clocks import BusinessCalendar, Hours, quebec_holidays, week

TZ = ZoneInfo("America/Toronto")
OFFICE = BusinessCalendar(quebec_holidays(range(2024, 2036)))
ALWAYS = BusinessCalendar(week=week(time(0), time(23, 59), range(7)))
instants = st.datetimes(datetime(2024, 1, 1), datetime(2034, 12, 31), timezones=st.just(UTC))
spans = st.timedeltas(timedelta(0), timedelta(hours=200))


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=TZ)  # type: ignore[misc,arg-type]


def test_quebec_holidays_hold_the_national_day_and_observed_days() -> None:
    days = quebec_holidays([2027], extra=[date(2027, 3, 29)])
    assert {date(2027, 6, 24), date(2027, 5, 24), date(2027, 12, 27), date(2027, 3, 29)} <= days
    assert date(2027, 11, 11) not in days
    assert quebec_holidays([]) == frozenset()


def test_too_many_years_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 100"):
        quebec_holidays(range(1900, 2100))


def test_hours_skip_the_night_the_weekend_and_the_national_day() -> None:
    # Tuesday 23 June 2026, 16:00: half an hour that day, none on the 24th.
    assert OFFICE.add_business_hours(local(2026, 6, 23, 16), timedelta(hours=1)) == local(2026, 6, 25, 9)
    assert OFFICE.add_business_hours(local(2026, 6, 26, 16), timedelta(hours=1)) == local(2026, 6, 29, 9)


def test_a_span_may_end_at_closing_time() -> None:
    assert OFFICE.add_business_hours(local(2026, 6, 22, 8, 30), timedelta(hours=8)) == local(
        2026, 6, 22, 16, 30
    )


def test_hours_are_real_hours_when_the_clocks_change() -> None:
    night = BusinessCalendar(week=week(time(0), time(6), range(7)))
    spring = night.add_business_hours(local(2026, 3, 8, 0), timedelta(hours=4))
    assert spring.astimezone(TZ).time() == time(5)
    autumn = night.add_business_hours(local(2026, 11, 1, 0), timedelta(hours=4))
    assert autumn.astimezone(TZ).time() == time(3)


def test_an_opening_inside_the_skipped_hour_stays_in_order() -> None:
    odd = BusinessCalendar(week=week(time(2, 15), time(2, 45), range(7)))
    end = odd.add_business_hours(local(2026, 3, 7, 12), timedelta(minutes=30))
    assert end > local(2026, 3, 7, 12)


def test_days_leave_out_the_first_and_count_the_last_whole() -> None:
    assert OFFICE.add_business_days(local(2026, 6, 23, 9), 1) == local(2026, 6, 25, 16, 30)
    # Late on Sunday in UTC is still Sunday in Québec.
    assert OFFICE.add_business_days(datetime(2026, 6, 22, 2, tzinfo=UTC), 1) == local(2026, 6, 22, 16, 30)


def test_closing_time_is_closed_and_opening_time_is_open() -> None:
    assert OFFICE.is_open(local(2026, 6, 22, 8, 30))
    assert not OFFICE.is_open(local(2026, 6, 22, 16, 30))
    assert not OFFICE.is_open(local(2026, 6, 24, 10))


@pytest.mark.parametrize(
    "made",
    [
        lambda: BusinessCalendar(week=(None,) * 7),
        lambda: BusinessCalendar(week=(Hours(time(9), time(10)),)),
        lambda: Hours(time(9), time(9)),
        lambda: Hours(time(9, tzinfo=UTC), time(10)),
    ],
)
def test_an_impossible_calendar_is_refused(made: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"week|opens|time zone"):
        made()


def test_each_day_of_the_week_has_its_own_hours() -> None:
    short_friday = (*week(time(8, 30), time(16, 30))[:4], Hours(time(9), time(12)), None, None)
    office = BusinessCalendar(week=short_friday)
    # Thursday 18 June 2026 at 16 h: half an hour, then Friday's three hours, then Monday.
    assert office.add_business_hours(local(2026, 6, 18, 16), timedelta(hours=3)) == local(2026, 6, 19, 11, 30)
    assert office.add_business_hours(local(2026, 6, 18, 16), timedelta(hours=4)) == local(2026, 6, 22, 9)
    assert office.add_business_days(local(2026, 6, 18, 9), 1) == local(2026, 6, 19, 12)
    assert not office.is_open(local(2026, 6, 19, 13))


def test_a_naive_instant_a_negative_span_and_an_endless_search_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        OFFICE.is_open(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="negative"):
        OFFICE.add_business_hours(local(2026, 1, 1), timedelta(hours=-1))
    with pytest.raises(ValueError, match="at least 1"):
        OFFICE.add_business_days(local(2026, 1, 1), 0)
    with pytest.raises(ValueError, match="within ten years"):
        OFFICE.add_business_days(local(2026, 1, 1), 9999)


@given(instants, spans, spans)
def test_spans_add_up_and_never_go_back(at: datetime, one: timedelta, two: timedelta) -> None:
    end = OFFICE.add_business_hours(at, one)
    assert end >= at
    both = OFFICE.add_business_hours(at, one + two)
    assert both >= end
    if two:
        assert OFFICE.add_business_hours(end, two) == both


@given(instants, spans)
def test_the_start_of_any_span_is_open(at: datetime, span: timedelta) -> None:
    assert OFFICE.is_open(OFFICE.next_open(at))
    if span:
        end = OFFICE.add_business_hours(at, span)
        assert OFFICE.is_open(end - timedelta(microseconds=1))


@given(instants, st.integers(1, 60), st.integers(0, 10))
def test_days_are_monotone_and_end_at_closing_time(at: datetime, days: int, more: int) -> None:
    end = OFFICE.add_business_days(at, days)
    assert end.astimezone(TZ).time() == time(16, 30)
    assert OFFICE.is_business_day(end.astimezone(TZ).date())
    assert at < end <= OFFICE.add_business_days(at, days + more)
    assert end <= OFFICE.add_business_days(at + timedelta(days=more), days)


@given(instants, st.timedeltas(timedelta(0), timedelta(hours=300)))
def test_an_office_that_hardly_closes_runs_close_to_the_clock(at: datetime, span: timedelta) -> None:
    end = ALWAYS.add_business_hours(at, span)
    nights = (end - at).days + 2
    assert span <= end - at <= span + nights * timedelta(minutes=1)
