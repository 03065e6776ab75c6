"""The state of the feeds, and the records that they could not read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from rempart.intelligence import commands, jobs, queries
from rempart.intelligence.pages.downloads import download, wanted
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import NotFound
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission

_KIND_NAMES = {
    "kev": gettext_lazy("Vulnérabilités activement exploitées (KEV)"),
    "cve": gettext_lazy("Fiches CVE"),
    "epss": gettext_lazy("Probabilités d’exploitation (EPSS)"),
    "csaf": gettext_lazy("Avis de sécurité (CSAF)"),
    "osv": gettext_lazy("Vulnérabilités de bibliothèques (OSV)"),
    "vex": gettext_lazy("Déclarations de fournisseurs (VEX)"),
    "eol": gettext_lazy("Dates de soutien (endoflife.date)"),
}
_STATE_WORDS = {
    "inactive": gettext_lazy("Désactivée"),
    "unknown": gettext_lazy("Jamais lue"),
    "failed": gettext_lazy("En échec"),
    "late": gettext_lazy("En retard"),
    "successful": gettext_lazy("À jour"),
}
_MEANINGS = {
    "inactive": "calm",
    "unknown": "warn",
    "failed": "critical",
    "late": "critical",
    "successful": "ok",
}


@page(Permission.OPERATIONS_READ)
def feed_list(request: ActorRequest) -> HttpResponseBase:
    statuses = queries.feed_statuses(request.actor)
    troubled = [each for each in statuses if each.state in {"failed", "late"}]
    rejected = sum(each.rejected for each in statuses)
    context = {
        "feeds": [
            {
                "status": each,
                "kind": _KIND_NAMES.get(each.feed.kind, each.feed.kind),
                "state": _STATE_WORDS[each.state],
                "meaning": _MEANINGS[each.state],
            }
            for each in statuses
        ],
        "sentence": _sentence(statuses, troubled),
        "sentence_meaning": "critical"
        if troubled
        else "ok"
        if any(each.feed.enabled for each in statuses)
        else "",
        "rejected": rejected,
        "may_manage": request.actor.scope(Permission.INTELLIGENCE_MANAGE).everything,
    }
    return render(request, "intelligence/feed_list.html", context)


def _sentence(statuses: list[queries.FeedStatus], troubled: list[queries.FeedStatus]) -> str:
    if troubled:
        names = ", ".join(each.feed.name for each in troubled)
        said = ngettext("%(count)d source à remettre en marche : %(names)s.",
                        "%(count)d sources à remettre en marche : %(names)s.", len(troubled))  # fmt: skip
        return said % {"count": len(troubled), "names": names}
    active = sum(each.feed.enabled for each in statuses)
    if not active:
        return _("Aucune source n’est activée : rien n’est lu sur le réseau.")
    said = ngettext("%(count)d source activée, à jour.", "%(count)d sources activées, toutes à jour.", active)
    return said % {"count": active}


@require_POST
@page(Permission.INTELLIGENCE_MANAGE)
def feed_run(request: ActorRequest, name: str) -> HttpResponseBase:
    request.actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    if not queries.feed_exists(name):
        raise NotFound(_("Cette source n’existe pas."), field="name")
    if jobs.request_reading(name):
        messages.success(request, _("La lecture de %(name)s commence.") % {"name": name})
    else:
        messages.info(request, _("Une lecture de %(name)s attend déjà.") % {"name": name})
    return HttpResponseRedirect(reverse("feed_list"))


@require_POST
@page(Permission.INTELLIGENCE_MANAGE)
def feed_enable(request: ActorRequest, name: str) -> HttpResponseBase:
    enabled = request.POST.get("enabled") == "yes"
    commands.set_feed_enabled(request.actor, name=name, enabled=enabled)
    said = _("%(name)s est activée.") if enabled else _("%(name)s est désactivée.")
    messages.success(request, said % {"name": name})
    return HttpResponseRedirect(reverse("feed_list"))


def _feed(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(feed__name=value)


def _outcome(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(outcome=value) if value in {"changed", "unchanged", "failed", "running"} else rows


def _text(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(
        Q(where__icontains=value)
        | Q(record_id__icontains=value)
        | Q(reason__icontains=value)
        | Q(field__icontains=value)
    )


def _quarantine(names: list[str]) -> Listing:
    return Listing(
        key="quarantine",
        columns=(
            Column("record", gettext_lazy("Fiche"), ("record_id", "where")),
            Column("where", gettext_lazy("Où"), ("where",)),
            Column("feed", gettext_lazy("Source"), ("feed__name",)),
            Column("field", gettext_lazy("Champ"), ("field",)),
            Column("reason", gettext_lazy("Raison"), ("reason",)),
            Column("seen", gettext_lazy("Vue"), ("last_seen_at",)),
        ),
        filters=(
            Filter("feed", gettext_lazy("Source"), _feed, [(name, name) for name in names]),
            Filter("q", gettext_lazy("Texte"), _text),
        ),
        default_sort="-seen",
    )


@page(Permission.OPERATIONS_READ)
def quarantine(request: ActorRequest) -> HttpResponseBase:
    rows = queries.quarantined(request.actor)
    kind = _quarantine(queries.feed_names(request.actor))
    shown = kind.page(rows, request.GET)
    if wanted(request):
        headings = (_("Source"), _("Fiche"), _("Où"), _("Champ"), _("Raison"), _("Vue"))
        cells = (
            (r.feed.name, r.record_id, r.where, r.field, r.reason, r.last_seen_at)
            for r in kind.rows(rows, request.GET).iterator(chunk_size=2000)
        )
        title = _("Fiches mises de côté")
        return download(request, shown, "quarantaine", title, headings, cells, Marking.GREEN)
    for row in shown.rows:
        row.feed_words = _KIND_NAMES.get(row.feed.kind, row.feed.kind)
    return render(request, "intelligence/quarantine.html", {"page": shown, "export_url": request.path})


_OUTCOMES = (
    ("changed", gettext_lazy("a changé")),
    ("unchanged", gettext_lazy("rien de neuf")),
    ("failed", gettext_lazy("échec")),
    ("running", gettext_lazy("en cours")),
)


def _runs(names: list[str]) -> Listing:
    return Listing(
        key="feed_runs",
        columns=(
            Column("started", gettext_lazy("Début"), ("started_at",)),
            Column("feed", gettext_lazy("Source"), ("feed__name",)),
            Column("outcome", gettext_lazy("Issue"), ("outcome",)),
            Column("read", gettext_lazy("Lues"), ("read",), numeric=True),
            Column("added", gettext_lazy("Ajoutées"), ("added",), numeric=True),
            Column("changed", gettext_lazy("Changées"), ("changed",), numeric=True),
            Column("unchanged", gettext_lazy("Inchangées"), ("unchanged",), numeric=True),
            Column("rejected", gettext_lazy("Mises de côté"), ("rejected",), numeric=True),
            Column("error", gettext_lazy("Erreur")),
        ),
        filters=(
            Filter("feed", gettext_lazy("Source"), _feed, [(name, name) for name in names]),
            Filter("outcome", gettext_lazy("Issue"), _outcome, _OUTCOMES),
        ),
        default_sort="-started",
    )


@page(Permission.OPERATIONS_READ)
def feed_runs(request: ActorRequest) -> HttpResponseBase:
    shown = _runs(queries.feed_names(request.actor)).page(queries.feed_runs(request.actor), request.GET)
    context = {"page": shown, "outcomes": dict(_OUTCOMES)}
    for row in shown.rows:
        row.outcome_words = dict(_OUTCOMES).get(row.outcome, row.outcome)
        row.feed_words = _KIND_NAMES.get(row.feed.kind, row.feed.kind)
    return render(request, "intelligence/feed_runs.html", context)
