"""``rempart detect`` and ``rempart rules``: rules and indicators over logs, without database nor settings."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rempart.detection import options, rulebook, sending, summary
from rempart.detection.findings import LEVELS, Finding
from rempart.detection.grouping import grouped
from rempart.detection.outputs import STREAMED, WRITERS, Writer
from rempart.detection.outputs.files import written
from rempart.detection.outputs.plain import Lines
from rempart.detection.processes import copied, run
from rempart.detection.scan import Engines, Settings, parts_of, tally_of
from rempart.detection.streams import is_stream
from rempart.detection.streams.model import StreamError
from rempart.detection.tally import Tally
from rempart.engines import logs, observables, sigma

_FIRST = 10
_COLLECTED = 100_000  # objects made between two collections
_NOTHING_TO_LOOK_FOR = (
    "[red]Rien à chercher : donnez des règles Sigma (--rules DOSSIER, par exemple le dossier rules/ d’une "
    "version de SigmaHQ) ou des indicateurs (--ioc FICHIER).\n"
    "Nothing to look for: give Sigma rules (--rules DIR, for example the rules/ folder of a SigmaHQ "
    "release) or indicators (--ioc FILE).[/]"
)
_STREAMS_ALONE = (
    "[red]Un flux (nats://, kafka://) se lit seul, sans --follow, --listen, --group ni --jobs : lancez "
    "plusieurs commandes.\n"
    "A stream (nats://, kafka://) is read alone, without --follow, --listen, --group or --jobs: start "
    "several commands.[/]"
)


def install(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("detect")(detect)
    app.add_typer(rulebook.app, name="rules")


def detect(
    places: options.Logs = None,
    rules: options.Rules = None,
    ioc: options.Indicators = None,
    allow: options.Allowed = None,
    placeholders: options.Placeholders = None,
    mappings: options.Mappings = None,
    key: options.Keys = None,
    jobs: options.Jobs = 1,
    level: options.Level = LEVELS[0],
    form: options.Form = "",
    output: options.Output = None,
    to: options.To = None,
    all_fields: options.AllFields = False,
    group: options.Group = False,
    explain_rules: options.ExplainRules = False,
    follow: options.Follow = False,
    listen: options.Listen = "",
    send: options.Send = "",
    body: options.Body = "",
    token_file: options.TokenFile = None,
    pseudonym_key: options.PseudonymKey = None,
) -> None:
    """Cherche des règles Sigma et des indicateurs dans des journaux · Look for Sigma rules and indicators
    in logs.

    Needs no database. Without --output, a summary for people. With --send, detections are also given to a
    node, with the body's token (REMPART_TOKEN or --token-file). Exit status 0 whether or not something is
    found, 1 when something could not be done, 2 when the command is not understood.
    """
    console = Console(stderr=True)
    if not rules and not ioc:
        _stop(console, _NOTHING_TO_LOOK_FOR)
    if not places and not listen:
        _stop(console, "[red]LOGS… : quels journaux ? · which logs?[/]")
    _known(console, "--level", level, LEVELS)
    _known(console, "--format", form or "text", logs.FORMATS)
    _known(console, "--output", output or "jsonl", WRITERS)
    settings = Settings(
        rules=tuple(rules or ()),
        indicators=tuple(ioc or ()),
        allowed=tuple(allow or ()),
        mappings=mappings,
        keys=tuple(key or ()),
        cache=cache_folder(),
        level=level,
        form=form,
        all_fields=all_fields,
    )
    subscribed = _streams(places or [], follow or bool(listen) or group or jobs > 1, console)
    streamed = follow or bool(listen) or bool(subscribed)
    to_node = _destination(send, body, token_file, pseudonym_key, bool(listen), console)
    found = [] if streamed else _files(places or [], console)
    gc.set_threshold(_COLLECTED)  # hardly anything that is made of rules or events refers to itself
    engines = _engines(settings, placeholders, console, explain_rules, apart=not streamed)
    gc.freeze()  # what lives as long as the command is not gone through again at each collection
    if subscribed:
        _work(engines, subscribed, output or "jsonl", to, to_node, console)
        return
    if streamed:
        from rempart.detection import streaming

        streaming.run(engines, places or [], listen, output or "jsonl", to, to_node, console)
        return
    tally = tally_of(engines, len(found))
    first: list[Finding] = []
    outgoing = sending.Outgoing(to_node) if to_node else None
    try:
        with written(output, to) as writer:
            lines = isinstance(writer, Lines) and not group and not outgoing
            findings = _findings(engines, found, jobs, tally, console, writer if lines else None)
            if outgoing:
                findings = _sent(findings, outgoing)
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
    except (OSError, ValueError, sending.NotSent) as problem:
        _stop(console, f"[red]{escape(str(problem))}[/]", 1)
    if outgoing:
        console.print(summary.sent(outgoing), soft_wrap=True)
    _conclude(tally, first, output, console)


def _destination(
    node: str, body: str, token_file: Path | None, key_file: Path | None, listening: bool, console: Console
) -> sending.Destination | None:
    if not node:
        return None
    try:
        return sending.destination(node, body, token_file, key_file, listening=listening)
    except ValueError as problem:
        _stop(console, f"[red]{escape(str(problem))}[/]")


def _sent(findings: Iterator[Finding], outgoing: sending.Outgoing) -> Iterator[Finding]:
    """The findings, each also on its way to the node; all are answered at the end."""
    for finding in findings:
        outgoing.add(finding)
        yield finding
    outgoing.flush()
    outgoing.close()


def _streams(places: list[str], otherwise: bool, console: Console) -> list[str]:
    """The streams among the places, which are then all streams."""
    found = [place for place in places if is_stream(place)]
    if found and (otherwise or len(found) < len(places)):
        _stop(console, _STREAMS_ALONE)
    return found


def _work(
    engines: Engines,
    addresses: list[str],
    output: str,
    to: Path | None,
    to_node: sending.Destination | None,
    console: Console,
) -> None:
    """A worker on streams; the command ends with why when it cannot be."""
    from rempart.detection.streams import working

    _known(console, "--output", output, STREAMED)
    try:
        tally = working.run(engines, addresses, output, to, to_node, console)
    except (StreamError, OSError, sending.NotSent) as problem:
        _stop(console, f"[red]{escape(str(problem))}[/]", 1)
    console.print(summary.sentence(tally))


def _engines(
    settings: Settings, placeholders: Path | None, console: Console, explain: bool, *, apart: bool
) -> Engines:
    """The rules and indicators, ready; the command ends when they cannot be. ``apart``: as of ``Engines``."""
    try:
        known = replace(settings, placeholders=rulebook.placeholders_of(placeholders))
        engines = Engines(known, apart=apart)
    except (observables.IndicatorError, sigma.BadMappings, ValueError) as problem:
        _stop(console, f"[red]{escape(str(problem))}[/]", 1)
    unusable = settings.rules and not engines.rule_count and not engines.correlation_count
    if explain or unusable:
        for defect in [*engines.defects, *engines.loaded.defects]:
            console.print(f"[yellow]{escape(str(defect))}[/]", soft_wrap=True)
    if unusable:
        _stop(console, "[red]Aucune règle utilisable dans --rules · No usable rule in --rules[/]", 1)
    return engines


def _files(places: list[str], console: Console) -> list[Path | str]:
    try:
        return list(logs.expand(places))
    except FileNotFoundError as problem:
        _stop(console, f"[red]{escape(str(problem))} : aucun fichier · no file[/]", 1)


def _conclude(tally: Tally, first: list[Finding], output: str | None, console: Console) -> None:
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
    engines: Engines,
    found: list[Path | str],
    jobs: int,
    tally: Tally,
    console: Console,
    lines: Writer | None,
) -> Iterator[Finding]:
    """Every finding in order, while the counts and the progress bar follow; those that other processes made
    lines of JSON go to ``lines`` at once.
    """
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
        for now, step in run(engines, parts, jobs, lines=lines is not None):
            if now is not part:
                done += part.size(sizes[part.path]) if part else 0
                part = now
                tally.formats[step.form] += part.first
            tally.events += step.events
            tally.trouble(step.problems)
            bar.update(task, completed=done + step.consumed, events=tally.events)
            if lines is not None and step.counts is not None:
                tally.merge(step.counts)
                copied(step, lines.stream)
            yield from step.findings


def _size(path: Path | None) -> int:
    try:
        return path.stat().st_size if path else 0
    except OSError:
        return 0


def _known(console: Console, option: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        _stop(console, f"[red]{option} {escape(value)} : inconnu · unknown ({', '.join(known)})[/]")


def _stop(console: Console, message: str, status: int = 2) -> NoReturn:
    console.print(message, soft_wrap=True)
    raise typer.Exit(status)
