"""What SQL written by hand needs, the same on SQLite and PostgreSQL but for two words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

_SECONDS = {
    "sqlite": "((julianday({end}) - julianday({start})) * 86400.0)",
    "postgresql": "EXTRACT(EPOCH FROM ({end} - {start}))",
}


def seconds(start: str, end: str) -> str:
    """The expression of the time between two instants, in seconds."""
    return _SECONDS[connection.vendor].format(start=start, end=end)


def instant(at: datetime) -> Any:
    """An instant as a parameter of a query written here."""
    return connection.ops.adapt_datetimefield_value(at)


def ids(numbers: Iterable[int]) -> str:
    """Whole numbers written in place, for lists longer than a database takes as parameters."""
    return ", ".join(str(int(each)) for each in numbers) or "NULL"


def listed(codes: Iterable[str]) -> str:
    """Codes of ours (states, kinds) written in place."""
    return ", ".join(f"'{each!s}'" for each in sorted(codes))


def fetch(statement: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return list(cursor.fetchall())
