"""Priorities and states as a reader sees them: a word, an icon, and one of the four meanings of colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Look:
    """How a value is shown. ``meaning``: critical, warn, ok or calm; ``hatched``: not proved."""

    label: Any
    meaning: str
    icon: str
    hatched: bool = False


PRIORITIES: dict[str, Look] = {
    "act_now": Look(pgettext_lazy("state", "Agir maintenant"), "critical", "alert"),
    "out_of_cycle": Look(pgettext_lazy("state", "Hors cycle"), "warn", "clock"),
    "scheduled": Look(pgettext_lazy("state", "Planifié"), "calm", "dot"),
    "defer": Look(pgettext_lazy("state", "Différé"), "calm", "eye"),
}

STATES: dict[str, Look] = {
    # directives and their targets
    "open": Look(pgettext_lazy("state", "Ouverte"), "critical", "alert"),
    "closed": Look(pgettext_lazy("state", "Close"), "calm", "check"),
    "cancelled": Look(pgettext_lazy("state", "Annulée"), "calm", "cross"),
    "sent": Look(pgettext_lazy("state", "Envoyée, sans réponse"), "critical", "send"),
    "delivered": Look(pgettext_lazy("state", "Remise, sans réponse"), "critical", "bell"),
    "acknowledged": Look(pgettext_lazy("state", "Accusé reçu"), "calm", "hand"),
    "in_progress": Look(pgettext_lazy("state", "En cours"), "calm", "clock"),
    "declared": Look(pgettext_lazy("state", "Déclarée, à prouver"), "warn", "hand", hatched=True),
    "verified": Look(pgettext_lazy("state", "Vérifiée"), "ok", "check"),
    "not_affected": Look(pgettext_lazy("state", "Non touché"), "calm", "dash"),
    "accepted": Look(pgettext_lazy("state", "Acceptée"), "calm", "shield"),
    "withdrawn": Look(pgettext_lazy("state", "Retirée"), "calm", "cross"),
    # statements and imports
    "proposed": Look(pgettext_lazy("state", "Proposée, à revoir"), "warn", "hand", hatched=True),
    "refused": Look(pgettext_lazy("state", "Refusée"), "critical", "cross"),
    "expired": Look(pgettext_lazy("state", "Expirée"), "critical", "clock"),
    "previewed": Look(pgettext_lazy("state", "Aperçu, à appliquer"), "warn", "eye", hatched=True),
    "applied": Look(pgettext_lazy("state", "Appliqué"), "ok", "check"),
    "discarded": Look(pgettext_lazy("state", "Écarté"), "calm", "cross"),
    # deliveries, jobs and feeds
    "queued": Look(pgettext_lazy("state", "En file"), "calm", "clock"),
    "retrying": Look(pgettext_lazy("state", "Nouvel essai prévu"), "warn", "clock"),
    "failed": Look(pgettext_lazy("state", "Échec"), "critical", "alert"),
    "bounced": Look(pgettext_lazy("state", "Adresse refusée"), "critical", "alert"),
    "digested": Look(pgettext_lazy("state", "Au condensé"), "calm", "dot"),
    "ready": Look(pgettext_lazy("state", "En file"), "calm", "clock"),
    "running": Look(pgettext_lazy("state", "En cours"), "calm", "clock"),
    "successful": Look(pgettext_lazy("state", "Réussie"), "ok", "check"),
    "active": Look(pgettext_lazy("state", "Actif"), "ok", "check"),
    "inactive": Look(pgettext_lazy("state", "Inactif"), "calm", "dash"),
    "unknown": Look(pgettext_lazy("state", "Inconnu"), "warn", "eye"),
}


def look(value: Any) -> Look:
    """How a priority or state is shown; an unknown one is shown as it is, calm."""
    key = str(getattr(value, "value", value)).lower()
    return PRIORITIES.get(key) or STATES.get(key) or Look(str(value), "calm", "dot")
