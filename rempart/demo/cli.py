"""``rempart demo``: makes the demo government, and plays December 2021."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from rempart.kernel.cli import said

err = Console(stderr=True)


def install(app: typer.Typer) -> None:
    demo = typer.Typer(no_args_is_help=True, help="Gouvernement de démonstration · Demo government.")
    demo.command("make")(make)
    demo.command("sign-ins")(sign_ins)
    demo.command("answer")(answer)
    demo.command("replay")(replay)
    app.add_typer(demo, name="demo")


def make(
    bodies: int = typer.Option(60, min=1, max=2000, help="Organismes publics · Public bodies"),
    assets: int = typer.Option(
        0, min=0, help="Actifs en tout · Assets in all (0: 40 par organisme · per body)"
    ),
    seed: int = typer.Option(2020, help="Même graine, même gouvernement · Same seed, same government"),
    if_empty: bool = typer.Option(
        False, help="Ne rien faire si la base est peuplée · Do nothing if populated"
    ),
    as_json: bool = typer.Option(False, "--json", help="Résultat en JSON · Result as JSON"),
) -> None:
    """Crée un gouvernement fictif · Make a fictional government."""
    from rempart.demo import make as maker

    if not maker.is_empty():
        if if_empty:
            if as_json:
                typer.echo(json.dumps(maker.Made(0, 0, 0, 0, 0, 0).__dict__))
            return
        err.print("[red]La base contient déjà des organismes · The database already holds organisations.[/]")
        raise typer.Exit(1)
    with _progress() as progress:
        made = maker.make(bodies=bodies, total_assets=assets or bodies * 40, seed=seed, progress=progress)
    if as_json:
        typer.echo(json.dumps(made.__dict__))
    else:
        err.print(
            f"{made.bodies} organismes · bodies, {made.people} personnes · people, "
            f"{made.assets} actifs · assets, {made.installs} installations · installs, "
            f"{made.rules} règles · rules, {made.detections} détections · detections"
        )


def sign_ins(
    as_json: bool = typer.Option(False, "--json", help="Réponse en JSON · Answer in JSON"),
) -> None:
    """Affiche les comptes de démonstration · Print the demo sign-ins."""
    from django.conf import settings

    from rempart.demo.accounts import print_sign_ins, sign_ins_of_demo

    if as_json:
        typer.echo(json.dumps(sign_ins_of_demo(), ensure_ascii=False))
        return
    print_sign_ins(err, settings.PUBLIC_URL)


def answer(as_json: bool = typer.Option(False, "--json", help="Bilan en JSON · Outcome as JSON")) -> None:
    """Fait répondre les organismes · Let the bodies answer their directives."""
    from rempart.demo import answers

    with said(), _progress() as progress:
        made = answers.answer(lambda done, total: progress("réponses · answers", done, total))
    if as_json:
        typer.echo(json.dumps(made.__dict__))
    else:
        err.print(
            f"{made.acknowledged} accusés · acknowledged, {made.declared} déclarés · declared, "
            f"{made.inventories} inventaires · inventories"
        )


def replay(
    feeds: Path = typer.Option(Path("../shared/data"), help="Dossier des données · Data folder"),
    seconds: float = typer.Option(120, min=0, help="Durée · Duration"),
    as_json: bool = typer.Option(False, "--json", help="Bilan en JSON · Outcome as JSON"),
) -> None:
    """Rejoue décembre 2021 (Log4Shell) sur l’écran · Play December 2021 (Log4Shell) on the screen.

    The data folder holds cve/log4shell.jsonl and kev/known_exploited_vulnerabilities.json. Look at the board
    meanwhile, in a browser. Exit code 1 without the data or the demo government.
    """
    from django.conf import settings

    from rempart.demo.replay import play

    err.print(f"Regardez le tableau de bord · Watch the board: {settings.PUBLIC_URL}", highlight=False)
    with said(), _progress() as progress:
        outcome = play(feeds, seconds, lambda line: err.print(line, highlight=False), progress)
    if as_json:
        typer.echo(json.dumps(outcome.__dict__))
        return
    err.print(
        f"24 décembre · {outcome.bodies} organismes visés : {outcome.acknowledged} ont accusé réception, "
        f"{outcome.declared} ont déclaré le correctif, {outcome.verified} l’ont prouvé par l’inventaire, "
        f"{outcome.reopened} sont rouverts parce que l’inventaire les dément.",
        highlight=False,
    )
    err.print(
        f"24 December · {outcome.bodies} bodies addressed: {outcome.acknowledged} acknowledged, "
        f"{outcome.declared} declared the fix, {outcome.verified} proved it by their inventory, "
        f"{outcome.reopened} reopened because their inventory says otherwise.",
        highlight=False,
    )


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing done, one under the other, on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(12),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # 80 wide
    with Progress(*columns, console=err) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield progress
