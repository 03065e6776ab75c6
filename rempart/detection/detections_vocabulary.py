"""The codes of detections, sightings and responses in words, for the audit trail and the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "detection.recorded": pgettext_lazy("audit", "Détections reçues"),
    "detection.triaged": pgettext_lazy("audit", "Détections triées"),
    "detection.assigned": pgettext_lazy("audit", "Détection confiée"),
    "detection.noted": pgettext_lazy("audit", "Note ajoutée à une détection"),
    "detection.pseudonyms_renewed": pgettext_lazy("audit", "Pseudonymes renouvelés"),
}
FIELDS: dict[str, Any] = {
    "detections": pgettext_lazy("field", "Détections"),
    "new": pgettext_lazy("field", "Nouvelles"),
    "grown": pgettext_lazy("field", "Accrues"),
    "verdict": pgettext_lazy("field", "Verdict"),
    "numbers": pgettext_lazy("field", "Numéros"),
    "person_id": pgettext_lazy("field", "Personne (numéro)"),
}
OBJECTS: dict[str, Any] = {
    "detection.detection": pgettext_lazy("object", "Détection"),
}
EVENTS: dict[str, Any] = {
    "detection.triaged": pgettext_lazy("event", "Détections triées"),
    "detection.recorded": pgettext_lazy("event", "Détections reçues"),
}
