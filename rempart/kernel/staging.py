"""Temporary tables that hold what was stated, so that comparing and merging are single statements of SQL.

They live in the transaction of the command: a failure anywhere leaves nothing. The SQL is common to SQLite
and PostgreSQL; only loading differs (COPY where it exists).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection

_BATCH = 10_000


@contextmanager
def temporary_table(name: str, columns: str) -> Iterator[str]:
    """A table of this name and these SQL columns for the time of the block, inside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("temporary tables need the transaction that undoes them")
    execute(f"CREATE TEMPORARY TABLE {name} ({columns})")
    yield name
    execute(f"DROP TABLE {name}")  # not after an error: the transaction that failed undoes it


def load(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Adds rows to a temporary table, in batches, then tells the planner their number."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            recount(table)
            return
        marks = ", ".join(["%s"] * len(columns))
        waiting = iter(rows)
        while batch := list(islice(waiting, _BATCH)):
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", batch)  # noqa: S608 - our names


def recount(table: str) -> None:
    """Tells the planner what the table's columns hold, once those that were empty are filled in."""
    if connection.vendor == "postgresql":
        execute(f"ANALYZE {table}")


def execute(sql: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> int:
    """Runs one statement; returns the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def fetch(sql: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def moment(value: datetime) -> Any:
    """A moment as the database compares it in raw SQL (SQLite keeps text)."""
    return connection.ops.adapt_datetimefield_value(value)
