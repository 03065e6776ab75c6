"""Responses and what they did in the reader's words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rempart.detection import detections_wording
from rempart.detection.models import Level, Response, ResponseAction

Kind, Mode, S = Response.Kind, Response.Mode, ResponseAction.State

KINDS: dict[str, Any] = {
    Kind.BLOCK: _("Mettre sur la liste de blocage"),
    Kind.DISABLE_ACCOUNT: _("Désactiver le compte (webhook signé)"),
    Kind.ISOLATE_HOST: _("Isoler l’hôte (webhook signé)"),
    Kind.DIRECTIVE: _("Ouvrir une directive"),
}
MODES: dict[str, Any] = {
    Mode.OFF: pgettext_lazy("response", "Arrêtée"),
    Mode.DRY: pgettext_lazy("response", "À blanc"),
    Mode.ARMED: pgettext_lazy("response", "Armée"),
}
MODE_MEANINGS = {Mode.OFF: "calm", Mode.DRY: "warn", Mode.ARMED: "ok"}
STATES: dict[str, Any] = {
    S.DRY: pgettext_lazy("response", "À blanc"),
    S.PENDING: pgettext_lazy("response", "En attente du destinataire"),
    S.DONE: pgettext_lazy("response", "Faite"),
    S.FAILED: pgettext_lazy("response", "Échec"),
    S.LIMITED: pgettext_lazy("response", "Retenue par la limite"),
    S.UNDOING: pgettext_lazy("response", "Annulation en attente"),
    S.UNDO_FAILED: pgettext_lazy("response", "Annulation en échec"),
    S.UNDONE: pgettext_lazy("response", "Annulée"),
}
STATE_MEANINGS = {
    S.DRY: "calm", S.PENDING: "warn", S.DONE: "ok", S.FAILED: "critical", S.LIMITED: "critical",
    S.UNDOING: "warn", S.UNDO_FAILED: "critical", S.UNDONE: "calm",
}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "no_subject": _("La détection ne nomme pas ce sur quoi agir."),
    "limit": _("La limite de l’heure était atteinte."),
    "refused": _("L’adresse du destinataire n’est pas permise."),
    "unreachable": _("Le destinataire n’a pas répondu."),
    "wrong_state": _("La directive n’est plus ouverte."),
}


def dress(response: Any) -> Any:
    """A response with its words."""
    response.kind_words = KINDS[response.kind]
    response.mode_words, response.mode_meaning = MODES[response.mode], MODE_MEANINGS[response.mode]
    response.level_words, response.level_meaning = detections_wording.level_words(response)
    return response


def dress_action(action: Any) -> Any:
    """An action with its words, and what may be done about it."""
    action.state_words, action.state_meaning = STATES[action.state], STATE_MEANINGS[action.state]
    action.answer_words = ANSWERS.get(action.answer, action.answer)
    action.may_undo = not action.dry and action.state in {S.DONE, S.UNDO_FAILED}
    action.may_redo = not action.dry and action.state in {S.LIMITED, S.FAILED}
    return action


LEVELS = tuple((str(int(level)), detections_wording.LEVELS[level]) for level in sorted(Level, reverse=True))
