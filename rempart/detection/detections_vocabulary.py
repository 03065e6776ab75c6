"""The codes of detections, sightings and responses in words, for the audit trail and the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "detection.recorded": pgettext_lazy("audit", "Détections reçues"),
    "detection.triaged": pgettext_lazy("audit", "Détections triées"),
    "detection.assigned": pgettext_lazy("audit", "Détection confiée"),
    "detection.noted": pgettext_lazy("audit", "Note ajoutée à une détection"),
    "detection.forgotten": pgettext_lazy("audit", "Détections oubliées, leur temps passé"),
    "detection.retention_set": pgettext_lazy("audit", "Durée de conservation des détections fixée"),
    "response.saved": pgettext_lazy("audit", "Réponse automatique décrite"),
    "response.rehearsed": pgettext_lazy("audit", "Réponse automatique essayée à blanc"),
    "response.mode": pgettext_lazy("audit", "Mode d’une réponse automatique changé"),
    "response.undone": pgettext_lazy("audit", "Réponse automatique annulée"),
    "response.redone": pgettext_lazy("audit", "Réponse automatique faite à la main"),
    "detection.pseudonyms_renewed": pgettext_lazy("audit", "Pseudonymes renouvelés"),
}
FIELDS: dict[str, Any] = {
    "detections": pgettext_lazy("field", "Détections"),
    "new": pgettext_lazy("field", "Nouvelles"),
    "grown": pgettext_lazy("field", "Accrues"),
    "mode": pgettext_lazy("field", "Mode"),
    "level": pgettext_lazy("field", "Niveau"),
    "count": pgettext_lazy("field", "Nombre"),
    "per_hour": pgettext_lazy("field", "Par heure"),
    "kind": pgettext_lazy("field", "Genre"),
    "verdict": pgettext_lazy("field", "Verdict"),
    "numbers": pgettext_lazy("field", "Numéros"),
    "before": pgettext_lazy("field", "Reçues avant"),
    "person_id": pgettext_lazy("field", "Personne (numéro)"),
}
OBJECTS: dict[str, Any] = {
    "detection.detection": pgettext_lazy("object", "Détection"),
    "detection.retention": pgettext_lazy("object", "Durée de conservation"),
    "detection.response": pgettext_lazy("object", "Réponse automatique"),
    "detection.responseaction": pgettext_lazy("object", "Réponse faite"),
}
JOBS: dict[str, Any] = {
    "detection.forget_detections": pgettext_lazy("job", "Oublier les détections dont le temps est passé"),
    "detection.send_responses": pgettext_lazy("job", "Envoyer les webhooks des réponses automatiques"),
}
EVENTS: dict[str, Any] = {
    "detection.triaged": pgettext_lazy("event", "Détections triées"),
    "detection.recorded": pgettext_lazy("event", "Détections reçues"),
}
