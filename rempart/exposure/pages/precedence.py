"""The order in which sources are believed: read by all who read exposures, edited with a preview."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from rempart.exposure import queries, wording
from rempart.exposure.commands import precedence as commands
from rempart.intelligence.wording import source_in_words
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid
from rempart.kernel.permissions import Permission


@page(Permission.EXPOSURE_READ, Permission.PRIORITY_EDIT)
def source_order(request: ActorRequest) -> HttpResponseBase:
    """The kinds of sources by rank; a post previews another order, or keeps it when asked to."""
    kinds = queries.source_order()
    context: dict[str, Any] = {"may_edit": request.actor.scope(Permission.PRIORITY_EDIT).everything}
    status = 200
    if request.method == "POST":
        request.actor.require_everywhere(Permission.PRIORITY_EDIT)
        try:
            kinds = _posted(request.POST)
            if request.POST.get("step") == "save":
                commands.edit_order(request.actor, kinds=kinds, reason=request.POST.get("reason", ""))
                messages.success(
                    request, gettext("Ordre enregistré ; tout est rapproché de nouveau, en arrière-plan.")
                )
                return redirect("source_order")
            context["preview"] = _shown(commands.preview_order(request.actor, kinds))
        except DomainError as error:
            context["error"], status = error, error.status
    context["kinds"] = [
        {"kind": kind, "label": wording.SOURCE_KINDS[kind], "rank": rank}
        for rank, kind in enumerate(kinds, start=1)
    ]
    context["reason"] = request.POST.get("reason", "")
    return render(request, "exposure/source_order.html", context, status=status)


def _posted(form: QueryDict) -> tuple[str, ...]:
    """Kinds by the ranks given; of two equal ranks, the one that comes first now stays first."""
    ranks: dict[str, int] = {}
    for kind in queries.source_order():
        given = form.get(f"rank.{kind}", "")
        if not given.isdecimal() or len(given) > 3:
            raise Invalid(gettext("Un rang est un nombre entier."), field=f"rank.{kind}")
        ranks[kind] = int(given)
    return tuple(sorted(ranks, key=lambda kind: ranks[kind]))


def _shown(preview: commands.OrderPreview) -> dict[str, Any]:
    lines = [
        {
            "cve_id": one.cve_id,
            "component": one.component,
            "before": wording.STATUSES[one.before],
            "before_source": source_in_words(one.before_source) if one.before_source else "",
            "after": wording.STATUSES[one.after],
            "after_source": source_in_words(one.after_source),
        }
        for one in preview.shown
    ]
    return {"counts": preview, "bodies": len(preview.bodies), "lines": lines}
