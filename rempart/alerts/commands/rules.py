"""The rules that issue directives without waiting for a person: read, tried, changed with their reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.alerts.commands.routing import ROUTER, route_vulnerability
from rempart.alerts.models import AlertRule, Directive
from rempart.exposure import queries as exposure
from rempart.intelligence import queries as intelligence
from rempart.kernel import audit, jobs
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.time import today

PRIORITIES = ("act_now", "out_of_cycle", "scheduled")
MAX_RULES = 50
MAX_DAYS = 3650
_SAMPLE = 20


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What a rule asks: a vulnerability of the KEV catalogue (since at most ``kev_added_within_days``) that
    exposes some body for certain at ``minimum_priority`` or above."""

    name_fr: str
    name_en: str
    enabled: bool = True
    kev_only: bool = True
    minimum_priority: str = "act_now"
    kev_added_within_days: int | None = None
    marking: str = "TLP:AMBER"

    @classmethod
    def of(cls, rule: AlertRule) -> RuleTerms:
        """Those of a rule that is kept."""
        return cls(**{name: getattr(rule, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class RulePreview:
    """The directives that a rule would issue at once: how many, to how many bodies, and the first of them."""

    directives: int
    bodies: int
    vulnerabilities: list[str]


def preview_rule(actor: Actor, *, terms: RuleTerms) -> RulePreview:
    """Says what would leave if the rule were in force now; changes nothing. Raises Invalid, NotPermitted."""
    actor.require_everywhere(Permission.ALERT_ISSUE)
    terms = _clean(terms)
    caught = _caught(AlertRule(**asdict(terms))) if terms.enabled else set()
    names = intelligence.vulnerabilities(ROUTER).filter(id__in=sorted(caught)[:_SAMPLE])
    return RulePreview(
        len(caught), exposure.bodies_exposed_to(caught), sorted(names.values_list("cve_id", flat=True))
    )


@transaction.atomic
def save_rule(actor: Actor, *, terms: RuleTerms, rule_id: int | None = None, reason: str = "") -> AlertRule:
    """Adds a rule, or changes the one named; a job then issues what it catches among what is known already.

    Directives already issued stay. Raises Invalid, NotFound, NotPermitted.
    """
    actor.require_everywhere(Permission.ALERT_ISSUE)
    terms = _clean(terms)
    wanted = asdict(terms)
    if rule_id is None:
        if AlertRule.objects.count() >= MAX_RULES:
            raise Invalid(_("Au plus %(count)d règles.") % {"count": MAX_RULES}, field="name_fr")
        rule, before = AlertRule(**wanted), None
    else:
        found = AlertRule.objects.select_for_update().filter(pk=rule_id).first()
        if found is None:
            raise NotFound(_("Cette règle n’existe pas."))
        rule, before = found, asdict(RuleTerms.of(found))
        if before == wanted:
            return rule
        for name, value in wanted.items():
            setattr(rule, name, value)
    rule.save()
    audit.record(
        actor, "alert_rule.save", rule, label=rule.name_fr, before=before, after=wanted, reason=reason.strip()
    )
    if rule.enabled:
        from rempart.alerts.jobs import apply_rules

        jobs.enqueue_once(apply_rules, "alerts.apply_rules")
    return rule


def apply_rules(progress: Callable[[int, int], None]) -> int:
    """Routes everything that a rule in force catches now, each vulnerability in its own transaction."""
    caught: set[int] = set()
    for rule in AlertRule.objects.filter(enabled=True):
        caught |= _caught(rule)
    for done, vulnerability_id in enumerate(sorted(caught), 1):
        route_vulnerability(vulnerability_id)
        progress(done, len(caught))
    return len(caught)


def _caught(rule: AlertRule) -> set[int]:
    """The vulnerabilities that a rule catches and that no directive, open or cancelled, speaks of."""
    day, known = today(), None
    if not rule.takes(None, day):
        rows = intelligence.vulnerabilities(ROUTER).filter(kev_added_on__isnull=False)
        known = {one for one, added in rows.values_list("id", "kev_added_on") if rule.takes(added, day)}
    settled = Directive.objects.filter(
        vulnerability_id__isnull=False, state__in=[Directive.State.OPEN, Directive.State.CANCELLED]
    )
    return exposure.exposing(known, rule.minimum_priority) - set(
        settled.values_list("vulnerability_id", flat=True)
    )


def _clean(terms: RuleTerms) -> RuleTerms:
    names = {"name_fr": " ".join(terms.name_fr.split()), "name_en": " ".join(terms.name_en.split())}
    for field, value in names.items():
        if not value or len(value) > 200:
            raise Invalid(_("Donnez un nom de 200 caractères au plus."), field=field)
    if terms.minimum_priority not in PRIORITIES:
        raise Invalid(_("Choisissez une priorité de la liste."), field="minimum_priority")
    if terms.marking not in Marking:
        raise Invalid(_("Choisissez un marquage de la liste."), field="marking")
    days = terms.kev_added_within_days
    if days is not None and not 0 <= days <= MAX_DAYS:
        raise Invalid(
            _("Le nombre de jours va de 0 à %(most)d.") % {"most": MAX_DAYS}, field="kev_added_within_days"
        )
    return replace(terms, **names)
