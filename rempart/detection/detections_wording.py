"""Levels, states and kinds of detections in the reader's words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

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
VERDICTS = (
    ("", _("Choisissez un verdict")),
    *((state, STATES[state]) for state in (S.TRUE_POSITIVE, S.FALSE_POSITIVE, S.BENIGN, S.NEW)),
)
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

ENTRIES: dict[str, Any] = {
    "exposure_opened": _("Exposée à %(what)s"),
    "exposure_closed": _("N’est plus exposée à %(what)s"),
}


def level_words(row: Any) -> tuple[Any, str]:
    """(word, meaning of its colour) of a detection's or sighting's level."""
    level = Level(row.level)
    return LEVELS[level], MEANINGS.get(level, "calm")


def dress_sighting(row: Any) -> Any:
    """A sighting with its words: level_words, level_meaning, kind_words, codes."""
    row.level_words, row.level_meaning = level_words(row)
    row.kind_words = KINDS.get(row.kind, row.kind)
    row.codes = row.techniques.split()
    return row


def dress(row: Any) -> Any:
    """A detection with its words: those of a sighting, and state_words, state_meaning."""
    row.state_words, row.state_meaning = STATES[row.state], STATE_MEANINGS[row.state]
    return dress_sighting(row)


def entry_words(entry: Any) -> str:
    """What happened, of an entry of an entity's days."""
    if entry.kind == "detection":
        return str(entry.what.rule_title)
    return str(ENTRIES[entry.kind]) % {"what": entry.what}


def entry_detail(entry: Any) -> str:
    """What an entry of an entity's days adds: the level, the count and the verdict of a detection."""
    if entry.kind != "detection":
        return str(entry.detail)
    one = entry.what
    parts = [str(level_words(one)[0]), str(STATES[one.state])]
    if one.count > 1:
        words = ngettext("%(count)d événement", "%(count)d événements", one.count)
        parts.append(words % {"count": one.count})
    return " · ".join(parts)
