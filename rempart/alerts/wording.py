"""What a directive says by itself, in both languages, and the words of its steps."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from rempart.intelligence.queries import Facts

PRIORITIES: dict[str, Any] = {
    "act_now": _("Agir maintenant"),
    "out_of_cycle": _("Hors cycle"),
    "scheduled": _("Planifié"),
}
DIRECTIVE_STATES: dict[str, Any] = {
    "open": _("Ouverte"),
    "closed": _("Close"),
    "cancelled": _("Annulée"),
}
TARGET_STATES: dict[str, Any] = {
    "sent": _("Envoyée, sans réponse"),
    "delivered": _("Remise, sans réponse"),
    "acknowledged": _("Accusé reçu"),
    "in_progress": _("En cours"),
    "declared": _("Déclarée, à prouver"),
    "verified": _("Vérifiée"),
    "not_affected": _("Non touché"),
    "accepted": _("Risque accepté"),
    "withdrawn": _("Retirée"),
}
AUDIENCES: dict[str, Any] = {
    "exposed": _("Les organismes exposés, et eux seuls"),
    "portfolio": _("Un portefeuille"),
    "all": _("Tous les organismes"),
}
DELIVERY_STATES: dict[str, Any] = {
    "queued": _("En file"),
    "sent": _("Envoyé"),
    "retrying": _("Nouvel essai prévu"),
    "failed": _("Échec"),
    "bounced": _("Adresse refusée"),
    "digested": _("Au condensé"),
}
OCCASIONS: dict[str, Any] = {
    "issued": _("Directive"),
    "escalated": _("Escalade"),
    "reopened": _("Réouverture"),
    "reminder": _("Rappel"),
    "digest": _("Condensé"),
}
RUNGS: dict[str, Any] = {
    "officer": _("Responsable"),
    "deputy": _("Suppléant"),
    "cocd": _("Centre opérationnel"),
    "cgcd": _("Centre gouvernemental"),
}
EVENTS: dict[str, Any] = {
    "sent": _("Directive envoyée"),
    "delivered": _("Message remis"),
    "acknowledged": _("Accusé de réception"),
    "assigned": _("Travail confié"),
    "started": _("Travail commencé"),
    "declared": _("Déclarée appliquée, à prouver"),
    "verified": _("Vérifiée par preuve"),
    "not_affected": _("Non touché, déclaration acceptée"),
    "accepted": _("Risque accepté"),
    "withdrawn": _("Retirée : la preuve a changé"),
    "reopened": _("Rouverte par une preuve plus récente"),
    "escalated": _("Escalade"),
    "cancelled": _("Directive annulée"),
    "delay_requested": _("Délai demandé"),
    "delay_granted": _("Délai accordé"),
    "delay_refused": _("Délai refusé"),
    "stated_not_affected": _("« Non touché » proposé au centre"),
    "stated_risk_accepted": _("Acceptation du risque proposée au centre"),
}
EVENT_MEANINGS = {
    "verified": "ok",
    "declared": "warn",
    "escalated": "critical",
    "reopened": "critical",
    "delay_requested": "warn",
}
JUSTIFICATIONS: dict[str, Any] = {
    "component_not_present": _("Le composant n’est pas présent"),
    "vulnerable_code_not_present": _("Le code vulnérable n’est pas présent"),
    "vulnerable_code_not_in_execute_path": _("Le code vulnérable n’est jamais exécuté"),
    "vulnerable_code_cannot_be_controlled_by_adversary": _("Un attaquant ne peut pas atteindre ce code"),
    "inline_mitigations_already_exist": _("Des mesures d’atténuation sont déjà en place"),
}


def directive_words(vulnerability: Facts) -> dict[str, str]:
    """title_fr, title_en, text_fr, text_en, from the facts of a vulnerability."""
    what = vulnerability.product_label or vulnerability.title or vulnerability.cve_id
    exploited = vulnerability.kev_added_on is not None
    action = vulnerability.kev_action
    asked_fr = f"\n\nMesure demandée par la CISA : {action}" if action else ""
    asked_en = f"\n\nAction required by CISA: {action}" if action else ""
    return {
        "title_fr": f"{vulnerability.cve_id} · {what}"[:300],
        "title_en": f"{vulnerability.cve_id} · {what}"[:300],
        "text_fr": (
            ("Cette vulnérabilité est activement exploitée. " if exploited else "")
            + "Appliquez le correctif ou la mesure d’atténuation de l’éditeur sur chaque actif touché, puis "
            "transmettez un inventaire à jour : il servira de preuve." + asked_fr
        ),
        "text_en": (
            ("This vulnerability is known to be exploited. " if exploited else "")
            + "Apply the supplier’s patch or mitigation to each affected asset, then send an up-to-date "
            "inventory: it will serve as proof." + asked_en
        ),
    }


# How a failure to deliver begins, and what it means; what the server answered stands beside.
FAILURES: tuple[tuple[str, Any], ...] = (
    (r"channel removed", _("Le moyen de contact a été retiré, ou n’est plus vérifié.")),
    (r"nothing left", _("Il ne restait rien à dire.")),
    (r"5\d\d ", _("Le serveur refuse cette adresse.")),
    (r"4\d\d ", _("Le serveur demande d’attendre.")),
    (r"ConnectionRefused", _("Le serveur refuse la connexion.")),
    (r"(socket\.)?gaierror", _("Le nom du serveur est introuvable.")),
    (r"TimeoutError|.*timed out", _("Le serveur ne répond pas.")),
    (r"SSL", _("La connexion ne peut être chiffrée.")),
)


def failure(error: str) -> str:
    """Why a message did not leave, in words; "" when its reason is not known."""
    return next((str(words) for start, words in FAILURES if re.match(start, error)), "")
