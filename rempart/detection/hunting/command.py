"""``rempart hunt`` and ``rempart pack``: rules over kept logs, and logs kept so that they can be hunted."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import orjson
import pyarrow as arrow
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rempart.detection import options, rulebook, summary
from rempart.detection.findings import LEVELS, Finding
from rempart.detection.hunting import tables
from rempart.detection.hunting.estimating import estimated
from rempart.detection.hunting.gathering import Gathering
from rempart.detection.hunting.packing import Packing
from rempart.detection.hunting.tables import Extent, Window
from rempart.detection.hunting.work import Hunt
from rempart.detection.outputs import WRITERS
from rempart.detection.outputs.files import written
from rempart.detection.scan import Engines, Settings, parts_of, sought, tally_of
from rempart.detection.tally import Tally
from rempart.engines import logs, observables, sigma
from rempart.spread import ENGINES, EngineMissing, spread

_FIRST = 10
COLUMNS = (
    TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
    TextColumn("{task.fields[events]} év. · events"), TimeRemainingColumn(),
)  # fmt: skip

Over = Annotated[
    list[Path] | None, typer.Option("--over", help="Dossiers ou fichiers Parquet · Parquet folders or files.")
]
Rules = Annotated[
    list[Path] | None, typer.Argument(metavar="RULES…", help="Règles Sigma · Sigma rules, files and folders.")
]
Since = Annotated[str, typer.Option("--since", help="Depuis · From: 2026-01-02[T03:04:05Z].")]
Until = Annotated[str, typer.Option("--until", help="Jusqu’à, exclu · Until, excluded.")]
EngineName = Annotated[
    str, typer.Option("--engine", help=f"Où chercher · Where to look: {', '.join(ENGINES)}.")
]
Estimate = Annotated[
    bool, typer.Option("--estimate", help="Dire le coût, sans chercher · Tell what it costs, and stop.")
]


def hunt(
    rules: Rules = None,
    over: Over = None,
    ioc: options.Indicators = None,
    allow: options.Allowed = None,
    placeholders: options.Placeholders = None,
    mappings: options.Mappings = None,
    key: options.Keys = None,
    since: Since = "",
    until: Until = "",
    engine: EngineName = "local",
    jobs: options.Jobs = 1,
    level: options.Level = LEVELS[0],
    output: options.Output = None,
    to: options.To = None,
    all_fields: options.AllFields = False,
    estimate: Estimate = False,
) -> None:
    """Cherche des règles dans des journaux gardés en Parquet · Hunt rules over logs kept as Parquet.

    Findings are equal whatever the engine. Interrupted, it leaves nothing. Exit status as of ``detect``.
    """
    from rempart.detection.standalone import cache_folder

    console = Console(stderr=True)
    if not (rules or ioc) or not over:
        _stop(console, "rempart hunt RULES… --over PARQUET… [--ioc FILE]", 2)
    for option, value, known in (("--engine", engine, ENGINES), ("--level", level, LEVELS),
                                 ("--output", output or "jsonl", WRITERS)):  # fmt: skip
        if value not in known:
            _stop(console, f"{option} {value} : inconnu · unknown ({', '.join(known)})", 2)
    window = Window(_moment(since, "--since", console), _moment(until, "--until", console))
    settings = Settings(
        rules=tuple(rules or ()),
        indicators=tuple(ioc or ()),
        allowed=tuple(allow or ()),
        placeholders=_placeholders(placeholders, console),
        mappings=mappings,
        keys=tuple(key or ()),
        cache=cache_folder(),
        level=level,
        all_fields=all_fields,
    )
    work, tally = _read(settings, window, console)
    try:
        files = tables.files_of(over)
    except FileNotFoundError as problem:
        _stop(console, str(problem), 1)
    problems: list[logs.Problem] = []
    parts, extent = tables.parts_of(files, window, problems)
    tally.files = extent.files
    tally.trouble(problems)
    if estimate:
        typer.echo(orjson.dumps(estimated(work, parts, extent, jobs)).decode())
    else:
        _hunt(work, parts, extent, engine, jobs, output, to, tally, console)
    summary.show_troubles(tally, console)
    if any("cannot be opened" in problem.reason for problem in tally.problems):
        raise typer.Exit(1)


def _read(settings: Settings, window: Window, console: Console) -> tuple[Hunt, Tally]:
    """The rules and indicators, read here for every process; the command ends when they cannot be."""
    try:
        given = sought(settings)
        engines = Engines(settings, given)
    except (observables.IndicatorError, sigma.BadMappings, ValueError) as problem:
        _stop(console, str(problem), 1)
    if settings.rules and not engines.rule_count and not engines.correlation_count:
        _stop(console, "Aucune règle utilisable · No usable rule", 1)
    return Hunt(settings, given, window), tally_of(engines, 0)


def _hunt(
    work: Hunt,
    parts: arrow.Table,
    extent: Extent,
    engine: str,
    jobs: int,
    output: str | None,
    to: Path | None,
    tally: Tally,
    console: Console,
) -> None:
    first: list[Finding] = []
    try:
        with Gathering() as gathering, written(output, to) as writer:
            _gather(work, parts, extent, engine, jobs, gathering, tally, console)
            for finding in gathering.findings(work):
                tally.add(finding)
                if len(first) < _FIRST:
                    first.append(finding)
                if writer:
                    writer.write(finding)
            if writer:
                writer.close(tally)
    except KeyboardInterrupt:
        _stop(console, "Interrompu : rien n’a été écrit · Interrupted: nothing was written", 130)
    except (EngineMissing, OSError, ValueError) as problem:
        _stop(console, str(problem), 1)
    if output is None and to is None:
        summary.show(tally, first, Console())
    else:
        console.print(summary.sentence(tally))


def _gather(
    work: Hunt,
    parts: arrow.Table,
    extent: Extent,
    engine: str,
    jobs: int,
    gathering: Gathering,
    tally: Tally,
    console: Console,
) -> None:
    """Every part through the engine, while the progress bar follows."""
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Chasse · Hunt", total=extent.bytes or None, events=0)
        given = (batch for batch in parts.to_batches(max_chunksize=1))
        for batches in spread(engine, work, given, jobs=jobs):
            bar.update(task, advance=gathering.take(batches, tally), events=tally.events)


def pack(
    places: options.Logs = None,
    to: Annotated[Path | None, typer.Option("--to", help="Dossier · Folder.")] = None,
    form: options.Form = "",
) -> None:
    """Garde des journaux en Parquet, un dossier par jour · Keep logs as Parquet, a folder a day.

    Adds to the folder, all at the end or nothing. What cannot be read is told, and the rest is kept.
    """
    console = Console(stderr=True)
    if not places or to is None:
        _stop(console, "rempart pack LOGS… --to FOLDER", 2)
    if form and form not in logs.FORMATS:
        _stop(console, f"--format {form} ({', '.join(logs.FORMATS)})", 2)
    problems: list[logs.Problem] = []
    try:
        found = list(logs.expand(places))
        with Packing(to) as packing:
            for part in parts_of(found, form, 1):
                packing.add(
                    logs.read(
                        part.path or os.fdopen(0, "rb", closefd=False),
                        problems=problems.append,
                        name=part.name,
                        form=form,
                        now=datetime.now(UTC),
                    )
                )
    except KeyboardInterrupt:
        _stop(console, "Interrompu : rien n’a été écrit · Interrupted: nothing was written", 130)
    except (OSError, ValueError) as problem:
        _stop(console, str(problem), 1)
    tally = Tally()
    tally.trouble(problems)
    summary.show_troubles(tally, console)
    console.print(f"{packing.rows} événements, {packing.files} fichiers · events, files")


def _placeholders(path: Path | None, console: Console) -> dict[str, list[str]]:
    try:
        return rulebook.placeholders_of(path)
    except ValueError as problem:
        _stop(console, str(problem), 1)


def _moment(text: str, option: str, console: Console) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _stop(console, f"{option} {text} : 2026-01-02T03:04:05Z", 2)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stop(console: Console, message: str, status: int) -> NoReturn:
    console.print(escape(message), style="red", soft_wrap=True)
    raise typer.Exit(status)
