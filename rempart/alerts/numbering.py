"""Numbers of directives: D-2026-0001, in order, one series a year."""

from __future__ import annotations

from datetime import datetime

from rempart.alerts.models import Directive


def next_number(at: datetime) -> str:
    """The next number of the year. Called inside the transaction that creates the directive."""
    prefix = f"D-{at.year}-"
    last = Directive.objects.filter(number__startswith=prefix).order_by("-id").values_list("number", flat=True).first()
    return f"{prefix}{int(last.rsplit('-', 1)[1]) + 1 if last else 1:04d}"
