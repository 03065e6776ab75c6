"""``rempart advisories check``: what security advisories break of CSAF 2.0, with no database."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rempart.engines.records.conformance import TESTS, failures
from rempart.engines.records.sources import open_records

_Paths = Annotated[
    list[Path],
    typer.Argument(exists=True, readable=True, help="Fichiers ou dossiers · Files or folders."),
]


def install(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Avis de sécurité (CSAF) · Security advisories (CSAF).")
    group.callback()(lambda: None)
    group.command("check")(check)
    app.add_typer(group, name="advisories")


def check(
    paths: _Paths,
    as_json: Annotated[bool, typer.Option("--json", help="Réponse en JSON · Answer in JSON.")] = False,
) -> None:
    """Éprouve des avis selon les essais obligatoires · Judge advisories by the mandatory tests (section 6.1).

    Exit code 1 when an advisory breaks a test or cannot be read.
    """
    console = Console(stderr=as_json, soft_wrap=True)
    answers: list[dict[str, Any]] = []
    for reading in (each for path in paths for each in open_records(path)):
        if reading.document is None:
            answers.append({"file": reading.where, "error": str(reading.error), "failures": []})
        elif "document" in reading.document:
            broken = [asdict(failure) for failure in failures(reading.document)]
            answers.append({"file": reading.where, "failures": broken})
        else:
            answers.append({"file": reading.where, "error": "not a CSAF document", "failures": []})
    bad = [answer for answer in answers if answer["failures"] or "error" in answer]
    if as_json:
        typer.echo(json.dumps(answers, ensure_ascii=False))
    else:
        for answer in bad:
            _show(console, answer)
        told = (
            f"{len(answers)} avis · advisories, {len(TESTS)} essais · tests, {len(bad)} en défaut · at fault"
        )
        console.print(told, style="red" if bad else "green", highlight=False)
    if bad or not answers:
        raise typer.Exit(1)


def _show(console: Console, answer: dict[str, Any]) -> None:
    console.print(answer["file"], style="bold", markup=False, highlight=False)
    if "error" in answer:
        console.print(f"  {answer['error']}", style="red", markup=False, highlight=False)
    for failure in answer["failures"]:
        line = f"  {failure['test']} {failure['title']}  {failure['at']}  {failure['value']}"
        console.print(line, markup=False, highlight=False)
