"""Assets, dependencies and locations, changed one at a time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rempart.assets import commands, queries
from rempart.assets.pages.forms import AssetForm, CategoryForm, LocationForm, NewAssetForm
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, NotFound
from rempart.kernel.forms import show_refusal
from rempart.kernel.permissions import Permission

_FACTS = (
    *(
        "name_fr",
        "name_en",
        "kind",
        "description",
        "owner_id",
        "location_id",
        "network_exposure",
        "environment",
    ),
    *("essential", "rto_hours", "rpo_hours"),
)
_LEVELS = ("availability", "integrity", "confidentiality", "own_criticality")


def _asset(request: ActorRequest, asset_id: int) -> Any:
    found = queries.assets(request.actor, retired=True).filter(id=asset_id).first()
    if found is None:
        raise NotFound(_("Cet actif n’existe pas."))
    request.actor.require(Permission.ASSET_WRITE, found.body_id)
    return found


def _body(request: ActorRequest) -> Any:
    """The body chosen in the address or the form, else the first that the actor may change."""
    bodies = queries.writable_bodies(request.actor)
    code = request.GET.get("body") or request.POST.get("body")
    body = bodies.filter(code=code).first() if code else bodies.first()
    if body is None:
        raise NotFound(_("Aucun organisme dont vous puissiez changer les actifs."))
    return body


@page(Permission.ASSET_WRITE)
def asset_new(request: ActorRequest) -> HttpResponseBase:
    """Adds an asset by hand."""
    body = _body(request)
    form = NewAssetForm(request.actor, body.pk, request.POST or None, initial={"kind": "service"})
    if request.method == "POST" and form.is_valid():
        try:
            created = commands.create_asset(request.actor, body_id=body.pk, **form.cleaned_data)
        except DomainError as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("Actif ajouté. Catégorisez-le pour que sa criticité compte."))
            return redirect("asset", body.code, created.key)
    context = {"form": form, "body": body, "bodies": queries.writable_bodies(request.actor)[:400]}
    return render(request, "assets/asset_new.html", context)


@page(Permission.ASSET_WRITE)
def asset_edit(request: ActorRequest, asset_id: int) -> HttpResponseBase:
    """Changes what an asset is."""
    found = _asset(request, asset_id)
    initial = {name: getattr(found, name) for name in _FACTS}
    form = AssetForm(request.actor, found.body_id, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            commands.edit_asset(request.actor, asset_id=asset_id, **form.cleaned_data)
        except DomainError as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("Actif enregistré."))
            return redirect("asset", found.body.code, found.key)
    return render(request, "assets/asset_edit.html", {"form": form, "asset": found})


@page(Permission.ASSET_WRITE)
def asset_categorise(request: ActorRequest, asset_id: int) -> HttpResponseBase:
    """States an asset's levels and why."""
    found = _asset(request, asset_id)
    initial = {name: getattr(found, name) or (0 if name == "own_criticality" else 2) for name in _LEVELS}
    initial["reason"] = found.category_reason
    form = CategoryForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            commands.categorise_asset(request.actor, asset_id=asset_id, **form.cleaned_data)
        except DomainError as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("Catégorisation enregistrée."))
            return redirect("asset", found.body.code, found.key)
    return render(request, "assets/asset_categorise.html", {"form": form, "asset": found})


@require_POST
@page(Permission.ASSET_WRITE)
def dependency_add(request: ActorRequest, asset_id: int) -> HttpResponseBase:
    """States that an asset needs another, named by its key or as ``BODY:key``."""
    found = _asset(request, asset_id)
    reference = request.POST.get("dependency", "").strip()[:300]
    visible = queries.assets(request.actor)
    other = visible.filter(body_id=found.body_id, key=reference).first()
    if other is None and ":" in reference:
        code, key = reference.split(":", 1)
        other = visible.filter(body__code=code, key=key).first()
    try:
        if other is None:
            raise NotFound(
                _("Aucun actif que vous voyez ne porte l’identifiant « {key} ».").format(key=reference)
            )
        commands.add_dependency(request.actor, dependent_id=asset_id, dependency_id=other.pk)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Dépendance ajoutée."))
    return redirect("asset", found.body.code, found.key)


@require_POST
@page(Permission.ASSET_WRITE)
def dependency_remove(request: ActorRequest, edge_id: int) -> HttpResponseBase:
    """Takes a dependency back."""
    commands.remove_dependency(request.actor, edge_id=edge_id)
    found = queries.assets(request.actor, retired=True).filter(id=_whole(request.POST.get("asset"))).first()
    if found is None:
        messages.success(request, _("Dépendance retirée."))
        return redirect("asset_list")
    undo = urlencode({"taken_back": request.POST.get("dependency", "")[:200]})
    return redirect(f"{reverse('asset', args=[found.body.code, found.key])}?{undo}")


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0


@page(Permission.ASSET_READ)
def location_list(request: ActorRequest) -> HttpResponseBase:
    """The locations of the bodies that the reader sees, and a form to add or change one."""
    may_write = request.actor.may(Permission.ASSET_WRITE)
    form = LocationForm(request.actor, request.POST or None) if may_write else None
    if request.method == "POST":
        request.actor.require(Permission.ASSET_WRITE)
        if form is not None and form.is_valid():
            try:
                commands.save_location(request.actor, **form.cleaned_data)
            except DomainError as error:
                show_refusal(form, error)
            else:
                messages.success(request, _("Emplacement enregistré."))
                return redirect("location_list")
    context = {"form": form, "locations": queries.locations(request.actor)[:500]}
    return render(request, "assets/location_list.html", context)
