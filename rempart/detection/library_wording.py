"""The library's codes in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rempart.detection import detections_wording as found
from rempart.detection.models import Level
from rempart.kernel.permissions import ROLE_NAMES, Role

# As detections say them, by the code that a rule writes.
LEVELS: dict[str, Any] = {Level(level).name.lower(): said for level, said in found.LEVELS.items()}
LEVEL_MEANINGS = {Level(level).name.lower(): meaning for level, meaning in found.MEANINGS.items()}
STATUSES: dict[str, Any] = {
    "stable": pgettext_lazy("rule status", "Stable"),
    "test": pgettext_lazy("rule status", "À l’essai"),
    "experimental": pgettext_lazy("rule status", "Expérimentale"),
    "deprecated": pgettext_lazy("rule status", "Remplacée"),
    "unsupported": pgettext_lazy("rule status", "Non soutenue"),
}
STATES: dict[str, Any] = {
    "proposed": pgettext_lazy("rule", "Proposée"),
    "active": pgettext_lazy("rule", "En vigueur"),
    "retired": pgettext_lazy("rule", "Retirée"),
}
STATE_MEANINGS = {"proposed": "warn", "active": "calm", "retired": "calm"}
VERDICTS: dict[str, Any] = {
    "ok": pgettext_lazy("verdict", "Utilisable"),
    "lists": pgettext_lazy("verdict", "Demande des listes"),
    "defective": pgettext_lazy("verdict", "Défaut"),
}
VERDICT_MEANINGS = {"ok": "calm", "lists": "warn", "defective": "critical"}
KINDS: dict[str, Any] = {
    "rule": _("Règle"),
    "correlation": _("Corrélation"),
    "filter": _("Filtre"),
    "unknown": _("Illisible"),
}
VERSION_STATES: dict[str, Any] = {
    "proposed": pgettext_lazy("version", "Proposée"),
    "active": pgettext_lazy("version", "En vigueur"),
    "refused": pgettext_lazy("version", "Refusée"),
    "replaced": pgettext_lazy("version", "Remplacée"),
}
VERSION_MEANINGS = {"proposed": "warn", "active": "ok", "refused": "critical", "replaced": "calm"}
TUNING_STATES: dict[str, Any] = {
    "proposed": pgettext_lazy("tuning", "Proposé"),
    "active": pgettext_lazy("tuning", "En vigueur"),
    "refused": pgettext_lazy("tuning", "Refusé"),
    "ended": pgettext_lazy("tuning", "Terminé"),
    "expired": pgettext_lazy("tuning", "Échu"),
}
TUNING_MEANINGS = {
    "proposed": "warn", "active": "ok", "refused": "critical", "ended": "calm", "expired": "critical",
}  # fmt: skip
# Why a body leaves something aside, in the words that leave it.
TUNING_CATEGORIES: dict[str, Any] = {
    "administration": pgettext_lazy("tuning", "Administration courante"),
    "software": pgettext_lazy("tuning", "Logiciel légitime"),
    "testing": pgettext_lazy("tuning", "Essai ou audit de sécurité"),
    "maintenance": pgettext_lazy("tuning", "Travaux en cours"),
    "rule": pgettext_lazy("tuning", "Règle trop large"),
    "other": pgettext_lazy("tuning", "Autre raison"),
}
TROUBLES: dict[str, Any] = {
    "refused": pgettext_lazy("trouble", "refusée par le moteur"),
    "lists": pgettext_lazy("trouble", "demande des listes que la machine n’a pas"),
    "never": pgettext_lazy("trouble", "ne peut jamais rien trouver"),
    "unmapped": pgettext_lazy("trouble", "cherche dans des journaux dont la source n’est pas connue"),
    "absent": pgettext_lazy("trouble", "suit des règles absentes du paquet"),
    "filter": pgettext_lazy("trouble", "un filtre ne peut servir"),
}
COUNTS: dict[str, Any] = {
    "read": pgettext_lazy("release", "lues"),
    "added": pgettext_lazy("release", "ajoutées"),
    "changed": pgettext_lazy("release", "changées"),
    "unchanged": pgettext_lazy("release", "inchangées"),
    "restored": pgettext_lazy("release", "revenues"),
    "retired": pgettext_lazy("release", "retirées"),
    "held": pgettext_lazy("release", "à revoir"),
    "defective": pgettext_lazy("release", "avec un défaut"),
    "refused": pgettext_lazy("release", "refusées"),
    "cases": pgettext_lazy("release", "essais ajoutés"),
}

TACTICS: dict[str, Any] = {
    "reconnaissance": pgettext_lazy("tactic", "Reconnaissance"),
    "resource-development": pgettext_lazy("tactic", "Préparation des moyens"),
    "initial-access": pgettext_lazy("tactic", "Accès initial"),
    "execution": pgettext_lazy("tactic", "Exécution"),
    "persistence": pgettext_lazy("tactic", "Persistance"),
    "privilege-escalation": pgettext_lazy("tactic", "Élévation de privilèges"),
    "defense-evasion": pgettext_lazy("tactic", "Contournement des défenses"),
    "stealth": pgettext_lazy("tactic", "Dissimulation"),
    "defense-impairment": pgettext_lazy("tactic", "Atteinte aux défenses"),
    "credential-access": pgettext_lazy("tactic", "Accès aux identifiants"),
    "discovery": pgettext_lazy("tactic", "Découverte"),
    "lateral-movement": pgettext_lazy("tactic", "Déplacement latéral"),
    "collection": pgettext_lazy("tactic", "Collecte"),
    "command-and-control": pgettext_lazy("tactic", "Commande et contrôle"),
    "exfiltration": pgettext_lazy("tactic", "Exfiltration"),
    "impact": pgettext_lazy("tactic", "Impact"),
    "": pgettext_lazy("tactic", "Sans tactique connue"),
}


def tactic(code: str) -> str:
    """A tactic of ATT&CK in words; one that is not of the matrix for enterprises reads as itself."""
    return str(TACTICS.get(code, code.replace("-", " ").capitalize()))


def level(code: str) -> str:
    """A level in words."""
    return str(LEVELS.get(code, code))


def looks_at(rule: Any) -> str:
    """The log source of a rule: "windows / process_creation"."""
    return " / ".join(each for each in (rule.product, rule.category, rule.service) if each)


def dressed(rule: Any) -> Any:
    """The rule with its codes in words, for a template."""
    rule.level_words, rule.level_meaning = LEVELS.get(rule.level, "–"), LEVEL_MEANINGS.get(rule.level, "calm")
    rule.state_words, rule.state_meaning = STATES[rule.state], STATE_MEANINGS[rule.state]
    rule.verdict_words, rule.verdict_meaning = VERDICTS[rule.verdict], VERDICT_MEANINGS[rule.verdict]
    rule.status_words = STATUSES.get(rule.status, rule.status)
    rule.place = looks_at(rule)
    rule.codes = rule.techniques.split()
    return rule


def dressed_version(version: Any) -> Any:
    """A version with its codes in words, for a template."""
    version.state_words = VERSION_STATES[version.state]
    version.state_meaning = VERSION_MEANINGS[version.state]
    version.verdict_words = VERDICTS[version.verdict]
    version.verdict_meaning = VERDICT_MEANINGS[version.verdict]
    return version


def dressed_tuning(tuning: Any) -> Any:
    """A filter with its codes in words, for a template."""
    tuning.state_words = TUNING_STATES[tuning.state]
    tuning.state_meaning = TUNING_MEANINGS[tuning.state]
    tuning.category_words = TUNING_CATEGORIES[tuning.category]
    tuning.author_role = ROLE_NAMES[Role(tuning.made_as)] if tuning.made_as else ""
    return tuning
