"""What to do first, and by when: an SSVC-style decision table and the deadlines of its outcomes."""

from rempart.engines.priority.deadlines import DEFAULT_DEADLINES, Deadline, Deadlines, Unit
from rempart.engines.priority.defaults import DEFAULT_TABLE
from rempart.engines.priority.model import (
    Automatable,
    Exploitation,
    Exposure,
    Impact,
    Outcome,
    Point,
    all_points,
)
from rempart.engines.priority.reasons import decisive, explain
from rempart.engines.priority.table import Change, Inversion, Table, TableError, decide, diff

__all__ = [
    "DEFAULT_DEADLINES",
    "DEFAULT_TABLE",
    "Automatable",
    "Change",
    "Deadline",
    "Deadlines",
    "Exploitation",
    "Exposure",
    "Impact",
    "Inversion",
    "Outcome",
    "Point",
    "Table",
    "TableError",
    "Unit",
    "all_points",
    "decide",
    "decisive",
    "diff",
    "explain",
]
