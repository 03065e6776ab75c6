"""The decision table: complete by construction, compared and checked as data."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rempart.engines.priority.model import (
    Automatable,
    Exploitation,
    Exposure,
    Impact,
    Outcome,
    Point,
    Scale,
    all_points,
)

COLUMNS = ("exploitation", "exposure", "automatable", "impact", "outcome")
_SCALES: Mapping[str, type[Scale]] = {
    "exploitation": Exploitation,
    "exposure": Exposure,
    "automatable": Automatable,
    "impact": Impact,
    "outcome": Outcome,
}
_POINTS = tuple(all_points())


class TableError(ValueError):
    """A table that cannot be used; `problems` lists every reason, naming the row (from 1) and the column."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Inversion(NamedTuple):
    """A worse point that gets a softer outcome than a milder one, one step apart on `column`."""

    milder: Point
    milder_outcome: Outcome
    worse: Point
    worse_outcome: Outcome
    column: str


class Change(NamedTuple):
    """A point that two tables decide differently."""

    point: Point
    before: Outcome
    after: Outcome

    @property
    def hardens(self) -> bool:
        """Whether the change asks for more urgency."""
        return self.after.rank > self.before.rank


@dataclass(frozen=True, slots=True)
class Table:
    """The outcome of each of the 72 points, in the order of `all_points`."""

    outcomes: tuple[Outcome, ...]

    def __post_init__(self) -> None:
        """Raise `TableError` unless there is one outcome per point."""
        if len(self.outcomes) != len(_POINTS):
            raise TableError([f"{len(self.outcomes)} outcomes: expected {len(_POINTS)}"])

    @classmethod
    def from_mapping(cls, outcomes: Mapping[Point, Outcome]) -> "Table":
        """Build from one outcome per point; raises `TableError` when a point lacks one."""
        missing = [f"no outcome for {_spell(point)}" for point in _POINTS if point not in outcomes]
        if missing:
            raise TableError(missing)
        return cls(tuple(outcomes[point] for point in _POINTS))

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, str]]) -> "Table":
        """Build from rows whose keys are `COLUMNS`, in any order (a form, a CSV file, a JSON column).

        Raises `TableError` listing all that is wrong: unknown values, missing columns, repeated or
        missing points.
        """
        problems: list[str] = []
        outcomes: dict[Point, Outcome] = {}
        for number, row in enumerate(rows, start=1):
            if number > len(_POINTS) * 2:
                problems.append(f"more than {len(_POINTS) * 2} rows")
                break
            faults = [fault for column in COLUMNS if (fault := _fault(column, row)) is not None]
            if faults:
                problems += [f"row {number}: {fault}" for fault in faults]
                continue
            point = Point(
                Exploitation(row["exploitation"]),
                Exposure(row["exposure"]),
                Automatable(row["automatable"]),
                Impact(row["impact"]),
            )
            if point in outcomes:
                problems.append(f"row {number}: {_spell(point)} is repeated")
            outcomes[point] = Outcome(row["outcome"])
        problems += [f"no outcome for {_spell(point)}" for point in _POINTS if point not in outcomes]
        if problems:
            raise TableError(problems)
        return cls.from_mapping(outcomes)

    def to_rows(self) -> list[dict[str, str]]:
        """Return the 72 rows that `from_rows` reads."""
        return [
            dict(zip(COLUMNS, (*(value.value for value in point), outcome.value), strict=True))
            for point, outcome in self
        ]

    def __iter__(self) -> Iterator[tuple[Point, Outcome]]:
        """Yield each point with its outcome, in the order of `all_points`."""
        return zip(_POINTS, self.outcomes, strict=True)

    def __getitem__(self, point: Point) -> Outcome:
        """Return the outcome of `point`."""
        row = (point.exploitation.rank * len(Exposure) + point.exposure.rank) * len(Automatable)
        return self.outcomes[(row + point.automatable.rank) * len(Impact) + point.impact.rank]

    def replaced(self, changes: Mapping[Point, Outcome]) -> "Table":
        """Return a copy that decides `changes` differently."""
        return Table(tuple(changes.get(point, outcome) for point, outcome in self))

    def inversions(self) -> list[Inversion]:
        """Return the places where a worse input softens the outcome: worth a warning, not an error."""
        return [
            Inversion(milder, self[milder], worse, outcome, column)
            for worse, outcome in self
            for column, milder in worse.softenings()
            if self[milder].rank > outcome.rank
        ]


def decide(table: Table, point: Point) -> Outcome:
    """Return what `table` says of `point`."""
    return table[point]


def diff(before: Table, after: Table) -> list[Change]:
    """Return the points decided differently, in the order of `all_points`."""
    return [
        Change(point, old, new)
        for (point, old), new in zip(before, after.outcomes, strict=True)
        if old is not new
    ]


def _fault(column: str, row: Mapping[str, str]) -> str | None:
    if column not in row:
        return f"{column} is missing"
    scale = _SCALES[column]
    if row[column] not in set(scale):
        expected = ", ".join(scale)
        return f"{column} is {str(row[column])[:40]!r}: expected one of {expected}"
    return None


def _spell(point: Point) -> str:
    return " / ".join(point)
