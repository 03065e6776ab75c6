"""End of life: software that is no longer supported, or soon will not be; and what a purchase should know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from rempart.exposure import queries, support_words
from rempart.exposure.pages import downloads
from rempart.exposure.queries import lifecycle
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.exports import Cell
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import Permission
from rempart.kernel.time import today
from rempart.organisations import queries as organisations

Rows = QuerySet[Any]

COLUMNS = (
    Column("product", _("Produit"), ("product__title",)),
    Column("component", _("Composant"), ("component__product", "component__version")),
    Column("ends", _("Fin du soutien"), ("ends_first", "id")),
    Column("extended", _("Soutien prolongé"), ("extended_on",), optional=True),
    Column("body", _("Organisme"), ("body__code",)),
    Column("assets", _("Actifs"), ("assets",), numeric=True),
    Column("internet", _("Exposés à Internet"), ("internet",), numeric=True),
    Column("criticality", _("Criticité"), ("criticality",), numeric=True),
)


def _period(rows: Rows, value: str) -> Rows:
    chosen = lifecycle.periods(today()).get(value)
    return rows if chosen is None else rows.filter(chosen)


def _words(rows: Rows, value: str) -> Rows:
    for word in value.split()[:6]:
        named = Q(product__title__icontains=word) | Q(product__slug=word.lower())
        rows = rows.filter(named | Q(component__search_text__icontains=word))
    return rows


def _slug(rows: Rows, value: str) -> Rows:
    return rows.filter(product__slug=value)


def _least(field: str) -> Callable[[Rows, str], Rows]:
    return lambda rows, value: (
        rows.filter(**{f"{field}__gt": 0}) if value == "yes" else rows.filter(**{field: 0})
    )


def listing_for(actor: Actor) -> Listing:
    """The list of holdings, with the bodies and centres that the actor may choose."""
    places = partial(organisations.choices, actor, Permission.EXPOSURE_READ)
    filters = (
        Filter("q", _("Nom"), _words),
        Filter("when", _("Soutien"), _period, tuple(support_words.PERIODS.items())),
        Filter(
            "body",
            _("Organisme"),
            lambda rows, value: rows.filter(body__code=value),
            lambda: places().bodies,
        ),
        Filter(
            "centre",
            _("Centre opérationnel"),
            lambda rows, value: rows.filter(body_id__in=list(queries.bodies_of_centre(actor, value))),
            lambda: places().centres,
            folded=True,
        ),
        Filter("product", _("Produit"), _slug, lifecycle.product_choices, folded=True),
        Filter(
            "internet",
            _("Exposé à Internet"),
            _least("internet"),
            (("yes", _("oui")), ("no", _("non"))),
            folded=True,
        ),
    )
    return Listing("lifecycle", COLUMNS, filters, "ends")


def listed(actor: Actor) -> Rows:
    """Holdings with what the list sorts by: an end without a day comes first when past, last otherwise."""
    return lifecycle.holdings(actor).annotate(ends_first=lifecycle.end_for_sorting())


def _cells(rows: Rows) -> Iterator[list[Cell]]:
    for one in rows.iterator(chunk_size=2000):
        yield [
            one.product.title,
            str(one.component),
            one.ends_on or str(support_words.end_without_a_day(one.past)),
            one.extended_on,
            one.body.name,
            one.assets,
            one.internet,
            one.criticality,
        ]


@page(Permission.EXPOSURE_READ)
def lifecycle_list(request: ActorRequest) -> HttpResponseBase:
    """Without any filter, what is no longer supported."""
    if not request.GET:
        return HttpResponseRedirect("?" + urlencode({"when": "now"}))
    listing = listing_for(request.actor)
    rows = listed(request.actor)
    shown = listing.page(rows, request.GET)
    if downloads.wanted(request):
        headings = [column.label for column in COLUMNS]
        cells = _cells(listing.rows(rows, request.GET))
        return downloads.download(request, "fin-de-vie", _("Fin de vie"), headings, cells, shown)
    today_ = today()
    for row in shown.rows:
        row.standing = support_words.standing_of(row, today_)
        row.without_day = support_words.end_without_a_day(row.past)
    kept = {name: value for name, value in shown.filters.items() if name != "when"}
    whole = listing.rows(rows, kept)
    totals = lifecycle.support_totals(whole)
    context = {
        "page": shown,
        "export_url": request.path,
        "figures": [
            {
                "label": label,
                "value": _grouped(totals[name]["held"]),
                "note": _("actifs : %(assets)s · organismes : %(bodies)s")
                % {"assets": _grouped(totals[name]["assets"]), "bodies": _grouped(totals[name]["bodies"])},
                "url": "?" + urlencode({**kept, "when": name}),
                "meaning": support_words.MEANINGS[name],
            }
            for name, label in support_words.PERIODS.items()
        ],
        "products": lifecycle.unsupported_products(whole),
    }
    return render(request, "exposure/lifecycle_list.html", context)


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


class CheckForm(forms.Form):
    product = forms.CharField(label=_("Produit"), max_length=200, help_text=_("Par exemple : PostgreSQL 13"))
    version = forms.CharField(label=_("Version"), max_length=60, required=False)


@page(Permission.EXPOSURE_READ)
def lifecycle_check(request: ActorRequest) -> HttpResponseBase:
    """Until when a product is supported: to be asked before it is bought or renewed."""
    form = CheckForm(request.GET or None)
    context: dict[str, Any] = {"form": form, "list_url": reverse("lifecycle_list")}
    status = 200
    if request.GET and form.is_valid():
        try:
            values = form.cleaned_data
            found = lifecycle.check_support(request.actor, values["product"], values["version"])
        except DomainError as error:
            form.add_error("product", str(error.message))
            status = error.status
        else:
            context["found"] = [support_words.checked_in_words(one) for one in found]
    return render(request, "exposure/lifecycle_check.html", context, status=status)
