"""Who is told next when nobody acknowledges: a ladder of rungs, each a delay after the sending."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from rempart.engines.clocks.calendar import BusinessCalendar


class Rung(StrEnum):
    """The officer of the body, the deputy, the operational centre, the government's centre."""

    OFFICER = "officer"
    DEPUTY = "deputy"
    COCD = "cocd"
    CGCD = "cgcd"


@dataclass(frozen=True, slots=True)
class Step:
    """Tell `rung` once `after` has passed since the sending; `business` counts open time only."""

    rung: Rung
    after: timedelta
    business: bool = False

    def __post_init__(self) -> None:
        """Raise `ValueError` unless the delay lies between zero and one year."""
        if not timedelta(0) <= self.after <= timedelta(days=366):
            raise ValueError(f"{self.rung} after {self.after}: expected from zero to one year")


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps, from the first told to the last; a rung appears once."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        """Raise `ValueError` when a rung is repeated."""
        rungs = [step.rung for step in self.steps]
        if len(set(rungs)) != len(rungs):
            raise ValueError(f"a rung is repeated in {', '.join(rungs)}")


class ScheduledStep(NamedTuple):
    """A rung and the instant (UTC) when it is told."""

    rung: Rung
    due_at: datetime


def schedule(ladder: Ladder, sent_at: datetime, calendar: BusinessCalendar) -> tuple[ScheduledStep, ...]:
    """Return when each rung would be told if nobody ever acknowledged.

    Instants never go back: a step whose own delay ends before that of the step above it waits for it.
    Raises `ValueError` when `sent_at` carries no time zone.
    """
    if sent_at.tzinfo is None:
        raise ValueError(f"{sent_at.isoformat()} carries no time zone")
    sent = sent_at.astimezone(UTC)
    due = sent
    steps = []
    for step in ladder.steps:
        end = calendar.add_business_hours(sent, step.after) if step.business else sent + step.after
        due = max(due, end)
        steps.append(ScheduledStep(step.rung, due))
    return tuple(steps)


def next_step(
    ladder: Ladder,
    sent_at: datetime,
    now: datetime,
    acknowledged: datetime | None,
    calendar: BusinessCalendar,
) -> ScheduledStep | None:
    """Return the next rung to be told after `now`, `None` when acknowledged or when the ladder has ended."""
    if acknowledged is not None and acknowledged <= now:
        return None
    later: Iterable[ScheduledStep] = (
        step for step in schedule(ladder, sent_at, calendar) if step.due_at > now
    )
    return next(iter(later), None)


def reached_steps(
    ladder: Ladder,
    sent_at: datetime,
    now: datetime,
    acknowledged: datetime | None,
    calendar: BusinessCalendar,
) -> tuple[ScheduledStep, ...]:
    """Return the rungs to have been told by `now`: those due by then and before any acknowledgement.

    What a worker does on each pass is to tell those of them that it has not told yet.
    """
    return tuple(
        step
        for step in schedule(ladder, sent_at, calendar)
        if step.due_at <= now and (acknowledged is None or step.due_at < acknowledged)
    )
