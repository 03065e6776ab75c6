"""People, their duties and on-call periods, and the titles of duties."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import Permission
from rempart.organisations import commands, queries
from rempart.organisations.pages.forms import (
    ChannelForm,
    DutyForm,
    EditPersonForm,
    OnCallForm,
    PersonForm,
    TitleForm,
    attempt,
    data,
)

PEOPLE = Listing(
    key="people",
    columns=(
        Column("name", gettext_lazy("Nom"), ("name",)),
        Column("body", gettext_lazy("Organisme"), ("body__name_fr",)),
        Column("email", gettext_lazy("Courriel"), ("email",)),
        Column("phone", gettext_lazy("Téléphone"), ("phone",), optional=True),
        Column("language", gettext_lazy("Langue"), ("language",), optional=True),
        Column("active", gettext_lazy("État"), ("-active",)),
    ),
    filters=(
        Filter(
            "q",
            gettext_lazy("Nom ou courriel"),
            lambda rows, text: rows.filter(Q(name__icontains=text) | Q(email__icontains=text)),
        ),
        Filter("body", gettext_lazy("Organisme"), lambda rows, text: rows.filter(body__code=text)),
        Filter(
            "state",
            gettext_lazy("État"),
            lambda rows, text: rows.filter(active=text == "active"),
            (("active", gettext_lazy("en fonction")), ("gone", gettext_lazy("a quitté"))),
        ),
    ),
    default_sort="name",
)


@page(Permission.PEOPLE_READ)
@require_GET
def person_list(request: ActorRequest) -> HttpResponse:
    shown = PEOPLE.page(queries.people(request.actor), request.GET)
    context = {"page": shown, "may_import": request.actor.may(Permission.ORGANISATION_MANAGE)}
    return render(request, "organisations/people.html", context)


@page(Permission.ORGANISATION_MANAGE)
def person(request: ActorRequest, person_id: int) -> HttpResponse:
    found = queries.get_person(request.actor, person_id)
    names = ("name", "email", "phone", "language", "active")
    form = EditPersonForm(data(request), initial={name: getattr(found, name) for name in names})
    edit = lambda: commands.edit_person(  # noqa: E731 - run only when the form is valid
        request.actor, person_id=found.pk, user_id=found.user_id, **form.cleaned_data
    )
    if attempt(form, edit):
        messages.success(request, _("Les changements sont enregistrés."))
        return redirect("organisation", found.body.code)
    return _form(request, found.body, form, found.name)


def _of_organisation(
    request: ActorRequest, code: str, make: Callable[[Any], Any], run: Callable[..., Any], title: str
) -> HttpResponse:
    """A form that adds something to an organisation and comes back to its page."""
    found = queries.get_organisation(request.actor, code)
    form = make(found)
    if attempt(form, lambda: run(request.actor, body_id=found.pk, **form.cleaned_data)):
        messages.success(request, _("C’est enregistré."))
        return redirect("organisation", code)
    return _form(request, found, form, title)


def _people(request: ActorRequest, found: Any) -> list[tuple[int, str]]:
    rows = queries.people(request.actor, found).filter(active=True).order_by("name")
    return [(row.pk, row.name) for row in rows]


@page(Permission.ORGANISATION_MANAGE)
def person_new(request: ActorRequest, code: str) -> HttpResponse:
    return _of_organisation(
        request,
        code,
        lambda _found: PersonForm(data(request)),
        partial(commands.add_person, reach=True),
        _("Ajouter une personne"),
    )


@page(Permission.CONTACT_MANAGE)
def duty_new(request: ActorRequest, code: str) -> HttpResponse:
    return _of_organisation(
        request,
        code,
        lambda found: DutyForm(data(request), people=_people(request, found)),
        commands.give_duty,
        _("Confier une fonction"),
    )


@page(Permission.CONTACT_MANAGE)
def on_call_new(request: ActorRequest, code: str) -> HttpResponse:
    return _of_organisation(
        request,
        code,
        lambda found: OnCallForm(data(request), people=_people(request, found)),
        commands.add_on_call,
        _("Ajouter une garde"),
    )


@page(Permission.CONTACT_MANAGE)
def channel_new(request: ActorRequest, code: str) -> HttpResponse:
    return _of_organisation(
        request,
        code,
        lambda found: ChannelForm(data(request), people=_people(request, found)),
        commands.add_channel,
        _("Ajouter un moyen de contact"),
    )


@page(Permission.CONTACT_MANAGE)
@require_POST
def duty_end(request: ActorRequest, code: str, duty_id: int) -> HttpResponse:
    commands.end_duty(request.actor, duty_id=duty_id)
    messages.success(request, _("La fonction prend fin aujourd’hui."))
    return redirect("organisation", code)


@page(Permission.CONTACT_MANAGE)
@require_POST
def on_call_remove(request: ActorRequest, code: str, period_id: int) -> HttpResponse:
    commands.remove_on_call(request.actor, period_id=period_id)
    messages.success(request, _("La garde est retirée."))
    return redirect("organisation", code)


@page(Permission.ORGANISATION_MANAGE)
def duty_titles(request: ActorRequest) -> HttpResponse:
    titles = list(queries.duty_titles())
    chosen = next((title for title in titles if title.code == request.GET.get("code")), None)
    names = ("code", "name_fr", "name_en", "receives_alerts", "rank")
    form = TitleForm(
        data(request), initial={name: getattr(chosen, name) for name in names} if chosen else None
    )
    if attempt(form, lambda: commands.save_duty_title(request.actor, **form.cleaned_data)):
        messages.success(request, _("Le titre est enregistré."))
        return redirect("duty_titles")
    context = {"form": form, "titles": titles, "cancel_url": reverse("organisation_list")}
    return render(request, "organisations/titles.html", context)


def _form(request: ActorRequest, found: Any, form: Any, title: str) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "organisation": found,
        "cancel_url": reverse("organisation", args=[found.code]),
    }
    return render(request, "organisations/form.html", context)


urlpatterns = [
    path("people/", person_list, name="person_list"),
    path("people/<seq:person_id>/", person, name="person"),
    path("duty-titles/", duty_titles, name="duty_titles"),
    path("organisations/<slug:code>/people/new/", person_new, name="person_new"),
    path("organisations/<slug:code>/duties/new/", duty_new, name="duty_new"),
    path("organisations/<slug:code>/duties/<seq:duty_id>/end/", duty_end, name="duty_end"),
    path("organisations/<slug:code>/on-call/new/", on_call_new, name="on_call_new"),
    path("organisations/<slug:code>/on-call/<seq:period_id>/remove/", on_call_remove, name="on_call_remove"),
    path("organisations/<slug:code>/channels/new/", channel_new, name="channel_new"),
]
