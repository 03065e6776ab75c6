"""What stands and what waits in a centre's portfolio, among the bodies that the actor may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from rempart.alerts.models import Target
from rempart.alerts.queries.directives import target_lines
from rempart.alerts.states import OPEN, WAITING
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.prepared import PreparedWithin
from rempart.kernel.scoping import ScopedQuerySet
from rempart.kernel.text import Bilingual
from rempart.kernel.time import now

S = Target.State
_RIGHTS = (Permission.ALERT_READ,)
_MOST = 100
_SILENT = 25  # each with its form; the whole list is one click away


@dataclass(frozen=True)
class Standing:
    """A body's open directives, by what presses."""

    code: str
    name_fr: str
    name_en: str
    open: int
    silent: int
    late: int
    declared: int
    first_due: datetime

    name = Bilingual("name")


def _live(actor: Actor, path: str) -> ScopedQuerySet:
    rows: ScopedQuerySet = target_lines(actor).filter(body__path__startswith=path, state__in=OPEN)
    return rows


_standing = PreparedWithin(
    _RIGHTS,
    lambda actor, path, at: (
        _live(actor, path)
        .order_by()
        .values_list("body__code", "body__name_fr", "body__name_en")
        .annotate(
            open=Count("id"),
            silent=Count("id", filter=Q(state__in=WAITING)),
            late=Count("id", filter=Q(due_at__lt=at)),
            declared=Count("id", filter=Q(state=S.DECLARED)),
            first_due=Min("due_at"),
        )
        .order_by("-late", "-silent", "first_due")
    ),
)
_silent = PreparedWithin(
    _RIGHTS,
    lambda actor, path: _live(actor, path).filter(state__in=WAITING).order_by("due_at", "id")[:_SILENT],
)
_delays = PreparedWithin(
    _RIGHTS,
    lambda actor, path: (
        _live(actor, path).filter(delay_requested_until__isnull=False).order_by("due_at", "id")[:_MOST]
    ),
)
_attested = PreparedWithin(
    _RIGHTS,
    lambda actor, path: (
        _live(actor, path).filter(state=S.DECLARED, exposures_total=0).order_by("declared_at")[:_MOST]
    ),
)


def standing(actor: Actor, path: str) -> list[Standing]:
    """The bodies below a place that have open directives, the latest first."""
    return [Standing(*row) for row in _standing.rows(actor, path=path, at=now())]


def silent(actor: Actor, path: str) -> list[Target]:
    """The first targets below a place that nobody has acknowledged."""
    return _silent.rows(actor, path=path)


def delays(actor: Actor, path: str) -> list[Target]:
    """The targets below a place for which more time is asked."""
    return _delays.rows(actor, path=path)


def attested(actor: Actor, path: str) -> list[Target]:
    """The targets below a place declared done that no inventory can prove."""
    return _attested.rows(actor, path=path)
