"""Offering a reviewed statement, taking one up, and statements as VEX files."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from rempart.exposure import vex, wording
from rempart.exposure.commands import offers as commands
from rempart.exposure.queries import offers as queries
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now
from rempart.organisations import queries as organisations

_FORMS = {"openvex": vex.openvex, "cyclonedx": vex.cyclonedx}


@page(Permission.EXPOSURE_READ)
def offer_list(request: ActorRequest) -> HttpResponseBase:
    """What other bodies stated of software that one's own bodies hold too."""
    actor = request.actor
    rows = [
        {
            "statement": one,
            "justification": wording.JUSTIFICATIONS.get(one.justification, ""),
            "bodies": [body for body in bodies if actor.may(Permission.ALERT_RESPOND, body.pk)],
            "others": [body for body in bodies if not actor.may(Permission.ALERT_RESPOND, body.pk)],
        }
        for one, bodies in queries.offers(actor)
    ]
    return render(request, "exposure/offer_list.html", {"rows": rows})


@require_POST
@page(Permission.ALERT_REVIEW)
def statement_offer(request: ActorRequest, statement_id: int) -> HttpResponseBase:
    """Offers a statement to all, or withdraws the offer."""
    offered = request.POST.get("offer") != "no"
    try:
        commands.offer_statement(request.actor, statement_id=statement_id, offered=offered)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error.message))
    else:
        text = gettext("Déclaration offerte à tous.") if offered else gettext("Offre retirée.")
        messages.success(request, text)
    return redirect("statement", statement_id)


@require_POST
@page(Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
def statement_adopt(request: ActorRequest, statement_id: int) -> HttpResponseBase:
    """Takes up an offer for a body."""
    body = organisations.get_organisation(request.actor, request.POST.get("body", "")[:60])
    try:
        adopted = commands.adopt_statement(
            request.actor,
            statement_id=statement_id,
            body_id=body.pk,
            reason=request.POST.get("reason", "")[:1000],
        )
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error.message))
        return redirect("offer_list")
    messages.success(request, gettext("Déclaration reprise : elle compte dès maintenant."))
    return redirect("statement", adopted.pk)


@page(Permission.EXPOSURE_READ)
def statement_vex(request: ActorRequest) -> HttpResponseBase:
    """The accepted statements one may see, as a VEX document (``form``: openvex or cyclonedx)."""
    form = "cyclonedx" if request.GET.get("form") == "cyclonedx" else "openvex"
    answer: HttpResponse = JsonResponse(vex_document(request, form, request.GET.get("body", "")[:60]))
    answer["Content-Disposition"] = f'attachment; filename="declarations.{form}.json"'
    return answer


def vex_document(request: Any, form: str, body: str) -> dict[str, Any]:
    """The document in one of the two forms."""
    return _FORMS[form](queries.stated(request.actor, body), "Rempart", now())
