"""Keeps ``ExposureCount`` true in the transaction of every change, whichever statement makes it.

The database does it itself (triggers): exposures are opened and closed by a few statements over many rows,
and a count kept beside each of them in Python would be one to forget. Triggers are made again after each
migration, since SQLite drops a table's triggers when it rebuilds the table; the counts are then taken anew.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction

_ADD = "INSERT INTO exposure_exposurecount (body_id, facet, n)"
_MORE = "ON CONFLICT (body_id, facet) DO UPDATE SET n = exposure_exposurecount.n + excluded.n"
_COME = f"{_ADD} VALUES (NEW.body_id, NEW.facet, 1) {_MORE};"
_GONE = "UPDATE exposure_exposurecount SET n = n - 1 WHERE body_id = OLD.body_id AND facet = OLD.facet;"

_SQLITE = {
    "exposure_counted_insert": f"AFTER INSERT ON exposure_exposure BEGIN {_COME} END",
    "exposure_counted_delete": f"AFTER DELETE ON exposure_exposure BEGIN {_GONE} END",
    "exposure_counted_update": (
        "AFTER UPDATE OF state, priority, certainty, criticality, exploited, internet, body_id"
        " ON exposure_exposure WHEN OLD.facet <> NEW.facet OR OLD.body_id <> NEW.body_id"
        f" BEGIN {_GONE} {_COME} END"
    ),
}

# One addition per body and combination for each statement, in order: two workers never wait crosswise.
_FUNCTION = """
CREATE OR REPLACE FUNCTION exposure_counted_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {add} SELECT body_id, facet, SUM(d) FROM ({rows}) AS moved
    GROUP BY body_id, facet HAVING SUM(d) <> 0 ORDER BY body_id, facet {more};
    RETURN NULL;
END $$
"""
_ROWS = {
    "insert": "SELECT body_id, facet, 1 AS d FROM come",
    "delete": "SELECT body_id, facet, -1 AS d FROM gone",
    "update": "SELECT body_id, facet, 1 AS d FROM come UNION ALL SELECT body_id, facet, -1 FROM gone",
}
_TABLES = {
    "insert": "NEW TABLE AS come",
    "delete": "OLD TABLE AS gone",
    "update": "NEW TABLE AS come OLD TABLE AS gone",
}

_COUNTS = "SELECT body_id, facet, COUNT(*) FROM exposure_exposure GROUP BY body_id, facet"


def install(using: str = "default", **_: Any) -> None:
    """Makes the triggers that are missing, and counts anew when one was. Safe to run again."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if "exposure_exposurecount" not in connection.introspection.table_names(cursor):
            return  # migrated no further than before the counts
        missing = _missing(connection.vendor, cursor)
        if not missing:
            return
        for statement in missing:
            cursor.execute(statement)
        recount(cursor)


def recount(cursor: Any) -> None:
    """Counts every exposure anew."""
    cursor.execute("DELETE FROM exposure_exposurecount")
    cursor.execute(f"{_ADD} {_COUNTS}")


def _missing(vendor: str, cursor: Any) -> list[str]:
    if vendor == "sqlite":
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        there = {name for (name,) in cursor.fetchall()}
        return [f"CREATE TRIGGER {name} {body}" for name, body in _SQLITE.items() if name not in there]
    cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'exposure_exposure'::regclass")
    there = {name for (name,) in cursor.fetchall()}
    statements = []
    for event, rows in _ROWS.items():
        name = f"exposure_counted_{event}"
        if name not in there:
            statements.append(_FUNCTION.format(event=event, add=_ADD, rows=rows, more=_MORE))
            statements.append(
                f"CREATE TRIGGER {name} AFTER {event.upper()} ON exposure_exposure"
                f" REFERENCING {_TABLES[event]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )
    return statements
