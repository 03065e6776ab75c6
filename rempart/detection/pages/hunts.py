"""Hunts: those asked, asking one, how each goes body by body, and what a body lets run over its logs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from rempart.detection import hunts_wording as wording
from rempart.detection.commands import hunting as commands
from rempart.detection.detections_wording import dress_sighting
from rempart.detection.pages.numbers import number_of, stated_number
from rempart.detection.queries import hunts as queries
from rempart.detection.queries.sightings import own_bodies
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError, Invalid, NotFound
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import Permission

_DIGITS = 8  # of numbers of days, minutes, hunts

HUNTS = Listing(
    "hunts",
    (
        Column("title", gettext_lazy("Chasse"), ("title",)),
        Column("state", gettext_lazy("Où elle en est")),
        Column("progress", gettext_lazy("Avancement")),
        Column("found", gettext_lazy("Détections"), numeric=True),
        Column("bodies", gettext_lazy("Organismes"), numeric=True),
        Column("rules", gettext_lazy("Règles"), ("rules",), numeric=True),
        Column("since", gettext_lazy("Depuis le"), ("since",)),
        Column("asked", gettext_lazy("Demandée"), ("asked_at",)),
        Column("who", gettext_lazy("Par"), ("asked_by__name",)),
    ),
    (Filter("q", gettext_lazy("Chasse"), lambda rows, value: rows.filter(title__icontains=value)),),
    "-asked",
)


@page(Permission.DETECTION_READ)
def hunt_list(request: ActorRequest) -> HttpResponseBase:
    """The hunts of the reader's bodies, and first those that wait for their word."""
    actor = request.actor
    shown = HUNTS.page(queries.hunts(actor), request.GET)
    progress = queries.progress(actor, [row.pk for row in shown.rows])
    for row in shown.rows:
        row.progress = progress.get(row.pk, queries.Progress())
        row.code, row.words, row.meaning = wording.standing(row.progress)
    may_allow = actor.may(Permission.HUNT_ALLOW)
    context = {
        "page": shown,
        "asked": [wording.dress(one) for one in queries.asked_of(actor)[:20]] if may_allow else [],
        "may_ask": actor.may(Permission.HUNT_ASK),
        "may_allow": may_allow,
    }
    return render(request, "detection/hunt_list.html", context)


@page(Permission.HUNT_ASK)
def hunt_new(request: ActorRequest) -> HttpResponseBase:
    """Asks bodies for a hunt, with what each keeps in view."""
    actor, post = request.actor, request.POST
    error = None
    if request.method == "POST":
        try:
            made = commands.ask_hunt(actor, **_values(request))
        except DomainError as refused:
            error = refused
        else:
            messages.success(
                request, _("Demandée : chaque nœud dira ce qu’elle coûte, puis son organisme décidera.")
            )
            return redirect("hunt", made.pk)
    version = _version(request)
    packs = queries.huntable_packs(actor)
    typed = post or {
        "days": "90",
        "title": version.rule.title if version else "",
        "rules": request.GET.get("rules", "")[:5000],
        "body_ids": "",
    }
    chosen = set(post.getlist("selected"))
    bodies = queries.askable(actor)
    for body in bodies:
        body.chosen = str(body.pk) in chosen
    bodies.sort(key=lambda body: not body.nodes)
    context = {
        "bodies": bodies,
        "ready": sum(bool(body.nodes) for body in bodies),
        "version": version,
        "packs": [("", _("Aucun")), *((one.digest, _pack_words(one)) for one in packs)],
        "typed": typed,
        "error": error,
    }
    return render(request, "detection/hunt_new.html", context, status=error.status if error else 200)


def _pack_words(pack: Any) -> str:
    rules = ngettext("%(n)d règle", "%(n)d règles", pack.rules) % {"n": pack.rules}
    if pack.body is not None:
        values = {"number": pack.number, "rules": rules, "body": pack.body.name}
        return _("Paquet %(number)d de %(body)s, %(rules)s") % values
    return _("Paquet %(number)d, %(rules)s") % {"number": pack.number, "rules": rules}


def _version(request: ActorRequest) -> Any:
    """The version of a rule that the address, or the form, names."""
    number = number_of(request.POST.get("version") or request.GET.get("version", ""))
    return None if number is None else queries.version_of(request.actor, number)


def _values(request: ActorRequest) -> dict[str, Any]:
    post, version = request.POST, _version(request)
    chosen = [number for number in map(number_of, post.getlist("selected")) if number is not None]
    return {
        "title": post.get("title", ""),
        "why": post.get("why", ""),
        "body_ids": chosen,
        "days": stated_number(post.get("days", ""), "days", digits=_DIGITS),
        "rule_keys": [] if version else post.get("rules", "").split(),
        "version_id": version.pk if version else None,
        "pack_digest": "" if version else post.get("pack", ""),
    }


