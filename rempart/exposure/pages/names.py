"""Products' names: the names of each, what resembles what, and deciding with what would change."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rempart.exposure import commands, queries, wording
from rempart.exposure.commands import products as decisions
from rempart.exposure.queries import candidates as alike
from rempart.exposure.queries import products
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.forms import show_refusal
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_SHOWN = 50
_AT_FIRST = 15
_MOST_BYTES = 8 * 1024 * 1024


class AliasForm(forms.Form):
    key = forms.CharField(label=_("Ce nom"), max_length=300)
    canonical = forms.CharField(label=_("désigne le même produit que"), max_length=300)
    reason = forms.CharField(label=_("Pourquoi"), max_length=200, required=False)


class ImportForm(forms.Form):
    file = forms.FileField(label=_("Fichier de décisions (une par ligne, en JSON)"))
    replace = forms.BooleanField(label=_("Remplacer les décisions prises ici"), required=False)


@page(Permission.INTELLIGENCE_MANAGE)
def product_names(request: ActorRequest) -> HttpResponseBase:
    """A post previews the effect of an alias, decides it, or says that two names are two products."""
    actor = request.actor
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    text = request.GET.get("q", "")[:200]
    start = {name: request.GET[name][:300] for name in ("key", "canonical") if name in request.GET}
    form = AliasForm(request.POST or None, initial=start)
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            context["preview"] = _post(request, form.cleaned_data)
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            if context["preview"] is None:
                return redirect("product_names")
    elif len(start) == 2:
        try:
            context["preview"] = _preview(actor, start["key"], start["canonical"])
        except DomainError as error:
            messages.error(request, str(error.message))
    context |= {
        "q": text,
        "form": form,
        "products": products.products(actor, text, _SHOWN if text else _AT_FIRST),
        "candidates": queries.alias_candidates(actor, _SHOWN, text),
        "aliases": queries.aliases().exclude(decided_by__isnull=True)[:_SHOWN],
        "differences": alike.differences()[:_SHOWN],
        "import_form": ImportForm(),
    }
    return render(request, "exposure/product_names.html", context, status=status)


def _post(request: ActorRequest, values: dict[str, Any]) -> dict[str, Any] | None:
    """What the chosen button does; the preview, or None once something is decided."""
    step, pair = request.POST.get("step"), (values["key"], values["canonical"])
    if step == "save":
        commands.alias_products(request.actor, **values)
        messages.success(request, gettext("Noms rapprochés pour tous les organismes."))
    elif step == "apart":
        decisions.tell_apart(request.actor, key=pair[0], other=pair[1], reason=values["reason"])
        messages.success(request, gettext("Deux produits : la proposition ne reviendra pas."))
    else:
        return _preview(request.actor, *pair)
    return None


def _preview(actor: Actor, key: str, canonical: str) -> dict[str, Any]:
    found = decisions.preview_products(actor, key=key, canonical=canonical)
    named = organisations.bodies(actor, Permission.EXPOSURE_READ).filter(pk__in=found.body_ids)
    return {
        "components": found.effect.components,
        **found.effect.matched.summary(),
        "affected": found.gained("affected"),
        "cannot_tell": found.gained("cannot_tell"),
        "named": [body.name for body in named[:12]],
    }


@page(Permission.INTELLIGENCE_MANAGE)
def product(request: ActorRequest) -> HttpResponseBase:
    """One product: every name of it, who says so, who holds it, what is published of it."""
    key = request.GET.get("key", "")[:300]
    if not key:
        return HttpResponseRedirect(reverse("product_names"))
    found = products.product(request.actor, key)
    context = {
        "product": found,
        "statuses": [(wording.STATUSES.get(name, name), count) for name, count in found.findings.items()],
        "names_url": f"{reverse('product_names')}?{urlencode({'key': found.key})}",
    }
    return render(request, "exposure/product.html", context)


@page(Permission.INTELLIGENCE_MANAGE)
def product_decisions(request: ActorRequest) -> HttpResponseBase:
    """The decisions as a file; a post takes in those of a file."""
    request.actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    if request.method != "POST":
        answer = HttpResponse(
            "".join(decisions.export_decisions(request.actor)), content_type="application/jsonl"
        )
        answer["Content-Disposition"] = 'attachment; filename="produits.jsonl"'
        return answer
    form = ImportForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            result = decisions.import_decisions(
                request.actor, _lines(form.cleaned_data["file"]), replace=form.cleaned_data["replace"]
            )
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            _tell(request, result)
    else:
        messages.error(request, gettext("Choisissez un fichier de décisions."))
    return redirect("product_names")


def _lines(file: Any) -> list[str]:
    if file.size > _MOST_BYTES:
        raise Invalid(gettext("Ce fichier est trop lourd."), field="file")
    try:
        return str(file.read().decode("utf-8-sig")).split("\n")  # a text may hold other ends of line
    except UnicodeDecodeError:
        raise Invalid(gettext("Ce fichier n’est pas du texte en UTF-8."), field="file") from None


def _tell(request: ActorRequest, result: decisions.Imported) -> None:
    if result.errors:
        messages.error(request, " ".join([gettext("Rien n’a été repris."), *result.errors[:5]]))
        return
    text = gettext("Décisions reprises : %(added)s. Déjà prises : %(unchanged)s. Laissées : %(kept)s.")
    messages.success(
        request, text % {"added": result.added, "unchanged": result.unchanged, "kept": result.kept}
    )
