"""Numbers of directives: D-2026-0001, in order, one series a year."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from rempart.alerts.models import Directive

_ISSUING = 7_401  # the advisory lock of this slice (PostgreSQL): any number of our own


def hold_issuing() -> None:
    """Lets one transaction at a time issue directives, until it ends.

    Two workers that route the same vulnerability, or an analyst and a rule, then see each other's directive
    instead of failing on its uniqueness. SQLite needs nothing: a write transaction has the only write lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ISSUING])


def next_number(at: datetime) -> str:
    """The next number of the year. Called after ``hold_issuing``, in the transaction that creates the
    directive.
    """
    prefix = f"D-{at.year}-"
    last = (
        Directive.objects.filter(number__startswith=prefix)
        .order_by("-id")
        .values_list("number", flat=True)
        .first()
    )
    return f"{prefix}{int(last.rsplit('-', 1)[1]) + 1 if last else 1:04d}"
