"""The page of a signed link: shows one directive and one button, to whoever holds the message."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from rempart.alerts import commands
from rempart.alerts.states import CLOSED, WAITING
from rempart.alerts.wording import TARGET_STATES
from rempart.kernel.edge import public
from rempart.kernel.errors import DomainError
from rempart.kernel.markings import Audience, Marking, may_leave


@public
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET changes nothing (mail filters open links); POST acknowledges. Errors are said in words."""
    try:
        link = commands.read_link(token)
        if request.method == "POST":
            commands.acknowledge_by_link(token)
            link = commands.read_link(token)
    except DomainError as error:
        return _private(render(request, "alerts/link.html", {"error": error}, status=error.status))
    directive = link.target.directive
    context = {
        "target": link.target,
        "directive": directive,
        "holder": link.actor.label,
        "title": directive.title if may_leave(Marking.read(directive.marking), Audience.ORGANISATION) else "",
        "waiting": link.target.state in WAITING,
        "over": str(TARGET_STATES[link.target.state]).lower() if link.target.state in CLOSED else "",
        "just_done": request.method == "POST",
    }
    return _private(render(request, "alerts/link.html", context))


def _private(response: HttpResponseBase) -> HttpResponseBase:
    # Referrer-Policy stays "same-origin": with "no-referrer" a browser sends the form with a null origin,
    # which the protection against forged requests refuses.
    response["Cache-Control"] = "no-store"
    return response
