"""Versions of rules: those that wait, one of them with what it changes, and its review."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from rempart.detection import library_wording as wording
from rempart.detection import queries
from rempart.detection.commands import allowing, editing
from rempart.detection.pages import library_lists as lists
from rempart.detection.pages.library_forms import ReviewForm
from rempart.detection.reading import difference, explained
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.forms import show_refusal
from rempart.kernel.permissions import Permission
from rempart.kernel.text import language_of_reader


@page(Permission.DETECTION_READ)
def version_list(request: ActorRequest) -> HttpResponseBase:
    """The versions that wait for review, of every rule that the reader sees."""
    shown = lists.VERSIONS.page(queries.versions(request.actor).filter(state="proposed"), request.GET)
    for row in shown.rows:
        wording.dressed_version(row)
    return render(request, "detection/version_list.html", {"page": shown})


@page(Permission.DETECTION_READ)
def rule_version(request: ActorRequest, version_id: int) -> HttpResponseBase:
    """One version; whoever may review it, and did not write it, accepts or refuses it here."""
    found = wording.dressed_version(queries.get_version(request.actor, version_id))
    form = ReviewForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            editing.review_version(
                request.actor,
                version_id=found.pk,
                accept=request.POST.get("decision") == "accept",
                note=form.cleaned_data["note"],
            )
        except DomainError as error:
            show_refusal(form, error)
            status = error.status
        else:
            messages.success(request, gettext("Version revue."))
            return redirect("rule", found.rule_id)
    before = _before(request, found)
    own = found.made_by_id == request.actor.user_id and found.release_id is None
    context = {
        "version": found,
        "before": before,
        "lines": difference(before.text, found.text) if before else [],
        "explained": explained(found.text, language_of_reader()),
        "form": form,
        "own": own,
        "may_hunt": found.verdict != "defective" and request.actor.may(Permission.HUNT_ASK),
        "may_review": found.state == "proposed"
        and allowing.may(request.actor, Permission.DETECTION_REVIEW, found.rule.body_id),
    }
    return render(request, "detection/version.html", context, status=status)


def _before(request: ActorRequest, found: Any) -> Any:
    """What a version is compared with: the text in force while it waits, the one before it afterwards."""
    if found.state == "proposed":
        return found.rule.current
    return queries.versions(request.actor, found.rule).filter(number__lt=found.number).first()
