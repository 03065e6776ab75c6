"""The decision table as a person edits it: checked, previewed, saved with its trace, applied by a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.engines.priority import Deadlines, Outcome, Table, TableError, diff
from rempart.exposure.commands import priorities
from rempart.exposure.commands.priorities import AUTOMATABLE, EXPLOITATION, IMPACT, LIVE_SQL
from rempart.exposure.commands.reach import fetch, hold
from rempart.exposure.models import PriorityDeadline, PriorityRule
from rempart.kernel import audit, jobs
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission

# Before and after for every live exposure. VALUES: exploitation, exposure, automatable, impact, outcome.
_PREVIEW = """
SELECT e.priority, COALESCE(t.column5, 'scheduled'), COUNT(*), e.body_id
FROM exposure_exposure e
JOIN assets_asset a ON a.id = e.asset_id
JOIN intelligence_vulnerability v ON v.id = e.vulnerability_id
LEFT JOIN (VALUES {rows}) AS t ON t.column1 = {exploitation} AND t.column2 = a.network_exposure
    AND t.column3 = {automatable} AND t.column4 = {impact}
WHERE e.state IN {live}
GROUP BY e.priority, COALESCE(t.column5, 'scheduled'), e.body_id
"""


@dataclass(frozen=True, slots=True)
class TablePreview:
    """What a table would change: combinations, exposures by outcome before and after, bodies touched.

    ``inversions`` counts the places where a worse situation would get a softer outcome.
    """

    combinations: int
    before: dict[str, int]
    after: dict[str, int]
    moved: int
    bodies: int
    inversions: int


def parse_table(rows: Iterable[Mapping[str, str]]) -> Table:
    """The table of these 72 rows; raises Invalid that says every fault."""
    try:
        return Table.from_rows(rows)
    except TableError as error:
        raise Invalid(
            _("Cette table de décision ne peut pas servir."),
            field="rows",
            values={"problems": error.problems[:20]},
        ) from error


def parse_deadlines(rows: Iterable[Mapping[str, object]]) -> Deadlines:
    """One deadline per outcome; raises Invalid."""
    try:
        return Deadlines.from_rows(rows)
    except ValueError as error:
        raise Invalid(
            _("Ces délais ne peuvent pas servir."), field="deadlines", values={"problems": [str(error)]}
        ) from error


def preview_priority_table(actor: Actor, table: Table) -> TablePreview:
    """Counts what ``table`` would change among live exposures; changes nothing."""
    actor.require_everywhere(Permission.PRIORITY_EDIT)
    values = [value for row in table.to_rows() for value in _in_order(row)]
    marks = ", ".join(["(%s, %s, %s, %s, %s)"] * (len(values) // 5))
    parts = {"exploitation": EXPLOITATION, "automatable": AUTOMATABLE, "impact": IMPACT, "live": LIVE_SQL}
    before = {outcome.value: 0 for outcome in reversed(Outcome)}
    after = dict(before)
    moved, bodies = 0, set()
    for old, new, count, body_id in fetch(_PREVIEW, values, rows=marks, **parts):
        before[old] += count
        after[new] += count
        if old != new:
            moved += count
            bodies.add(body_id)
    return TablePreview(
        len(diff(priorities.read_table(), table)), before, after, moved, len(bodies), len(table.inversions())
    )


def _in_order(row: Mapping[str, str]) -> list[str]:
    return [row[name] for name in ("exploitation", "exposure", "automatable", "impact", "outcome")]


@transaction.atomic
def edit_priority_table(
    actor: Actor,
    *,
    rows: Iterable[Mapping[str, str]] | None = None,
    deadlines: Iterable[Mapping[str, object]] | None = None,
    reason: str = "",
) -> int:
    """Replaces the table, the deadlines or both; a job applies them. Returns the combinations changed."""
    actor.require_everywhere(Permission.PRIORITY_EDIT)
    table = None if rows is None else parse_table(rows)
    times = None if deadlines is None else parse_deadlines(deadlines)
    hold(alone=True)
    old_table, old_times = priorities.read_table(), priorities.read_deadlines()
    changes = [] if table is None else diff(old_table, table)
    for change in changes:
        point = change.point
        PriorityRule.objects.filter(
            exploitation=point.exploitation,
            exposure=point.exposure,
            automatable=point.automatable,
            impact=point.impact,
        ).update(outcome=change.after.value)
    new_times = old_times if times is None else times
    for row in new_times.to_rows():
        PriorityDeadline.objects.update_or_create(outcome=row["outcome"], defaults=dict(row))
    if not changes and new_times == old_times:
        return 0
    from rempart.exposure.jobs import reprioritise_all

    jobs.enqueue_once(reprioritise_all, "exposure.reprioritise")
    audit.record(
        actor,
        "priority.edited",
        object_type="exposure.priorityrule",
        object_id="table",
        label="priority",
        before={"outcomes": _spelt(changes, "before"), "deadlines": old_times.to_rows()},
        after={"outcomes": _spelt(changes, "after"), "deadlines": new_times.to_rows()},
        reason=reason.strip(),
    )
    return len(changes)


def _spelt(changes: Iterable[Any], side: str) -> dict[str, str]:
    return {" / ".join(change.point): getattr(change, side).value for change in changes}
