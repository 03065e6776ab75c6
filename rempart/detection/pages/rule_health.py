"""How rules do: never fired, too noisy, failing their test cases, without any."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from rempart.detection import library_wording as wording
from rempart.detection import queries
from rempart.detection.pages.filters import Rows, whole
from rempart.detection.queries.rule_health import NOISY
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import Permission

_TROUBLES: dict[str, tuple[Any, dict[str, Any]]] = {
    "silent": (_("n’a rien trouvé"), {"found": 0}),
    "noisy": (_("trop bruyante"), {"found__gte": NOISY}),
    "failing": (_("échoue à ses cas d’essai"), {"failing": True}),
    "troubled": (_("inutilisable sur un nœud"), {"troubled__gt": 0}),
    "untested": (_("sans cas d’essai"), {"cases": 0}),
    "lists": (_("demande des listes"), {"verdict": "lists"}),
}


def _trouble(rows: Rows, value: str) -> Rows:
    return rows.filter(**_TROUBLES[value][1]) if value in _TROUBLES else rows


HEALTH = Listing(
    "rule_health",
    (
        Column("title", _("Règle"), ("title",)),
        Column("level", _("Niveau"), ("rank", "title")),
        Column("found", _("Événements, 90 jours"), ("found",), numeric=True),
        Column("places", _("Organismes"), ("places",), numeric=True),
        Column("last", _("Dernière fois"), ("last",)),
        Column("troubled", _("Nœuds où elle ne sert pas"), ("troubled",), numeric=True),
        Column("cases", _("Cas d’essai"), ("cases",), numeric=True),
        Column("verdict", _("Verdict"), ("verdict",), optional=True),
    ),
    (
        Filter(
            "trouble", _("Santé"), _trouble, tuple((code, words) for code, (words, _q) in _TROUBLES.items())
        ),
        Filter("level", _("Niveau"), whole("level"), tuple(wording.LEVELS.items())),
        Filter("q", _("Texte"), lambda rows, value: rows.filter(title__icontains=value)),
    ),
    "-found",
)


@page(Permission.DETECTION_READ)
def rule_health(request: ActorRequest) -> HttpResponseBase:
    """The rules in force, the noisiest first."""
    shown = HEALTH.page(queries.doing(request.actor), request.GET)
    for row in shown.rows:
        wording.dressed(row)
        row.noisy = row.found >= NOISY
    found = queries.health(request.actor)
    counted = (
        (_("N’ont rien trouvé"), found.silent, "silent", ""),
        (_("Trop bruyantes"), found.noisy, "noisy", "warn" if found.noisy else ""),
        (_("Échouent à leurs cas d’essai"), found.failing, "failing", "critical" if found.failing else ""),
        (_("Inutilisables sur un nœud"), found.troubled, "troubled", "warn" if found.troubled else ""),
        (_("Sans cas d’essai"), found.untested, "untested", ""),
    )
    figures = [
        {
            "label": label,
            "value": number_format(number, force_grouping=True),
            "url": "?" + urlencode({"trouble": code}),
            "meaning": meaning,
        }
        for label, number, code, meaning in counted
    ]
    context = {"page": shown, "figures": figures, "health": found}
    return render(request, "detection/rule_health.html", context)
