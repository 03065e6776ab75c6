"""Rules, their versions and test cases, the releases they came in: those of all and those of one's bodies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case as Case_
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.utils.translation import gettext as _

from rempart.detection.models import (
    Case,
    Release,
    Rule,
    RuleSource,
    RuleVersion,
    Technique,
    Tuning,
    TuningText,
)
from rempart.engines.sigma.model import LEVELS
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_READ = Permission.DETECTION_READ


def rules(actor: Actor) -> QuerySet[Rule]:
    """The rules of the government, and those of the bodies that the actor may read."""
    return Rule.objects.visible_to(actor, _READ).select_related("source", "body")


def ranked(actor: Actor) -> QuerySet[Rule]:
    """The rules with the ``rank`` of their level, the most severe first, for a list to sort by."""
    order = [When(level=level, then=number) for number, level in enumerate(reversed(LEVELS))]
    return rules(actor).annotate(rank=Case_(*order, default=len(LEVELS), output_field=IntegerField()))


def technique_names(actor: Actor, codes: Iterable[str]) -> dict[str, str]:
    """Code → name of these techniques of ATT&CK, as far as they are known here."""
    actor.require(_READ)
    return dict(Technique.objects.filter(code__in=list(codes)).values_list("code", "name"))


def get_rule(actor: Actor, rule_id: int) -> Rule:
    """A rule; raises NotFound."""
    found = rules(actor).filter(pk=rule_id).first()
    if found is None:
        raise NotFound(_("Cette règle n’existe pas."))
    return found


def own_rule(actor: Actor, body_id: int | None, key: str) -> Rule:
    """The rule of a body by its id; raises NotFound."""
    found = rules(actor).filter(body_id=body_id, key=key).first()
    if found is None:
        raise NotFound(_("Cette règle n’existe pas."))
    return found


def versions(actor: Actor, rule: Rule | None = None) -> QuerySet[RuleVersion]:
    """The versions of a rule, latest first, or of all rules."""
    found = RuleVersion.objects.visible_to(actor, _READ).select_related(
        "rule", "rule__current", "rule__body", "made_by", "reviewed_by"
    )
    return found if rule is None else found.filter(rule=rule).order_by("-number")


def get_version(actor: Actor, version_id: int) -> RuleVersion:
    """A version; raises NotFound."""
    found = versions(actor).filter(pk=version_id).first()
    if found is None:
        raise NotFound(_("Cette version n’existe pas."))
    return found


def in_force(actor: Actor, rule: Rule) -> RuleVersion | None:
    """The version of a rule that counts, or while none does its latest; None when its text is not the
    actor's to read.
    """
    found = versions(actor, rule)
    shown: RuleVersion | None = found.filter(pk=rule.current_id).first() if rule.current_id else found.first()
    return shown


def cases(actor: Actor, rule: Rule) -> QuerySet[Case]:
    """The test cases of a rule."""
    return Case.objects.visible_to(actor, _READ).filter(rule=rule).select_related("made_by").order_by("id")


def get_case(actor: Actor, case_id: int) -> Case:
    """A test case; raises NotFound."""
    found = Case.objects.visible_to(actor, _READ).select_related("rule").filter(pk=case_id).first()
    if found is None:
        raise NotFound(_("Cet essai n’existe pas."))
    return found


def releases(actor: Actor) -> QuerySet[Release]:
    """The releases that were read."""
    return Release.objects.visible_to(actor, _READ).select_related("source", "read_by", "body")


def get_release(actor: Actor, release_id: int) -> Release:
    """A release; raises NotFound."""
    found = releases(actor).filter(pk=release_id).first()
    if found is None:
        raise NotFound(_("Cette lecture n’existe pas."))
    return found


def sources(actor: Actor) -> QuerySet[RuleSource]:
    """The sources of rules."""
    return RuleSource.objects.visible_to(actor, _READ).order_by("name")


@dataclass(frozen=True)
class Totals:
    """How many rules there are, by what matters."""

    active: int
    waiting: int
    defective: int
    lists: int
    retired: int


def totals(actor: Actor) -> Totals:
    """The figures above the list of rules."""
    counts: dict[str, Any] = Rule.objects.visible_to(actor, _READ).aggregate(
        active=Count("id", filter=Q(state="active")),
        waiting=Count("id", filter=Q(waiting__gt=0)),
        defective=Count("id", filter=Q(verdict="defective") & ~Q(state="retired")),
        lists=Count("id", filter=Q(verdict="lists", state="active")),
        retired=Count("id", filter=Q(state="retired")),
    )
    return Totals(**counts)


def tunings(actor: Actor) -> QuerySet[Tuning]:
    """The filters of the actor's bodies; ``title`` is theirs for the bodies' own people alone, else None."""
    texts = TuningText.objects.visible_to(actor, Permission.TELEMETRY_READ).filter(tuning=OuterRef("pk"))
    return (
        Tuning.objects.visible_to(actor, _READ)
        .select_related("body", "rule", "made_by", "reviewed_by")
        .annotate(title=Subquery(texts.values("title")[:1]))
    )


def get_tuning(actor: Actor, tuning_id: int) -> Tuning:
    """A filter; raises NotFound."""
    found = tunings(actor).filter(pk=tuning_id).first()
    if found is None:
        raise NotFound(_("Ce filtre n’existe pas."))
    return found


def tuning_text(actor: Actor, tuning_id: int) -> TuningText | None:
    """What a filter says, for its body's own people; None for everyone else."""
    rows = TuningText.objects.visible_to(actor, Permission.TELEMETRY_READ)
    found: TuningText | None = rows.filter(tuning_id=tuning_id).first()
    return found


def rules_of_tuning(actor: Actor, tuning: Tuning) -> list[Rule]:
    """The rules of the library that a filter names, its body's own before those of all."""
    named = tuning.shape.get("rules", [])
    return list(rules(actor).filter(Q(body=None) | Q(body=tuning.body_id), key__in=named).order_by("title"))


def writable_bodies(actor: Actor, permission: Permission) -> list[tuple[int, str]]:
    """(number, name) of the bodies over which the actor holds a right, for the choices of a form."""
    found = organisations.bodies(actor, permission).order_by("name_fr")
    return [(each.pk, each.name) for each in found]
