"""The escalation ladder: read by all who read directives, edited by the command centre with a preview."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from rempart.alerts import commands, queries, wording
from rempart.alerts.ladder import Escalation
from rempart.alerts.pages.ladder_form import DAYS, LadderForm, delay
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.permissions import Permission


@page(Permission.ALERT_READ, Permission.ESCALATION_EDIT)
def escalation_ladder(request: ActorRequest) -> HttpResponseBase:
    """The ladders, the hours and the closed days; a post previews others, or saves them when asked to."""
    current = queries.escalation(request.actor)
    if not request.actor.scope(Permission.ESCALATION_EDIT).everything:
        if request.method == "POST":
            request.actor.require_everywhere(Permission.ESCALATION_EDIT)
        return render(request, "alerts/ladder.html", {"shown": _shown(current)})
    form = LadderForm(
        request.POST if request.method == "POST" else None, current.to_document(), current.version
    )
    preview, status = None, 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            terms = commands.read_ladder(form.document())
            if request.POST.get("step") == "save":
                commands.save_ladder(
                    request.actor,
                    terms=terms,
                    version=form.cleaned_data["version"],
                    reason=form.cleaned_data["reason"],
                )
                messages.success(request, _("L’échelle est enregistrée ; elle compte dès maintenant."))
                return redirect("escalation_ladder")
            preview, status = _preview(commands.preview_ladder(request.actor, terms=terms)), 200
        except DomainError as error:
            form.show_refusal(error)
            status = error.status
    return render(request, "alerts/ladder.html", {"form": form, "preview": preview}, status=status)


def _shown(current: Escalation) -> dict[str, Any]:
    """What is in force, in words."""
    document = current.to_document()
    return {
        "ladders": [
            {
                "priority": priority,
                "label": wording.PRIORITIES[priority],
                "steps": [
                    {
                        "rung": wording.RUNGS[step["rung"]],
                        "delay": delay(step["minutes"], step["business"]),
                    }
                    for step in steps
                ],
            }
            for priority, steps in document["ladders"].items()
        ],
        "hours": [{"day": DAYS[day], "pair": pair} for day, pair in document["hours"].items()],
        "office": current.office,
    }


def _preview(seen: commands.LadderPreview) -> dict[str, Any]:
    moved = [{"move": each, "rung": wording.RUNGS.get(each.rung, "")} for each in seen.moved]
    sent_now = [
        {
            "priority": priority,
            "lines": [
                {"told": each, "rung": wording.RUNGS[each.rung], "moved": each.before != each.after}
                for each in told
                if each.before or each.after
            ],
        }
        for priority, told in seen.sent_now.items()
    ]
    changes = any(line["moved"] for group in sent_now for line in group["lines"])
    return {"counts": seen, "moved": moved, "sent_now": sent_now, "changes": changes}
