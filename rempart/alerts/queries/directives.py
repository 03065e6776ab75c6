"""Directives, the bodies they bind, and their timelines: only those of the bodies that the actor may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import DateTimeField, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext as _

from rempart.alerts.models import Directive, Target
from rempart.alerts.states import IN_HAND, OPEN, OTHER_ENDS, WAITING
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.prepared import PreparedWithin
from rempart.kernel.scoping import ScopedQuerySet, condition
from rempart.kernel.sql import listed
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

S = Target.State
# What lists show: a whole row is 150 columns with the directive, the vulnerability, the body and the people.
_DIRECTIVE = ("number", "title_fr", "title_en", "vulnerability__cve_id")
_DIRECTIVE_LINE = (*_DIRECTIVE, "priority", "state", "issued_at", "due_at", "marking")
_TARGET_LINE = (
    "state", "priority", "sent_at", "acknowledged_at", "declared_at", "verified_at", "closed_at", "due_at",
    "delay_requested_until", "delay_reason", "exposures_open", "body__code", "body__name_fr", "body__name_en",
    "assigned_to__name", *(f"directive__{field}" for field in _DIRECTIVE),
)  # fmt: skip


def targets(actor: Actor) -> ScopedQuerySet:
    """The targets that the actor may see, with their directive and body."""
    rows: ScopedQuerySet = Target.objects.visible_to(actor, Permission.ALERT_READ)
    return rows.select_related("directive__vulnerability", "body__parent", "assigned_to", "acknowledged_by")


def target_lines(actor: Actor) -> ScopedQuerySet:
    """The same with what a list shows of each, and no more."""
    rows: ScopedQuerySet = Target.objects.visible_to(actor, Permission.ALERT_READ)
    return rows.select_related("directive__vulnerability", "body", "assigned_to").only(*_TARGET_LINE)


def get_target(actor: Actor, target_id: int) -> Target:
    """Raises NotFound when there is none that the actor may see."""
    found: Target | None = targets(actor).filter(pk=target_id).first()
    if found is None:
        raise NotFound(_("Cette directive n’existe pas ou ne vous concerne pas."))
    return found


# Written by hand: these counts stand in the busiest lists, and building them took longer than counting.
_COUNT = "(SELECT COUNT(*) FROM alerts_target bound WHERE {among} AND bound.directive_id = %(expressions)s)"


def _count(actor: Actor, states: Iterable[str] = S.values, *due_before: Value) -> Func:
    """How many targets of the directive, among those the actor may see, stand in these states."""
    visible = condition(actor.scope(Permission.ALERT_READ), "bound.body_id")
    among = f"{visible} AND bound.state IN ({listed(states)})"
    return Func(
        F("pk"), *due_before, template=_COUNT.format(among=among), arg_joiner=" AND bound.due_at < ",
        output_field=IntegerField(),
    )  # fmt: skip


def directives(actor: Actor, at: Any = None) -> QuerySet[Directive]:
    """The directives that bind a body the actor may see, each with its counts among those.

    ``bodies`` all; ``verified``, ``declared``, ``acknowledged`` (in hand, nothing declared), ``silent`` (no
    answer), ``other_ends`` (not affected, accepted, withdrawn); ``late`` (open past the deadline).
    """
    visible = Target.objects.visible_to(actor, Permission.ALERT_READ).filter(directive=OuterRef("pk"))
    rows = Directive.objects.filter(Exists(visible)).select_related("vulnerability", "portfolio", "issued_by")
    return rows.annotate(
        bodies=_count(actor),
        verified=_count(actor, [S.VERIFIED]),
        declared=_count(actor, [S.DECLARED]),
        acknowledged=_count(actor, IN_HAND),
        silent=_count(actor, WAITING),
        other_ends=_count(actor, OTHER_ENDS),
        late=_count(actor, OPEN, at or Value(now(), DateTimeField())),
    )


def directive_lines(actor: Actor, at: Any = None) -> QuerySet[Directive]:
    """The same with what a list shows of each, and no more."""
    return directives(actor, at).select_related(None).select_related("vulnerability").only(*_DIRECTIVE_LINE)


def get_directive(actor: Actor, number: str) -> Directive:
    """The directive of this number with its counts. Raises NotFound when there is none that the actor may
    see.
    """
    found = directives(actor).filter(number=number).first()
    if found is None:
        raise NotFound(_("Cette directive n’existe pas ou ne vous concerne pas."))
    return found


_of_vulnerability = PreparedWithin(
    (Permission.ALERT_READ,),
    lambda actor, vulnerability, at: (
        directive_lines(actor, at).filter(vulnerability=vulnerability).order_by("-issued_at", "-id")[:10]
    ),
)


def of_vulnerability(actor: Actor, vulnerability_id: int) -> list[Directive]:
    """The last ten directives about one vulnerability, latest first."""
    return _of_vulnerability.rows(actor, vulnerability=vulnerability_id, at=now())


def search(actor: Actor, text: str, limit: int) -> list[Directive]:
    """The directives whose number or title contains the text, latest first."""
    if not actor.may(Permission.ALERT_READ):
        return []
    visible = Target.objects.visible_to(actor, Permission.ALERT_READ).filter(directive=OuterRef("pk"))
    wanted = Q(number__icontains=text) | Q(title_fr__icontains=text) | Q(title_en__icontains=text)
    return list(Directive.objects.filter(wanted, Exists(visible)).order_by("-issued_at")[:limit])


def centres(actor: Actor) -> list[Any]:
    """The operational centres above the bodies whose alerts the actor may see."""
    bodies = organisations.bodies(actor, Permission.ALERT_READ).values_list("id", flat=True)
    above = set(organisations.portfolio_of(bodies).values())
    return list(organisations.organisations(actor).filter(id__in=above).order_by("code"))
