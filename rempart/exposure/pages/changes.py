"""What tonight's reading changed, and why: the runs, and the moves of each."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from rempart.exposure import change_words
from rempart.exposure.models import MatchRun
from rempart.exposure.pages import downloads
from rempart.exposure.queries import differences as queries
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.permissions import Permission

Rows = QuerySet[Any]


def _feed(rows: Rows, value: str) -> Rows:
    return rows.filter(feed=value)


def _kind(rows: Rows, value: str) -> Rows:
    return rows.filter(kind=value)


RUNS = Listing(
    "match_runs",
    (
        Column("started", _("Début"), ("started_at",)),
        Column("what", _("Rapprochement"), ("kind", "feed")),
        *(Column(move, label, numeric=True) for move, label in change_words.MOVES.items()),
    ),
    (
        Filter("kind", _("Rapprochement"), _kind, tuple(change_words.RUNS.items())),
        Filter("feed", _("Source"), _feed),
    ),
    "-started",
)


def _cause(rows: Rows, value: str) -> Rows:
    return rows.filter(verdict__cause=value)


def _component(rows: Rows, value: str) -> Rows:
    for word in value.split()[:5]:
        rows = rows.filter(component__search_text__icontains=word)
    return rows


CHANGES = Listing(
    "match_changes",
    (
        Column("vulnerability", _("Vulnérabilité"), ("vulnerability__cve_id",)),
        Column("move", _("Mouvement"), ("move",)),
        Column("n", _("Expositions"), ("n",), numeric=True),
        Column("component", _("Composant"), ("component__product", "component__version")),
        Column("body", _("Organisme"), ("body__code",)),
        Column("verdict", _("Verdict")),
        Column("why", _("Pourquoi")),
    ),
    (
        Filter(
            "move",
            _("Mouvement"),
            lambda rows, value: rows.filter(move=value),
            tuple(change_words.MOVES.items()),
        ),
        Filter("cause", _("Cause"), _cause, tuple(change_words.CAUSES.items())),
        Filter(
            "vulnerability",
            _("Vulnérabilité"),
            lambda rows, value: rows.filter(vulnerability__cve_id=value.upper()),
        ),
        Filter("q", _("Composant"), _component),
        Filter("body", _("Organisme"), lambda rows, value: rows.filter(body__code=value)),
    ),
    "vulnerability",
)


@page(Permission.EXPOSURE_READ)
def run_list(request: ActorRequest) -> HttpResponseBase:
    """Each reading of a feed that changed something, and each re-match, with what moved for the actor."""
    shown = RUNS.page(queries.runs(request.actor), request.GET)
    moved = queries.moved(request.actor, [one.pk for one in shown.rows])
    for row in shown.rows:
        row.what = change_words.run_in_words(row)
        row.moved = moved[row.pk]
    return render(request, "exposure/run_list.html", {"page": shown})


@page(Permission.EXPOSURE_READ)
def run_changes(request: ActorRequest, run_id: int) -> HttpResponseBase:
    """What one run changed, line by line."""
    run = queries.get_run(request.actor, run_id)
    rows = queries.moves(request.actor, run)
    shown = CHANGES.page(rows, request.GET)
    if downloads.wanted(request):
        cells = (
            [
                one.vulnerability.cve_id,
                str(change_words.MOVES[one.move]),
                one.n,
                str(one.component),
                one.body.name,
                change_words.statuses(one),
                change_words.why(one),
            ]
            for one in CHANGES.rows(rows, request.GET).iterator(chunk_size=2000)
        )
        headings = [column.label for column in CHANGES.columns]
        return downloads.download(
            request, f"rapprochement-{run.pk}", gettext("Ce que le rapprochement a changé"), headings, cells,
            shown,
        )  # fmt: skip
    for row in shown.rows:
        row.statuses = change_words.statuses(row)
        row.why = change_words.why(row)
        row.move_words = change_words.MOVES[row.move]
    context = {
        "run": run,
        "what": change_words.run_in_words(run),
        "page": shown,
        "export_url": request.path,
        "figures": _figures(queries.moved(request.actor, [run.pk])[run.pk]),
        "under_way": run.finished_at is None and run.kind != MatchRun.Kind.FEED,
    }
    return render(request, "exposure/run.html", context)


def _figures(moved: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {"label": label, "value": moved[move], "url": f"?move={move}"}
        for move, label in change_words.MOVES.items()
        if move in moved
    ]
