"""Issuing a directive: written, then seen (whom it reaches, by when), then sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from rempart.alerts import commands, queries, wording
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_LISTED = 200


class DirectiveForm(forms.Form):
    vulnerability = forms.CharField(
        label=_("Vulnérabilité"),
        required=False,
        max_length=120,
        help_text=_("CVE-AAAA-NNNNN ; laissez vide pour une directive en texte libre."),
    )
    audience = forms.ChoiceField(label=_("À qui"), choices=tuple(wording.AUDIENCES.items()))
    portfolio = forms.ChoiceField(label=_("Portefeuille"), required=False)
    priority = forms.ChoiceField(
        label=_("Priorité"),
        choices=tuple(wording.PRIORITIES.items()),
        initial="out_of_cycle",
        help_text=_("Pour les organismes exposés, la table de priorité décide."),
    )
    due_at = forms.DateTimeField(
        label=_("Échéance"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
        help_text=_(
            "Vide : celle de la table de priorité, comptée depuis l’envoi. Aux organismes exposés, une date "
            "ne compte que si elle est plus proche que celle de leurs expositions."
        ),
    )
    marking = forms.ChoiceField(
        label=_("Marquage"), choices=[(each.value, each.label) for each in Marking], initial=Marking.AMBER
    )
    title_fr = forms.CharField(label=_("Objet, en français"), required=False, max_length=300)
    title_en = forms.CharField(label=_("Objet, en anglais"), required=False, max_length=300)
    text_fr = forms.CharField(
        label=_("Texte, en français"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Pour une vulnérabilité, laissez vide : les faits connus sont repris."),
    )
    text_en = forms.CharField(
        label=_("Texte, en anglais"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        portfolios = [(str(one.pk), one.name) for one in queries.centres(actor)]
        self.fields["portfolio"].choices = [("", "—"), *portfolios]  # type: ignore[attr-defined]

    def terms(self, actor: Actor) -> dict[str, Any]:
        """What both the preview and the command are given. Raises NotFound for an unknown vulnerability."""
        values = self.cleaned_data
        cve_id = values["vulnerability"].strip().upper()
        found = intelligence.get_vulnerability(actor, cve_id) if cve_id else None
        return {
            "vulnerability_id": found.pk if found is not None else None,
            "audience": values["audience"],
            "portfolio_id": int(values["portfolio"]) if values["portfolio"] else None,
            "priority": values["priority"],
            "due_at": values["due_at"],
        }


@page(Permission.ALERT_ISSUE)
def directive_new(request: ActorRequest) -> HttpResponseBase:
    """The form; with "preview", whom it reaches; with "send", the directive itself."""
    request.actor.require_everywhere(Permission.ALERT_ISSUE)
    initial = {"vulnerability": request.GET.get("vulnerability", "")[:120]}
    form = DirectiveForm(request.actor, request.POST or None, initial=initial)
    preview, status = None, 200
    if request.method == "POST" and form.is_valid():
        try:
            terms = form.terms(request.actor)
            if request.POST.get("step") == "send":
                words = {
                    name: form.cleaned_data[name] for name in ("title_fr", "title_en", "text_fr", "text_en")
                }
                made = commands.issue_directive(
                    request.actor, **terms, **words, marking=form.cleaned_data["marking"]
                )
                messages.success(request, _t("Directive %(number)s envoyée.") % {"number": made.number})
                return redirect("directive", made.number)
            preview = commands.preview_directive(request.actor, **terms)
        except DomainError as error:
            field = {"cve_id": "vulnerability", "portfolio_id": "portfolio"}.get(error.field, error.field)
            form.add_error(field if field in form.fields else None, str(error.message))
            status = error.status
    return render(
        request,
        "alerts/directive_new.html",
        {"form": form, "dues": queries.default_dues(request.actor), **_seen(request.actor, preview)},
        status=status,
    )


def _seen(actor: Actor, preview: commands.Preview | None) -> dict[str, Any]:
    if preview is None:
        return {}
    names = {one.pk: one for one in organisations.bodies(actor, Permission.ALERT_ISSUE)}
    rows = [{"body": names.get(each.body_id), "reached": each} for each in preview.bodies[:_LISTED]]
    return {"preview": preview, "rows": rows, "left_out": max(0, len(preview.bodies) - _LISTED)}
