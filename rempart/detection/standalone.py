"""``rempart detect`` and ``rempart rules``: rules and indicators over logs, without database nor settings."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rempart.detection import rulebook, summary
from rempart.detection.findings import LEVELS, Finding
from rempart.detection.grouping import grouped
from rempart.detection.outputs import WRITERS, Writer
from rempart.detection.scan import Engines, Settings, parts_of, run
from rempart.detection.tally import Tally
from rempart.engines import logs, observables, sigma

_FIRST = 10
_NOTHING_TO_LOOK_FOR = (
    "[red]Rien à chercher : donnez des règles Sigma (--rules DOSSIER, par exemple le dossier rules/ d’une "
    "version de SigmaHQ) ou des indicateurs (--ioc FICHIER).\n"
    "Nothing to look for: give Sigma rules (--rules DIR, for example the rules/ folder of a SigmaHQ "
    "release) or indicators (--ioc FILE).[/]"
)


def install(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("detect")(detect)
    app.add_typer(rulebook.app, name="rules")


def detect(
    places: Annotated[
        list[str],
        typer.Argument(metavar="LOGS…", help="Fichiers, dossiers, motifs, - · Files, folders, patterns, -"),
    ],
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", "-r", help="Dossier ou fichier de règles Sigma · Sigma rules."),
    ] = None,
    ioc: Annotated[
        list[Path] | None,
        typer.Option("--ioc", help="Fichier d’indicateurs · Indicators (list, CSV, STIX, MISP)."),
    ] = None,
    allow: Annotated[
        list[Path] | None,
        typer.Option("--allow", help="Valeurs à ne jamais signaler · Values never reported."),
    ] = None,
    placeholders: Annotated[
        Path | None, typer.Option(help="Listes des substituts (%nom%), JSON · Lists of placeholders, JSON.")
    ] = None,
    mappings: Annotated[
        Path | None, typer.Option(help="Table des sources · Table of log sources, JSON.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=256, help="Processus · Processes.")] = 1,
    level: Annotated[str, typer.Option(help=f"Niveau minimal · Least level ({', '.join(LEVELS)}).")] = LEVELS[
        0
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format", "-f", help=f"Format des journaux · Format of the logs ({', '.join(logs.FORMATS)})."
        ),
    ] = "",
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help=f"Forme du résultat · Form of the result ({', '.join(WRITERS)})."
        ),
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Fichier du résultat · File of the result.")] = None,
    all_fields: Annotated[
        bool, typer.Option(help="Tous les champs des événements · Every field of events.")
    ] = False,
    group: Annotated[
        bool, typer.Option("--group", help="Une fois chaque détection · Each detection once.")
    ] = False,
    explain_rules: Annotated[
        bool,
        typer.Option(
            "--explain-rules", help="Lister les défauts · List the defects of rules and indicators."
        ),
    ] = False,
) -> None:
    """Cherche des règles Sigma et des indicateurs dans des journaux · Look for Sigma rules and indicators
    in logs.

    Needs no database. Without --output, a summary for people. Exit status 0 whether or not something is
    found, 1 when something could not be done, 2 when the command is not understood.
    """
    console = Console(stderr=True)
    if not rules and not ioc:
        _stop(console, _NOTHING_TO_LOOK_FOR)
    _known(console, "--level", level, LEVELS)
    _known(console, "--format", form or "text", logs.FORMATS)
    _known(console, "--output", output or "jsonl", WRITERS)
    try:
        settings = Settings(
            rules=tuple(rules or ()),
            indicators=tuple(ioc or ()),
            allowed=tuple(allow or ()),
            placeholders=rulebook.placeholders_of(placeholders),
            mappings=mappings,
            cache=cache_folder(),
            level=level,
            form=form,
            all_fields=all_fields,
        )
        found = list(logs.expand(places))
        engines = Engines(settings)
    except FileNotFoundError as problem:
        _stop(console, f"[red]{escape(str(problem))}\u00a0: aucun fichier · no file[/]", 1)
    except (observables.IndicatorError, sigma.BadMappings, ValueError) as problem:
        _stop(console, f"[red]{escape(str(problem))}[/]", 1)
    if rules and not engines.rule_count and not engines.correlation_count:
        _show_defects(engines, console)
        _stop(console, "[red]Aucune règle utilisable dans --rules · No usable rule in --rules[/]", 1)
    if explain_rules:
        _show_defects(engines, console)
    if jobs > 1 and engines.correlation_count:
        console.print("[yellow]Corrélations : un seul processus · Correlations: one process[/]")
        jobs = 1
    tally = _tally(engines, len(found))
    first: list[Finding] = []
    try:
        with _written(output, to) as writer:
            findings = _findings(engines, found, jobs, tally, console)
            for finding in grouped(findings) if group else findings:
                tally.add(finding)
                if len(first) < _FIRST:
                    first.append(finding)
                if writer:
                    writer.write(finding)
            if writer:
                writer.close(tally)
    except BrokenPipeError:  # who reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except (OSError, ValueError) as problem:
        _stop(console, f"[red]{escape(str(problem))}[/]", 1)
    if output is None:
        summary.show(tally, first, Console())
    else:
        console.print(summary.sentence(tally))
    summary.show_troubles(tally, console)
    if any(problem.reason.startswith("cannot be opened") for problem in tally.problems):
        raise typer.Exit(1)


def cache_folder() -> Path | None:
    """Where compiled rules are kept: under REMPART_VAR, else the user's own cache; None when neither can
    be.
    """
    chosen = os.environ.get("REMPART_VAR")
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(chosen) / "cache" / "rules" if chosen else Path(home).expanduser() / "rempart" / "rules"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):
        return None
    return folder if os.access(folder, os.W_OK) else None


def _findings(
    engines: Engines, found: list[Path | str], jobs: int, tally: Tally, console: Console
) -> Iterator[Finding]:
    """Every finding in order, while the counts and the progress bar follow."""
    parts = parts_of(found, engines.settings.form, jobs)
    sizes = {part.path: _size(part.path) for part in parts}
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[events]} év. · events"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Détection · Detection", total=sum(sizes.values()) or None, events=0)
        done = 0
        part = None
        for now, step in run(engines, parts, jobs):
            if now is not part:
                done += part.size(sizes[part.path]) if part else 0
                part = now
                tally.formats[step.form] += part.first
            tally.events += step.events
            tally.trouble(step.problems)
            bar.update(task, completed=done + step.consumed, events=tally.events)
            yield from step.findings


def _size(path: Path | None) -> int:
    try:
        return path.stat().st_size if path else 0
    except OSError:
        return 0


def _tally(engines: Engines, files: int) -> Tally:
    return Tally(
        files=files,
        rules=engines.rule_count,
        correlations=engines.correlation_count,
        defects=len(engines.defects) + engines.loaded.defect_count,
        indicators=sum(engines.loaded.counts.values()),
    )


@contextmanager
def _written(output: str | None, to: Path | None) -> Iterator[Writer | None]:
    """The writer of the result. A file appears whole at the end, or not at all."""
    if output is None and to is None:
        yield None
        return
    make = WRITERS[output or "jsonl"]
    if to is None or str(to) == "-":
        yield make(sys.stdout.buffer)
        return
    with tempfile.NamedTemporaryFile("wb", dir=to.parent, prefix=f".{to.name}.", delete=False) as file:
        partial = Path(file.name)
        try:
            yield make(_plain(file))
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    partial.chmod(0o640)
    partial.replace(to)


def _plain(file: object) -> BinaryIO:
    return file  # type: ignore[return-value]  # a temporary file is one in all but name


def _known(console: Console, option: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        _stop(console, f"[red]{option} {escape(value)} : inconnu · unknown ({', '.join(known)})[/]")


def _show_defects(engines: Engines, console: Console) -> None:
    for defect in [*engines.defects, *engines.loaded.defects]:
        console.print(f"[yellow]{escape(str(defect))}[/]", soft_wrap=True)


def _stop(console: Console, message: str, status: int = 2) -> None:
    console.print(message, soft_wrap=True)
    raise typer.Exit(status)
