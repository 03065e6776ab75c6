"""Products' names: what is decided, what resembles what, and deciding with a preview of what would change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rempart.exposure import commands, queries
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.permissions import Permission

_SHOWN = 50


class AliasForm(forms.Form):
    key = forms.CharField(label=_("Ce nom"), max_length=300)
    canonical = forms.CharField(label=_("désigne le même produit que"), max_length=300)
    reason = forms.CharField(label=_("Pourquoi"), max_length=200, required=False)


@page(Permission.INTELLIGENCE_MANAGE)
def product_names(request: ActorRequest) -> HttpResponseBase:
    """A post previews the effect of an alias, or decides it when asked to."""
    request.actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    start = {name: request.GET[name][:300] for name in ("key", "canonical") if name in request.GET}
    form = AliasForm(request.POST or None, initial=start)
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            if request.POST.get("step") == "save":
                commands.alias_products(request.actor, **values)
                messages.success(request, gettext("Noms rapprochés pour tous les organismes."))
                return redirect("product_names")
            effect = commands.preview_alias(request.actor, key=values["key"], canonical=values["canonical"])
            context["preview"] = {"components": effect.components, **effect.matched.summary()}
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            status = error.status
    context |= {
        "form": form,
        "candidates": queries.alias_candidates(request.actor, _SHOWN),
        "aliases": queries.aliases()[:_SHOWN],
    }
    return render(request, "exposure/product_names.html", context, status=status)
