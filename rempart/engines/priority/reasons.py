"""Why a decision is what it is, as codes that the interface puts into words."""

from rempart.engines.priority.model import Outcome, Point
from rempart.engines.priority.table import Table


def explain(point: Point, outcome: Outcome) -> tuple[str, ...]:
    """Return `input.value` for each of the four inputs, then `outcome.value`, in a fixed order."""
    inputs = (f"{name}.{value}" for name, value in zip(point._fields, point, strict=True))
    return (*inputs, f"outcome.{outcome}")


def decisive(table: Table, point: Point) -> tuple[str, ...]:
    """Return the codes of the inputs that decide: one step less on that input alone would soften the outcome.

    Empty when no single step would.
    """
    outcome = table[point]
    return tuple(
        f"{name}.{getattr(point, name)}"
        for name, softer in point.softenings()
        if table[softer].rank < outcome.rank
    )
