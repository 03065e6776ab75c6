"""The codes of detections, sightings and responses in words, for the audit trail and the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "detection.recorded": pgettext_lazy("audit", "Détections reçues"),
    "detection.pseudonyms_renewed": pgettext_lazy("audit", "Pseudonymes renouvelés"),
}
FIELDS: dict[str, Any] = {
    "detections": pgettext_lazy("field", "Détections"),
    "new": pgettext_lazy("field", "Nouvelles"),
    "grown": pgettext_lazy("field", "Accrues"),
}
EVENTS: dict[str, Any] = {
    "detection.recorded": pgettext_lazy("event", "Détections reçues"),
}
