"""The escalation ladders and the office hours in force: who is told of a directive that nobody acknowledges.

What is in force is read in two queries, once an operation; what it comes to (holidays, instants) is kept in
memory by what it was computed from, so that a change counts at once in every process.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rempart.alerts.models import EscalationStep
from rempart.engines.clocks import Ladder, Rung, Step, schedule
from rempart.organisations import queries as organisations
from rempart.organisations.queries import Office

PRIORITIES = ("act_now", "out_of_cycle", "scheduled")
RUNGS = tuple(Rung)
_FALLBACK = "scheduled"  # what is less urgent still climbs as this does


def _minutes(rung: Rung, minutes: int, business: bool = False) -> Step:
    return Step(rung, timedelta(minutes=minutes), business)


# Act now: the clock never stops. The rest follows business hours.
DEFAULT_LADDERS: tuple[tuple[str, Ladder], ...] = (
    (
        "act_now",
        Ladder(
            (
                _minutes(Rung.OFFICER, 0),
                _minutes(Rung.DEPUTY, 30),
                _minutes(Rung.COCD, 60),
                _minutes(Rung.CGCD, 120),
            )
        ),
    ),
    (
        "out_of_cycle",
        Ladder(
            (
                _minutes(Rung.OFFICER, 0),
                _minutes(Rung.DEPUTY, 4 * 60, True),
                _minutes(Rung.COCD, 8 * 60, True),
                _minutes(Rung.CGCD, 16 * 60, True),
            )
        ),
    ),
    (
        "scheduled",
        Ladder(
            (
                _minutes(Rung.OFFICER, 0),
                _minutes(Rung.DEPUTY, 16 * 60, True),
                _minutes(Rung.COCD, 40 * 60, True),
            )
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Escalation:
    """A ladder for each priority, (priority, ladder) by urgency, and the office whose hours they count."""

    ladders: tuple[tuple[str, Ladder], ...]
    office: Office

    def steps(self, priority: str, sent_at: datetime) -> tuple[tuple[Rung, datetime], ...]:
        """Who is told when, if nobody acknowledges: (rung, instant), the officer first."""
        ladders = dict(self.ladders)
        return _steps(ladders.get(priority) or ladders[_FALLBACK], sent_at, self.office)

    def next_told(self, priority: str, alerted_at: datetime, rung: int) -> tuple[Rung, datetime] | None:
        """Who is told after the rung numbered ``rung`` (its place among RUNGS), and when; None at the top."""
        for told, at in self.steps(priority, alerted_at):
            if RUNGS.index(told) > rung:
                return told, at
        return None

    def next_at(self, priority: str, alerted_at: datetime, rung: int) -> datetime | None:
        """When that is."""
        found = self.next_told(priority, alerted_at, rung)
        return found[1] if found else None

    def to_document(self) -> dict[str, Any]:
        """As the API, the command line and the audit trail give it: ``commands.read_ladder`` reads it."""
        ladders = {
            priority: [
                {"rung": str(step.rung), "minutes": _whole_minutes(step), "business": step.business}
                for step in ladder.steps
            ]
            for priority, ladder in self.ladders
        }
        return {"ladders": ladders, **self.office.to_document()}

    @property
    def version(self) -> str:
        """Changes whenever something in it does: whoever saves tells what they had read."""
        text = json.dumps(self.to_document(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _whole_minutes(step: Step) -> int:
    return step.after // timedelta(minutes=1)


@functools.lru_cache(maxsize=8192)
def _steps(ladder: Ladder, sent_at: datetime, office: Office) -> tuple[tuple[Rung, datetime], ...]:
    return tuple(
        (step.rung, step.due_at) for step in schedule(ladder, sent_at, office.calendar(sent_at.year))
    )


def in_force() -> Escalation:
    """What counts now; the first ladders of an installation where none is kept."""
    rows = EscalationStep.objects.order_by("minutes").values_list("priority", "rung", "minutes", "business")
    return Escalation(_ladders(rows) or DEFAULT_LADDERS, organisations.office_in_force())


def _ladders(rows: Iterable[tuple[str, str, int, bool]]) -> tuple[tuple[str, Ladder], ...]:
    found: dict[str, list[Step]] = {}
    for priority, rung, minutes, business in rows:
        found.setdefault(priority, []).append(_minutes(Rung(rung), minutes, business))
    return tuple((priority, Ladder(tuple(found[priority]))) for priority in PRIORITIES if priority in found)


def steps(priority: str, sent_at: datetime) -> tuple[tuple[Rung, datetime], ...]:
    """Who is told when by what is in force now."""
    return in_force().steps(priority, sent_at)
