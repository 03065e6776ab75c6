"""``rempart import``: inventories from files and folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from rempart.assets import commands, queries
from rempart.assets.wording import sentence
from rempart.assets.words import COLUMNS
from rempart.kernel.actors import Actor, system
from rempart.kernel.errors import DomainError

_SHOWN = 20
_SUFFIXES = {".csv", ".txt", ".xlsx", ".json", ".jsonl", ".xml", ".cdx", ".spdx", ".reg"}


def install(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("import")(import_inventory)


def import_inventory(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            readable=True,
            help="CSV, XLSX, CycloneDX, SPDX, osquery, nmap… ; un dossier · a folder.",
        ),
    ],
    body: Annotated[str, typer.Option(help="Code de l’organisme · Code of the body.")],
    source: Annotated[
        str,
        typer.Option(help="Nom de l’inventaire · Name of the inventory; what it no longer shows has gone."),
    ] = "",
    asset: Annotated[
        str, typer.Option(help="Identifiant de l’actif décrit · Key of the asset that the file describes.")
    ] = "",
    mapping: Annotated[str, typer.Option(help='Colonnes · Columns, JSON: {"product": "Logiciel", …}.')] = "",
    partial: Annotated[
        bool,
        typer.Option(
            help="Le fichier ne dit pas tout : rien ne disparaît · A part only: nothing disappears."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            help="Dire ce qui changerait, sans rien changer · Say what would change, change nothing."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON.")] = False,
) -> None:
    """Importe un inventaire, en entier ou pas du tout · Import an inventory: whole, or not at all.

    Exit code 1 when a file is refused.
    """
    actor = system("cli")
    console = Console(stderr=as_json)
    body_id = _body(actor, body, console)
    columns = _mapping(mapping, console)
    files = (
        sorted(each for each in file.iterdir() if each.suffix.lower() in _SUFFIXES)
        if file.is_dir()
        else [file]
    )
    if not files:
        console.print(_("Aucun inventaire dans ce dossier."), style="red")
        raise typer.Exit(1)
    answers, refused = [], False
    for each in files:
        options = {"body_id": body_id, "source": source, "asset_key": asset or None, "mapping": columns}
        answer = _one(actor, each, console, dry_run, options | {"complete": not partial})
        refused = refused or bool(answer["errors"])
        answers.append(answer)
        if not as_json:
            _show(console, answer)
    if as_json:
        typer.echo(json.dumps(answers if file.is_dir() else answers[0], ensure_ascii=False, default=str))
    if refused:
        raise typer.Exit(1)


def _body(actor: Actor, code: str, console: Console) -> int:
    found = queries.writable_bodies(actor).filter(code=code).first()
    if found is None:
        console.print(
            _("Aucun organisme n’a le code « {code} ».").format(code=code), style="red", markup=False
        )
        raise typer.Exit(1)
    return int(found.pk)


def _mapping(text: str, console: Console) -> dict[str, str] | None:
    if not text:
        return None
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        console.print(f"--mapping: {error}", style="red", markup=False)
        raise typer.Exit(2) from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        console.print('--mapping: {"champ": "Colonne"}', style="red", markup=False)
        raise typer.Exit(2)
    return found


def _one(
    actor: Actor, path: Path, console: Console, dry_run: bool, options: dict[str, Any]
) -> dict[str, Any]:
    """Imports one file; never raises for a refusal, which is in the answer's ``errors``."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    answer: dict[str, Any] = {"file": str(path), "state": "refused", "errors": [], "error_count": 0}
    try:
        with bar:
            reading = bar.add_task(_("Lecture de {name}").format(name=path.name), total=None)
            found = commands.preview_inventory(
                actor,
                path=path,
                file_name=path.name,
                progress=lambda done, _note: bar.update(reading, completed=done),
                **options,
            )
            bar.update(reading, total=found.rows, completed=found.rows)
            if found.error_count or dry_run:
                commands.discard_import(actor, import_id=found.pk)
            else:
                applying = bar.add_task(_("Enregistrement"), total=found.rows)
                found = commands.apply_import(
                    actor,
                    import_id=found.pk,
                    progress=lambda done, _note: bar.update(applying, completed=done),
                )
    except DomainError as error:
        values = {"where": "", "field": error.field, "code": error.code, "message": str(error.message)}
        return {**answer, "errors": [values], "error_count": 1}
    errors = [{**each, "message": sentence(each["code"], each["values"])} for each in found.errors]
    state = found.state if not dry_run or found.error_count else "dry_run"
    return {
        **answer,
        "state": "refused" if found.error_count else state,
        "import": found.pk,
        "source": found.source,
        "kind": found.kind,
        "rows": found.rows,
        "headers": found.summary.get("headers", []),
        "mapping": found.mapping or {},
        "errors": errors,
        "error_count": found.error_count,
        **{part: found.summary.get(part, {}) for part in ("assets", "installs", "dependencies")},
        "duplicates": found.summary.get("duplicates", 0),
        "warnings": found.summary.get("warning_count", 0),
    }


def _show(console: Console, answer: dict[str, Any]) -> None:
    console.print(f"{answer['file']}: {answer['state']}", markup=False, highlight=False, soft_wrap=True)
    for error in answer["errors"][:_SHOWN]:
        place = " · ".join(part for part in (error["where"], error["field"]) if part)
        console.print(f"  {place}  {error['message']}", style="red", markup=False, highlight=False)
    if answer["error_count"] > _SHOWN:
        more = _("… et {count} autres erreurs.").format(count=answer["error_count"] - _SHOWN)
        console.print(f"  {more}", style="red", markup=False)
    if answer["errors"] and answer.get("headers"):
        _show_columns(console, answer)
    if answer["errors"] or "assets" not in answer:
        return
    _show_columns(console, answer)
    table = Table("", _("apparus"), _("changés"), _("disparus"), _("revenus"), _("inchangés"))
    for part, label in (
        ("assets", _("Actifs")),
        ("installs", _("Logiciels")),
        ("dependencies", _("Dépendances")),
    ):
        counts = answer[part]
        kinds = ("appeared", "changed", "disappeared", "revived", "unchanged")
        table.add_row(label, *(str(counts.get(kind, 0)) for kind in kinds))
    console.print(table)


def _show_columns(console: Console, answer: dict[str, Any]) -> None:
    """Which columns of a table were read, as what; and which were not."""
    mapping = answer["mapping"]
    read = ", ".join(f"{header} → {COLUMNS.get(field, field)}" for field, header in mapping.items())
    unread = ", ".join(header for header in answer["headers"] if header not in mapping.values())
    for label, columns in ((_("Colonnes lues"), read), (_("Colonnes non lues"), unread)):
        if columns:
            text = _("{label} : {columns}").format(label=label, columns=columns)
            console.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)
