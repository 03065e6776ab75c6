"""The slice’s codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

ACTIONS: dict[str, Any] = {
    "indicators.snapshot": pgettext_lazy("audit", "Indicateurs du jour gardés"),
}

FIELDS: dict[str, Any] = {
    "day": pgettext_lazy("field", "Jour"),
    "values": pgettext_lazy("field", "Valeurs"),
}

OBJECTS: dict[str, Any] = {
    "": pgettext_lazy("object", "Plateforme"),
}

JOBS: dict[str, Any] = {
    "indicators.snapshot": pgettext_lazy("job", "Garder les indicateurs du jour"),
}

EVENTS: dict[str, Any] = {
    "indicators.snapshot_taken": pgettext_lazy("event", "Indicateurs du jour gardés"),
}
