"""An operational centre's portfolio: who is late, who has not answered, what waits for its decision."""

from __future__ import annotations

from django.db.models import Count, Q
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _t

from rempart.alerts import queries
from rempart.alerts.queries import portfolios
from rempart.alerts.states import OPEN, WAITING
from rempart.exposure import queries as exposure
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

_MOST = 100
_FIGURES = ("open", "silent", "late", "declared")


@page(Permission.ALERT_ASSIST, Permission.ALERT_REVIEW)
def centre_list(request: ActorRequest) -> HttpResponseBase:
    """The centres that the actor may open; with one alone, that one."""
    found = queries.centres(request.actor)
    if len(found) == 1:
        return redirect("centre", found[0].code)
    rows = (
        queries.targets(request.actor)
        .filter(state__in=OPEN)
        .order_by()
        .values("body__parent_id")
        .annotate(
            open=Count("id"),
            silent=Count("id", filter=Q(state__in=WAITING)),
            late=Count("id", filter=Q(due_at__lt=now())),
        )
    )
    counts = {row["body__parent_id"]: row for row in rows}
    return render(
        request, "alerts/centre_list.html", {"rows": [(one, counts.get(one.pk, {})) for one in found]}
    )


@page(Permission.ALERT_ASSIST, Permission.ALERT_REVIEW)
def centre(request: ActorRequest, code: str) -> HttpResponseBase:
    actor = request.actor
    place = organisations.get_organisation(actor, code)
    if place.kind not in {"cocd", "cgcd"}:
        raise NotFound(_t("Ce code n’est pas celui d’un centre."))
    bodies = portfolios.standing(actor, place.path)
    statements = exposure.statements(actor).filter(state="proposed", body__path__startswith=place.path)
    context = {
        "centre": place,
        "bodies": bodies[:_MOST],
        "silent": portfolios.silent(actor, place.path),
        "delays": portfolios.delays(actor, place.path),
        "attestations": portfolios.attested(actor, place.path),
        "statements": list(statements.order_by("made_at", "id")[:_MOST]),
        "figures": {key: sum(getattr(body, key) for body in bodies) for key in _FIGURES},
        "may_review": actor.may(Permission.ALERT_REVIEW, place.pk) or actor.may(Permission.ALERT_REVIEW),
    }
    return render(request, "alerts/centre.html", context)
