"""Priorities and states as a reader sees them: a word, an icon, and one of the four meanings of colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from rempart.kernel import wording
from rempart.kernel.permissions import PERMISSION_NAMES, ROLE_NAMES
from rempart.web import formats


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
    "successful": Look(pgettext_lazy("state", "Réussie"), "calm", "check"),
    "active": Look(pgettext_lazy("state", "Actif"), "calm", "check"),
    "inactive": Look(pgettext_lazy("state", "Inactif"), "calm", "dash"),
    "unknown": Look(pgettext_lazy("state", "Inconnu"), "warn", "eye"),
}


METHODS: dict[str, Any] = {
    "password": pgettext_lazy("method", "mot de passe"),
    "mfa": pgettext_lazy("method", "second facteur"),
    "totp": pgettext_lazy("method", "application d’authentification"),
    "webauthn": pgettext_lazy("method", "clé d’accès"),
    "recovery_codes": pgettext_lazy("method", "code de secours"),
    "socialaccount": pgettext_lazy("method", "fournisseur d’identité"),
}


def look(value: Any) -> Look:
    """How a priority or state is shown; an unknown one is shown as it is, calm."""
    key = str(getattr(value, "value", value)).lower()
    return PRIORITIES.get(key) or STATES.get(key) or Look(str(value), "calm", "dot")


def fact(field: str, value: Any) -> str:
    """A value of the audit trail (JSON's types) as people write it; an unknown code is shown as it is."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    if isinstance(value, dict):
        colon = _(" : ")
        return ", ".join(
            f"{wording.field(str(key))}{colon}{fact(str(key), each)}" for key, each in value.items()
        )
    if isinstance(value, list):
        return ", ".join(fact(field, each) for each in value)
    if field == "methods":
        return str(METHODS.get(str(value), value))
    if field in {"state", "immediate_from", "outcome"}:
        return str(look(value).label)
    named = {"role": ROLE_NAMES, "permissions": PERMISSION_NAMES}.get(field, {}).get(value)
    return str(named) if named else _dated(str(value))


def _dated(text: str) -> str:
    try:
        if len(text) > 10 and (moment := parse_datetime(text)):
            return formats.exact(moment) if moment.tzinfo else text
        return formats.day(date) if (date := parse_date(text)) else text
    except ValueError:
        return text


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser(user_agent: str) -> str:
    """A browser and its system ("Firefox, Windows"); the start of the text when neither is known."""
    names = [
        next((name for mark, name in known if mark in user_agent), "") for known in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(name for name in names if name) or user_agent[:60]
