"""How long detections are kept: in the reader's bodies, and at most in any; what a change would do."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from rempart.detection.commands import allowing
from rempart.detection.commands import retention as commands
from rempart.detection.pages.numbers import number_of, stated_number
from rempart.detection.queries import retention as queries
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.permissions import Permission

_ALL = "all"


@page(Permission.DETECTION_REVIEW)
def retention(request: ActorRequest) -> HttpResponseBase:
    """The durations; a change first tells how many detections it would forget, then is confirmed."""
    actor, error, asked = request.actor, None, None
    everywhere = allowing.may(actor, Permission.DETECTION_REVIEW, None)
    if request.method == "POST":
        try:
            body_id, days = _asked(actor, request.POST)
            allowing.require(actor, Permission.DETECTION_REVIEW, body_id)
            asked = {
                "body_id": body_id, "days": days, "leaving": queries.leaving_with(actor, body_id, days)
            }  # fmt: skip
            if request.POST.get("confirm"):
                commands.set_retention(actor, body_id=body_id, days=days)
                messages.success(request, _("La durée est enregistrée ; l’oubli se fait dans l’heure."))
                return redirect("retention")
        except DomainError as refused:
            error, asked = refused, None
    bodies = queries.kept_by(actor)
    context = {
        "bodies": bodies,
        "most": queries.of_all(actor),
        "everywhere": everywhere,
        "asked": asked,
        "named": next((one for one in bodies if asked and one.pk == asked["body_id"]), None),
        "error": error,
        "least_days": queries.LEAST_DAYS,
        "most_days": queries.MOST_DAYS,
    }
    return render(request, "detection/retention.html", context, status=error.status if error else 200)


def _asked(actor: Actor, post: Any) -> tuple[int | None, int | None]:
    """(the body, or None for the whole government; the days, or None for no longer said)."""
    choice, said = post.get("body_id", ""), post.get("days", "").strip()
    body_id = None if choice == _ALL else number_of(choice)
    if choice != _ALL and body_id is None:
        raise Invalid(_("Choisissez l’organisme."), field="body_id")
    return body_id, stated_number(said, "days", digits=5) if said else None
