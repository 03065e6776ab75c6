"""What a row of the list of directives shows."""

from __future__ import annotations

from typing import Any

from rempart.alerts.models import Directive
from rempart.kernel.addresses import address
from rempart.kernel.showing import Ago, Badge, Cells, Left, Link, Number, Progress, Tlp, When


def directive_row(row: Any) -> Cells:
    """``row``: a directive with the counts of ``queries.directives``."""
    page, bodies = address("directive", row.number), f"{address('target_list')}?directive={row.number}"
    is_open = row.state == Directive.State.OPEN
    return {
        "number": Link(row.number, page, "nowrap"),
        "title": Link(row.title, page),
        "priority": Badge(row.priority),
        "state": Badge(row.state),
        "progress": Progress(row.verified, row.declared, row.acknowledged, row.silent),
        "bodies": Link(Number(row.bodies), bodies),
        "late": Link(Number(row.late), f"{bodies}&late=yes", "critical-text") if row.late else 0,
        "due": Left(row.due_at) if is_open else When(row.due_at),
        "issued": Ago(row.issued_at),
        "marking": Tlp(row.marking),
    }
