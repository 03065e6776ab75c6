"""The cache that every process shares: its table in the database, and the check that it is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.cache import caches
from django.core.management import call_command
from django.db import DatabaseError
from django.utils.translation import gettext as _

from rempart.kernel.health import FAILURE, OK, Finding, check


def make_table(**_more: Any) -> None:
    """After the migrations: the table of the shared cache."""
    call_command("createcachetable", verbosity=0)


@check("cache")
def _shared() -> Iterator[Finding]:
    """Limits of rate count attempts there: without it, guessing passwords would not be slowed."""
    try:
        caches["default"].set("doctor", "answers", 10)
        kept = caches["default"].get("doctor")
    except DatabaseError:
        kept = None
    if kept == "answers":
        yield Finding("cache", OK, _("Le cache commun répond."))
    else:
        yield Finding("cache", FAILURE, _("Le cache commun ne garde rien."), _("Lancez « rempart init »."))
