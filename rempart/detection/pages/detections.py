"""A body's detections: the list, the page of each, triage, and the days of one host or user."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from rempart.detection import detections_wording as wording
from rempart.detection.commands.detections_triage import assign_detection, note_detection, triage
from rempart.detection.highlighting import lines_of
from rempart.detection.library_wording import TUNING_CATEGORIES
from rempart.detection.pages import detections_lists as lists
from rempart.detection.pages.numbers import number_of
from rempart.detection.queries import detections as queries
from rempart.detection.queries import entity_timeline
from rempart.kernel.actors import Actor
from rempart.kernel.downloads import file_of, wanted
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid, NotFound
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_SELECTED = 500


@page(Permission.TELEMETRY_READ)
def detection_list(request: ActorRequest) -> HttpResponseBase:
    """The detections of the reader's own bodies, with the triage of several at once."""
    return _listed(request)


def _listed(request: ActorRequest, error: DomainError | None = None) -> HttpResponseBase:
    actor = request.actor
    listing = lists.detection_listing(actor)
    rows = queries.detections(actor)
    if wanted(request):
        return file_of(
            request,
            name="detections",
            title=_("Détections"),
            headings=[column.label for column in listing.columns],
            cells=lists.detection_cells(listing.rows(rows, request.GET)),
            marking=Marking.AMBER_STRICT,
            filters=listing.sentence(request.GET),
        )
    shown = listing.page(rows.defer("sample", "matched"), request.GET)
    for row in shown.rows:
        wording.dress(row)
    may = actor.may(Permission.TELEMETRY_TRIAGE)
    context = {
        "page": shown,
        "export_url": request.path,
        "selectable": may,
        "untriaged": queries.untriaged(actor),
        "verdicts": wording.VERDICTS,
        "error": error,
        "typed": request.POST,
    }
    return render(request, "detection/detection_list.html", context, status=error.status if error else 200)


@page(Permission.TELEMETRY_TRIAGE)
@require_POST
def detections_triage(request: ActorRequest) -> HttpResponseBase:
    """One verdict for the detections chosen in the list."""
    given = map(number_of, request.POST.getlist("selected")[: _SELECTED + 1])
    chosen = [number for number in given if number is not None]
    try:
        done = triage(
            request.actor, detection_ids=chosen, state=request.POST.get("state", ""),
            reason=request.POST.get("reason", ""),
        )  # fmt: skip
    except Invalid as error:
        return _listed(request, error)
    told = ngettext("%(count)d détection triée.", "%(count)d détections triées.", done) % {"count": done}
    messages.success(request, told)
    return redirect("detection_list")


@page(Permission.TELEMETRY_READ)
def detection(request: ActorRequest, detection_id: int) -> HttpResponseBase:
    """One detection: what matched and where, the event, the host and user, the verdict and its history."""
    return _shown(request, detection_id)


def _shown(
    request: ActorRequest, detection_id: int, error: DomainError | None = None, failed: str = ""
) -> HttpResponseBase:
    actor = request.actor
    found = wording.dress(queries.get_detection(actor, detection_id))
    lines = lines_of(found.sample, found.matched)
    told = {line.name for line in lines if line.matched}
    apart = [one for one in found.matched if not _is_shown(one, told, lines)]
    may = actor.may(Permission.TELEMETRY_TRIAGE, found.body_id)
    context: dict[str, Any] = {
        "detection": found,
        "sighting": wording.dress_sighting(found.sighting),
        "lines": lines,
        "apart": apart,
        "rule": queries.rule_of(actor, found),
        "history": [_entry(one) for one in queries.history(actor, found.pk)[:100]],
        "verdicts": wording.VERDICTS,
        "may_triage": may,
        "people": _people(actor, found) if may else [],
        "may_tune": may,
        "categories": list(TUNING_CATEGORIES.items()),
        "error": error,
        "failed": failed,
        "typed": request.POST,
    }
    return render(request, "detection/detection.html", context, status=error.status if error else 200)


def _is_shown(one: dict[str, str], told: set[str], lines: list[Any]) -> bool:
    """Whether a value that matched is seen among the event's own fields."""
    if one["field"]:
        return any(one["field"] == name or one["field"].startswith(f"{name}.") for name in told)
    return any(one["pattern"] in line.reasons for line in lines)


def _people(actor: Actor, found: Any) -> list[tuple[Any, str]]:
    if not actor.may(Permission.PEOPLE_READ, found.body_id):
        return []
    rows = organisations.people(actor).filter(active=True, body__path__startswith=found.body.path)
    return [("", _("personne")), *((one.pk, one.name) for one in rows.order_by("name")[:500])]


def _entry(note: Any) -> dict[str, Any]:
    words = {
        "note": _("Note"),
        "assigned": _("Confiée à %(who)s") % {"who": note.text} if note.text else _("Confiée à personne"),
        "triaged": str(wording.STATES.get(note.state, note.state)),
    }
    detail = "" if note.kind == "assigned" else note.text
    return {"at": note.at, "text": words[note.kind], "who": note.author_label, "detail": detail}


@page(Permission.TELEMETRY_TRIAGE)
@require_POST
def detection_act(request: ActorRequest, detection_id: int, action: str) -> HttpResponseBase:
    """A verdict, an assignment or a note."""
    post = request.POST
    try:
        if action == "triage":
            triage(
                request.actor, detection_ids=[detection_id], state=post.get("state", ""),
                reason=post.get("reason", ""),
            )  # fmt: skip
            messages.success(request, _("Verdict noté."))
        elif action == "assign":
            person = number_of(post.get("person", ""))
            if person is None and post.get("person"):
                raise Invalid(_("Choisissez une personne."), field="person")
            assign_detection(request.actor, detection_id=detection_id, person_id=person)
            messages.success(request, _("Détection confiée."))
        elif action == "note":
            note_detection(request.actor, detection_id=detection_id, text=post.get("text", ""))
            messages.success(request, _("Note ajoutée."))
        else:
            raise NotFound(_("Cette action n’existe pas."))
    except Invalid as error:
        return _shown(request, detection_id, error, action)
    return redirect("detection", detection_id)


@page(Permission.TELEMETRY_READ)
def entity(request: ActorRequest, detection_id: int, kind: str) -> HttpResponseBase:
    """Everything about the host or the user of a detection, in time. Its name stays out of addresses."""
    found = queries.get_detection(request.actor, detection_id)
    if kind not in wording.ENTITIES or not getattr(found, kind):
        raise NotFound(_("Cette détection ne nomme ni cet hôte ni ce compte."))
    days = entity_timeline.entity_timeline(request.actor, found, kind)
    context = {
        "detection": found,
        "kind": kind,
        "kind_words": wording.ENTITIES[kind],
        "name": getattr(found, kind),
        "pseudonym": getattr(found.sighting, kind),
        "days": days,
        "levels": [
            (wording.LEVELS[level], wording.MEANINGS.get(level, "calm"), n) for level, n in days.by_level
        ],
        "entries": [_moment(one) for one in days.entries],
    }
    return render(request, "detection/entity.html", context)


def _moment(one: Any) -> dict[str, Any]:
    """An entry of an entity's days, in words."""
    return {
        "at": one.at,
        "text": wording.entry_words(one),
        "url": one.url,
        "detail": wording.entry_detail(one),
        "meaning": one.meaning or (wording.dress(one.what).level_meaning if one.kind == "detection" else ""),
    }
