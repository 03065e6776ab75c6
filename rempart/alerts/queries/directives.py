"""Directives, the bodies they bind, and their timelines: only those of the bodies that the actor may see."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from rempart.alerts.models import Directive, Target, TargetEvent
from rempart.alerts.states import OPEN, WAITING
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.scoping import ScopedQuerySet
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

S = Target.State


def targets(actor: Actor) -> ScopedQuerySet:
    """The targets that the actor may see, with their directive and body."""
    rows: ScopedQuerySet = Target.objects.visible_to(actor, Permission.ALERT_READ)
    return rows.select_related("directive__vulnerability", "body__parent", "assigned_to", "acknowledged_by")


def get_target(actor: Actor, target_id: int) -> Target:
    """Raises NotFound when there is none that the actor may see."""
    found: Target | None = targets(actor).filter(pk=target_id).first()
    if found is None:
        raise NotFound(_("Cette directive n’existe pas ou ne vous concerne pas."))
    return found


def _count(actor: Actor, condition: Q) -> Any:
    """How many visible targets of the directive meet a condition, as a subquery of its own."""
    mine = Target.objects.visible_to(actor, Permission.ALERT_READ).filter(condition, directive=OuterRef("pk"))
    counted = mine.order_by().values("directive").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def directives(actor: Actor) -> QuerySet[Directive]:
    """The directives that bind a body the actor may see, each with its counts among those bodies.

    ``bodies`` all; ``verified``, ``declared``, ``acknowledged`` (in hand, nothing declared), ``silent`` (no
    answer), ``other_ends`` (not affected, accepted, withdrawn); ``late`` (open past the deadline).
    """
    visible = Target.objects.visible_to(actor, Permission.ALERT_READ).filter(directive=OuterRef("pk"))
    rows = Directive.objects.filter(Exists(visible)).select_related("vulnerability", "portfolio", "issued_by")
    return rows.annotate(
        bodies=_count(actor, Q()),
        verified=_count(actor, Q(state=S.VERIFIED)),
        declared=_count(actor, Q(state=S.DECLARED)),
        acknowledged=_count(actor, Q(state__in=[S.ACKNOWLEDGED, S.IN_PROGRESS])),
        silent=_count(actor, Q(state__in=WAITING)),
        other_ends=_count(actor, Q(state__in=[S.NOT_AFFECTED, S.ACCEPTED, S.WITHDRAWN])),
        late=_count(actor, Q(state__in=OPEN, due_at__lt=now())),
    )


def get_directive(actor: Actor, number: str) -> Directive:
    """The directive of this number with its counts. Raises NotFound when there is none that the actor may
    see.
    """
    found = directives(actor).filter(number=number).first()
    if found is None:
        raise NotFound(_("Cette directive n’existe pas ou ne vous concerne pas."))
    return found


def of_vulnerability(actor: Actor, vulnerability_id: int) -> QuerySet[Directive]:
    """The directives about one vulnerability, latest first."""
    return directives(actor).filter(vulnerability_id=vulnerability_id).order_by("-issued_at", "-id")


def timeline_of_target(actor: Actor, target: Target) -> list[TargetEvent]:
    """What happened for one body, in order."""
    actor.require(Permission.ALERT_READ, target.body_id)
    return list(target.events.select_related("actor").order_by("at", "id"))


def timeline_of_directive(actor: Actor, directive: Directive, limit: int = 100) -> list[TargetEvent]:
    """What happened for the bodies of a directive that the actor may see, latest first."""
    rows = TargetEvent.objects.visible_to(actor, Permission.ALERT_READ).filter(target__directive=directive)
    return list(rows.select_related("body", "target").order_by("-at", "-id")[:limit])


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
