"""How the lists of this slice filter."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from django.db.models import Q, QuerySet

Rows = QuerySet[Any]


def whole(field: str) -> Callable[[Rows, str], Rows]:
    """Rows whose field is the value."""
    return lambda rows, value: rows.filter(**{field: value})


def among(field: str, known: Container[Any]) -> Callable[[Rows, str], Rows]:
    """The same of a value that is known; none of another."""
    return lambda rows, value: rows.filter(**{field: value}) if value in known else rows.none()


def technique(rows: Rows, value: str) -> Rows:
    """Rows of a technique of ATT&CK, with those below it."""
    code = value.strip().upper()
    return rows.filter(Q(techniques__contains=f" {code} ") | Q(techniques__contains=f" {code}."))
