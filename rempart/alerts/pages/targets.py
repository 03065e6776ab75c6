"""One body bound by one directive: what is asked, what remains to be proved and why, and what can be done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from rempart.alerts import commands, queries, wording
from rempart.alerts.pages import downloads, lists, timelines
from rempart.alerts.states import BY_PERSON, OPEN, WAITING, S
from rempart.exposure import queries as exposure
from rempart.kernel.actors import Actor
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid, NotFound
from rempart.kernel.markings import Marking, most_restrictive
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_EXPOSURES = 200


@page(Permission.ALERT_READ)
def target_list(request: ActorRequest) -> HttpResponseBase:
    """Every body bound by a directive, one row each: what the figures of other pages lead to."""
    listing = lists.target_listing(request.actor)
    rows = lists.with_ends(queries.target_lines(request.actor))
    if downloads.wanted(request):
        chosen = listing.rows(rows, request.GET)
        marking = most_restrictive([Marking.AMBER, lists.marking_of(chosen, "directive__marking")])
        return downloads.download(
            request, listing, _t("Organismes visés"), lists.target_cells(chosen), marking
        )
    shown = listing.page(rows, request.GET)
    return render(request, "alerts/target_list.html", {"page": shown, "export_url": request.path})


@page(Permission.ALERT_READ)
def target(request: ActorRequest, target_id: int) -> HttpResponseBase:
    return render(request, "alerts/target.html", describe(request.actor, target_id))


def describe(actor: Actor, target_id: int) -> dict[str, Any]:
    """What the page of a target shows."""
    found = queries.get_target(actor, target_id)
    own = actor.may(Permission.ALERT_RESPOND, found.body_id)
    assist = not own and actor.may(Permission.ALERT_ASSIST, found.body_id)
    return {
        "target": found,
        "directive": found.directive,
        "open": found.state in OPEN,
        "waiting": found.state in WAITING,
        "remaining": remaining(actor, found)[:_EXPOSURES],
        "statements": statements_about(actor, found),
        "timeline": timelines.entries(queries.timeline_of_target(actor, found)),
        "deliveries": list(queries.deliveries(actor).filter(target=found).order_by("created_at", "id")[:50]),
        "may_act": own or assist,
        "on_behalf": assist,
        "may_review": actor.may(Permission.ALERT_REVIEW, found.body_id),
        "may_declare": S.DECLARED in BY_PERSON.get(S(found.state), ()) or found.state in WAITING,
        "people": people_of(actor, found) if own or assist else [],
        "justifications": tuple(wording.JUSTIFICATIONS.items()),
    }


def remaining(actor: Actor, target: Any) -> list[Any]:
    """The exposures of the body that an inventory still has to prove gone, the first due first."""
    if target.directive.vulnerability_id is None or not actor.may(Permission.EXPOSURE_READ, target.body_id):
        return []
    rows = exposure.of_vulnerability(actor, target.directive.vulnerability_id)
    return list(
        rows.filter(body_id=target.body_id, state="open", certainty="affected").order_by("due_at", "id")
    )


def statements_about(actor: Actor, target: Any) -> list[Any]:
    """What the body has stated about the vulnerability, latest first."""
    if target.directive.vulnerability_id is None:
        return []
    rows = exposure.statements(actor).filter(
        body_id=target.body_id, vulnerability_id=target.directive.vulnerability_id
    )
    return list(rows.order_by("-made_at", "-id"))


def people_of(actor: Actor, target: Any) -> list[tuple[int, str]]:
    """The people of the body to whom the work can be given."""
    if not actor.may(Permission.PEOPLE_READ, target.body_id):
        return []
    rows = organisations.people(actor).filter(active=True, body__path__startswith=target.body.path)
    return [(one.pk, one.name) for one in rows.order_by("name")]


def _day_end(request: HttpRequest, name: str) -> datetime:
    day = parse_date(request.POST.get(name, "")[:10])
    if day is None:
        raise Invalid(_("Indiquez une date."), field=name)
    return timezone.make_aware(datetime.combine(day, time(23, 59)))


def _assign(actor: Actor, request: HttpRequest, target_id: int, reason: str) -> None:
    person = request.POST.get("person", "")
    if not person.isdecimal():
        raise Invalid(_("Choisissez une personne."), field="person")
    commands.assign(actor, target_id=target_id, person_id=int(person), reason=reason)


def _delay(actor: Actor, request: HttpRequest, target_id: int, reason: str) -> None:
    commands.request_delay(actor, target_id=target_id, until=_day_end(request, "until"), reason=reason)


def _not_affected(actor: Actor, request: HttpRequest, target_id: int, reason: str) -> None:
    commands.state_not_affected(
        actor,
        target_id=target_id,
        justification=request.POST.get("justification", "")[:60],
        explanation=request.POST.get("explanation", ""),
        reason=reason,
    )


def _accept_risk(actor: Actor, request: HttpRequest, target_id: int, reason: str) -> None:
    commands.state_accepted(
        actor,
        target_id=target_id,
        until=_day_end(request, "until"),
        explanation=request.POST.get("explanation", ""),
        compensating_measure=request.POST.get("compensating_measure", ""),
        reason=reason,
    )


def _plain(command: Callable[..., Any]) -> Callable[[Actor, HttpRequest, int, str], None]:
    def act(actor: Actor, request: HttpRequest, target_id: int, reason: str) -> None:
        command(actor, target_id=target_id, reason=reason)

    return act


# What each action does, and what is said once it is done.
ACTIONS: dict[str, tuple[Callable[[Actor, HttpRequest, int, str], None], Any]] = {
    "acknowledge": (_plain(commands.acknowledge), _("Accusé de réception enregistré.")),
    "start": (_plain(commands.start), _("Travail commencé.")),
    "declare": (
        _plain(commands.declare),
        _("Déclarée appliquée. Le prochain inventaire servira de preuve."),
    ),
    "assign": (_assign, _("Travail confié.")),
    "delay": (_delay, _("Délai demandé ; votre centre répondra.")),
    "grant": (_plain(commands.grant_delay), _("Délai accordé.")),
    "refuse": (_plain(commands.refuse_delay), _("Délai refusé.")),
    "not-affected": (_not_affected, _("Déclaration envoyée à votre centre, qui la revoit.")),
    "accept-risk": (_accept_risk, _("Demande envoyée à votre centre, qui la revoit.")),
    "proof": (_plain(commands.accept_proof), _("Preuve acceptée : directive vérifiée.")),
}


@page(Permission.ALERT_ACKNOWLEDGE, Permission.ALERT_RESPOND, Permission.ALERT_ASSIST)
@require_POST
def target_act(request: ActorRequest, target_id: int, action: str) -> HttpResponseBase:
    """Does one thing about a target, then returns where the form was; an error shows with what was typed."""
    if action not in ACTIONS:
        raise NotFound(_("Cette action n’existe pas."))
    act, done = ACTIONS[action]
    try:
        act(request.actor, request, target_id, request.POST.get("reason", ""))
    except DomainError as error:
        context = {
            **describe(request.actor, target_id),
            "error": error,
            "failed": action,
            "typed": request.POST,
        }
        return render(request, "alerts/target.html", context, status=error.status)
    messages.success(request, done)
    return redirect(where_from(request, reverse("target", args=[target_id])))


def where_from(request: HttpRequest, otherwise: str) -> str:
    """The page that the form names, when it is one of ours."""
    place = request.POST.get("next", "")
    ours = place.startswith("/") and url_has_allowed_host_and_scheme(place, {request.get_host()})
    return place if ours else otherwise
