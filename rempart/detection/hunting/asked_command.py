"""``rempart hunts run``: what the platform asks of the logs that a body keeps, done beside them."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from rempart.detection import options, packfile, rulebook, sending
from rempart.detection.hunting import asked
from rempart.detection.hunting.command import COLUMNS, EngineName, Over
from rempart.detection.hunting.platform import Platform, Refused, Taken, Unanswered
from rempart.engines import observables, sigma
from rempart.kernel.nodes import token_of
from rempart.spread import ENGINES, EngineMissing

_AGAIN = 600.0  # seconds between two looks at what is kept

app = typer.Typer(no_args_is_help=True, help="Chasses demandées à l’organisme · Hunts asked of the body.")


@app.callback()
def _group() -> None:
    """Chasses demandées à l’organisme · Hunts asked of the body."""


@app.command("run")
def run(
    node: Annotated[str, typer.Option("--node", help="Adresse de la plateforme · Address of the platform.")],
    body: Annotated[str, typer.Option(help="Code de l’organisme · Code of the body.")],
    over: Over = None,
    key: options.Keys = None,
    name: Annotated[str, typer.Option(help="Nom de cette machine · Name of this machine.")] = "",
    once: Annotated[
        bool,
        typer.Option("--once", help="Finir quand il n’y a plus rien à faire · End when nothing is left."),
    ] = False,
    every: Annotated[
        float, typer.Option(min=1, max=3600, help="Secondes entre deux demandes · Seconds between two asks.")
    ] = 10.0,
    work: Annotated[
        Path | None, typer.Option("--work", help="Dossier de travail, privé · Folder of the work, private.")
    ] = None,
    token_file: options.TokenFile = None,
    placeholders: options.Placeholders = None,
    mappings: options.Mappings = None,
    engine: EngineName = "local",
    jobs: options.Jobs = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Une ligne JSON par étape · A JSON line a step.")
    ] = False,
) -> None:
    """Fait les chasses que l’organisme a permises, dans ses journaux gardés · Run the hunts that the body
    allowed, over the logs that it keeps.

    Estimates what each costs, waits for the body's word, tells how far it is, stops when it is cancelled.
    Detections go up as those of detect --send; logs stay here. Killed, it takes up where it was. The token
    (sighting:send) is in REMPART_TOKEN or --token-file; rules must be signed by --key. Exit status with
    --once: 0 when all went well, 1 when something could not be done, 2 when the command is not understood.
    """
    from rempart.detection.standalone import cache_folder

    console = Console(stderr=True)
    if not over or not key:
        _stop(console, "rempart hunts run --node URL --body CODE --over FOLDER --key KEY", 2)
    if engine not in ENGINES:
        _stop(console, f"--engine {engine} : inconnu · unknown ({', '.join(ENGINES)})", 2)
    try:
        lists = rulebook.placeholders_of(placeholders)
        platform = Platform(node, body, name or socket.gethostname(), token_of(token_file, "--token-file"))
    except ValueError as problem:
        _stop(console, str(problem), 2)
    place = asked.Place(
        over, work or _work_folder(), tuple(key), cache_folder(), engine, jobs, lists, mappings
    )
    try:
        with platform:
            failed = _turns(platform, place, console, once=once, every=every, as_json=as_json)
    except KeyboardInterrupt:
        _stop(
            console, "Interrompu : repris au prochain départ · Interrupted: taken up at the next start", 130
        )
    raise typer.Exit(1 if failed else 0)


def _turns(
    platform: Platform, place: asked.Place, console: Console, *, once: bool, every: float, as_json: bool
) -> bool:
    """Turn after turn; with ``once``, until one changes nothing. Returns whether something could not be
    done.
    """
    seen: dict[str, Any] = {}
    at = 0.0
    failed: dict[int, bool] = {}  # runs that could not be done, and whether they may be later
    while True:
        try:
            if not seen or time.monotonic() - at >= _AGAIN:
                seen, at = asked.kept(place.over), time.monotonic()
            runs = platform.announce(seen)
        except (Unanswered, Refused, OSError) as problem:
            if once:
                _stop(console, str(problem), 1)
            _tell(console, str(problem))
            time.sleep(every)
            continue
        moved = _turn(platform, place, runs, failed, console, as_json)
        if once and not moved:
            return bool(failed)
        if not moved:
            time.sleep(every)
            failed = {run: later for run, later in failed.items() if not later}


def _turn(
    platform: Platform,
    place: asked.Place,
    runs: list[Taken],
    failed: dict[int, bool],
    console: Console,
    as_json: bool,
) -> bool:
    """Each run that is given; whether one moved."""
    moved = False
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Chasse · Hunt", total=None, events=0)
        node = asked.Node(
            platform,
            place,
            follow=lambda done, total: bar.update(task, completed=done, total=total, events=done),
        )
        node.forget({run.id for run in runs})
        for run in runs:
            if run.id in failed:
                continue
            outcome = _taken(node, platform, run, console)
            if isinstance(outcome, asked.Outcome):
                moved = True
                _show(outcome, as_json)
            elif outcome is not None:
                failed[run.id] = outcome
    return moved


def _taken(node: asked.Node, platform: Platform, run: Taken, console: Console) -> asked.Outcome | bool | None:
    """What became of a run; None when it waits. Where it could not be done, which was told: whether it may
    be later, for the platform did not answer.
    """
    try:
        return node.take(run)
    except (Unanswered, sending.NotSent) as problem:
        _tell(console, f"{run.id}: {problem}")
        return True
    except (Refused, packfile.BadPack) as problem:
        _tell(console, f"{run.id}: {problem}")
    except (observables.IndicatorError, sigma.BadMappings, EngineMissing, OSError, ValueError) as problem:
        _tell(console, f"{run.id}: {problem}")
        asked.fail(platform, run, "logs" if isinstance(problem, FileNotFoundError) else "work")
    return False


def _show(outcome: asked.Outcome, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(outcome), ensure_ascii=False))
        return
    Console().print(
        f"{outcome.run} {escape(outcome.title)} : {outcome.state}, {outcome.events} événements · events, "
        f"{outcome.detections} détections · detections",
        soft_wrap=True,
    )


def _work_folder() -> Path:
    """Under REMPART_VAR, else the user's own state: what is found there is the body's."""
    chosen = os.environ.get("REMPART_VAR")
    if chosen:
        return Path(chosen) / "hunts"
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "rempart" / "hunts"


def _tell(console: Console, message: str) -> None:
    console.print(escape(message), style="yellow", soft_wrap=True)


def _stop(console: Console, message: str, status: int) -> NoReturn:
    console.print(escape(message), style="red", soft_wrap=True)
    raise typer.Exit(status)
