"""The one place that reads the wall clock."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone


def now() -> datetime:
    """The present, aware, in UTC."""
    return timezone.now()


def today() -> date:
    """The present day in the government's time zone."""
    return timezone.localdate()
