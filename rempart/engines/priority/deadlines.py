"""How long each outcome leaves. A calendar (`rempart.engines.clocks`) turns a deadline into a date."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rempart.engines.priority.model import Outcome


class Unit(StrEnum):
    """What a deadline counts."""

    HOURS = "hours"
    DAYS = "days"


_LONGEST = {Unit.HOURS: 24 * 366, Unit.DAYS: 3 * 366}


@dataclass(frozen=True, slots=True)
class Deadline:
    """`amount` hours or days; `business` counts open hours or working days, otherwise the clock never
    stops.
    """

    amount: int
    unit: Unit
    business: bool = False

    def __post_init__(self) -> None:
        """Raise `ValueError` unless `amount` is at least 1 and at most three years (one year of hours)."""
        if not 1 <= self.amount <= _LONGEST[self.unit]:
            raise ValueError(f"{self.amount} {self.unit}: expected 1..{_LONGEST[self.unit]}")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """One deadline per outcome."""

    by_outcome: Mapping[Outcome, Deadline]

    def __post_init__(self) -> None:
        """Raise `ValueError` when an outcome has no deadline."""
        missing = [outcome.value for outcome in Outcome if outcome not in self.by_outcome]
        if missing:
            raise ValueError(f"no deadline for {', '.join(missing)}")

    def __getitem__(self, outcome: Outcome) -> Deadline:
        """Return the deadline of `outcome`."""
        return self.by_outcome[outcome]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, object]]) -> "Deadlines":
        """Read rows of `outcome`, `amount`, `unit`, `business`; raises `ValueError` naming the row (from
        1).
        """
        found: dict[Outcome, Deadline] = {}
        for number, row in enumerate(rows, start=1):
            try:
                amount, business = row["amount"], row.get("business", False)
                if type(amount) is not int or type(business) is not bool:
                    raise ValueError("amount must be a whole number and business true or false")
                outcome = Outcome(str(row["outcome"]))
                if outcome in found:
                    raise ValueError(f"{outcome} is repeated")
                found[outcome] = Deadline(amount, Unit(str(row["unit"])), business)
            except KeyError as error:
                raise ValueError(f"row {number}: {error.args[0]} is missing") from error
            except ValueError as error:
                raise ValueError(f"row {number}: {error}") from error
        return cls(found)

    def to_rows(self) -> list[dict[str, str | int | bool]]:
        """Return the rows that `from_rows` reads, most urgent first."""
        return [
            {
                "outcome": outcome.value,
                "amount": self[outcome].amount,
                "unit": self[outcome].unit.value,
                "business": self[outcome].business,
            }
            for outcome in reversed(Outcome)
        ]


DEFAULT_DEADLINES = Deadlines(
    {
        # CISA's emergency directives leave about two days when a public service is under attack.
        Outcome.ACT_NOW: Deadline(48, Unit.HOURS),
        # Binding Operational Directive 22-01: two weeks for known exploited vulnerabilities of 2021 and
        # later.
        Outcome.OUT_OF_CYCLE: Deadline(14, Unit.DAYS),
        # A month of working days: the next maintenance window.
        Outcome.SCHEDULED: Deadline(20, Unit.DAYS, business=True),
        # A quarter, so that what is deferred is still closed or reconsidered.
        Outcome.DEFER: Deadline(90, Unit.DAYS),
    }
)
"""The deadlines of a new installation. A date set by the KEV catalogue may shorten them, never lengthen
them.
"""
