"""What assets add to a body's page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from rempart.assets import queries
from rempart.assets.pages.lists import STALE
from rempart.kernel.actors import Actor
from rempart.kernel.addresses import address
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations.sections import register_section

# Figure → (its label, the filter of the list of assets that shows its rows)
_FIGURES: dict[str, tuple[Any, dict[str, str]]] = {
    "total": (_("actifs"), {}),
    "categorised": (_("catégorisés"), {"categorised": "yes"}),
    "unowned": (_("sans détenteur"), {"owner": "-"}),
    "internet": (_("exposés à Internet"), {"exposure": "internet"}),
}


def install() -> None:
    register_section(30, _("Services et actifs"), body_section)


def body_section(request: HttpRequest, organisation: Any) -> str | None:
    """How many assets a body runs, each figure leading to its rows, and its latest inventories."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if organisation.kind != "body" or not actor.may(Permission.ASSET_READ, organisation.pk):
        return None
    counts = queries.figures(queries.assets(actor).filter(body_id=organisation.pk), now() - STALE)
    page = address("asset_list")
    figures = [
        {
            "label": label,
            "value": counts[key],
            "url": f"{page}?{urlencode({'body': organisation.code} | query)}",
        }
        for key, (label, query) in _FIGURES.items()
    ]
    context = {"figures": figures, "inventories": queries.last_inventories(actor, organisation.pk)}
    return render_to_string("assets/_of_body.html", context, request=request)
