"""Filters of bodies: the list, proposing one, reviewing or ending one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from rempart.detection import library_wording as wording
from rempart.detection import queries
from rempart.detection.commands import tuning as commands
from rempart.detection.pages import library_lists as lists
from rempart.detection.pages.library_forms import ReviewForm, TuningForm
from rempart.detection.pages.numbers import number_of
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.forms import show_refusal
from rempart.kernel.permissions import Permission


@page(Permission.DETECTION_READ)
def tuning_list(request: ActorRequest) -> HttpResponseBase:
    """The filters of the reader's bodies."""
    shown = lists.TUNINGS.page(queries.tunings(request.actor), request.GET)
    for row in shown.rows:
        wording.dressed_tuning(row)
    context = {"page": shown, "may_write": request.actor.may(Permission.TELEMETRY_TRIAGE)}
    return render(request, "detection/tuning_list.html", context)


@page(Permission.TELEMETRY_TRIAGE)
def tuning_new(request: ActorRequest) -> HttpResponseBase:
    """Proposes a filter, for a rule when the address names one."""
    number = number_of(request.GET.get("rule", ""))
    rule = None if number is None else queries.get_rule(request.actor, number)
    form = TuningForm(request.actor, request.POST or None, initial={"text": _start(rule)})
    status = 200
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            made = commands.propose_tuning(
                request.actor,
                body_id=values["body_id"],
                text=values["text"],
                reason=values["reason"],
                category=values["category"],
                expires_at=form.expires_at,
                rule_id=rule.pk if rule else None,
            )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(
                request, gettext("Filtre proposé ; il comptera une fois accepté par quelqu’un d’autre.")
            )
            return redirect("tuning", made.pk)
    context = {"form": form, "rule": rule, "cancel_url": reverse("tuning_list")}
    return render(request, "detection/tuning_new.html", context, status=status)


def _start(rule: Any) -> str:
    """A filter to begin with: that of the rule, over its log source."""
    places = {"product": "windows", "category": "process_creation", "service": ""}
    if rule is not None:
        places = {name: getattr(rule, name) for name in places}
    logsource = "".join(f"  {name}: {value}\n" for name, value in places.items() if value)
    rules = f"    - {rule.key}\n" if rule is not None else "    - 00000000-0000-4000-8000-000000000000\n"
    title = f"{rule.title}"[:200].replace('"', "'") if rule is not None else ""
    return (
        f'title: "{gettext("Filtre")} · {title}"\nid: {uuid4()}\nlogsource:\n{logsource}'
        f"filter:\n  rules:\n{rules}"
        "  selection:\n    User|endswith: '\\compte-de-service'\n  condition: not selection\n"
    )


@page(Permission.DETECTION_READ)
def tuning(request: ActorRequest, tuning_id: int) -> HttpResponseBase:
    """One filter: what it says for its body's people, its shape for the centres; its review, or its end."""
    found = wording.dressed_tuning(queries.get_tuning(request.actor, tuning_id))
    form = ReviewForm(request.POST or None)
    decision = request.POST.get("decision", "")
    status = 200
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        try:
            if decision == "end":
                commands.end_tuning(request.actor, tuning_id=found.pk, note=note)
            else:
                commands.review_tuning(
                    request.actor, tuning_id=found.pk, accept=decision == "accept", note=note
                )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(request, gettext("Décision enregistrée ; elle compte dès le prochain paquet."))
            return redirect("tuning", found.pk)
    waits = found.state == "proposed"
    context = {
        "tuning": found,
        "said": queries.tuning_text(request.actor, found.pk),
        "rules": queries.rules_of_tuning(request.actor, found),
        "form": form,
        "own": waits and found.made_by_id == request.actor.user_id,
        "may_review": waits and request.actor.may(Permission.DETECTION_REVIEW, found.body_id),
        "may_end": found.state == "active" and request.actor.may(Permission.DETECTION_WRITE, found.body_id),
    }
    return render(request, "detection/tuning.html", context, status=status)
