"""The list of rules."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from rempart.detection import queries
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import Permission

Rows = QuerySet[Any]


def _words(rows: Rows, value: str) -> Rows:
    for word in value.split()[:6]:
        rows = rows.filter(title__icontains=word)
    return rows


RULES = Listing(
    "rules",
    (
        Column("title", _("Règle"), ("title",)),
        Column("level", _("Niveau"), ("level",)),
        Column("state", _("État"), ("state",)),
    ),
    (Filter("q", _("Texte"), _words),),
    "title",
)


@page(Permission.DETECTION_READ)
def rule_list(request: ActorRequest) -> HttpResponseBase:
    shown = RULES.page(queries.rules(request.actor), request.GET)
    return render(request, "detection/rule_list.html", {"page": shown})
