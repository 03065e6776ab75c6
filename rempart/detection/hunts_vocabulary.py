"""The codes of hunts in words, for the audit trail and the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "hunt.asked": pgettext_lazy("audit", "Chasse demandée"),
    "hunt.moved": pgettext_lazy("audit", "Chasse avancée"),
    "hunt.node_seen": pgettext_lazy("audit", "Nœud de chasse annoncé"),
    "hunt.authorised_ahead": pgettext_lazy("audit", "Chasses permises d’avance"),
    "hunt.authorisation_ended": pgettext_lazy("audit", "Permission d’avance des chasses retirée"),
}
FIELDS: dict[str, Any] = {
    "bodies": pgettext_lazy("field", "Organismes"),
    "days": pgettext_lazy("field", "Jours"),
    "events": pgettext_lazy("field", "Événements"),
    "files": pgettext_lazy("field", "Fichiers"),
    "per_day": pgettext_lazy("field", "Par jour"),
    "reason": pgettext_lazy("field", "Raison"),
    "seconds": pgettext_lazy("field", "Secondes"),
    "standing": pgettext_lazy("field", "Permise d’avance"),
}
OBJECTS: dict[str, Any] = {
    "detection.hunt": pgettext_lazy("object", "Chasse"),
    "detection.huntrun": pgettext_lazy("object", "Chasse chez un organisme"),
    "detection.huntnode": pgettext_lazy("object", "Nœud de chasse"),
    "detection.huntauthorisation": pgettext_lazy("object", "Permission d’avance des chasses"),
}
EVENTS: dict[str, Any] = {
    "detection.hunt_moved": pgettext_lazy("event", "Chasse avancée"),
}
