"""Who states what a body has installed, and who reads it through, keep out of each other's way."""

from __future__ import annotations

from django.db import connection

_INSTALLS = 7_302  # an advisory lock of PostgreSQL: any number that is nobody else's


def hold_installs(body_id: int) -> None:
    """Keeps others from changing what this body has installed, until the end of the transaction.

    Several statements that read it then see the same. SQLite needs nothing: its transactions take the only
    write lock as they begin.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_INSTALLS, body_id % 2**31])
