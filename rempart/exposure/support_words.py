"""Support dates in the reader's words."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rempart.engines.lifecycle import Cycle, Standing, Support

PERIODS: dict[str, Any] = {
    "now": gettext_lazy("Sans soutien"),
    "12": gettext_lazy("Fin d’ici 12 mois"),
    "24": gettext_lazy("Fin de 12 à 24 mois"),
    "later": gettext_lazy("Soutenu plus longtemps"),
    "unknown": gettext_lazy("Version hors des cycles connus"),
}
MEANINGS = {"now": "critical", "12": "warn", "24": "", "later": "ok", "unknown": "calm"}
STANDINGS: dict[Standing, Any] = {
    Standing.ACTIVE: gettext_lazy("Soutenu"),
    Standing.SECURITY: gettext_lazy("Correctifs de sécurité seulement"),
    Standing.EXTENDED: gettext_lazy("Soutien prolongé, payant"),
    Standing.ENDED: gettext_lazy("Sans soutien"),
    Standing.UNKNOWN: gettext_lazy("Non établi"),
}
_BADGES = {
    Standing.ACTIVE: "ok",
    Standing.SECURITY: "warn",
    Standing.EXTENDED: "warn",
    Standing.ENDED: "critical",
    Standing.UNKNOWN: "calm",
}


def end_without_a_day(past: bool | None) -> str:
    """What is said of an end of which no day is stated."""
    if past is None:
        return _("non établie")
    return _("passée, sans date") if past else _("aucune annoncée")


def standing_of(holding: Any, at: date) -> dict[str, str]:
    """The state of a holding on a day: its badge's words and meaning."""
    over = holding.ends_on <= at if holding.ends_on is not None else holding.past
    if over is None:
        standing = Standing.UNKNOWN
    elif not over:
        standing = Standing.ACTIVE
    else:
        longer = holding.extended_on is not None and holding.extended_on > at
        standing = Standing.EXTENDED if longer else Standing.ENDED
    return {"words": str(STANDINGS[standing]), "meaning": _BADGES[standing]}


def checked_in_words(checked: Any) -> dict[str, Any]:
    """A product looked up, as its page shows it."""
    return {
        "title": checked.product.title,
        "link": checked.product.link,
        "version": checked.version,
        "answer": _answer(checked),
        "meaning": _BADGES[checked.support.standing] if checked.support is not None else "calm",
        "cycles": [_line(cycle, support, checked.cycle) for cycle, support in checked.cycles],
    }


def _line(cycle: Cycle, support: Support, chosen: Cycle | None) -> dict[str, Any]:
    return {
        "name": cycle.label or cycle.name,
        "released": cycle.released,
        "ends": support.ends_on,
        "without_day": end_without_a_day(cycle.security.past),
        "extended": cycle.extended.on,
        "latest": cycle.latest,
        "words": str(STANDINGS[support.standing]),
        "meaning": _BADGES[support.standing],
        "chosen": cycle is chosen,
    }


def _answer(checked: Any) -> str:
    if not checked.version:
        return ""
    if checked.cycle is None:
        return _("La version %(version)s n’est d’aucun cycle connu.") % {"version": checked.version}
    values = {
        "version": checked.version,
        "cycle": checked.cycle.label or checked.cycle.name,
        "state": str(STANDINGS[checked.support.standing]).lower(),
    }
    if checked.support.ends_on is None:
        return _("La version %(version)s est du cycle %(cycle)s : %(state)s.") % values
    values["day"] = checked.support.ends_on.isoformat()
    if checked.support.standing in {Standing.ACTIVE, Standing.SECURITY}:
        return _("La version %(version)s est du cycle %(cycle)s : %(state)s, jusqu’au %(day)s.") % values
    return _("La version %(version)s est du cycle %(cycle)s : %(state)s, depuis le %(day)s.") % values
