"""What an exposure is in one small number, so that any mixture of the filters is a list of numbers.

State, priority, certainty, criticality, exploited and internet take few values: a whole government uses some
hundreds of their combinations. Each row stores its combination (computed by the database from its columns),
the indexes of the list lead with it, and ``ExposureCount`` keeps how many rows each body has of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod
from typing import NamedTuple

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.expressions import Combinable

STATES = ("open", "accepted", "not_affected", "verified", "withdrawn")
PRIORITIES = ("act_now", "out_of_cycle", "scheduled", "defer")
CERTAINTIES = ("affected", "cannot_tell")
CRITICALITIES = 5  # 0 (none stated) to 4


class Facet(NamedTuple):
    """One combination. ``priority`` and ``state`` are places in the tuples above, the most pressing first."""

    state: int
    priority: int
    certainty: int
    criticality: int
    exploited: int
    internet: int

    @property
    def number(self) -> int:
        """As the rows store it: states apart, and within each the most urgent first."""
        found = 0
        for value, size in zip(self, _SIZES, strict=True):
            found = found * size + value
        return found


_SIZES = (len(STATES), len(PRIORITIES), len(CERTAINTIES), CRITICALITIES, 2, 2)


def decode(number: int) -> Facet:
    """The combination that a row's number stands for."""
    parts = []
    for size in reversed(_SIZES):
        number, value = divmod(number, size)
        parts.append(value)
    return Facet(*reversed(parts))


@cache
def numbers(
    *, state: str, certainty: str, priority: str | None = None, exploited: bool | None = None
) -> tuple[int, ...]:
    """The numbers of every combination of these, whatever the rest."""
    wanted = {"state": STATES.index(state), "certainty": CERTAINTIES.index(certainty)}
    if priority is not None:
        wanted["priority"] = PRIORITIES.index(priority)
    if exploited is not None:
        wanted["exploited"] = int(exploited)
    every = ((number, decode(number)) for number in range(prod(_SIZES)))
    return tuple(number for number, one in every if wanted.items() <= one._asdict().items())


def _place(field: str, values: Sequence[str]) -> Case:
    known = (When(**{field: value}, then=Value(place)) for place, value in enumerate(values[:-1]))
    return Case(*known, default=Value(len(values) - 1), output_field=IntegerField())


def expression() -> Combinable:
    """The number, as the database computes it from a row's own columns."""
    parts: tuple[Combinable, ...] = (
        _place("state", STATES),
        _place("priority", PRIORITIES),
        _place("certainty", CERTAINTIES),
        Case(When(criticality__lt=CRITICALITIES, then=F("criticality")), default=Value(CRITICALITIES - 1)),
        Case(When(exploited=True, then=Value(1)), default=Value(0)),
        Case(When(internet=True, then=Value(1)), default=Value(0)),
    )
    found = parts[0]
    for part, size in zip(parts[1:], _SIZES[1:], strict=True):
        found = found * Value(size) + part
    return found
