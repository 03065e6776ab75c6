"""Statements: making one about an exposure, the list of those that wait, reviewing one."""

from __future__ import annotations

from datetime import datetime, time

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from rempart.exposure import commands, queries, wording
from rempart.exposure.commands.withdrawing import LIVE
from rempart.exposure.pages import lists
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.forms import DayInput, show_refusal
from rempart.kernel.permissions import Permission


class StatementForm(forms.Form):
    kind = forms.ChoiceField(label=_("Déclaration"), choices=tuple(wording.KINDS.items()))
    justification = forms.ChoiceField(
        label=_("Justification (si non touché)"),
        choices=(("", "—"), *wording.JUSTIFICATIONS.items()),
        required=False,
    )
    explanation = forms.CharField(
        label=_("Explication"), widget=forms.Textarea(attrs={"rows": 4}), max_length=10_000, required=False
    )
    compensating_measure = forms.CharField(
        label=_("Mesure d’atténuation (si le risque est accepté)"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=10_000,
        required=False,
    )
    valid_until = forms.DateField(
        label=_("Valable jusqu’au (dernier jour compris)"),
        widget=DayInput(),
        required=False,
    )
    component_only = forms.BooleanField(label=_("Pour ce composant seulement"), required=False)
    reason = forms.CharField(label=_("Raison d’agir au nom de l’organisme"), max_length=1000, required=False)


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=_("Pourquoi"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000)


class ReviewForm(forms.Form):
    note = forms.CharField(
        label=_("Note à l’organisme"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=5000,
        required=False,
    )


@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def statement_new(request: ActorRequest, exposure_id: int) -> HttpResponseBase:
    """States, about an exposure's vulnerability, that the body is not affected or accepts the risk."""
    exposure = queries.get_exposure(request.actor, exposure_id)
    form = StatementForm(request.POST or None)
    if request.actor.may(Permission.ALERT_RESPOND, exposure.body_id):  # speaks for its own body
        del form.fields["reason"]
    status = 200
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        day = values["valid_until"]
        try:
            made = commands.make_statement(
                request.actor,
                body_id=exposure.body_id,
                vulnerability_id=exposure.vulnerability_id,
                component_id=exposure.component_id if values["component_only"] else None,
                kind=values["kind"],
                justification=values["justification"],
                explanation=values["explanation"],
                compensating_measure=values["compensating_measure"],
                valid_until=timezone.make_aware(datetime.combine(day, time(23, 59, 59))) if day else None,
                reason=values.get("reason", ""),
            )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(request, gettext("Déclaration proposée ; elle comptera une fois revue."))
            return redirect("statement", made.pk)
    return render(request, "exposure/statement_new.html", {"form": form, "exposure": exposure}, status=status)


@page(Permission.EXPOSURE_READ)
def statement_list(request: ActorRequest) -> HttpResponseBase:
    shown = lists.STATEMENTS.page(queries.statements(request.actor), request.GET)
    return render(request, "exposure/statement_list.html", {"page": shown, "kinds": wording.KINDS})


@page(Permission.EXPOSURE_READ)
def statement(request: ActorRequest, statement_id: int) -> HttpResponseBase:
    """One statement; whoever may review it, and did not write it, accepts or refuses it here."""
    found = queries.get_statement(request.actor, statement_id)
    form = ReviewForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            commands.review_statement(
                request.actor,
                statement_id=found.pk,
                accept=request.POST.get("decision") == "accept",
                note=form.cleaned_data["note"],
            )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(request, gettext("Déclaration revue."))
            return redirect("statement", found.pk)
    actor = request.actor
    may_withdraw = found.state in LIVE and (
        actor.may(Permission.ALERT_RESPOND, found.body_id)
        or actor.may(Permission.ALERT_REVIEW, found.body_id)
    )
    may_review = (
        found.state == found.State.PROPOSED
        and request.actor.may(Permission.ALERT_REVIEW, found.body_id)
        and found.made_by_id != request.actor.user_id
    )
    may_offer = (
        found.kind == found.Kind.NOT_AFFECTED
        and found.state == found.State.ACCEPTED
        and found.component_id is not None
        and request.actor.may(Permission.ALERT_REVIEW, found.body_id)
    )
    context = {
        "statement": found,
        "kind": wording.KINDS[found.kind],
        "justification": wording.JUSTIFICATIONS.get(found.justification, ""),
        "state": wording.STATEMENT_STATES[found.state],
        "form": form,
        "may_review": may_review,
        "may_offer": may_offer,
        "withdraw_form": WithdrawForm() if may_withdraw else None,
    }
    return render(request, "exposure/statement.html", context, status=status)


@require_POST
@page(Permission.ALERT_RESPOND, Permission.ALERT_REVIEW)
def statement_withdraw(request: ActorRequest, statement_id: int) -> HttpResponseBase:
    """Takes a statement back; what other bodies took up from it ends too."""
    try:
        ended = commands.withdraw_statement(
            request.actor, statement_id=statement_id, reason=request.POST.get("reason", "")
        )
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error.message))
    else:
        text = ngettext(
            "Déclaration retirée : ce qu’elle couvrait est de nouveau à traiter.",
            "Déclaration retirée, et %(copies)s reprises avec elle : ce qu’elles couvraient est à traiter.",
            ended,
        )
        messages.success(request, text % {"copies": ended - 1})
    return redirect("statement", statement_id)