@page(Permission.DETECTION_READ)
def hunt(request: ActorRequest, hunt_id: int) -> HttpResponseBase:
    """A hunt: how it goes in each body, its cost, what it found, and what may be decided."""
    return _shown(request, hunt_id)


def _shown(request: ActorRequest, hunt_id: int, error: DomainError | None = None) -> HttpResponseBase:
    actor = request.actor
    found = queries.get_hunt(actor, hunt_id)
    runs = [
        wording.dress(run)
        for run in queries.runs(actor).filter(hunt=found).order_by("body__name_fr", "node", "pk")
    ]
    for run in runs:
        run.may_allow = run.state == "estimated" and actor.may(Permission.HUNT_ALLOW, run.body_id)
        run.may_stop = (
            run.open
            and not run.may_allow
            and any(actor.may(right, run.body_id) for right in (Permission.HUNT_ASK, Permission.HUNT_ALLOW))
        )
    progress = queries.progress(actor, [found.pk]).get(found.pk, queries.Progress())
    _code, words, meaning = wording.standing(progress)
    context = {
        "hunt": found,
        "sought": wording.sought(found),
        "reads": found.version_id is not None and queries.version_of(actor, found.version_id) is not None,
        "latest": [dress_sighting(one) for one in queries.latest_found(actor, found.pk)],
        "runs": runs,
        "progress": progress,
        "words": words,
        "meaning": meaning,
        "may_cancel": any(run.may_stop or run.may_allow for run in runs) and actor.may(Permission.HUNT_ASK),
        "own": actor.may(Permission.TELEMETRY_READ),
        "may_see": actor.may(Permission.SIGHTING_READ),
        "error": error,
    }
    return render(request, "detection/hunt.html", context, status=error.status if error else 200)


@page(Permission.HUNT_ASK)
@require_POST
def hunt_cancel(request: ActorRequest, hunt_id: int) -> HttpResponseBase:
    """Stops a hunt wherever the reader may ask."""
    queries.get_hunt(request.actor, hunt_id)
    try:
        stopped = commands.cancel_hunt(request.actor, hunt_id=hunt_id, note=request.POST.get("note", ""))
    except NotFound:
        raise
    except DomainError as error:
        return _shown(request, hunt_id, error)
    words = ngettext("Arrêtée chez %(n)d nœud.", "Arrêtée chez %(n)d nœuds.", stopped) % {"n": stopped}
    messages.success(request, words)
    return redirect("hunt", hunt_id)


@page(Permission.HUNT_ALLOW, Permission.HUNT_ASK)
@require_POST
def hunt_run_act(request: ActorRequest, run_id: int, action: str) -> HttpResponseBase:
    """Lets a run go, refuses it, or stops it."""
    actor, note = request.actor, request.POST.get("note", "")
    run = queries.get_run(actor, run_id)
    try:
        if action == "cancel":
            commands.cancel_run(actor, run_id=run_id, note=note)
        elif action in {"allow", "refuse"}:
            commands.decide_run(actor, run_id=run_id, allow=action == "allow", note=note)
        else:
            raise NotFound(_("Cette action n’existe pas."))
    except NotFound:
        raise
    except DomainError as error:
        return _shown(request, run.hunt_id, error)
    messages.success(request, _("C’est fait."))
    return redirect("hunt", run.hunt_id)


@page(Permission.HUNT_ALLOW)
def hunt_authorisation(request: ActorRequest) -> HttpResponseBase:
    """What the reader's bodies let run without being asked each time."""
    actor, error = request.actor, None
    bodies = own_bodies(actor, Permission.HUNT_ALLOW)
    if request.method == "POST":
        try:
            chosen = next((one for one in bodies if str(one.pk) == request.POST.get("body_id")), None)
            if chosen is None:
                raise Invalid(_("Choisissez l’organisme."), field="body_id")
            values = {
                name: stated_number(request.POST.get(name, ""), name, digits=_DIGITS)
                for name in ("most_minutes", "per_day")
            }
            commands.authorise_hunts(actor, body_id=chosen.pk, **values)
        except DomainError as refused:
            error = refused
        else:
            messages.success(request, _("C’est fait."))
            return redirect("hunt_authorisation")
    held = queries.authorisations(actor)
    for body in bodies:
        body.held = held.get(body.pk)
        body.minutes = body.held.most_seconds // 60 if body.held else 0
    context = {"bodies": bodies, "error": error}
    return render(
        request, "detection/hunt_authorisation.html", context, status=error.status if error else 200
    )
