"""This slice's codes in words, for whoever reads the audit trail or the operations page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

from rempart.detection import detections_vocabulary as found

OBJECTS: dict[str, Any] = {
    "detection.rule": pgettext_lazy("object", "Règle de détection"),
}

ACTIONS: dict[str, Any] = {**found.ACTIONS}
FIELDS: dict[str, Any] = {**found.FIELDS}
EVENTS: dict[str, Any] = {**found.EVENTS}
