"""The list of directives, one directive, and its cancellation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from rempart.alerts import commands, queries
from rempart.alerts.pages import downloads, lists, timelines
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.forms import show_refusal
from rempart.kernel.markings import Marking, most_restrictive
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_TIMELINE = 40
# What bodies answer, from what is proved to what presses: the count, its rows’ filter, its words, its tone.
_ANSWERS: tuple[tuple[str, str, Any, str], ...] = (
    ("verified", "state=verified", ngettext_lazy("%(n)d vérifié", "%(n)d vérifiés", "n"), "ok"),
    ("other_ends", "other_end=yes", ngettext_lazy("%(n)d clos autrement", "%(n)d clos autrement", "n"), ""),
    (
        "declared",
        "state=declared",
        ngettext_lazy("%(n)d déclaré à prouver", "%(n)d déclarés à prouver", "n"),
        "warn",
    ),
    ("acknowledged", "in_hand=yes", ngettext_lazy("%(n)d au travail", "%(n)d au travail", "n"), ""),
    (
        "silent",
        "unacknowledged=yes",
        ngettext_lazy("%(n)d sans réponse", "%(n)d sans réponse", "n"),
        "critical",
    ),
    ("late", "late=yes", ngettext_lazy("%(n)d en retard", "%(n)d en retard", "n"), "critical"),
)


@page(Permission.ALERT_READ)
def directive_list(request: ActorRequest) -> HttpResponseBase:
    listing = lists.directive_listing(request.actor)
    rows = lists.with_urgency(queries.directive_lines(request.actor))
    if downloads.wanted(request):
        chosen = listing.rows(rows, request.GET)
        return downloads.download(
            request, listing, _t("Directives"), lists.directive_cells(chosen), lists.marking_of(chosen)
        )
    shown = listing.page(rows, request.GET, request.actor.scope(Permission.ALERT_READ))
    context = {
        "page": shown,
        "counts": queries.sentence_counts(request.actor),
        "may_issue": request.actor.scope(Permission.ALERT_ISSUE).everything,
        "export_url": request.path,
    }
    return render(request, "alerts/directive_list.html", context)


@page(Permission.ALERT_READ)
def directive(request: ActorRequest, number: str) -> HttpResponseBase:
    """One directive: what it asks, the bodies that it binds by what presses, what happened, its messages."""
    found = queries.get_directive(request.actor, number)
    listing = lists.target_listing(request.actor, one_directive=True)
    rows = lists.with_ends(queries.target_lines(request.actor).filter(directive=found))
    messages_sent = queries.deliveries(request.actor).filter(target__directive=found)
    context = {
        "directive": found,
        "answers": [
            {"query": query, "words": words % {"n": count}, "tone": tone}
            for name, query, words, tone in _ANSWERS
            if (count := getattr(found, name))
        ],
        "page": listing.page(rows, request.GET),
        "timeline": timelines.entries_of_bodies(
            queries.timeline_of_directive(request.actor, found, _TIMELINE)
        ),
        "may_see_messages": request.actor.may(Permission.OPERATIONS_READ)
        or request.actor.may(Permission.ALERT_REVIEW),
        "messages_total": messages_sent.count(),
        "messages_failed": messages_sent.filter(state__in=["failed", "bounced", "retrying"]).count(),
        "may_cancel": found.state == found.State.OPEN
        and request.actor.scope(Permission.ALERT_ISSUE).everything,
    }
    return render(request, "alerts/directive.html", context)


class CancelForm(forms.Form):
    reason = forms.CharField(
        label=_("Raison"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        error_messages={"required": _("Indiquez la raison : elle est consignée.")},
    )


@page(Permission.ALERT_ISSUE)
def directive_cancel(request: ActorRequest, number: str) -> HttpResponseBase:
    """Asks, in words that say to whom, before a directive is withdrawn from every body."""
    request.actor.require_everywhere(Permission.ALERT_ISSUE)
    found = queries.get_directive(request.actor, number)
    form = CancelForm(request.POST if request.method == "POST" else None)
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            commands.cancel_directive(
                request.actor, directive_id=found.pk, reason=form.cleaned_data["reason"]
            )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(request, _t("Directive annulée ; chaque organisme le voit avec la raison."))
            return redirect("directive", found.number)
    context = {"directive": found, "form": form, "cancel_url": reverse("directive", args=[found.number])}
    return render(request, "alerts/directive_cancel.html", context, status=status)


@page(Permission.ALERT_READ)
def body_directives(request: ActorRequest, code: str) -> HttpResponseBase:
    """What one body was asked, what is open first."""
    body = organisations.get_organisation(request.actor, code)
    listing = lists.target_listing(request.actor)
    rows = lists.with_ends(queries.target_lines(request.actor).filter(body=body))
    if downloads.wanted(request):
        chosen = listing.rows(rows, request.GET)
        marking = most_restrictive([Marking.AMBER, lists.marking_of(chosen, "directive__marking")])
        return downloads.download(
            request, listing, _t("Directives de l’organisme"), lists.target_cells(chosen), marking
        )
    shown = listing.page(rows, request.GET)
    return render(
        request, "alerts/target_list.html", {"page": shown, "body": body, "export_url": request.path}
    )
