"""Assets and services, read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.core.cache import caches
from django.db.models import Count
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from rempart.assets import queries, words
from rempart.assets.pages.downloads import download, wanted
from rempart.assets.pages.lists import (
    ASSET_HEADINGS,
    SERVICE_HEADINGS,
    STALE,
    asset_cells,
    asset_listing,
    service_cells,
    service_listing,
)
from rempart.assets.sections import sections_for
from rempart.engines.graph import layered
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_SOFTWARE_SHOWN = 500
_FIGURES_KEPT = 300  # seconds


@page(Permission.ASSET_READ)
def asset_list(request: ActorRequest) -> HttpResponseBase:
    """Every asset that the reader may see."""
    listing, rows = asset_listing(request.actor), queries.assets(request.actor)
    found = listing.page(rows, request.GET, request.actor.scope(Permission.ASSET_READ))
    if wanted(request):
        cells = asset_cells(listing.rows(rows, request.GET))
        return download(request, "actifs", _("Actifs"), ASSET_HEADINGS, cells, found.sentence)
    # The filter reads keys and names; where they say nothing, the software may.
    text = found.filters.get("q", "") if not found.total else ""
    context = {
        "page": found,
        "text": text,
        "found": queries.search(request.actor, text, 20) if text else [],
        "export_url": request.path,
        "counts": _counts(request.actor),
        "may_write": request.actor.may(Permission.ASSET_WRITE),
    }
    return render(request, "assets/asset_list.html", context)


def _counts(actor: Actor) -> dict[str, int]:
    """Figures above the list, kept for five minutes: they count everything the reader sees."""
    scope = actor.scope(Permission.ASSET_READ)
    key = "assets:counts:all" if scope.everything else f"assets:counts:{hash(scope.bodies)}"
    found: dict[str, int] = caches["process"].get_or_set(
        key,
        lambda: queries.figures(queries.assets(actor), now() - STALE),
        _FIGURES_KEPT,
    )
    return found


@page(Permission.ASSET_READ)
def asset_search(request: ActorRequest) -> HttpResponseBase:
    """The rows that answer a text as it is typed."""
    text = request.GET.get("q", "")[:200]
    context = {"text": text, "found": queries.search(request.actor, text, 20)}
    return render(request, "assets/_found.html", context)


@page(Permission.ASSET_READ)
def service_list(request: ActorRequest) -> HttpResponseBase:
    """Every public service that the reader may see."""
    listing = service_listing(request.actor)
    rows = queries.services(request.actor).annotate(needs_count=Count("needs"))
    found = listing.page(rows, request.GET)
    if wanted(request):
        cells = service_cells(listing.rows(rows, request.GET))
        return download(request, "services", _("Services publics"), SERVICE_HEADINGS, cells, found.sentence)
    context = {
        "page": found,
        "export_url": request.path,
        "may_write": request.actor.may(Permission.ASSET_WRITE),
    }
    return render(request, "assets/service_list.html", context)


@page(Permission.ASSET_READ)
def asset(request: ActorRequest, body_code: str, key: str) -> HttpResponseBase:
    """One asset: what it is, why it matters, what is on it and around it."""
    found = queries.get_asset(request.actor, body_code, key)
    path = queries.why_critical(request.actor, found)
    installs = queries.installs_of(request.actor, found)
    context = {
        "asset": found,
        "levels": _levels(found),
        "path": path,
        "path_cut": bool(path) and path[0].pk != found.criticality_source_id,
        "picture": _picture(path),
        "installs": installs[:_SOFTWARE_SHOWN],
        "install_count": installs.count(),
        "removed": queries.installs_of(request.actor, found, removed=True)[:50],
        "needs": queries.needs(request.actor, found)[:200],
        "needed_by": queries.needed_by(request.actor, found)[:200],
        "may_write": request.actor.may(Permission.ASSET_WRITE, found.body_id),
        "stale": found.last_seen_at < now() - STALE,
        "taken_back": request.GET.get("taken_back", "")[:200],
        "sections": sections_for(request, found),
    }
    return render(request, "assets/asset.html", context)


def _levels(found: Any) -> list[tuple[Any, Any]]:
    return [
        (_("Disponibilité"), words.LEVELS[found.availability]),
        (_("Intégrité"), words.LEVELS[found.integrity]),
        (_("Confidentialité"), words.LEVELS[found.confidentiality]),
        (_("Criticité propre"), words.LEVELS[found.own_criticality]),
    ]


def _picture(path: list[Any]) -> dict[str, Any] | None:
    """The path of criticality as the chart tag takes it; None when there is nothing to draw."""
    if len(path) < 2:
        return None
    nodes = {
        step.pk: {
            "label": step.name,
            "url": reverse("asset", args=[step.body.code, step.key]),
            "note": f"{step.kind_word} · {step.body.name}",
            "meaning": "critical" if step.pk == path[0].pk else "calm",
        }
        for step in path
    }
    edges = [(above.pk, below.pk) for above, below in pairwise(path)]
    return {"nodes": nodes, "edges": edges, "layout": layered([[step.pk] for step in path], edges)}
