"""The list of advisories, and the page of one, under its marking."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rempart.intelligence import queries
from rempart.intelligence.pages.downloads import download, wanted
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.markings import Marking, most_restrictive
from rempart.kernel.permissions import Permission

_SIGNATURES = (
    ("valid", gettext_lazy("valide")),
    ("none", gettext_lazy("aucune")),
)


def _text(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(
        Q(tracking_id__icontains=value) | Q(title__icontains=value) | Q(publisher__icontains=value)
    )


def _marking(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(marking=value) if value in Marking.values else rows


def _signature(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(signature=value) if value in dict(_SIGNATURES) else rows


ADVISORIES = Listing(
    key="advisories",
    columns=(
        Column("advisory", gettext_lazy("Avis de sécurité"), ("tracking_id",)),
        Column("title", gettext_lazy("Titre"), ("title",)),
        Column("publisher", gettext_lazy("Publié par"), ("publisher",)),
        Column("marking", gettext_lazy("Marquage"), ("marking",)),
        Column("vulnerabilities", gettext_lazy("Vulnérabilités"), ("vulnerability_count",), numeric=True),
        Column("signature", gettext_lazy("Signature"), ("signature",)),
        Column("released", gettext_lazy("Publié"), ("released_at",)),
    ),
    filters=(
        Filter("q", gettext_lazy("Identifiant ou texte"), _text),
        Filter("marking", gettext_lazy("Marquage"), _marking, tuple(Marking.choices)),
        Filter("signature", gettext_lazy("Signature"), _signature, _SIGNATURES),
    ),
    default_sort="-released",
)


@page(Permission.INTELLIGENCE_READ)
def advisory_list(request: ActorRequest) -> HttpResponseBase:
    known = queries.advisories(request.actor).defer("detail")
    shown = ADVISORIES.page(known, request.GET)
    if wanted(request):
        rows = list(ADVISORIES.rows(known, request.GET))
        headings = (
            _("Avis de sécurité"), _("Titre"), _("Publié par"),
            _("Marquage"), _("Vulnérabilités"), _("Publié"),
        )  # fmt: skip
        cells = (
            (a.tracking_id, a.title, a.publisher, a.marking, a.vulnerability_count, a.released_at)
            for a in rows
        )
        bound = most_restrictive(a.marking for a in rows)
        return download(request, shown, "avis", _("Avis de sécurité"), headings, cells, bound)
    return render(request, "intelligence/advisory_list.html", {"page": shown, "export_url": request.path})


@page(Permission.INTELLIGENCE_READ)
def advisory(request: ActorRequest, advisory_id: int) -> HttpResponseBase:
    found = queries.get_advisory(request.actor, advisory_id)
    context = {
        "advisory": found,
        "vulnerabilities": queries.vulnerabilities_of(request.actor, found),
        "remediations": [
            {**each, "category": _category(each["category"])} for each in found.detail.get("remediations", [])
        ],
        "flags": found.detail.get("flags", []),
        "failures": found.detail.get("failures"),
        "signature": dict(_SIGNATURES).get(found.signature, found.signature),
    }
    return render(request, "intelligence/advisory.html", context)


def _category(value: str) -> str:
    """CSAF's categories of remediation (section 3.2.3.12.1)."""
    return {
        "vendor_fix": _("correctif de l’éditeur"),
        "workaround": _("mesure de contournement"),
        "mitigation": _("mesure d’atténuation"),
        "no_fix_planned": _("aucun correctif prévu"),
        "none_available": _("aucun correctif offert"),
    }.get(value, value)
