"""The slice’s codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import pgettext_lazy

from rempart.alerts import wording

ACTIONS: dict[str, Any] = {
    "directive.issue": pgettext_lazy("audit", "Directive émise"),
    "directive.cancel": pgettext_lazy("audit", "Directive annulée"),
    "directive.acknowledged": pgettext_lazy("audit", "Accusé de réception"),
    "directive.assigned": pgettext_lazy("audit", "Directive confiée"),
    "directive.started": pgettext_lazy("audit", "Travail commencé"),
    "directive.declared": pgettext_lazy("audit", "Correctif déclaré"),
    "directive.delay_requested": pgettext_lazy("audit", "Délai demandé"),
    "directive.delay_granted": pgettext_lazy("audit", "Délai accordé"),
    "directive.delay_refused": pgettext_lazy("audit", "Délai refusé"),
    "directive.verified": pgettext_lazy("audit", "Correctif vérifié"),
    "directive.stated_not_affected": pgettext_lazy("audit", "« Non touché » déclaré"),
    "directive.stated_risk_accepted": pgettext_lazy("audit", "Acceptation du risque proposée"),
    "alert_rule.save": pgettext_lazy("audit", "Règle d’alerte enregistrée"),
    "escalation.save": pgettext_lazy("audit", "Échelle d’escalade enregistrée"),
    "delivery.retry": pgettext_lazy("audit", "Message renvoyé"),
}

_STEPS = {
    f"{priority}.{rung}": format_lazy("{}, {}", words, told)
    for priority, words in wording.PRIORITIES.items()
    for rung, told in wording.RUNGS.items()
}

FIELDS: dict[str, Any] = {
    "vulnerability": pgettext_lazy("field", "Vulnérabilité"),
    "rule": pgettext_lazy("field", "Règle"),
    "bodies": pgettext_lazy("field", "Organismes"),
    "audience": pgettext_lazy("field", "Destinataires"),
    "due": pgettext_lazy("field", "Échéance"),
    "due_at": pgettext_lazy("field", "Échéance"),
    "assigned_to": pgettext_lazy("field", "Confiée à"),
    "requested": pgettext_lazy("field", "Délai demandé"),
    "directive_closed": pgettext_lazy("field", "Directive close"),
    "statement": pgettext_lazy("field", "Déclaration (numéro)"),
    "by": pgettext_lazy("field", "Par"),
    "kev_only": pgettext_lazy("field", "Catalogue KEV seulement"),
    "minimum_priority": pgettext_lazy("field", "Priorité d’au moins"),
    "kev_added_within_days": pgettext_lazy("field", "Entrée au catalogue depuis (jours)"),
    "minutes": pgettext_lazy("field", "Minutes"),
    "business": pgettext_lazy("field", "Heures ouvrables"),
    **_STEPS,
    "moved": pgettext_lazy("field", "Escalades déplacées"),
    "delivery": pgettext_lazy("field", "Message (numéro)"),
}

OBJECTS: dict[str, Any] = {
    "alerts.directive": pgettext_lazy("object", "Directive"),
    "alerts.target": pgettext_lazy("object", "Directive à un organisme"),
    "alerts.escalationstep": pgettext_lazy("object", "Échelle d’escalade"),
    "alerts.alertrule": pgettext_lazy("object", "Règle d’alerte"),
    "alerts.delivery": pgettext_lazy("object", "Message"),
}

JOBS: dict[str, Any] = {
    "alerts.deliver": pgettext_lazy("job", "Envoyer les messages"),
    "alerts.escalate": pgettext_lazy("job", "Escalader les directives sans accusé"),
    "alerts.remind": pgettext_lazy("job", "Rappeler les directives qui tardent"),
    "alerts.apply_rules": pgettext_lazy("job", "Appliquer les règles d’alerte"),
    "alerts.digest": pgettext_lazy("job", "Envoyer le condensé du jour"),
}

EVENTS: dict[str, Any] = {
    "alerts.changed": pgettext_lazy("event", "Directive changée"),
}
