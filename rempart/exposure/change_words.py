"""What a matching changed, in the reader's words: its runs, its moves and their causes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from rempart.exposure.models import ExposureMove, MatchRun
from rempart.exposure.wording import STATUSES
from rempart.intelligence.wording import source_in_words

RUNS: dict[str, Any] = {
    "feed": _("Lecture d’une source"),
    "rematch": _("Nouveau rapprochement"),
    "identity": _("Produits nommés autrement"),
    "precedence": _("Ordre des sources changé"),
}
MOVES: dict[str, Any] = {
    "opened": _("Ouvertes"),
    "reopened": _("Rouvertes"),
    "withdrawn": _("Retirées"),
    "verified": _("Vérifiées"),
    "stated": _("Closes par déclaration"),
    "revised": _("Révisées"),
    "restated": _("Motif changé"),
}
# In a few words, to filter by; "" is a move that no verdict explains.
CAUSES: dict[str, Any] = {
    "new_record": _("Nouvelle fiche"),
    "named": _("Produit désormais visé"),
    "unnamed": _("Produit plus visé"),
    "rejected": _("Fiche rejetée"),
    "identity": _("Nom du produit"),
    "precedence": _("Ordre des sources"),
    "source": _("Autre source"),
    "range": _("Autre plage"),
    "reading": _("Autre lecture"),
    "detail": _("Précision"),
}


def run_in_words(run: MatchRun) -> str:
    """What set the run off."""
    if run.kind == MatchRun.Kind.FEED:
        return _now("Lecture de « %(feed)s »") % {"feed": run.feed}
    return str(RUNS[run.kind])


def why(move: ExposureMove) -> str:
    """Why exposures moved, in a sentence that quotes what was and what is."""
    if move.verdict is None:
        return str(_MOVED_ALONE[move.move])
    before, after = move.verdict.before, move.verdict.after
    return str(_SENTENCES[move.verdict.cause]) % {
        "old_range": before.get("range") or "—",
        "new_range": after.get("range") or "—",
        "old_source": _source(before),
        "new_source": _source(after),
        "old_status": _status(before),
        "new_status": _status(after),
    }


def statuses(move: ExposureMove) -> str:
    """The verdict before and after, where it changed: « Ne peut être tranché → Touché »."""
    if move.verdict is None:
        return ""
    before, after = _status(move.verdict.before), _status(move.verdict.after)
    return after if before == after else f"{before} → {after}"


def _status(said: dict[str, Any]) -> str:
    status = said.get("status", "")
    return str(STATUSES[status]) if status else _now("Non visé")


def _source(said: dict[str, Any]) -> str:
    return source_in_words(said["source"]) if said.get("source") else "—"


_SENTENCES: dict[str, Any] = {
    "new_record": _("Nouvelle fiche ; plage : « %(new_range)s » ; source : %(new_source)s."),
    "named": _("La fiche vise désormais ce produit (%(new_source)s) ; plage : %(new_range)s."),
    "unnamed": _("La fiche ne vise plus ce produit (plage d’avant : %(old_range)s)."),
    "rejected": _("La fiche a été rejetée par son éditeur (plage d’avant : %(old_range)s)."),
    "identity": _("Le produit est rattaché à d’autres noms ; plage : %(new_range)s."),
    "precedence": _(
        "Dans le nouvel ordre, %(new_source)s tranche au lieu de %(old_source)s ;"
        " plage : %(old_range)s, puis %(new_range)s."
    ),
    "source": _(
        "%(new_source)s tranche au lieu de %(old_source)s ; plage : %(old_range)s, puis %(new_range)s."
    ),
    "range": _("La plage est passée de « %(old_range)s » à « %(new_range)s » ; source : %(new_source)s."),
    "reading": _("La même plage (%(new_range)s) se lit autrement : %(old_status)s, puis %(new_status)s."),
    "detail": _("Une précision a changé : confiance, désaccord entre sources ou condition."),
}
_MOVED_ALONE: dict[str, Any] = {
    "opened": _("Un actif montre désormais ce composant."),
    "reopened": _("Un actif montre de nouveau ce composant."),
    "withdrawn": _("Plus aucun verdict ne vise ce composant."),
    "verified": _("L’inventaire ne montre plus ce composant."),
    "stated": _("Une déclaration acceptée s’y applique."),
    "revised": _("Les faits ont changé : exploitation, catalogue KEV ou criticité de l’actif."),
    "restated": _("Le motif a changé."),
}
