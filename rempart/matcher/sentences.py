"""Verdicts in words, in French and in English, without any settings."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from rempart.engines.exposure import REASONS
from rempart.engines.exposure.model import Status, Verdict

Language: TypeAlias = Literal["fr", "en"]
Pair: TypeAlias = tuple[str, str]

STATUSES: Final[Mapping[Status, Pair]] = {
    Status.AFFECTED: ("Touché", "Affected"),
    Status.NOT_AFFECTED: ("Non touché", "Not affected"),
    Status.CANNOT_TELL: ("Ne peut être tranché", "Cannot tell"),
}

# One pair for each code of ``REASONS``; a test holds the two sets equal.
SENTENCES: Final[Mapping[str, Pair]] = {
    "in_range": (
        "la version {version} est dans la plage touchée ({range})",
        "version {version} is inside the affected range ({range})",
    ),
    "exact_version": (
        "la version {version} figure parmi les versions touchées",
        "version {version} is listed as affected",
    ),
    "all_versions": ("toutes les versions sont touchées", "every version is affected"),
    "default_affected": (
        "aucune plage ne couvre la version {version}, et la source tient les autres pour touchées",
        "no range covers version {version}, and the source holds the others to be affected",
    ),
    "fixed_at": (
        "la version {version} atteint {bound}, où finit la plage touchée ({range})",
        "version {version} reaches {bound}, where the affected range ends ({range})",
    ),
    "above_range": (
        "la version {version} dépasse la dernière touchée ({range}), et la source ne dit rien des autres",
        "version {version} is above the last affected one ({range}); the source says nothing of the others",
    ),
    "below_range": (
        "la version {version} précède les plages touchées ({range}), et la source ne dit rien des autres",
        "version {version} is before the affected ranges ({range}); the source says nothing of the others",
    ),
    "between_ranges": (
        "la version {version} est entre deux branches touchées ({range}), et la source n’en dit rien",
        "version {version} is between two affected branches ({range}); the source says nothing of it",
    ),
    "contradictory_default": (
        "la source tient les autres versions pour touchées, et pourtant ses plages finissent ({range})",
        "the source holds the other versions to be affected, and yet its ranges end ({range})",
    ),
    "other_platform": (
        "la source parle d’une autre plateforme ou édition que celle qui est installée ({range})",
        "the source speaks of another platform or edition than the one installed ({range})",
    ),
    "listed_unaffected": (
        "la source nomme la version {version} parmi les versions non touchées",
        "the source lists version {version} as unaffected",
    ),
    "default_unaffected": (
        "aucune plage ne couvre la version {version}, et la source tient les autres pour non touchées",
        "no range covers version {version}, and the source holds the others to be unaffected",
    ),
    "not_listed": (
        "aucune plage ne couvre la version {version}, et la source ne dit rien des autres",
        "no range covers version {version}, and the source says nothing of the others",
    ),
    "no_versions": (
        "la source nomme le produit sans aucune version",
        "the source names the product without any version",
    ),
    "no_version": (
        "l’inventaire ne donne pas la version installée (plage : {range})",
        "the inventory does not state the installed version (range: {range})",
    ),
    "unreadable_version": (
        "la version {version} ne se lit pas dans le système de la plage ({range})",
        "version {version} cannot be read in the scheme of the range ({range})",
    ),
    "unreadable_range": (
        "une borne de la plage ne se lit pas comme une version ({range})",
        "a bound of the range cannot be read as a version ({range})",
    ),
    "unstated_version": (
        "la source ne donne pas de version (« n/a » ou l’équivalent)",
        "the source gives no version (“n/a” or the like)",
    ),
    "contradictory_range": (
        "la plage finit avant de commencer ({range})",
        "the range ends before it starts ({range})",
    ),
    "git_range": (
        "la plage est donnée en révisions de code, qui n’ont pas d’ordre hors de leur dépôt",
        "the range is given in commits, which have no order outside their repository",
    ),
    "status_unknown": (
        "la source dit ignorer l’état de la version {version}",
        "the source says that the status of version {version} is unknown",
    ),
    "ambiguous_product": (
        "l’inventaire nomme une famille de produits, ou un paquet dont la distribution est inconnue",
        "the inventory names a family of products, or a package of an unknown release",
    ),
    "backported": (
        "la version de l’éditeur est touchée ({range}), mais la distribution a pu corriger son paquet",
        "the vendor’s version is affected ({range}), but the distribution may have corrected its package",
    ),
    "incomplete_version": (
        "la version {version} est donnée sans la révision qui trancherait ({range})",
        "version {version} is stated without the revision that would tell ({range})",
    ),
}

# What would settle a doubt.
SETTLES: Final[Mapping[str, Pair]] = {
    "no_version": ("la version installée", "the installed version"),
    "ambiguous_product": (
        "le nom exact du produit, ou la distribution du paquet",
        "the product’s exact name, or the package’s distribution",
    ),
    "backported": (
        "l’avis de la distribution sur son paquet",
        "the distribution’s own advisory on its package",
    ),
    "between_ranges": (
        "une déclaration de l’éditeur sur cette branche",
        "a statement of the vendor on this branch",
    ),
    "contradictory_default": (
        "une fiche corrigée par sa source, ou l’avis de l’éditeur",
        "a record corrected by its source, or the vendor’s advisory",
    ),
    "incomplete_version": ("le numéro de révision complet", "the whole revision number"),
    "unreadable_version": (
        "la version telle que l’éditeur l’écrit",
        "the version as its vendor writes it",
    ),
    "unreadable_range": (
        "l’avis de l’éditeur, lu par une personne",
        "the vendor’s advisory, read by a person",
    ),
    "unstated_version": (
        "l’avis de l’éditeur, qui donne peut-être les versions",
        "the vendor’s advisory, which may state the versions",
    ),
    "contradictory_range": (
        "une fiche corrigée par sa source, ou l’avis de l’éditeur",
        "a record corrected by its source, or the vendor’s advisory",
    ),
    "git_range": (
        "la version publiée qui contient la correction, ou une preuve de correctif",
        "the release that holds the fix, or evidence of the fix",
    ),
    "status_unknown": ("une réponse de l’éditeur", "an answer from the vendor"),
    "below_range": (
        "une déclaration de l’éditeur sur les versions plus anciennes",
        "a statement of the vendor on older versions",
    ),
    "not_listed": (
        "une déclaration de l’éditeur sur cette version",
        "a statement of the vendor on this version",
    ),
    "no_versions": (
        "l’avis de l’éditeur, qui donne peut-être les versions",
        "the vendor’s advisory, which may state the versions",
    ),
}


def system_language() -> Language:
    """English where the system's language is English, else French, the product's own."""
    stated = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if (stated or locale.getlocale()[0] or "").lower().startswith("en") else "fr"


def pick(pair: Pair, language: Language) -> str:
    """The text of the language."""
    return pair[0] if language == "fr" else pair[1]


def sentence(verdict: Verdict, language: Language) -> str:
    """The verdict, its source, its reason, who disagrees, and what would settle a doubt."""
    said = pick(STATUSES[verdict.status], language)
    values = {"version": verdict.detail.get("version", ""), "range": verdict.range or "—"}
    values["bound"] = verdict.detail.get("bound", "")
    english = REASONS.get(verdict.reason, verdict.reason).rstrip(".")
    reason = pick(SENTENCES.get(verdict.reason, (english, english)), language).format(**values)
    parts = [
        f"{said} selon {verdict.source} : {reason}."
        if language == "fr"
        else f"{said}, says {verdict.source}: {reason}."
    ]
    if verdict.detail.get("disagreement"):
        other = verdict.detail["disagreement"]
        parts.append(
            f"Une autre source dit autrement : {other}."
            if language == "fr"
            else f"Another source says otherwise: {other}."
        )
    if verdict.status is Status.CANNOT_TELL and verdict.reason in SETTLES:
        what = pick(SETTLES[verdict.reason], language)
        parts.append(f"Trancherait : {what}." if language == "fr" else f"Would settle it: {what}.")
    return " ".join(parts)


def figure(count: int, language: Language) -> str:
    """A number with its thousands set apart as the language does."""
    return f"{count:,}".replace(",", "\u202f") if language == "fr" else f"{count:,}"


def counted(count: int, french: Pair, english: Pair, language: Language) -> str:
    """A number and its noun (singular, plural); French counts nought as one."""
    singular, plural = french if language == "fr" else english
    single = count < 2 if language == "fr" else count == 1
    return f"{figure(count, language)} {singular if single else plural}"
