"""Releases of rules: those that were read, and reading another."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from rempart.detection import jobs, queries
from rempart.detection import library_wording as wording
from rempart.detection.commands import allowing
from rempart.detection.pages import library_lists as lists
from rempart.detection.pages.library_forms import ReleaseForm
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.forms import show_refusal
from rempart.kernel.permissions import Permission
from rempart.kernel.uploads import Kind, receive

_MOST_BYTES = 256 * 1024**2


@page(Permission.DETECTION_READ)
def release_list(request: ActorRequest) -> HttpResponseBase:
    """Every release that was read."""
    shown = lists.RELEASES.page(queries.releases(request.actor), request.GET)
    for row in shown.rows:
        row.changes = _counts(row)
        row.read_count = row.counts.get("read", 0)
    context = {"page": shown, "may_import": request.actor.may(Permission.DETECTION_REVIEW)}
    return render(request, "detection/release_list.html", context)


def _counts(release: Any, everything: bool = False) -> list[tuple[Any, int]]:
    names = wording.COUNTS if everything else [name for name in wording.COUNTS if name != "read"]
    return [(wording.COUNTS[name], release.counts[name]) for name in names if release.counts.get(name)]


@page(Permission.DETECTION_READ)
def release(request: ActorRequest, release_id: int) -> HttpResponseBase:
    """What a release held and changed, and what could not be used of it."""
    found = queries.get_release(request.actor, release_id)
    context = {"release": found, "counts": _counts(found, everything=True)}
    return render(request, "detection/release.html", context)


@page(Permission.DETECTION_REVIEW)
def release_new(request: ActorRequest) -> HttpResponseBase:
    """Receives an archive, or its address; a job reads it."""
    form = ReleaseForm(request.actor, request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            _ask(request, form.cleaned_data)
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(request, gettext("La lecture commence ; son résultat paraîtra ici."))
            return redirect("release_list")
    context = {"form": form, "cancel_url": reverse("release_list")}
    return render(request, "detection/release_new.html", context, status=status)


def _ask(request: ActorRequest, values: dict[str, Any]) -> None:
    allowing.require(request.actor, Permission.DETECTION_REVIEW, values["body_id"])
    if request.actor.user_id is None or bool(values["file"]) == bool(values["address"]):
        raise Invalid(gettext("Donnez une archive, ou l’adresse d’une archive."), field="file")
    if values["address"] and not values["address"].startswith("https://"):
        raise Invalid(gettext("L’adresse commence par https://."), field="address")
    place, label = values["address"], values["address"].rsplit("/", 1)[-1]
    if values["file"]:
        stored = receive(
            values["file"], kinds={Kind.ZIP}, max_bytes=_MOST_BYTES, spool_dir=settings.UPLOAD_DIR / "rules"
        )
        place, label = str(stored.path), stored.name
    options = {name: values[name] for name in ("source", "body_id", "licence", "marking", "retire_many")}
    jobs.read_release.enqueue(request.actor.user_id, place, {**options, "label": label})
