"""``rempart indicators``: the values, the day's snapshot, the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rempart.indicators import commands, queries, wording
from rempart.indicators.api import reading_out
from rempart.indicators.report import report_pdf
from rempart.kernel.actors import system
from rempart.kernel.errors import DomainError

_JSON = typer.Option("--json", help="Réponse en JSON · Answer in JSON.")
_ORGANISATION = typer.Option(
    "--organisation",
    help="Code d’organisme, de centre ou du gouvernement · Code of the body, centre or government.",
)


def install(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Indicateurs · Indicators.")
    group.command("show")(show)
    group.command("snapshot")(snapshot)
    group.command("report")(report)
    app.add_typer(group, name="indicators")


def show(
    organisation: Annotated[str, _ORGANISATION] = "",
    period: Annotated[str, typer.Option(help="Jours regardés · Days looked back: 30, 90, 365.")] = "",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Tous les indicateurs d’un organisme · Every indicator of an organisation."""
    actor, console = system("cli"), Console(stderr=as_json, markup=False)
    try:
        where = queries.place(actor, organisation)
        found = queries.standing(actor, where, queries.period(period))
    except DomainError as error:
        console.print(str(error.message), style="red")
        raise typer.Exit(1) from error
    if as_json:
        answer = {
            "organisation": where.code,
            "days": found.days,
            "as_of": found.as_of.isoformat(),
            "readings": [reading_out(each) for each in found.readings],
        }
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    table = Table(
        "Objectif · Objective", "Indicateur · Indicator", "Valeur · Value", "Cible · Target", "État · State",
        title=where.name,
    )  # fmt: skip
    for each in found.readings:
        one = each.indicator
        table.add_row(
            one.objective,
            str(one.name),
            wording.written(one, each.measure.value),
            wording.target(one),
            str(wording.STATES[each.state]),
        )
    console.print(table)


def snapshot(as_json: Annotated[bool, _JSON] = False) -> None:
    """Garde les valeurs du jour · Keep the values of the day (again, if they were kept already)."""
    count = commands.take_snapshot(system("cli"))
    if as_json:
        typer.echo(json.dumps({"values": count}))
    else:
        Console().print(f"{count} valeurs · values")


def report(
    out: Annotated[Path, typer.Option(help="Fichier PDF à écrire · PDF file to write.", dir_okay=False)],
    organisation: Annotated[str, _ORGANISATION] = "",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Écrit le rapport aux autorités, bilingue, deux pages · Write the two-page bilingual report."""
    actor, console = system("cli"), Console(stderr=True, markup=False)
    try:
        where = queries.place(actor, organisation)
    except DomainError as error:
        console.print(str(error.message), style="red")
        raise typer.Exit(1) from error
    content = report_pdf(actor, where)
    draft = out.with_name(out.name + ".part")
    draft.write_bytes(content)
    draft.replace(out)
    if as_json:
        typer.echo(json.dumps({"file": str(out), "bytes": len(content), "organisation": where.code}))
    else:
        console.print(f"{out} ({len(content)} octets · bytes)")
