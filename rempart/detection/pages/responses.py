"""Automatic responses of a body: what is authorised, rehearsed, armed; what was done, and its undoing."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rempart.detection import responses_wording as wording
from rempart.detection.commands import responses as commands
from rempart.detection.pages import responses_lists as lists
from rempart.detection.pages.numbers import stated_number
from rempart.detection.queries import responses as queries
from rempart.detection.queries.sightings import own_bodies
from rempart.kernel.downloads import file_of, wanted
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid, NotFound
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission

_SHOWN = 50


@page(Permission.TELEMETRY_READ)
def response_list(request: ActorRequest) -> HttpResponseBase:
    """What the reader's bodies authorise in advance."""
    shown = lists.RESPONSES.page(queries.responses(request.actor), request.GET)
    for row in shown.rows:
        wording.dress(row)
    may = request.actor.may(Permission.RESPONSE_MANAGE)
    return render(request, "detection/response_list.html", {"page": shown, "may_manage": may})


@page(Permission.TELEMETRY_READ)
def action_list(request: ActorRequest) -> HttpResponseBase:
    """Everything that responses did, or would have done."""
    rows = queries.actions(request.actor)
    if wanted(request):
        return file_of(
            request,
            name="responses",
            title=_("Réponses faites"),
            headings=[column.label for column in lists.ACTIONS.columns],
            cells=lists.action_cells(lists.ACTIONS.rows(rows, request.GET)),
            marking=Marking.AMBER_STRICT,
            filters=lists.ACTIONS.sentence(request.GET),
        )
    shown = lists.ACTIONS.page(rows, request.GET)
    for row in shown.rows:
        wording.dress_action(row)
    return render(request, "detection/action_list.html", {"page": shown, "export_url": request.path})


@page(Permission.RESPONSE_MANAGE)
def response_new(request: ActorRequest) -> HttpResponseBase:
    """Describes a response; it then acts without effect until someone arms it."""
    error = None
    if request.method == "POST":
        try:
            made = commands.save_response(request.actor, body_id=_own(request), **_values(request))
        except DomainError as refused:
            error = refused
        else:
            messages.success(request, _("Réponse décrite : elle agit à blanc tant qu’elle n’est pas armée."))
            return redirect("response", made.pk)
    context = {
        "bodies": [(one.pk, one.name) for one in own_bodies(request.actor, Permission.RESPONSE_MANAGE)],
        "kinds": tuple(wording.KINDS.items()),
        "levels": wording.LEVELS,
        "typed": request.POST or {"level": "4", "least_count": "1", "per_hour": "10", "kind": "block"},
        "error": error,
    }
    return render(request, "detection/response_new.html", context, status=error.status if error else 200)


def _own(request: ActorRequest) -> int:
    chosen = request.POST.get("body_id", "")
    for one in own_bodies(request.actor, Permission.RESPONSE_MANAGE):
        if str(one.pk) == chosen:
            return int(one.pk)
    raise Invalid(_("Choisissez l’organisme."), field="body_id")


def _values(request: ActorRequest) -> dict[str, Any]:
    post = request.POST
    return {
        **{name: post.get(name, "") for name in ("kind", "name", "rules", "field", "url")},
        **{
            name: stated_number(post.get(name, ""), name, digits=11)
            for name in ("level", "least_count", "per_hour")
        },
    }


@page(Permission.TELEMETRY_READ)
def response(request: ActorRequest, response_id: int) -> HttpResponseBase:
    """One response: its terms, its mode, what it did and what can be taken back."""
    return _shown(request, response_id)


def _shown(
    request: ActorRequest, response_id: int, error: DomainError | None = None, failed: str = ""
) -> HttpResponseBase:
    actor = request.actor
    found = wording.dress(queries.get_response(actor, response_id))
    log = [
        wording.dress_action(one)
        for one in queries.actions(actor).filter(response=found).order_by("-at", "-pk")[:_SHOWN]
    ]
    rehearsal = next((one for one in log if one.dry), None)
    may = actor.may(Permission.RESPONSE_MANAGE, found.body_id)
    terms = {
        name: getattr(found, name)
        for name in ("name", "level", "least_count", "per_hour", "rules", "field", "url")
    }
    context = {
        "response": found,
        "log": log,
        "more": len(log) == _SHOWN,
        "rehearsal": rehearsal,
        "document": json.dumps(rehearsal.document, ensure_ascii=False, indent=2) if rehearsal else "",
        "tried": queries.tried(actor, found),
        "may_manage": may,
        "levels": wording.LEVELS,
        "typed": request.POST if failed == "edit" else terms,
        "error": error,
        "failed": failed,
    }
    return render(request, "detection/response.html", context, status=error.status if error else 200)


@page(Permission.RESPONSE_MANAGE)
@require_POST
def response_act(request: ActorRequest, response_id: int, action: str) -> HttpResponseBase:
    """Changes a response, tries it without effect, arms it or stops it."""
    actor = request.actor
    try:
        if action == "edit":
            found = queries.get_response(actor, response_id)
            values = _values(request) | {"kind": found.kind}
            commands.save_response(actor, body_id=found.body_id, response_id=response_id, **values)
            messages.success(request, _("Réponse modifiée : elle agit à blanc tant qu’elle n’est pas armée."))
        elif action == "rehearse":
            commands.rehearse(actor, response_id=response_id)
            messages.success(request, _("Essayée à blanc : voyez ce qu’elle aurait fait."))
        elif action in wording.MODES:
            commands.set_mode(actor, response_id=response_id, mode=action)
            messages.success(request, _("C’est fait."))
        else:
            raise NotFound(_("Cette action n’existe pas."))
    except NotFound:
        raise
    except DomainError as error:
        return _shown(request, response_id, error, action)
    return redirect("response", response_id)


@page(Permission.RESPONSE_MANAGE)
@require_POST
def action_act(request: ActorRequest, action_id: int, action: str) -> HttpResponseBase:
    """Takes back what a response did, or has it done where a limit or a failure stopped it."""
    found = queries.actions(request.actor).filter(pk=action_id).first()
    if found is None or action not in {"undo", "redo"}:
        raise NotFound(_("Cette action n’existe pas."))
    try:
        if action == "undo":
            commands.undo_action(request.actor, action_id=action_id, reason=request.POST.get("reason", ""))
        else:
            commands.redo_action(request.actor, action_id=action_id)
    except NotFound:
        raise
    except DomainError as error:
        return _shown(request, found.response_id, error, action)
    messages.success(request, _("C’est fait."))
    return redirect("response", found.response_id)
