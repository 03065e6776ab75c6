"""The audit trail, the operations page, and what a monitor reads."""

from __future__ import annotations

import hmac
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, register_converter
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from rempart.kernel import commands, exports, health, metrics, queries, wording
from rempart.kernel.downloads import saved, wanted
from rempart.kernel.edge import ActorRequest, page, public
from rempart.kernel.errors import NotFound
from rempart.kernel.listing import Column, Filter, Listing
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.text import language_of_reader
from rempart.kernel.time import now

_LOOPBACK = ("127.0.0.1", "::1")
_EXPORTED = 100_000


class Sequence:
    """A number of 18 digits at most, which both databases can compare."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(Sequence, "seq")


def _by_actor(rows: Any, text: str) -> Any:
    return rows.filter(actor_label__icontains=text)


def _by_action(rows: Any, text: str) -> Any:
    return rows.filter(action__startswith=text)


def _actions() -> list[tuple[str, str]]:
    return sorted(
        ((code, str(words)) for code, words in wording.known("ACTIONS").items()), key=lambda each: each[1]
    )


def _by_object(rows: Any, text: str) -> Any:
    kind, _colon, number = text.rpartition(":")
    return (
        rows.filter(object_type=kind, object_id=number) if kind else rows.filter(object_label__icontains=text)
    )


def _by_body(rows: Any, text: str) -> Any:
    return rows.filter(body_id__in=queries.body_ids_named(text))


def _since(rows: Any, text: str) -> Any:
    day = _day(text)
    return rows.filter(at__date__gte=day) if day else rows


def _until(rows: Any, text: str) -> Any:
    day = _day(text)
    return rows.filter(at__date__lte=day) if day else rows


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None


AUDIT = Listing(
    key="audit",
    columns=(
        Column("seq", gettext_lazy("N°"), ("seq",), numeric=True),
        Column("at", gettext_lazy("Moment"), ("seq",)),
        Column("actor", gettext_lazy("Qui"), ("actor_label",)),
        Column("action", gettext_lazy("Action"), ("action",)),
        Column("object", gettext_lazy("Objet")),
        Column("body", gettext_lazy("Organisme"), ("body_id",)),
        Column("reason", gettext_lazy("Motif"), optional=True),
    ),
    filters=(
        Filter("actor", gettext_lazy("Qui"), _by_actor),
        Filter("action", gettext_lazy("Action"), _by_action, _actions),
        Filter("object", gettext_lazy("Objet"), _by_object, folded=True),
        Filter("body", gettext_lazy("Organisme"), _by_body),
        Filter("since", gettext_lazy("Depuis le"), _since, kind="date", folded=True),
        Filter("until", gettext_lazy("Jusqu’au"), _until, kind="date", folded=True),
    ),
    default_sort="-seq",
)


@page(Permission.AUDIT_READ)
@require_GET
def audit_log(request: ActorRequest) -> HttpResponseBase:
    rows = queries.audit_entries(request.actor)
    if wanted(request):
        return _export_audit(request, AUDIT.rows(rows, request.GET)[:_EXPORTED])
    shown = AUDIT.page(rows, request.GET)
    codes = queries.body_codes({row.body_id for row in shown.rows if row.body_id})
    for row in shown.rows:
        row.body_code = codes.get(row.body_id, "")
    return render(request, "kernel/audit_log.html", {"page": shown, "export_url": request.path})


def _export_audit(request: ActorRequest, rows: Any) -> HttpResponseBase:
    headings = ("N°", _("Moment"), _("Qui"), _("Action"), _("Code"), _("Objet"), _("Motif"), _("Empreinte"))
    export = exports.Export(
        columns=[exports.Column(heading) for heading in headings],
        rows=(
            (
                row.seq,
                row.at,
                row.actor_label,
                wording.action(row.action),
                row.action,
                f"{row.object_type}:{row.object_id} {row.object_label}",
                row.reason,
                row.hash,
            )
            for row in rows.iterator(chunk_size=1000)
        ),
        marking=Marking.AMBER_STRICT,
        title=_("Journal d’audit"),
        filters=AUDIT.sentence(request.GET),
        made_at=now(),
        language=language_of_reader(request.LANGUAGE_CODE),
    )
    return saved(export, request.GET["format"], f"audit-{export.made_at:%Y-%m-%d}")


@page(Permission.AUDIT_READ)
@require_GET
def audit_entry(request: ActorRequest, seq: int) -> HttpResponse:
    entry = queries.get_audit_entry(request.actor, seq)
    codes = queries.body_codes({entry.body_id} if entry.body_id else set())
    context = {
        "entry": entry,
        "changes": queries.changes(entry),
        "body_code": codes.get(entry.body_id or 0, ""),
    }
    return render(request, "kernel/audit_entry.html", context)


def _job_names() -> list[tuple[str, str]]:
    """The kinds of jobs there are, by what each does."""
    return sorted(((path, wording.job(path)) for path in queries.job_paths()), key=lambda each: each[1])


_STATES = (
    ("READY", gettext_lazy("En file")),
    ("RUNNING", gettext_lazy("En cours")),
    ("SUCCESSFUL", gettext_lazy("Réussie")),
    ("FAILED", gettext_lazy("En échec")),
)
JOBS = Listing(
    key="jobs",
    columns=(
        Column("task", gettext_lazy("Tâche"), ("task_path",)),
        Column("state", gettext_lazy("État"), ("state",)),
        Column("progress", gettext_lazy("Avancement")),
        Column("enqueued", gettext_lazy("Demandée"), ("enqueued_at",)),
        Column("finished", gettext_lazy("Terminée"), ("finished_at",)),
        Column("attempts", gettext_lazy("Essais"), ("attempts",), numeric=True),
        Column("queue", gettext_lazy("File"), ("queue",), optional=True),
    ),
    filters=(
        Filter("state", gettext_lazy("État"), lambda rows, text: rows.filter(state=text), _STATES),
        Filter("task", gettext_lazy("Tâche"), lambda rows, text: rows.filter(task_path=text), _job_names),
    ),
    default_sort="-enqueued",
)


@page(Permission.OPERATIONS_READ)
@require_GET
def operations(request: ActorRequest) -> HttpResponse:
    context = {
        "page": JOBS.page(queries.jobs(request.actor), request.GET),
        "backlog": queries.backlog(),
        "parked": queries.parked_events(request.actor),
        "workers": queries.workers(),
        "alive": sum(worker.alive for worker in queries.workers()),
        "counts": queries.job_counts(),
        "runs": queries.scheduled_runs(),
        "may_act": request.actor.scope(Permission.OPERATIONS_ACT).everything,
    }
    return render(request, "kernel/operations.html", context)


@page(Permission.OPERATIONS_READ)
@require_GET
def job(request: ActorRequest, job_id: UUID) -> HttpResponse:
    context = {
        "job": queries.get_job(request.actor, job_id),
        "may_act": request.actor.scope(Permission.OPERATIONS_ACT).everything,
    }
    return render(request, "kernel/job.html", context)


@page(Permission.OPERATIONS_ACT)
@require_POST
def job_action(request: ActorRequest, job_id: UUID, action: str) -> HttpResponse:
    if action == "retry":
        commands.retry_job(request.actor, job_id=job_id)
        messages.success(request, _("La tâche est remise en file."))
    elif action == "cancel":
        commands.cancel_job(request.actor, job_id=job_id)
        messages.success(request, _("La tâche est annulée."))
    else:
        raise NotFound(_("Cette action n’existe pas."))
    return redirect("operations")


@page(Permission.OPERATIONS_ACT)
@require_POST
def event_retry(request: ActorRequest, event_id: int) -> HttpResponse:
    commands.retry_event(request.actor, event_id=event_id)
    messages.success(request, _("L’événement est remis en file."))
    return redirect("operations")


@public
@require_GET
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether this node may receive traffic: the database is there and up to date, and a worker is alive."""
    database = health.database_ready()
    worker = database and health.worker_alive()
    return JsonResponse({"database": database, "worker": worker}, status=200 if database and worker else 503)


@public
@require_GET
def prometheus(request: HttpRequest) -> HttpResponse:
    """For whoever shows the token, or asks from this very machine without going through a proxy."""
    given = request.headers.get("Authorization", "")
    token = settings.METRICS_TOKEN
    shown = bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    proxied = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if not shown and (request.META.get("REMOTE_ADDR") not in _LOOPBACK or proxied):
        return HttpResponse(status=403)
    return HttpResponse(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


urlpatterns = [
    path("audit/", audit_log, name="audit_log"),
    path("audit/<seq:seq>/", audit_entry, name="audit_entry"),
    path("operations/", operations, name="operations"),
    path("operations/jobs/<uuid:job_id>/", job, name="job"),
    path("operations/jobs/<uuid:job_id>/<slug:action>/", job_action, name="job_action"),
    path("operations/events/<seq:event_id>/retry/", event_retry, name="event_retry"),
    path("readyz", readyz, name="readyz"),
    path("metrics", prometheus, name="metrics"),
]
