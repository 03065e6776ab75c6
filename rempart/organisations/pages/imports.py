"""Importing the tree: a file, what it would change, then the change."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rempart.kernel import signing, uploads
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import commands
from rempart.organisations.commands.imports import MAX_BYTES
from rempart.organisations.pages.forms import ImportForm, data

_PURPOSE = "organisations.import"
_KEPT = timedelta(hours=2)


@page(Permission.ORGANISATION_MANAGE)
def organisation_import(request: ActorRequest) -> HttpResponse:
    form = ImportForm(data(request), request.FILES or None)
    context = {"form": form, "multipart": True, "cancel_url": reverse("organisation_list")}
    if request.method == "POST" and form.is_valid():
        try:
            stored = uploads.receive(
                form.cleaned_data["file"],
                kinds=(uploads.Kind.CSV,),
                max_bytes=MAX_BYTES,
                spool_dir=_spool(),
            )
            plan = commands.plan_tree(request.actor, path=stored.path)
        except DomainError as error:
            form.add_error("file", str(error.message))
        else:
            payload = {"file": stored.path.name, "user": request.actor.user_id}
            token = signing.make_link_token(_PURPOSE, payload, now() + _KEPT)
            return render(request, "organisations/import_preview.html", {"plan": plan, "token": token})
    return render(request, "organisations/import.html", context)


@page(Permission.ORGANISATION_MANAGE)
@require_POST
def organisation_import_apply(request: ActorRequest) -> HttpResponse:
    try:
        payload = signing.read_link_token(_PURPOSE, request.POST.get("token", ""), now())
    except signing.LinkRefused as error:
        raise Invalid(_("Cet aperçu a expiré : envoyez le fichier de nouveau.")) from error
    stored = _spool() / Path(payload["file"]).name
    if payload["user"] != request.actor.user_id or not stored.exists():
        raise Invalid(_("Cet aperçu a expiré : envoyez le fichier de nouveau."))
    plan = commands.apply_tree(request.actor, path=stored)
    stored.unlink(missing_ok=True)
    messages.success(request, _("%(count)d organisme(s) changés.") % {"count": plan.changes})
    return redirect("organisation_list")


def _spool() -> Path:
    return Path(settings.UPLOAD_DIR) / "organisations"


urlpatterns = [
    path("organisations/import/", organisation_import, name="organisation_import"),
    path("organisations/import/apply/", organisation_import_apply, name="organisation_import_apply"),
]
