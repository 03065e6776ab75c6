"""The planner's idea of how large tables are, kept true while many rows arrive.

PostgreSQL samples its tables in the background, and never what an open transaction wrote: a plan made for
an empty table is then used on a full one. SQLite plans from its indexes and needs nothing.
"""

from __future__ import annotations

from collections import Counter

from django.db import connection
from django.db.models import Model

# Below this many new rows no plan is bad enough to be worth a look at the catalogue.
FEW = 1_000

_BELIEVED = "SELECT GREATEST(reltuples, 0) FROM pg_class WHERE oid = to_regclass(%s)"

_added: Counter[str] = Counter()  # rows added by this process since its last refresh, by table


def grew(model: type[Model], rows: int) -> None:
    """Notes that ``rows`` were added to the model's table, and refreshes its statistics as it grows.

    They are refreshed once more rows came than the planner believed there were: a few times in a load,
    however long. Called after the rows are written, in their transaction or after it. A table that another
    process holds for maintenance is left for the next call.
    """
    if connection.vendor != "postgresql":
        return
    table = model._meta.db_table
    _added[table] += rows
    if _added[table] < FEW:
        return
    with connection.cursor() as cursor:
        cursor.execute(_BELIEVED, [table])
        found = cursor.fetchone()
        if found is None or _added[table] <= found[0]:
            return
        # Waiting here for another's lock while holding rows it waits for would be a deadlock.
        cursor.execute(f"ANALYZE (SKIP_LOCKED) {connection.ops.quote_name(table)}")
    _added[table] = 0
