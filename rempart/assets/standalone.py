"""``rempart collect``: the software of this machine, as a CycloneDX document, sent to a node when asked."""

from __future__ import annotations

import json
import socket
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from rempart.assets.collect import machine
from rempart.engines.inventories.cyclonedx_document import cyclonedx_document
from rempart.engines.inventories.machines.packages import distinct
from rempart.kernel.nodes import PASSING, TOKEN, node_address, token_of

_SECONDS = 60.0
_NOTES_SHOWN = 10


_UNREACHED = "nœud injoignable · the node was not reached"
_AGAIN = "Reprenez plus tard, rien ne sera doublé · Try again later, nothing will be doubled"
_REFUSALS = {
    401: f"jeton inconnu ou expiré, voyez {TOKEN} · unknown or expired token, see {TOKEN}",
    403: "ce jeton ne permet pas d’écrire des actifs · this token may not write assets",
    404: "organisme inconnu, ou hors de portée du jeton · unknown body, or out of the token’s reach",
    413: "inventaire trop grand · the inventory is too large",
    429: "trop de demandes, attendez · too many requests, wait",
    503: "le nœud ne peut pas répondre pour l’instant · the node cannot answer for now",
}


def install(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("collect")(collect)


def collect(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            exists=True,
            readable=True,
            dir_okay=False,
            help="Exports d’une autre machine · Another machine’s exports (registry, winget, osquery…).",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Fichier CycloneDX · CycloneDX file (- : stdout).")
    ] = None,
    root: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Racine à relever · Root to look at.")
    ] = Path("/"),
    search: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, file_okay=False, help="Dossier de plus, répétable · One more folder, repeatable."
        ),
    ] = None,
    asset: Annotated[str, typer.Option(help="Clé de l’actif (nom d’hôte) · Asset key (host name).")] = "",
    osquery: Annotated[bool, typer.Option(help="Interroger osquery aussi · Ask osquery too.")] = False,
    send: Annotated[str, typer.Option(help="Adresse du nœud · Address of the node (https://…).")] = "",
    body: Annotated[str, typer.Option(help="Code de l’organisme · Code of the body.")] = "",
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Résumé en JSON (stderr après « -o - ») · Summary in JSON (on stderr with “-o -”)."
        ),
    ] = False,
) -> None:
    """Relève les logiciels de cette machine · List the software of this machine.

    Needs no database. Nothing leaves the machine without --send, which takes the body's token from the
    variable REMPART_TOKEN. Exit code 1 when nothing was found or the node refused.
    """
    console = Console(stderr=True)
    found = _found(files or [], root, search or [], osquery, console)
    if not found.rows:
        console.print("Aucun logiciel trouvé · No software found", style="red")
        _notes(found, console)
        raise typer.Exit(1)
    key = asset or (socket.gethostname() if not files and root == Path("/") else "")
    if not key:
        console.print("--asset : dites de quelle machine il s’agit · say which machine this is", style="red")
        raise typer.Exit(2)
    rows = distinct(found.rows)
    document = cyclonedx_document(
        key, rows, datetime.now(UTC), complete=not found.notes and not files, tool=_version()
    )
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    summary: dict[str, Any] = {"asset": key, "components": len(rows), "sources": found.counts}
    summary["notes"] = found.notes
    if output is not None and str(output) != "-":
        _write(output, text)
        summary["file"] = str(output)
    if send:
        summary["import"] = _send(send, body, key, text, console)
    piped = str(output) == "-"
    if piped or (output is None and not send and not as_json):
        sys.stdout.write(text)
    if as_json:  # one document on standard output, never two
        typer.echo(json.dumps(summary, ensure_ascii=False), err=piped)
    else:
        _show(summary, found, console)


def _found(
    files: list[Path], root: Path, search: list[Path], osquery: bool, console: Console
) -> machine.Found:
    if files:
        found = machine.Found()
        for each in files:
            machine.read_export(each, found)
        return found
    with console.status("") as status:
        return machine.collect(root, search=search, osquery=osquery, say=status.update)


def _write(path: Path, text: str) -> None:
    """Whole or not at all: the file takes its name once it is complete."""
    waiting = path.with_name(f".{path.name}.part")
    waiting.write_text(text, encoding="utf-8")
    waiting.replace(path)


def _send(node: str, body: str, key: str, text: str, console: Console) -> dict[str, Any]:
    try:
        token, address = token_of(), node_address(node, "--send")
        if not body:
            raise ValueError("--body : dites de quel organisme · say of which body")
    except ValueError as problem:
        console.print(str(problem), style="red", markup=False)
        raise typer.Exit(2) from None
    form = {"body": body, "asset": key, "source": f"collect:{key}"[:60], "complete": "true", "apply": "true"}
    try:
        answer = httpx.post(
            f"{address}/api/v1/assets/inventory/files",
            data=form,
            files={"file": (f"{key}.cdx.json", text.encode(), "application/json")},
            headers={"Authorization": f"Bearer {token}"},
            timeout=_SECONDS,
        )
    except httpx.HTTPError as error:
        said = "certificat ou TLS refusé · certificate or TLS refused" if "SSL" in str(error) else _UNREACHED
        console.print(f"{node} : {said} ({error})", style="red", markup=False, soft_wrap=True)
        console.print(_AGAIN, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    try:
        told = answer.json()
    except ValueError:
        told = {}
    if answer.status_code != httpx.codes.OK or told.get("error_count"):
        reason = _REFUSALS.get(answer.status_code, "le nœud refuse · the node refuses")
        answered = told.get("errors") or told.get("title") or answer.reason_phrase
        line = f"{node} : {reason} ({answer.status_code} {answered})"
        console.print(line, style="red", markup=False, soft_wrap=True)
        if answer.status_code in PASSING:
            console.print(_AGAIN, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    return {name: told.get(name) for name in ("id", "state", "rows", "installs")}


def _version() -> str:
    try:
        return version("rempart")
    except PackageNotFoundError:
        return "0"


def _notes(found: machine.Found, console: Console) -> None:
    for note in found.notes[:_NOTES_SHOWN]:
        console.print(f"  {note}", style="yellow", markup=False, highlight=False)
    if len(found.notes) > _NOTES_SHOWN:
        console.print(f"  … +{len(found.notes) - _NOTES_SHOWN}", style="yellow")


def _show(summary: dict[str, Any], found: machine.Found, console: Console) -> None:
    table = Table("Source", "Logiciels · Software")
    for source, count in found.counts.items():
        table.add_row(source, str(count))
    table.add_row(f"{summary['asset']} (distincts · distinct)", str(summary["components"]), style="bold")
    console.print(table)
    if found.notes:
        console.print("Non lu, l’inventaire se dit incomplet · Not read, the inventory says so")
        _notes(found, console)
    for name in ("file", "import"):
        if name in summary:
            console.print(f"{summary[name]}", markup=False, highlight=False)
