"""What SQL written by hand needs, the same on SQLite and PostgreSQL but for two words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection

_SECONDS = {
    "sqlite": "((julianday({end}) - julianday({start})) * 86400.0)",
    "postgresql": "EXTRACT(EPOCH FROM ({end} - {start}))",
}
_ROOM = -524_288  # in KiB, as SQLite counts them: half a gibibyte


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


@contextmanager
def room_to_write() -> Iterator[None]:
    """More memory for this connection's pages while very many rows are written, far apart (SQLite).

    Each is a page in every index: those above them are read again and again, and what one transaction wrote
    would otherwise leave memory before its end.
    """
    if connection.vendor != "sqlite":
        yield
        return
    ((before,),) = fetch("PRAGMA cache_size")
    _cache(_ROOM)
    try:
        yield
    finally:
        _cache(before)


def _cache(size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA cache_size = {int(size)}")
