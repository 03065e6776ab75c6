import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.clocks import (
    BusinessCalendar,
    DueReason,
    Ladder,
    Rung,
    Step,
    due_date,
    next_step,
    quebec_holidays,
    reached_steps,
    schedule,
)
from rempart.engines.priority import DEFAULT_DEADLINES, Deadline, Outcome, Unit

TZ = ZoneInfo("America/Toronto")
OFFICE = BusinessCalendar(quebec_holidays(range(2024, 2036)))
LADDER = Ladder(
    (
        Step(Rung.OFFICER, timedelta(0)),
        Step(Rung.DEPUTY, timedelta(hours=4), business=True),
        Step(Rung.COCD, timedelta(hours=12)),
        Step(Rung.CGCD, timedelta(hours=24)),
    )
)
FRIDAY = datetime(2026, 6, 19, 15, tzinfo=TZ)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31), timezones=st.just(UTC))
steps = st.builds(Step, st.just(Rung.OFFICER), st.timedeltas(timedelta(0), timedelta(days=5)), st.booleans())
ladders = st.lists(steps, max_size=4).map(
    lambda found: Ladder(
        tuple(Step(rung, step.after, step.business) for rung, step in zip(Rung, found, strict=False))
    )
)
deadlines = st.one_of(
    st.builds(Deadline, st.integers(1, 400), st.just(Unit.HOURS), st.booleans()),
    st.builds(Deadline, st.integers(1, 200), st.just(Unit.DAYS), st.booleans()),
)


def test_a_rung_above_never_speaks_before_the_one_below() -> None:
    told = {step.rung: step.due_at for step in schedule(LADDER, FRIDAY, OFFICE)}
    monday = datetime(2026, 6, 22, 11, tzinfo=TZ)
    assert told[Rung.OFFICER] == FRIDAY
    assert told[Rung.DEPUTY] == told[Rung.COCD] == told[Rung.CGCD] == monday


def test_the_next_step_follows_the_present_and_stops_at_the_acknowledgement() -> None:
    found = next_step(LADDER, FRIDAY, FRIDAY + timedelta(minutes=1), None, OFFICE)
    assert found is not None
    assert found.rung is Rung.DEPUTY
    assert (
        next_step(LADDER, FRIDAY, FRIDAY + timedelta(hours=1), FRIDAY + timedelta(minutes=5), OFFICE) is None
    )
    assert next_step(LADDER, FRIDAY, FRIDAY + timedelta(days=9), None, OFFICE) is None


def test_an_acknowledgement_keeps_what_was_told_and_cancels_the_rest() -> None:
    acknowledged = FRIDAY + timedelta(hours=1)
    told = reached_steps(LADDER, FRIDAY, FRIDAY + timedelta(days=9), acknowledged, OFFICE)
    assert [step.rung for step in told] == [Rung.OFFICER]


def test_a_bad_ladder_is_refused() -> None:
    with pytest.raises(ValueError, match="repeated"):
        Ladder((Step(Rung.COCD, timedelta(1)), Step(Rung.COCD, timedelta(2))))
    with pytest.raises(ValueError, match="one year"):
        Step(Rung.COCD, timedelta(hours=-1))
    with pytest.raises(ValueError, match="no time zone"):
        schedule(LADDER, datetime(2026, 1, 1), OFFICE)


@given(ladders, instants, st.timedeltas(timedelta(days=-1), timedelta(days=30)))
def test_every_step_is_either_reached_or_still_to_come(
    ladder: Ladder, sent: datetime, elapsed: timedelta
) -> None:
    now = sent + elapsed
    plan = schedule(ladder, sent, OFFICE)
    told = reached_steps(ladder, sent, now, None, OFFICE)
    coming = next_step(ladder, sent, now, None, OFFICE)
    assert [s.due_at for s in plan] == sorted(s.due_at for s in plan)
    assert plan[: len(told)] == told
    assert coming == (plan[len(told)] if len(told) < len(plan) else None)


def test_act_now_is_two_days_round_the_clock() -> None:
    due = due_date(FRIDAY, DEFAULT_DEADLINES[Outcome.ACT_NOW], OFFICE)
    assert due == (FRIDAY + timedelta(hours=48), DueReason.DEADLINE)


def test_the_catalogue_shortens_but_leaves_time_to_act() -> None:
    fortnight = DEFAULT_DEADLINES[Outcome.OUT_OF_CYCLE]
    sooner = due_date(FRIDAY, fortnight, OFFICE, date(2026, 6, 25))
    assert sooner == (datetime(2026, 6, 25, 16, 30, tzinfo=TZ), DueReason.KEV)
    assert due_date(FRIDAY, fortnight, OFFICE, date(2026, 12, 1)).reason is DueReason.DEADLINE
    assert due_date(FRIDAY, fortnight, OFFICE, date(2021, 12, 24)).reason is DueReason.DEADLINE
    tight = due_date(FRIDAY, fortnight, OFFICE, FRIDAY.date())
    assert tight == (FRIDAY + timedelta(hours=24), DueReason.LEAST_TIME)


def test_calendar_days_end_with_the_office_or_with_the_day() -> None:
    one = due_date(FRIDAY, Deadline(1, Unit.DAYS), OFFICE)
    assert one.at == datetime(2026, 6, 20, 23, 59, 59, tzinfo=TZ)
    three = due_date(FRIDAY, Deadline(3, Unit.DAYS), OFFICE)
    assert three.at == datetime(2026, 6, 22, 16, 30, tzinfo=TZ)


def test_a_naive_start_and_a_negative_least_time_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        due_date(datetime(2026, 1, 1), Deadline(1, Unit.DAYS), OFFICE)
    with pytest.raises(ValueError, match="negative"):
        due_date(FRIDAY, Deadline(1, Unit.DAYS), OFFICE, None, timedelta(-1))


@given(instants, deadlines, st.none() | st.dates(date(2023, 1, 1), date(2034, 1, 1)))
def test_a_due_date_lies_ahead_and_the_catalogue_never_lengthens_it(
    start: datetime, deadline: Deadline, kev_due: date | None
) -> None:
    due = due_date(start, deadline, OFFICE, kev_due)
    assert start < due.at <= due_date(start, deadline, OFFICE).at
    if due.reason is DueReason.KEV:
        assert due.at >= start + timedelta(hours=24)


def test_every_entry_of_the_catalogue_gets_a_date_that_respects_it() -> None:
    folder = Path(__file__).parents[5] / "shared" / "data" / "kev"
    catalogues = sorted(folder.glob("*.json"))
    if not catalogues:
        pytest.skip(f"no KEV catalogue in {folder}")
    entries = json.loads(catalogues[0].read_text())["vulnerabilities"]
    calendar = BusinessCalendar(quebec_holidays(range(2021, 2027)))
    for entry in entries:
        added = datetime.combine(date.fromisoformat(entry["dateAdded"]), time(14), tzinfo=TZ)
        wanted = date.fromisoformat(entry["dueDate"])
        due = due_date(added, DEFAULT_DEADLINES[Outcome.SCHEDULED], calendar, wanted)
        assert due.at > added
        if wanted < added.date():
            # The oldest entries were due before the catalogue listed them.
            assert due.reason is DueReason.DEADLINE
        else:
            assert due.at.astimezone(TZ).date() <= max(wanted, added.date() + timedelta(days=1))
