"""The menu: what each person can open, in the order of their work, and what waits for them there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from rempart.kernel import addresses
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the menu, for whoever holds ``permission`` or ``also``. ``letter`` opens it after "g"."""

    name: str
    label: Any
    permission: Permission
    letter: str
    group: int
    also: Permission | None = None

    def opens_to(self, actor: Actor) -> bool:
        return actor.may(self.permission) or (self.also is not None and actor.may(self.also))


_GROUPS = ("", _("Parc"), _("Détection"), _("Piloter"), _("Plateforme"))
_PLACES = (
    # Centres act on it and auditors begin there; a body has its own list of what to do.
    Place("board", _("Tableau du centre"), Permission.ALERT_ASSIST, "t", 0, also=Permission.AUDIT_READ),
    Place("inbox", _("À traiter"), Permission.ALERT_RESPOND, "b", 0),
    Place("directive_list", _("Directives"), Permission.ALERT_READ, "d", 0),
    Place("exposure_list", _("Expositions"), Permission.EXPOSURE_READ, "e", 0),
    Place("vulnerability_list", _("Vulnérabilités"), Permission.INTELLIGENCE_READ, "v", 0),
    Place("organisation_list", _("Organismes"), Permission.ORGANISATION_READ, "o", 1),
    Place("asset_list", _("Services et actifs"), Permission.ASSET_READ, "s", 1),
    Place("lifecycle_list", _("Fin de vie"), Permission.EXPOSURE_READ, "l", 1),
    Place("inventory_list", _("Inventaires"), Permission.ASSET_WRITE, "n", 1),
    Place("detection_list", _("Détections"), Permission.TELEMETRY_READ, "a", 2),
    Place("sighting_list", _("Signalements"), Permission.SIGHTING_READ, "u", 2),
    Place("hunt_list", _("Chasses"), Permission.DETECTION_READ, "h", 2),
    Place("response_list", _("Réponses automatiques"), Permission.TELEMETRY_READ, "y", 2),
    Place("rule_list", _("Règles de détection"), Permission.DETECTION_READ, "r", 2),
    Place("indicators", _("Indicateurs"), Permission.INDICATOR_READ, "i", 3),
    Place("priority_table", _("Table de priorité"), Permission.EXPOSURE_READ, "p", 3),
    Place("audit_log", _("Journal d’audit"), Permission.AUDIT_READ, "j", 3),
    Place("feed_list", pgettext_lazy("menu", "Sources"), Permission.OPERATIONS_READ, "f", 4),
    Place("operations", pgettext_lazy("menu", "Exploitation"), Permission.OPERATIONS_READ, "x", 4),
    Place("user_list", _("Comptes"), Permission.USER_MANAGE, "c", 4),
)


def address(name: str, *args: Any) -> str:
    """The address of a page by its name, "" when the platform has no such page."""
    try:
        return addresses.address(name, *args)
    except NoReverseMatch:
        return ""


def waiting(actor: Actor) -> dict[str, int]:
    """What waits for this person, by the name of the page that shows it.

    Each slice may offer ``queries.waiting(actor)``, one cheap query, giving such a mapping.
    """
    counts: dict[str, int] = {}
    for each in settings.SLICES:
        if find_spec(f"rempart.{each}.queries"):
            count = getattr(import_module(f"rempart.{each}.queries"), "waiting", None)
            if count is not None:
                counts |= count(actor)
    return counts


@dataclass(frozen=True, slots=True)
class Line:
    """A place as the menu shows it: whether it is the present one, and what waits there."""

    place: Place
    url: str
    here: bool
    count: int


Menu = tuple[tuple[Line, ...], ...]


def menu(request: HttpRequest, actor: Actor) -> Menu:
    """The lines of each group, none where the actor may open nothing; empty when that is everywhere."""
    counts = waiting(actor)
    groups: list[list[Line]] = [[] for _title in _GROUPS]
    for place in _PLACES:
        url = address(place.name) if place.opens_to(actor) else ""
        if url:
            line = Line(place, url, request.path.startswith(url), counts.get(place.name, 0))
            groups[place.group].append(line)
    return tuple(map(tuple, groups)) if any(groups) else ()


def drawn(part: str, lines: Menu) -> SafeString:
    """A part of the shell that depends on the menu alone: every page has it, and it hardly changes."""
    return _drawn(part, lines, get_language() or "")


@lru_cache(maxsize=1024)
def _drawn(part: str, lines: Menu, language: str) -> SafeString:
    groups = [{"title": title, "lines": group} for title, group in zip(_GROUPS, lines, strict=False) if group]
    waiting = sum(line.count for group in lines for line in group)
    return render_to_string(f"web/parts/{part}.html", {"navigation": groups, "waiting": waiting})
