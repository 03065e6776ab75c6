"""What cannot be told: by reason, with the rows behind each and what would settle it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from rempart.exposure import wording
from rempart.exposure.pages import downloads
from rempart.exposure.queries import doubts as queries
from rempart.intelligence import queries as intelligence
from rempart.intelligence.wording import source_in_words
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import Permission

Rows = QuerySet[Any]


def _reason(rows: Rows, value: str) -> Rows:
    return rows.filter(reason=value)


def _component(rows: Rows, value: str) -> Rows:
    for word in value.split()[:5]:
        rows = rows.filter(component__search_text__icontains=word)
    return rows


LISTING = Listing(
    "doubts",
    (
        Column("component", _("Composant"), ("component__product", "component__version")),
        Column("vulnerability", _("Vulnérabilité"), ("vulnerability__cve_id",)),
        Column("why", _("Pourquoi")),
        Column("source", _("Source"), ("source",)),
        Column("settles", _("Ce qui trancherait")),
    ),
    (
        Filter("reason", _("Raison"), _reason, tuple(wording.DOUBTS.items())),
        Filter("q", _("Composant"), _component),
    ),
    "component",
)


def _unread(actor: Actor) -> list[tuple[str, int, int]]:
    """What the records themselves leave unread, whoever installed their products; none without the right."""
    return intelligence.unread(actor) if actor.may(Permission.INTELLIGENCE_READ) else []


@page(Permission.EXPOSURE_READ)
def doubt_list(request: ActorRequest) -> HttpResponseBase:
    """Doubtful verdicts of one's software, with their reasons counted."""
    rows = queries.doubtful(request.actor)
    shown = LISTING.page(rows, request.GET)
    if downloads.wanted(request):
        cells = (
            [
                str(one.component),
                one.vulnerability.cve_id,
                wording.verdict(one.reason, one.detail, one.range),
                source_in_words(one.source),
                str(wording.SETTLES.get(one.reason, "")),
            ]
            for one in LISTING.rows(rows, request.GET).iterator(chunk_size=2000)
        )
        headings = [column.label for column in LISTING.columns]
        return downloads.download(request, "a-trancher", _("À trancher"), headings, cells, shown)
    for row in shown.rows:
        row.sentence = wording.verdict(row.reason, row.detail, row.range)
        row.source_words = source_in_words(row.source)
        row.settles = wording.SETTLES.get(row.reason, "")
    reasons = [
        {
            "label": wording.DOUBTS.get(one.reason, one.reason),
            "url": "?" + urlencode({"reason": one.reason}),
            "verdicts": one.verdicts,
            "components": one.components,
            "settles": one.settles,
        }
        for one in queries.doubts(rows)
    ]
    unread = [
        {
            "label": wording.DOUBTS.get(reason, reason),
            "url": reverse("vulnerability_list") + "?" + urlencode({"unread": reason}),
            "ranges": ranges,
            "records": records,
            "settles": wording.SETTLES.get(reason, "—"),
        }
        for reason, ranges, records in _unread(request.actor)
    ]
    context = {"page": shown, "export_url": request.path, "reasons": reasons, "unread": unread}
    return render(request, "exposure/doubt_list.html", context)
