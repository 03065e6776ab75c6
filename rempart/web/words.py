"""Priorities and states as a reader sees them: a word, an icon, and one of the four meanings of colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Look:
    """How a value is shown. ``meaning``: critical, warn, ok or calm; ``hatched``: not proved."""

    label: Any
    meaning: str
    icon: str
    hatched: bool = False


PRIORITIES: dict[str, Look] = {
    "act_now": Look(_("Agir maintenant"), "critical", "alert"),
    "out_of_cycle": Look(_("Hors cycle"), "warn", "clock"),
    "scheduled": Look(_("Planifié"), "calm", "dot"),
    "defer": Look(_("Différé"), "calm", "eye"),
}

STATES: dict[str, Look] = {
    # directives and their targets
    "open": Look(_("Ouvert"), "critical", "alert"),
    "closed": Look(_("Clos"), "calm", "check"),
    "cancelled": Look(_("Annulé"), "calm", "cross"),
    "sent": Look(_("Envoyé, sans réponse"), "critical", "send"),
    "delivered": Look(_("Remis, sans réponse"), "critical", "bell"),
    "acknowledged": Look(_("Accusé reçu"), "calm", "hand"),
    "in_progress": Look(_("En cours"), "calm", "clock"),
    "declared": Look(_("Déclaré, à prouver"), "warn", "hand", hatched=True),
    "verified": Look(_("Vérifié"), "ok", "check"),
    "not_affected": Look(_("Non touché"), "calm", "dash"),
    "accepted": Look(_("Accepté"), "calm", "shield"),
    "withdrawn": Look(_("Retiré"), "calm", "cross"),
    # statements and imports
    "proposed": Look(_("Proposé, à revoir"), "warn", "hand", hatched=True),
    "refused": Look(_("Refusé"), "critical", "cross"),
    "expired": Look(_("Expiré"), "critical", "clock"),
    "previewed": Look(_("Aperçu, à appliquer"), "warn", "eye", hatched=True),
    "applied": Look(_("Appliqué"), "ok", "check"),
    "discarded": Look(_("Écarté"), "calm", "cross"),
    # deliveries, jobs and feeds
    "queued": Look(_("En file"), "calm", "clock"),
    "retrying": Look(_("Nouvel essai prévu"), "warn", "clock"),
    "failed": Look(_("Échec"), "critical", "alert"),
    "bounced": Look(_("Adresse refusée"), "critical", "alert"),
    "digested": Look(_("Au condensé"), "calm", "dot"),
    "ready": Look(_("En file"), "calm", "clock"),
    "running": Look(_("En cours"), "calm", "clock"),
    "successful": Look(_("Réussi"), "ok", "check"),
    "active": Look(_("Actif"), "ok", "check"),
    "inactive": Look(_("Inactif"), "calm", "dash"),
    "unknown": Look(_("Inconnu"), "warn", "eye"),
}


def look(value: Any) -> Look:
    """How a priority or state is shown; an unknown one is shown as it is, calm."""
    key = str(getattr(value, "value", value)).lower()
    return PRIORITIES.get(key) or STATES.get(key) or Look(str(value), "calm", "dot")
