"""PostgreSQL's planner learns of rows as they come, in the transaction that adds them."""

from __future__ import annotations

import pytest
from django.db import connection

from rempart.kernel import statistics
from rempart.kernel.models import Heartbeat
from rempart.kernel.time import now

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps no such statistics"),
]


def believed() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [Heartbeat._meta.db_table])
        return int(cursor.fetchone()[0])


def add(count: int, prefix: str) -> None:
    Heartbeat.objects.bulk_create(Heartbeat(name=f"{prefix}{n}", at=now()) for n in range(count))
    statistics.grew(Heartbeat, count)


def test_a_table_that_outgrew_what_is_believed_is_looked_at_again():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE kernel_heartbeat")
    add(10, "few")
    assert believed() == 0
    add(3 * statistics.FEW, "many")
    known = believed()
    assert known == 3 * statistics.FEW + 10
    add(2 * statistics.FEW, "more")  # fewer than are known: no plan goes wrong for so little
    assert believed() == known
    add(2 * statistics.FEW, "most")
    assert believed() == 7 * statistics.FEW + 10
