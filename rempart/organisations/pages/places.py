"""The list of organisations, the page of one, and changing it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from rempart.kernel import exports
from rempart.kernel.downloads import saved, wanted
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.text import language_of_reader
from rempart.kernel.time import now, today
from rempart.organisations import commands, queries
from rempart.organisations.pages.forms import (
    KINDS,
    CloseForm,
    MoveForm,
    NewOrganisationForm,
    OrganisationForm,
    attempt,
    data,
)
from rempart.organisations.sections import sections_for

_NAMES = dict(KINDS)


def _text(rows: Any, text: str) -> Any:
    return rows.filter(Q(code__icontains=text) | Q(name_fr__icontains=text) | Q(name_en__icontains=text))


def _state(rows: Any, text: str) -> Any:
    closed = Q(active_to__isnull=False, active_to__lte=today())
    return rows.filter(closed) if text == "closed" else rows.exclude(closed)


def _essential(rows: Any, text: str) -> Any:
    return rows.filter(essential=text == "yes")


ORGANISATIONS = Listing(
    key="organisations",
    columns=(
        Column("name", gettext_lazy("Nom"), ("name_fr",)),
        Column("code", gettext_lazy("Code"), ("code",)),
        Column("kind", gettext_lazy("Genre"), ("kind",)),
        Column("parent", gettext_lazy("Relève de"), ("parent__name_fr",)),
        Column("sector", gettext_lazy("Secteur"), ("sector",)),
        Column("essential", gettext_lazy("Services essentiels"), ("-essential",), optional=True),
        Column("since", gettext_lazy("Depuis"), ("active_from",), optional=True),
    ),
    filters=(
        Filter("q", gettext_lazy("Nom ou code"), _text),
        Filter("kind", gettext_lazy("Genre"), lambda rows, text: rows.filter(kind=text), KINDS),
        Filter(
            "parent",
            gettext_lazy("Relève de"),
            lambda rows, text: rows.filter(parent__code=text),
            folded=True,
        ),
        Filter(
            "sector",
            gettext_lazy("Secteur"),
            lambda rows, text: rows.filter(sector__iexact=text),
            folded=True,
        ),
        Filter(
            "essential",
            gettext_lazy("Services essentiels"),
            _essential,
            (("yes", gettext_lazy("oui")), ("no", gettext_lazy("non"))),
            folded=True,
        ),
        Filter(
            "state",
            gettext_lazy("État"),
            _state,
            (("open", gettext_lazy("en activité")), ("closed", gettext_lazy("fermé"))),
        ),
    ),
    default_sort="name",
)


@page(Permission.ORGANISATION_READ)
@require_GET
def organisation_list(request: ActorRequest) -> HttpResponseBase:
    rows = queries.organisations(request.actor)
    if wanted(request):
        return _export(request, ORGANISATIONS.rows(rows, request.GET))
    context = {
        "page": ORGANISATIONS.page(rows, request.GET),
        "export_url": request.path,
        "may_manage": request.actor.may(Permission.ORGANISATION_MANAGE),
        "kinds": _NAMES,
    }
    return render(request, "organisations/list.html", context)


def _export(request: ActorRequest, rows: Any) -> HttpResponseBase:
    """The columns are those of an import, so that an export can be corrected and imported again."""
    headings = ("code", "kind", "parent", "name_fr", "name_en", "sector", "essential")
    export = exports.Export(
        columns=[exports.Column(heading) for heading in headings],
        rows=(
            (
                row.code,
                row.kind,
                row.parent.code if row.parent else "",
                row.name_fr,
                row.name_en,
                row.sector,
                row.essential,
            )
            for row in rows
        ),
        marking=Marking.GREEN,
        title=_("Organismes"),
        filters=" ; ".join(f"{name} : {value}" for name, value in ORGANISATIONS.read(request.GET)[0].items()),
        made_at=now(),
        language=language_of_reader(request.LANGUAGE_CODE),
    )
    return saved(export, request.GET["format"], f"organisations-{export.made_at:%Y-%m-%d}")


@page(Permission.ORGANISATION_READ)
@require_GET
def organisation(request: ActorRequest, code: str) -> HttpResponse:
    actor = request.actor
    found = queries.get_organisation(actor, code)
    sees_people = actor.may(Permission.PEOPLE_READ, found.pk)
    at = now()
    context: dict[str, Any] = {
        "organisation": found,
        "kind_name": _NAMES[found.kind],
        "closed": found.active_to is not None and found.active_to <= today(),
        "way": queries.place_of(actor, found),
        "children": list(queries.children(actor, found)[:200]),
        "history": queries.history(actor, found),
        "sees_people": sees_people,
        "may_manage": actor.may(Permission.ORGANISATION_MANAGE, found.pk),
        "may_reach": actor.may(Permission.CONTACT_MANAGE, found.pk),
        "now": at,
        "sections": sections_for(request, found),
    }
    if sees_people:
        context["duties"] = duties = list(queries.duties(actor, found))
        context["receivers"] = [each for each in duties if each.title.receives_alerts and each.person.active]
        context["on_call"] = list(queries.on_call(actor, found, at - timedelta(days=1))[:20])
        context["people"] = list(queries.people(actor, found).order_by("name"))
        context["channels"] = list(queries.channels_of(actor, organisation=found))
    return render(request, "organisations/organisation.html", context)


@page(Permission.ORGANISATION_MANAGE)
def organisation_new(request: ActorRequest) -> HttpResponse:
    form = NewOrganisationForm(data(request), initial={"parent_code": request.GET.get("parent", "")[:40]})
    if attempt(form, lambda: commands.create_organisation(request.actor, **form.cleaned_data)):
        messages.success(request, _("L’organisme est créé."))
        return redirect("organisation", form.cleaned_data["code"])
    context = {"form": form, "title": _("Nouvel organisme"), "cancel_url": reverse("organisation_list")}
    return render(request, "organisations/form.html", context)


@page(Permission.ORGANISATION_MANAGE)
def organisation_edit(request: ActorRequest, code: str) -> HttpResponse:
    found = queries.get_organisation(request.actor, code)
    initial = {name: getattr(found, name) for name in ("name_fr", "name_en", "sector", "essential")}
    form = OrganisationForm(data(request), initial=initial)
    if attempt(form, lambda: commands.edit_organisation(request.actor, code=code, **form.cleaned_data)):
        messages.success(request, _("Les changements sont enregistrés."))
        return redirect("organisation", code)
    return _form(request, found, form, _("Modifier"))


@page(Permission.ORGANISATION_MANAGE)
def organisation_move(request: ActorRequest, code: str) -> HttpResponse:
    found = queries.get_organisation(request.actor, code)
    form = MoveForm(data(request), initial={"parent_code": found.parent.code if found.parent else ""})
    if attempt(form, lambda: commands.move_organisation(request.actor, code=code, **form.cleaned_data)):
        messages.success(request, _("L’organisme est déplacé, avec ce qui en relève."))
        return redirect("organisation", code)
    return _form(request, found, form, _("Déplacer"))


@page(Permission.ORGANISATION_MANAGE)
def organisation_close(request: ActorRequest, code: str) -> HttpResponse:
    found = queries.get_organisation(request.actor, code)
    form = CloseForm(data(request))
    if attempt(form, lambda: commands.close_organisation(request.actor, code=code, **form.cleaned_data)):
        messages.success(request, _("L’organisme est fermé."))
        return redirect("organisation", code)
    context = {"form": form, "organisation": found, "cancel_url": reverse("organisation", args=[found.code])}
    return render(request, "organisations/close.html", context)


def _form(request: ActorRequest, found: Any, form: Any, title: str) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "organisation": found,
        "cancel_url": reverse("organisation", args=[found.code]),
    }
    return render(request, "organisations/form.html", context)


urlpatterns = [
    path("organisations/", organisation_list, name="organisation_list"),
    path("organisations/new/", organisation_new, name="organisation_new"),
    path("organisations/<slug:code>/", organisation, name="organisation"),
    path("organisations/<slug:code>/edit/", organisation_edit, name="organisation_edit"),
    path("organisations/<slug:code>/move/", organisation_move, name="organisation_move"),
    path("organisations/<slug:code>/close/", organisation_close, name="organisation_close"),
]
