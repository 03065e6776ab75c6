"""Business calendars, due dates and escalation ladders. The present is always an argument."""

from rempart.engines.clocks.calendar import (
    OFFICE_WEEK,
    BusinessCalendar,
    Hours,
    Week,
    quebec_holidays,
    week,
)
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
    "OFFICE_WEEK",
    "BusinessCalendar",
    "Due",
    "DueReason",
    "Hours",
    "Ladder",
    "Rung",
    "ScheduledStep",
    "Step",
    "Week",
    "due_date",
    "next_step",
    "quebec_holidays",
    "reached_steps",
    "schedule",
    "week",
]
