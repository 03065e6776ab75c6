"""Importing the tree, or people and their duties: a file, what it would change, then the change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from rempart.kernel import signing, uploads
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import commands
from rempart.organisations.commands.tables import MAX_BYTES
from rempart.organisations.pages.forms import ImportForm, PeopleImportForm, data

_KEPT = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class _Import:
    """One kind of file: how it is read and applied, the pages that show it, and what is said at the end."""

    purpose: str
    form: type[forms.Form]
    plan: Callable[..., Any]
    apply: Callable[..., Any]
    page: str
    preview: str
    back: str
    said: Any


_TREE = _Import(
    "organisations.import", ImportForm, commands.plan_tree, commands.apply_tree,
    "organisations/import.html", "organisations/import_preview.html", "organisation_list",
    gettext_lazy("%(count)d organisme(s) changés."),
)  # fmt: skip
_PEOPLE = _Import(
    "organisations.people", PeopleImportForm, commands.plan_people, commands.apply_people,
    "organisations/people_import.html", "organisations/people_import_preview.html", "person_list",
    gettext_lazy("%(count)d ligne(s) appliquées."),
)  # fmt: skip


@page(Permission.ORGANISATION_MANAGE)
def organisation_import(request: ActorRequest) -> HttpResponse:
    return _shown(request, _TREE)


@page(Permission.ORGANISATION_MANAGE)
def people_import(request: ActorRequest) -> HttpResponse:
    return _shown(request, _PEOPLE)


@page(Permission.ORGANISATION_MANAGE)
@require_POST
def organisation_import_apply(request: ActorRequest) -> HttpResponse:
    return _applied(request, _TREE)


@page(Permission.ORGANISATION_MANAGE)
@require_POST
def people_import_apply(request: ActorRequest) -> HttpResponse:
    return _applied(request, _PEOPLE)


def _shown(request: ActorRequest, what: _Import) -> HttpResponse:
    form = what.form(data(request), request.FILES or None)
    context = {"form": form, "multipart": True, "cancel_url": reverse(what.back)}
    if request.method == "POST" and form.is_valid():
        try:
            stored = uploads.receive(
                form.cleaned_data["file"],
                kinds=(uploads.Kind.CSV,),
                max_bytes=MAX_BYTES,
                spool_dir=_spool(),
            )
            plan = what.plan(request.actor, path=stored.path)
        except DomainError as error:
            form.add_error("file", str(error.message))
        else:
            payload = {"file": stored.path.name, "user": request.actor.user_id}
            token = signing.make_link_token(what.purpose, payload, now() + _KEPT)
            return render(request, what.preview, {"plan": plan, "token": token})
    return render(request, what.page, context)


def _applied(request: ActorRequest, what: _Import) -> HttpResponse:
    """Applies the file of a preview, for who sent it. Raises Invalid when it is no longer there."""
    expired = Invalid(_("Cet aperçu a expiré : envoyez le fichier de nouveau."))
    try:
        payload = signing.read_link_token(what.purpose, request.POST.get("token", ""), now())
    except signing.LinkRefused as error:
        raise expired from error
    stored = _spool() / Path(payload["file"]).name
    if payload["user"] != request.actor.user_id or not stored.exists():
        raise expired
    plan = what.apply(request.actor, path=stored)
    stored.unlink(missing_ok=True)
    messages.success(request, what.said % {"count": plan.changes})
    return redirect(what.back)


def _spool() -> Path:
    return Path(settings.UPLOAD_DIR) / "organisations"


urlpatterns = [
    path("organisations/import/", organisation_import, name="organisation_import"),
    path("organisations/import/apply/", organisation_import_apply, name="organisation_import_apply"),
    path("people/import/", people_import, name="people_import"),
    path("people/import/apply/", people_import_apply, name="people_import_apply"),
]
