"""Levels, states and kinds of detections in the reader's words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rempart.detection.models import Detection, Level

S = Detection.State

LEVELS: dict[int, Any] = {
    Level.CRITICAL: pgettext_lazy("level", "Critique"),
    Level.HIGH: pgettext_lazy("level", "Élevé"),
    Level.MEDIUM: pgettext_lazy("level", "Moyen"),
    Level.LOW: pgettext_lazy("level", "Faible"),
    Level.INFORMATIONAL: pgettext_lazy("level", "Pour information"),
}
MEANINGS = {Level.CRITICAL: "critical", Level.HIGH: "critical", Level.MEDIUM: "warn"}
STATES: dict[str, Any] = {
    S.NEW: pgettext_lazy("detection", "À trier"),
    S.TRUE_POSITIVE: pgettext_lazy("detection", "Vraie alerte"),
    S.FALSE_POSITIVE: pgettext_lazy("detection", "Fausse alerte"),
    S.BENIGN: pgettext_lazy("detection", "Sans danger"),
}
STATE_MEANINGS = {S.NEW: "warn", S.TRUE_POSITIVE: "critical", S.FALSE_POSITIVE: "calm", S.BENIGN: "ok"}
KINDS: dict[str, Any] = {
    "sigma": pgettext_lazy("detection", "Règle Sigma"),
    "correlation": pgettext_lazy("detection", "Corrélation"),
    "indicator": pgettext_lazy("detection", "Indicateur"),
}
AGES: dict[str, Any] = {
    "1": _("depuis 24 heures"),
    "7": _("depuis 7 jours"),
    "30": _("depuis 30 jours"),
    "90": _("depuis 90 jours"),
}
ENTITIES: dict[str, Any] = {"host": _("Hôte"), "user": _("Compte")}


def level_words(row: Any) -> tuple[Any, str]:
    """(word, meaning of its colour) of a detection's or sighting's level."""
    level = Level(row.level)
    return LEVELS[level], MEANINGS.get(level, "calm")
