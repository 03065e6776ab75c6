"""``rempart rematch``: matching anew what is stored (``rempart match`` needs no database)."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from rempart.exposure import changes_cli, commands, products_cli
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import system
from rempart.kernel.errors import DomainError
from rempart.organisations import queries as organisations


def install(app: typer.Typer) -> None:
    app.command("rematch")(rematch)
    products_cli.install(app)


def rematch(
    everything: Annotated[bool, typer.Option("--all", help="Tout · Everything.")] = False,
    identities: Annotated[
        bool,
        typer.Option(help="Renommer tous les produits · Name every product anew."),
    ] = False,
    exposures: Annotated[
        bool,
        typer.Option(
            help="Relire chaque exposition de chaque organisme · Read every exposure of every body again."
        ),
    ] = False,
    processes: Annotated[
        int,
        typer.Option(
            "--jobs", min=0, help="Avec --all : processus à la fois · With --all: processes at once."
        ),
    ] = 0,
    vulnerability: Annotated[list[str] | None, typer.Option(help="CVE-…, répétable · repeatable.")] = None,
    body: Annotated[list[str] | None, typer.Option(help="Code d’organisme · Code of a body.")] = None,
    show_last: Annotated[
        bool,
        typer.Option(
            "--show-last", help="Montre ce que le dernier a changé · Show what the last one changed."
        ),
    ] = False,
    run: Annotated[int, typer.Option(help="Avec --show-last : son numéro · its number.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON.")] = False,
) -> None:
    """Rapproche de nouveau composants et vulnérabilités · Match components and vulnerabilities anew.

    Says what changed. Harmless when run again.
    """
    actor = system("cli")
    console = Console(stderr=as_json)
    if show_last:
        changes_cli.show(actor, run or None, as_json=as_json)
        return
    if not (everything or identities or exposures or vulnerability or body):
        console.print(
            "[red]--all, --identities, --exposures, --vulnerability CVE-…, --body CODE | --show-last[/]"
        )
        raise typer.Exit(2)
    total = commands.Matched()
    try:
        ids = [intelligence.get_vulnerability(actor, one.upper()).pk for one in vulnerability or ()]
        bodies = [organisations.get_organisation(actor, one).pk for one in body or ()]
    except DomainError as error:
        console.print(str(error.message), style="red", markup=False)
        raise typer.Exit(1) from error
    if identities or everything:
        rematch_all = partial(commands.rematch_all, processes=processes or None)
        work = commands.identify_anew if identities else rematch_all
        total.add(_shown("Rapprochement · Matching", work))
    if exposures:
        total.add(_shown("Expositions · Exposures", commands.reconcile_all))
    if ids:
        total.add(commands.rematch_vulnerabilities(ids))
    for body_id in bodies:
        total.add(commands.reconcile_body(body_id))
    if as_json:
        typer.echo(json.dumps(total.summary()))
        return
    table = Table("", "")
    for name, count in total.summary().items():
        table.add_row(name.replace("_", " "), str(count))
    console.print(table)


def _shown(title: str, work: Callable[[Callable[[int, int], None]], commands.Matched]) -> commands.Matched:
    """Does the work under a bar of its progress."""
    with Progress(console=Console(stderr=True)) as bar:
        task: TaskID = bar.add_task(title, total=None)
        return work(lambda done, of: bar.update(task, completed=done, total=of))
