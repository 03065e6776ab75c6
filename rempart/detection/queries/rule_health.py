"""How rules do: what each found in the last 90 days, as sightings tell, and what keeps it from serving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from rempart.detection.models import PackTrouble, Rule, RuleVersion
from rempart.detection.queries.rules import ranked
from rempart.detection.queries.sightings import recent
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission

NOISY = 1_000  # events in the window


def doing(actor: Actor) -> QuerySet[Rule]:
    """The rules in force with ``found`` (events), ``places`` (bodies) and ``last`` of the window; and
    ``troubled``: how many nodes said that they cannot use it; ``failing``: whether its text in force fails a
    test case, as far as the actor reads it.
    """
    seen = recent(actor).filter(rule_id=OuterRef("key")).order_by().values("rule_id")
    total = seen.annotate(n=Sum("count")).values("n")
    places = seen.annotate(n=Count("body", distinct=True)).values("n")
    last = seen.annotate(n=Max("recorded_at")).values("n")
    troubles = PackTrouble.objects.visible_to(actor, Permission.DETECTION_READ)
    troubles = troubles.filter(rule=OuterRef("key")).order_by().values("rule")
    nodes = troubles.annotate(n=Count("report", distinct=True)).values("n")
    return (
        ranked(actor)
        .filter(state=Rule.State.ACTIVE)
        .annotate(
            found=Coalesce(Subquery(total, output_field=IntegerField()), Value(0)),
            places=Coalesce(Subquery(places, output_field=IntegerField()), Value(0)),
            last=Subquery(last),
            troubled=Coalesce(Subquery(nodes, output_field=IntegerField()), Value(0)),
            failing=_failing(actor),
        )
    )


def _failing(actor: Actor) -> Exists:
    texts = RuleVersion.objects.visible_to(actor, Permission.DETECTION_READ)
    return Exists(texts.filter(pk=OuterRef("current_id"), tests__failed__gt=0))


@dataclass(frozen=True)
class Doing:
    """How many rules in force never found anything in the window, found too much, or cannot fully serve."""

    active: int
    silent: int
    noisy: int
    failing: int
    untested: int
    troubled: int  # which some node cannot use
    sightings: int  # in the window: without any, silence says nothing


def health(actor: Actor) -> Doing:
    """The figures above the list, from one reading of the rules and one of the sightings."""
    counts: dict[str, int] = dict(
        recent(actor).order_by().values_list("rule_id").annotate(n=Sum("count")).values_list("rule_id", "n")
    )
    active = Rule.objects.visible_to(actor, Permission.DETECTION_READ).filter(state=Rule.State.ACTIVE)
    totals: dict[str, Any] = active.aggregate(
        active=Count("id"),
        failing=Count("id", filter=Q(_failing(actor))),
        untested=Count("id", filter=Q(cases=0)),
    )
    keys = set(active.filter(key__in=list(counts)).values_list("key", flat=True)) if counts else set()
    noisy = sum(1 for key in keys if counts[key] >= NOISY)
    told = PackTrouble.objects.visible_to(actor, Permission.DETECTION_READ).exclude(rule="")
    troubled = active.filter(key__in=told.values("rule")).count()
    return Doing(
        totals["active"], totals["active"] - len(keys), noisy, totals["failing"], totals["untested"],
        troubled, len(counts),
    )  # fmt: skip


@dataclass(frozen=True)
class Activity:
    """What one rule found in the window."""

    found: int
    places: int
    last: datetime | None


def activity(actor: Actor, rule: Rule) -> Activity:
    """What a rule found in the last 90 days, in the bodies whose sightings the actor reads."""
    told: dict[str, Any] = (
        recent(actor)
        .filter(rule_id=rule.key)
        .aggregate(found=Sum("count"), places=Count("body", distinct=True), last=Max("recorded_at"))
    )
    return Activity(told["found"] or 0, told["places"], told["last"])
