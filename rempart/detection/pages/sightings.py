"""What leaves bodies: the centres' list, and each body's own look at exactly that."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rempart.detection import detections_wording as wording
from rempart.detection.commands.pseudonymising import renew_pseudonyms
from rempart.detection.pages import detections_lists as lists
from rempart.detection.queries import sightings as queries
from rempart.kernel.downloads import file_of, wanted
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Listing
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission


@page(Permission.SIGHTING_READ)
def sighting_list(request: ActorRequest) -> HttpResponseBase:
    """The sightings of the bodies that the reader may see."""
    listing = lists.sighting_listing(request.actor)
    rows = queries.sightings(request.actor)
    if wanted(request):
        return _file(request, listing, rows, _("Signalements"))
    shown = listing.page(rows, request.GET)
    for row in shown.rows:
        wording.dress_sighting(row)
    context = {
        "page": shown,
        "export_url": request.path,
        "own": request.actor.may(Permission.TELEMETRY_READ),
        "sets_retention": request.actor.scope(Permission.DETECTION_REVIEW).everything,
    }
    return render(request, "detection/sighting_list.html", context)


def _file(request: ActorRequest, listing: Listing, rows: Any, title: str) -> HttpResponseBase:
    return file_of(
        request,
        name=listing.key,
        title=title,
        headings=[column.label for column in listing.columns],
        cells=lists.sighting_cells(listing.rows(rows, request.GET)),
        marking=Marking.AMBER,
        filters=listing.sentence(request.GET),
    )


@page(Permission.TELEMETRY_READ)
def leaving(request: ActorRequest) -> HttpResponseBase:
    """Everything that left the reader's own bodies: the very rows that centres read, every field of them."""
    actor = request.actor
    listing = lists.sighting_listing(actor, own=True)
    rows = queries.leaving(actor)
    if wanted(request):
        return _file(request, listing, rows, _("Ce qui quitte l’organisme"))
    shown = listing.page(rows, request.GET)
    for row in shown.rows:
        wording.dress_sighting(row)
    keys = [
        {
            "body": body,
            "since": queries.pseudonyms_since(actor, body.pk),
            "may_renew": actor.may(Permission.RESPONSE_MANAGE, body.pk),
        }
        for body in queries.own_bodies(actor)[:10]
    ]
    context = {
        "page": shown,
        "export_url": request.path,
        "total": rows.count(),
        "example": rows.order_by("-recorded_at", "-pk").values(*queries.FIELDS).first(),
        "keys": keys,
    }
    return render(request, "detection/leaving.html", context)


@page(Permission.RESPONSE_MANAGE)
@require_POST
def pseudonyms_renew(request: ActorRequest, code: str) -> HttpResponseBase:
    """A new key for the pseudonyms of a body."""
    body = queries.own_body(request.actor, code, Permission.RESPONSE_MANAGE)
    renew_pseudonyms(request.actor, body_id=body.pk)
    messages.success(request, _("Les prochains signalements auront de nouveaux pseudonymes."))
    return redirect("leaving")
