"""Hunts and their runs in the reader's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from rempart.detection.models import HuntRun
from rempart.kernel.time import now

S, Reason = HuntRun.State, HuntRun.Reason

STATES: dict[str, Any] = {
    S.ASKED: pgettext_lazy("hunt", "Attend le nœud"),
    S.ESTIMATED: pgettext_lazy("hunt", "Attend l’organisme"),
    S.AUTHORISED: pgettext_lazy("hunt", "Permise"),
    S.REFUSED: pgettext_lazy("hunt", "Refusée"),
    S.RUNNING: pgettext_lazy("hunt", "En cours"),
    S.DONE: pgettext_lazy("hunt", "Terminée"),
    S.FAILED: pgettext_lazy("hunt", "Échec"),
    S.CANCELLED: pgettext_lazy("hunt", "Arrêtée"),
}
MEANINGS = {
    S.ASKED: "calm", S.ESTIMATED: "warn", S.AUTHORISED: "calm", S.REFUSED: "calm", S.RUNNING: "accent",
    S.DONE: "ok", S.FAILED: "critical", S.CANCELLED: "calm",
}  # fmt: skip
REASONS: dict[str, Any] = {
    Reason.RULES: _("Aucune de ces règles n’y est utilisable."),
    Reason.LOGS: _("Les journaux gardés n’ont pu être lus."),
    Reason.WORK: _("Le nœud n’a pu finir ; sa console dit pourquoi."),
}
_SILENT = timedelta(minutes=5)


def dress(run: Any) -> Any:
    """A run with its words: state, reason, and whether its node fell silent."""
    run.state_words, run.state_meaning = STATES[run.state], MEANINGS[run.state]
    run.reason_words = REASONS.get(run.reason, "")
    run.silent = run.state == S.RUNNING and run.heard_at is not None and now() - run.heard_at > _SILENT
    run.open = run.state in HuntRun.OPEN
    run.cost_known = run.estimated_at is not None
    return run


def standing(progress: Any) -> tuple[str, Any, str]:
    """(code, word, meaning of its colour) of a whole hunt, from its runs."""
    if progress.running:
        return "running", STATES[S.RUNNING], "accent"
    if progress.waiting:
        return "waiting", STATES[S.ESTIMATED], "warn"
    if progress.open:
        return "asked", STATES[S.ASKED], "calm"
    if progress.failed:
        return "failed", STATES[S.FAILED], "critical"
    if progress.done:
        return "done", STATES[S.DONE], "ok"
    return "stopped", pgettext_lazy("hunt", "Sans suite"), "calm"


def sought(hunt: Any) -> str:
    """What a hunt looks for: a rule's version, a pack, or so many rules."""
    if hunt.version is not None:
        values = {"title": hunt.version.rule.title, "number": hunt.version.number}
        return _now("%(title)s, version %(number)d") % values
    words = ngettext("%(n)d règle", "%(n)d règles", hunt.rules) % {"n": hunt.rules}
    if hunt.pack is not None:
        return _now("paquet %(number)d, %(rules)s") % {"number": hunt.pack.number, "rules": words}
    return words
