"""Keeps ``ExposureCount`` and ``ExposureDays`` true in the transaction of every change, whichever statement
makes it.

The database does it itself (triggers): exposures are opened and closed by a few statements over many rows,
and a count kept beside each of them in Python would be one to forget. Triggers are made again after each
migration, since SQLite drops a table's triggers when it rebuilds the table; all they keep is then taken anew.

Days are only ever added, so that no transaction waits for another: a day that no row holds any more leads to
nothing, and is gone when all is taken anew. Two transactions may write the same one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import connections, transaction

_ADD = "INSERT INTO exposure_exposurecount (body_id, facet, n)"
_MORE = "ON CONFLICT (body_id, facet) DO UPDATE SET n = exposure_exposurecount.n + excluded.n"
_COME = f"{_ADD} VALUES (NEW.body_id, NEW.facet, 1) {_MORE};"
_GONE = "UPDATE exposure_exposurecount SET n = n - 1 WHERE body_id = OLD.body_id AND facet = OLD.facet;"
_COUNTS = "SELECT body_id, facet, COUNT(*) FROM exposure_exposure GROUP BY body_id, facet"

_ADD_DAYS = "INSERT INTO exposure_exposuredays (facet, kind, opened_on, day)"
_KINDS = {"due": "due_at", "closed": "closed_at"}
_DAY = {"sqlite": "substr({at}, 1, 10)", "postgresql": "CAST({at} AT TIME ZONE 'UTC' AS date)"}
_NEW_DAYS = (
    "SELECT c.facet, c.kind, c.opened_on, c.day FROM ({days}) AS c WHERE NOT EXISTS ("
    "SELECT 1 FROM exposure_exposuredays d WHERE d.facet = c.facet AND d.kind = c.kind"
    " AND d.opened_on = c.opened_on AND d.day = c.day)"
)


def _days(vendor: str, source: str, row: str = "") -> list[str]:
    """The days of these rows, or of the ``row`` of a trigger, as rows (facet, kind, opened_on, day): of each
    kind.
    """
    opened = _DAY[vendor].format(at=f"{row}opened_at")
    return [
        f"SELECT {row}facet AS facet, '{kind}' AS kind, {opened} AS opened_on,"
        f" {_DAY[vendor].format(at=row + column)} AS day {source} WHERE {row}{column} IS NOT NULL"
        for kind, column in _KINDS.items()
    ]


# A statement for each kind: of both at once, SQLite would sort the two of every row.
_COME_DAYS = " ".join(f"{_ADD_DAYS} {_NEW_DAYS.format(days=days)};" for days in _days("sqlite", "", "NEW."))
_SEEN = f"{_ADD_DAYS} {_NEW_DAYS.format(days=' UNION '.join(_days('postgresql', 'FROM come')))}"
_FACET = "state, priority, certainty, criticality, exploited, internet"

# One addition per body and combination for each statement, in order: two workers never wait crosswise.
_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {body};
    RETURN NULL;
END $$
"""
_SUM = (
    f"{_ADD} SELECT body_id, facet, SUM(d) FROM ({{rows}}) AS moved"  # noqa: S608
    f" GROUP BY body_id, facet HAVING SUM(d) <> 0 ORDER BY body_id, facet {_MORE}"
)
_TABLES = {
    "insert": "NEW TABLE AS come",
    "delete": "OLD TABLE AS gone",
    "update": "NEW TABLE AS come OLD TABLE AS gone",
}


class _Keeper(NamedTuple):
    """A table that triggers of this prefix keep: SQLite's, by row; what PostgreSQL's do, by event."""

    table: str
    prefix: str
    sqlite: dict[str, str]
    postgresql: dict[str, str]
    anew: dict[str, str]

    def name(self, event: str) -> str:
        return f"{self.prefix}_{event}"


COUNTS = _Keeper(
    "exposure_exposurecount",
    "exposure_counted",
    {
        "insert": f"AFTER INSERT ON exposure_exposure BEGIN {_COME} END",
        "delete": f"AFTER DELETE ON exposure_exposure BEGIN {_GONE} END",
        "update": (
            f"AFTER UPDATE OF {_FACET}, body_id ON exposure_exposure"
            f" WHEN OLD.facet <> NEW.facet OR OLD.body_id <> NEW.body_id BEGIN {_GONE} {_COME} END"
        ),
    },
    {
        "insert": _SUM.format(rows="SELECT body_id, facet, 1 AS d FROM come"),
        "delete": _SUM.format(rows="SELECT body_id, facet, -1 AS d FROM gone"),
        "update": _SUM.format(
            rows="SELECT body_id, facet, 1 AS d FROM come UNION ALL SELECT body_id, facet, -1 FROM gone"
        ),
    },
    dict.fromkeys(_DAY, f"{_ADD} {_COUNTS}"),
)
DAYS = _Keeper(
    "exposure_exposuredays",
    "exposure_dated",
    {
        "insert": f"AFTER INSERT ON exposure_exposure BEGIN {_COME_DAYS} END",
        "update": (
            f"AFTER UPDATE OF {_FACET}, opened_at, due_at, closed_at ON exposure_exposure"
            " WHEN OLD.facet <> NEW.facet OR OLD.opened_at <> NEW.opened_at"
            " OR OLD.due_at IS NOT NEW.due_at OR OLD.closed_at IS NOT NEW.closed_at"
            f" BEGIN {_COME_DAYS} END"
        ),
    },
    {"insert": _SEEN, "update": _SEEN},
    {vendor: f"{_ADD_DAYS} {' UNION '.join(_days(vendor, 'FROM exposure_exposure'))}" for vendor in _DAY},
)
KEEPERS = (COUNTS, DAYS)


def install(using: str = "default", **_: Any) -> None:
    """Makes the triggers that are missing or of another version, and takes anew what they keep."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        for keeper in KEEPERS:
            # A database that is migrated no further than before a table has no triggers for it.
            missing = _missing(connection.vendor, cursor, keeper) if keeper.table in tables else []
            for statement in missing:
                cursor.execute(statement)
            if missing:
                cursor.execute(f"DELETE FROM {keeper.table}")  # noqa: S608 - a name of ours
                cursor.execute(keeper.anew[connection.vendor])


def remove(cursor: Any, vendor: str) -> None:
    """Drops the triggers, before very many rows are written at once; ``install`` makes them again."""
    suffix = " ON exposure_exposure" if vendor == "postgresql" else ""
    for keeper in KEEPERS:
        for event in keeper.sqlite:
            cursor.execute(f"DROP TRIGGER IF EXISTS {keeper.name(event)}{suffix}")


def _missing(vendor: str, cursor: Any, keeper: _Keeper) -> list[str]:
    if vendor == "sqlite":
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        there = dict(cursor.fetchall())
        wanted = {
            keeper.name(event): f"CREATE TRIGGER {keeper.name(event)} {body}"
            for event, body in keeper.sqlite.items()
        }
        return [
            statement
            for name, text in wanted.items()
            if there.get(name) != text
            for statement in (f"DROP TRIGGER IF EXISTS {name}", text)
        ]
    cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'exposure_exposure'::regclass")
    there = {name for (name,) in cursor.fetchall()}
    statements = []
    for event, body in keeper.postgresql.items():
        name = keeper.name(event)
        if name not in there:
            statements.append(_FUNCTION.format(name=name, body=body))
            statements.append(
                f"CREATE TRIGGER {name} AFTER {event.upper()} ON exposure_exposure"
                f" REFERENCING {_TABLES[event]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )
    return statements
