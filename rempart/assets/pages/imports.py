"""Inventories: received, mapped, previewed, applied; and their history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rempart.assets import commands, queries, words
from rempart.assets.pages.downloads import download, wanted
from rempart.assets.pages.forms import ImportForm
from rempart.assets.pages.lists import IMPORT_HEADINGS, import_cells, import_listing
from rempart.assets.wording import sentence
from rempart.kernel.edge import ActorRequest, page
from rempart.kernel.errors import DomainError
from rempart.kernel.forms import show_refusal
from rempart.kernel.permissions import Permission
from rempart.kernel.uploads import Kind, receive

MAX_FILE_BYTES = 256 * 1024**2
FILE_KINDS = (Kind.CSV, Kind.XLSX, Kind.JSON, Kind.XML)
_ERRORS_SHOWN = 200


@page(Permission.ASSET_READ)
def import_list(request: ActorRequest) -> HttpResponseBase:
    """Every inventory received from the bodies that the reader sees."""
    listing, rows = import_listing(request.actor), queries.imports(request.actor)
    found = listing.page(rows, request.GET)
    if wanted(request):
        cells = import_cells(listing.rows(rows, request.GET))
        return download(request, "inventaires", _("Inventaires"), IMPORT_HEADINGS, cells, found.sentence)
    for row in found.rows:
        first = row.errors[0] if row.state == "refused" and row.errors else None
        row.refusal = sentence(first["code"], first["values"]) if first else ""
    context = {
        "page": found,
        "export_url": request.path,
        "may_write": request.actor.may(Permission.ASSET_WRITE),
    }
    return render(request, "assets/import_list.html", context)


@page(Permission.ASSET_WRITE)
def import_new(request: ActorRequest) -> HttpResponseBase:
    """Receives a file and previews it."""
    form = ImportForm(request.actor, request.POST or None, request.FILES or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            previewed = _receive(request, form.cleaned_data)
        except DomainError as error:
            show_refusal(form, error)
        else:
            return redirect("import_detail", previewed.pk)
    return render(request, "assets/import_new.html", {"form": form})


def _receive(request: ActorRequest, data: dict[str, Any]) -> Any:
    stored = receive(data["file"], kinds=FILE_KINDS, max_bytes=MAX_FILE_BYTES, spool_dir=commands.spool_dir())
    try:
        return commands.preview_inventory(
            request.actor,
            body_id=data["body_id"],
            path=stored.path,
            file_name=stored.name,
            source=data["source"],
            complete=not data["partial"],
            asset_key=data["asset_key"] or None,
        )
    except BaseException:
        stored.path.unlink(missing_ok=True)
        raise


@page(Permission.ASSET_READ)
def import_detail(request: ActorRequest, import_id: int) -> HttpResponseBase:
    """An inventory: its preview (columns, errors, differences), its progress, or its result."""
    found = queries.get_import(request.actor, import_id)
    progress = queries.job_progress(found) if found.state == "previewed" else None
    context = {
        "inventory": found,
        "progress": progress,
        "errors": [
            {**each, "message": sentence(each["code"], each["values"])}
            for each in found.errors[:_ERRORS_SHOWN]
        ],
        "warnings": [
            {**each, "message": sentence(each["code"], each["values"])} for each in _warnings(found)
        ],
        "counts": _counts(found.summary),
        "samples": _samples(found.summary.get("samples", {})),
        "columns": _columns(found),
        "may_write": request.actor.may(Permission.ASSET_WRITE, found.body_id),
    }
    template = (
        "assets/_import_progress.html"
        if request.headers.get("HX-Request") and progress
        else "assets/import.html"
    )
    return render(request, template, context)


def _warnings(found: Any) -> list[dict[str, Any]]:
    warnings: list[dict[str, Any]] = found.summary.get("warnings", [])
    return warnings[:20]


def _counts(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": label, "values": [summary[part].get(kind, 0) for kind in words.COUNTS]}
        for part, label in words.COUNTED.items()
        if part in summary
    ]


def _samples(samples: dict[str, Any]) -> list[dict[str, Any]]:
    titles = {
        "assets_appeared": _("Actifs qui apparaissent"),
        "assets_changed": _("Actifs qui changent"),
        "assets_disappeared": _("Actifs qui disparaissent"),
        "installs_appeared": _("Logiciels qui apparaissent"),
        "installs_disappeared": _("Logiciels qui disparaissent"),
    }
    found = []
    for name, title in titles.items():
        rows = samples.get(name)
        if rows and name == "assets_changed":
            found.append({"title": title, "rows": [(row["key"], _changes(row["fields"])) for row in rows]})
        elif rows:
            found.append({"title": title, "rows": [(row[0], _software(row[1:])) for row in rows]})
    return found


def _changes(fields: list[list[Any]]) -> str:
    return " ; ".join(
        f"{words.FIELDS.get(name, name)} : {_shown(name, before)} → {_shown(name, after)}"
        for name, before, after in fields
    )


def _shown(name: str, value: Any) -> str:
    names: dict[str, dict[Any, Any]] = {"kind": words.KINDS, "network_exposure": words.EXPOSURES}
    return str(names.get(name, {}).get(value, value)) if value not in (None, "") else "–"


def _software(parts: list[str]) -> str:
    """A name, or vendor, product, version, purl and CPE in one line."""
    if len(parts) == 1:
        return parts[0]
    vendor, product, version, purl, cpe = parts
    return " ".join(part for part in (vendor, product or purl or cpe, version) if part)


def _columns(found: Any) -> list[dict[str, Any]]:
    """The mapping form's lines: our field, its label, the file's columns, the one chosen."""
    headers = found.summary.get("headers", [])
    if not headers or found.state != "previewed":
        return []
    choices = [("", "–"), *((header, header) for header in headers)]
    return [
        {"name": f"column-{field}", "label": label, "choices": choices, "value": found.mapping.get(field, "")}
        for field, label in words.COLUMNS.items()
    ]


@require_POST
@page(Permission.ASSET_WRITE)
def import_map(request: ActorRequest, import_id: int) -> HttpResponseBase:
    """Previews the same file again with other columns."""
    found = queries.get_import(request.actor, import_id)
    mapping = {
        field: header for field in words.COLUMNS if (header := request.POST.get(f"column-{field}", ""))
    }
    try:
        again = commands.remap_import(request.actor, import_id=found.pk, mapping=mapping)
    except DomainError as error:
        messages.error(request, str(error.message))
        return redirect("import_detail", import_id)
    return redirect("import_detail", again.pk)


@require_POST
@page(Permission.ASSET_WRITE)
def import_apply(request: ActorRequest, import_id: int) -> HttpResponseBase:
    """Applies a previewed inventory, at once or by a job."""
    try:
        applied = commands.request_apply(request.actor, import_id=import_id)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        if applied.state == "applied":
            messages.success(request, _("Inventaire appliqué."))
    return redirect("import_detail", import_id)


@require_POST
@page(Permission.ASSET_WRITE)
def import_discard(request: ActorRequest, import_id: int) -> HttpResponseBase:
    """Gives up a preview."""
    commands.discard_import(request.actor, import_id=import_id)
    messages.success(request, _("Inventaire écarté ; rien n’a changé."))
    return redirect("import_list")


@page(Permission.ASSET_READ)
def import_errors(request: ActorRequest, import_id: int) -> HttpResponseBase:
    """The errors kept, as a file to correct the inventory by."""
    found = queries.get_import(request.actor, import_id)

    def cells() -> Iterator[list[Any]]:
        for each in found.errors:
            yield [each["where"], each["field"], sentence(each["code"], each["values"])]

    headings = (_("Ligne"), _("Colonne"), _("Erreur"))
    return download(
        request, f"erreurs-{import_id}", _("Erreurs de l’inventaire"), headings, cells(), found.file_name
    )
