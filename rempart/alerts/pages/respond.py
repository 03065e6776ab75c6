"""For a small body, on a phone: one directive, one question, one screen at a time."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from rempart.alerts import queries, wording
from rempart.alerts.pages.targets import ACTIONS, remaining
from rempart.alerts.states import OPEN, WAITING, S
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.permissions import Permission

_STEPS = {"done", "delay", "not-affected"}
_ACTIONS = {"acknowledge", "declare", "delay", "not-affected"}


@page(Permission.ALERT_ACKNOWLEDGE)
def respond(request: ActorRequest) -> HttpResponseBase:
    """Asks the next question of the next directive; an answer leads to the next one."""
    mine = queries.targets(request.actor).visible_to(request.actor, Permission.ALERT_ACKNOWLEDGE)
    rows = list(
        mine.filter(state__in=OPEN - {S.DECLARED}, delay_requested_until__isnull=True).order_by(
            "due_at", "id"
        )
    )
    chosen = request.POST.get("target") or request.GET.get("target", "")
    current = next((row for row in rows if str(row.pk) == chosen), rows[0] if rows else None)
    step = request.GET.get("step", "")
    error = None
    if request.method == "POST" and current is not None and request.POST.get("action") in _ACTIONS:
        action = request.POST["action"]
        act, done = ACTIONS[action]
        try:
            act(request.actor, request, current.pk, request.POST.get("reason", ""))
        except DomainError as refused:
            error, step = refused, action if action in _STEPS else ""
        else:
            messages.success(request, done)
            stay = action == "acknowledge"
            return redirect(reverse("respond") + (f"?target={current.pk}" if stay else ""))
    context = {
        "target": current,
        "left": len(rows),
        "question": _question(current, step),
        "assets": remaining(request.actor, current)[:20] if current is not None else [],
        "error": error,
        "typed": request.POST,
        "justifications": tuple(wording.JUSTIFICATIONS.items()),
    }
    return render(request, "alerts/respond.html", context, status=error.status if error else 200)


def _question(target: Any, step: str) -> str:
    if target is None:
        return "nothing"
    if target.state in WAITING:
        return "seen"
    return step if step in _STEPS else "where"
