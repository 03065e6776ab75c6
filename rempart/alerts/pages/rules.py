"""The rules of alert: which there are, and each one tried before it is saved."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from rempart.alerts import commands, queries, wording
from rempart.alerts.commands.rules import MAX_DAYS
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.forms import show_refusal
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission


class RuleForm(forms.Form):
    name_fr = forms.CharField(label=_("Nom, en français"), max_length=200)
    name_en = forms.CharField(label=_("Nom, en anglais"), max_length=200)
    enabled = forms.BooleanField(label=_("En vigueur"), required=False, initial=True)
    kev_only = forms.BooleanField(
        label=_("Seulement les vulnérabilités du catalogue KEV (exploitées)"), required=False, initial=True
    )
    minimum_priority = forms.ChoiceField(
        label=_("Priorité d’au moins"),
        choices=tuple(wording.PRIORITIES.items()),
        initial="act_now",
        help_text=_("Celle de l’organisme le plus pressé, selon la table de priorité."),
    )
    kev_added_within_days = forms.IntegerField(
        label=_("Entrée au catalogue depuis, en jours, au plus"),
        required=False,
        min_value=0,
        max_value=MAX_DAYS,
        help_text=_("Vide : quelle que soit la date."),
    )
    marking = forms.ChoiceField(
        label=_("Marquage"), choices=[(each.value, each.label) for each in Marking], initial=Marking.AMBER
    )
    reason = forms.CharField(
        label=_("Raison du changement"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def terms(self) -> commands.RuleTerms:
        values = {name: value for name, value in self.cleaned_data.items() if name != "reason"}
        return commands.RuleTerms(**values)


@page(Permission.ALERT_ISSUE)
@require_GET
def alert_rule_list(request: ActorRequest) -> HttpResponseBase:
    issued = queries.directives_by_rule(request.actor)
    rows = [
        {
            "rule": rule,
            "priority": wording.PRIORITIES[rule.minimum_priority],
            "marking": Marking(rule.marking).label,
            "issued": issued.get(rule.pk, 0),
        }
        for rule in queries.rules(request.actor)
    ]
    return render(request, "alerts/rule_list.html", {"rows": rows})


@page(Permission.ALERT_ISSUE)
def alert_rule_new(request: ActorRequest) -> HttpResponseBase:
    request.actor.require_everywhere(Permission.ALERT_ISSUE)
    return _edit(request, None)


@page(Permission.ALERT_ISSUE)
def alert_rule(request: ActorRequest, alert_rule_id: int) -> HttpResponseBase:
    return _edit(request, queries.get_rule(request.actor, alert_rule_id))


def _edit(request: ActorRequest, rule: Any) -> HttpResponseBase:
    """The form; with "preview", what it would issue; with "save", the rule itself."""
    initial = asdict(commands.RuleTerms.of(rule)) if rule is not None else {}
    form = RuleForm(request.POST if request.method == "POST" else None, initial=initial)
    preview, status = None, 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            if request.POST.get("step") == "save":
                commands.save_rule(
                    request.actor,
                    terms=form.terms(),
                    rule_id=rule.pk if rule is not None else None,
                    reason=form.cleaned_data["reason"],
                )
                messages.success(request, _t("La règle est enregistrée."))
                return redirect("alert_rule_list")
            preview, status = commands.preview_rule(request.actor, terms=form.terms()), 200
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
    context = {"form": form, "rule": rule, "preview": preview}
    return render(request, "alerts/rule.html", context, status=status)
