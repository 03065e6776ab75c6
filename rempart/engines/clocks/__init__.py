"""Business calendars, due dates and escalation ladders. The present is always an argument."""

from rempart.engines.clocks.calendar import BusinessCalendar, quebec_holidays
from rempart.engines.clocks.due import Due, DueReason, due_date
from rempart.engines.clocks.escalation import (
    Ladder,
    Rung,
    ScheduledStep,
    Step,
    next_step,
    reached_steps,
    schedule,
)

__all__ = [
    "BusinessCalendar",
    "Due",
    "DueReason",
    "Ladder",
    "Rung",
    "ScheduledStep",
    "Step",
    "due_date",
    "next_step",
    "quebec_holidays",
    "reached_steps",
    "schedule",
]
