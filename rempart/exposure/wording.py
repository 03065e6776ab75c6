"""Verdicts, inputs of decisions and justifications in the reader's words."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.utils.translation import gettext_lazy as _

from rempart.intelligence.wording import source_in_words

# One sentence for each code of engines.exposure.REASONS; a test holds the two sets equal.
REASONS: dict[str, Any] = {
    "in_range": _("La version %(version)s est dans la plage touchée (%(range)s)."),
    "exact_version": _("La version %(version)s figure parmi les versions touchées."),
    "all_versions": _("La source dit que toutes les versions sont touchées."),
    "default_affected": _(
        "Aucune plage ne couvre la version %(version)s, et la source tient les autres pour touchées."
    ),
    "fixed_at": _("La version %(version)s atteint %(bound)s, où finit la plage touchée (%(range)s)."),
    "above_range": _(
        "La version %(version)s dépasse la dernière touchée (%(range)s) ; la source ne dit rien des autres."
    ),
    "below_range": _(
        "La version %(version)s précède les plages touchées (%(range)s) ; la source ne dit rien des autres."
    ),
    "between_ranges": _(
        "La version %(version)s est entre deux branches touchées (%(range)s) ; la source n’en dit rien."
    ),
    "contradictory_default": _(
        "La source tient les autres versions pour touchées, et pourtant ses plages finissent (%(range)s)."
    ),
    "other_platform": _(
        "La source parle d’une autre plateforme ou édition que celle qui est installée (%(range)s)."
    ),
    "listed_unaffected": _("La source nomme la version %(version)s parmi les versions non touchées."),
    "default_unaffected": _(
        "Aucune plage ne couvre la version %(version)s, et la source tient les autres pour non touchées."
    ),
    "not_listed": _("Aucune plage ne couvre la version %(version)s, et la source ne dit rien des autres."),
    "no_versions": _("La source nomme le produit sans aucune version."),
    "no_version": _("L’inventaire ne donne pas la version installée."),
    "unreadable_version": _("La version %(version)s ne se lit pas dans le système de la plage (%(range)s)."),
    "unreadable_range": _("Une borne de la plage ne se lit pas comme une version (%(range)s)."),
    "unstated_version": _("La source ne donne pas de version (« n/a » ou l’équivalent)."),
    "contradictory_range": _("La plage finit avant de commencer (%(range)s)."),
    "git_range": _("La plage est donnée en révisions de code, qui n’ont pas d’ordre hors de leur dépôt."),
    "status_unknown": _("La source dit ignorer l’état de la version %(version)s."),
    "ambiguous_product": _(
        "L’inventaire nomme une famille de produits, ou un paquet dont la distribution est inconnue."
    ),
    "backported": _(
        "La version de l’éditeur est touchée (%(range)s), mais la distribution a pu corriger son paquet."
    ),
    "incomplete_version": _(
        "La version %(version)s est donnée sans la révision qui trancherait (%(range)s)."
    ),
}

# The reasons that leave a doubt, in a few words.
DOUBTS: dict[str, Any] = {
    "no_version": _("Version absente de l’inventaire"),
    "unreadable_version": _("Version installée illisible"),
    "ambiguous_product": _("Produit ambigu"),
    "incomplete_version": _("Version incomplète"),
    "backported": _("Paquet peut-être corrigé par sa distribution"),
    "below_range": _("Version antérieure aux plages publiées"),
    "between_ranges": _("Version entre deux plages publiées"),
    "contradictory_default": _("Source qui se contredit"),
    "not_listed": _("Version que la source ne nomme pas"),
    "no_versions": _("Source sans aucune version"),
    "unstated_version": _("Source qui ne donne pas la version"),
    "unreadable_range": _("Plage publiée illisible"),
    "contradictory_range": _("Plage publiée contradictoire"),
    "git_range": _("Plage en révisions de code"),
    "status_unknown": _("État inconnu de la source"),
}
# What would settle a doubt, for each code that leaves one.
SETTLES: dict[str, Any] = {
    "no_version": _("La version installée, dans l’inventaire."),
    "unreadable_version": _("La version telle que l’éditeur l’écrit, dans l’inventaire."),
    "ambiguous_product": _("Le nom exact du produit, ou la distribution du paquet, dans l’inventaire."),
    "incomplete_version": _("Le numéro complet, révision comprise, dans l’inventaire."),
    "backported": _("L’avis de la distribution sur son paquet, ou une preuve de correctif."),
    "below_range": _("L’avis de l’éditeur sur les versions antérieures, ou une mise à niveau."),
    "between_ranges": _("L’avis de l’éditeur sur la branche installée."),
    "contradictory_default": _("Un dossier corrigé par sa source, ou l’avis de l’éditeur."),
    "not_listed": _("L’avis de l’éditeur sur cette version."),
    "no_versions": _("L’avis de l’éditeur, qui donne peut-être les versions."),
    "unstated_version": _("L’avis de l’éditeur, qui donne peut-être les versions."),
    "unreadable_range": _("L’avis de l’éditeur, lu par une personne."),
    "contradictory_range": _("Un dossier corrigé par sa source, ou l’avis de l’éditeur."),
    "git_range": _("La version publiée qui contient la correction."),
    "status_unknown": _("Une réponse de l’éditeur."),
}
CERTAINTIES = {"affected": _("Touché, avec certitude"), "cannot_tell": _("Ne peut être tranché")}
STATUSES = {**CERTAINTIES, "not_affected": _("Non touché")}
# A verdict that another source contradicts is not certain: it is that of the source ranked first.
CONTESTED = {"affected": _("Touché, d’après la source la plus crue")}
STATES = {
    "open": _("Ouverte"),
    "verified": _("Vérifiée"),
    "not_affected": _("Non touchée (déclaration acceptée)"),
    "accepted": _("Risque accepté"),
    "withdrawn": _("Retirée"),
}
PRIORITIES = {
    "act_now": _("Agir maintenant"),
    "out_of_cycle": _("Hors cycle"),
    "scheduled": _("Planifié"),
    "defer": _("Différé"),
}
INPUTS = {
    "exploitation": _("Exploitation"),
    "exposure": _("Exposition au réseau"),
    "automatable": _("Attaque automatisable"),
    "impact": _("Incidence sur la mission"),
}
VALUES: dict[str, dict[str, Any]] = {
    "exploitation": {
        "none": _("Aucune connue"),
        "poc": _("Preuve de concept publique"),
        "active": _("Exploitée"),
    },
    "exposure": {
        "internal": _("Interne"),
        "controlled": _("Accès contrôlé"),
        "internet": _("Exposé à Internet"),
    },
    "automatable": {"no": _("Non"), "yes": _("Oui")},
    "impact": {
        "low": _("Faible"),
        "medium": _("Moyenne"),
        "high": _("Élevée"),
        "very_high": _("Très élevée"),
    },
}
CRITICALITIES = {
    "0": _("Non établie"),
    "1": _("Faible"),
    "2": _("Moyenne"),
    "3": _("Élevée"),
    "4": _("Très élevée"),
}
KINDS = {"not_affected": _("Non touché"), "risk_accepted": _("Risque accepté")}
STATEMENT_STATES = {
    "proposed": _("Proposée, à revoir"),
    "accepted": _("Acceptée"),
    "refused": _("Refusée"),
    "expired": _("Expirée"),
    "withdrawn": _("Retirée"),
}
JUSTIFICATIONS = {
    "component_not_present": _("Le composant n’est pas présent"),
    "vulnerable_code_not_present": _("Le code vulnérable n’est pas présent"),
    "vulnerable_code_not_in_execute_path": _("Le code vulnérable n’est jamais exécuté"),
    "vulnerable_code_cannot_be_controlled_by_adversary": _(
        "Un attaquant ne peut pas atteindre le code vulnérable"
    ),
    "inline_mitigations_already_exist": _("Des mesures d’atténuation sont déjà en place"),
}
SOURCE_KINDS = {
    "vex": _("Déclarations VEX des fournisseurs acceptés"),
    "cna": _("Éditeur qui a publié la fiche CVE (CNA)"),
    "cna-cpe": _("Éditeur, par ses configurations CPE"),
    "csaf": _("Avis de sécurité des fournisseurs (CSAF)"),
    "osv": _("Bases d’écosystèmes (OSV)"),
    "adp": _("Enrichissement de la CISA et d’autres (ADP)"),
    "adp-cpe": _("Enrichissement, par ses configurations CPE"),
}
# How suppliers justify that a product is not affected: OpenVEX's and CSAF's words, and CycloneDX's own.
SUPPLIERS_REASONS = {
    **JUSTIFICATIONS,
    "code_not_present": _("Le code vulnérable n’est pas présent"),
    "code_not_reachable": _("Le code vulnérable n’est jamais exécuté"),
    "requires_configuration": _("Une configuration particulière serait nécessaire"),
    "requires_dependency": _("Une dépendance absente serait nécessaire"),
    "requires_environment": _("Un environnement particulier serait nécessaire"),
    "protected_by_compiler": _("Une option de compilation protège"),
    "protected_at_runtime": _("Un mécanisme protège à l’exécution"),
    "protected_at_perimeter": _("Un mécanisme protège au périmètre"),
    "protected_by_mitigating_control": _("Des mesures d’atténuation sont déjà en place"),
}
DUE_REASONS = {
    "deadline": _("le délai de cette priorité"),
    "kev": _("la date fixée par le catalogue KEV, plus proche"),
    "least_time": _("le temps le plus court laissé pour agir, la date du catalogue KEV étant trop proche"),
}
UNITS = {"hours": _("heures"), "days": _("jours")}
AGES = {
    "0-1": _("moins de 1 jour"),
    "1-3": _("de 1 à 3 jours"),
    "3-7": _("de 3 à 7 jours"),
    "7-14": _("de 7 à 14 jours"),
    "14-30": _("de 14 à 30 jours"),
    "30-60": _("de 30 à 60 jours"),
    "60-90": _("de 60 à 90 jours"),
    "90+": _("90 jours et plus"),
}


def said_otherwise(said: str) -> str:
    """What other sources say of the same product ("adp:CISA-ADP=not_affected, …"), for a reader."""
    parts = []
    for each in said.split(", ") if said else ():
        source, _equals, code = each.rpartition("=")
        word = STATUSES.get(code)
        parts.append(f"{source_in_words(source)} ({str(word).lower()})" if word else source_in_words(source))
    return ", ".join(parts)


def ranges_in_words(ranges: str) -> list[tuple[str, str]]:
    """Who states which range ("cna:vmware: >= 1, < 2 | adp:CISA-ADP: < 3"): (source, range), for a reader."""
    found = []
    for each in ranges.split(" | ") if ranges else ():
        source, _colon, quote = each.partition(": ")
        found.append((source_in_words(source.rstrip(":")), quote.strip() or "—"))
    return found


def justified(detail: dict[str, str]) -> str:
    """Why a supplier says that its product is not affected; its own words where they are no known code."""
    stated = detail.get("justification", "")
    return str(SUPPLIERS_REASONS.get(stated, stated))


def verdict(reason: str, detail: dict[str, str], range_: str) -> str:
    """Why a component is affected or not, in a sentence."""
    values = defaultdict(lambda: "—", {**detail, "range": range_ or "—"})
    return str(REASONS[reason]) % values if reason in REASONS else reason
