"""By when a directive is due where nobody said: what the priority table leaves, from its sending."""

from __future__ import annotations

from datetime import datetime

from rempart.alerts.ladder import PRIORITIES
from rempart.engines.clocks import due_date
from rempart.engines.priority import Outcome
from rempart.exposure import queries as exposure
from rempart.organisations import queries as organisations


def default_dues(at: datetime) -> dict[str, datetime]:
    """The deadline of each priority for what is sent at ``at``, the most urgent first. Two queries."""
    deadlines = exposure.priority_deadlines()
    calendar = organisations.office_in_force().calendar(at.year)
    return {name: due_date(at, deadlines[Outcome(name)], calendar).at for name in PRIORITIES}
