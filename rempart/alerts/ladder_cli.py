"""``rempart alerts ladder``: the escalation ladder and the business hours, shown and changed from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from django.utils import timezone
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from rempart.alerts.ladder_api import LadderIn, ladder_fields, set_ladder
from rempart.kernel.actors import system
from rempart.kernel.cli import Json, print_json, said
from rempart.kernel.errors import Invalid

ladder = typer.Typer(
    no_args_is_help=True,
    help="Échelle d’escalade et heures ouvrables · Escalation ladder and business hours.",
)
_ACTOR = system("cli")
_MOST = 1_000_000  # bytes of a file


@ladder.command()
def show(as_json: Json = False) -> None:
    """L’échelle en vigueur; « --json » donne le fichier que « set » lit · The ladder in force."""
    found = ladder_fields(_ACTOR)
    if as_json:
        print_json(found)
        return
    console = Console(markup=False)  # names of closed days are not markup
    rows = Table("Priorité · Priority", "Degré · Rung", "Minutes", "Ouvrables · Business")
    for priority, steps in found["ladders"].items():
        for step in steps:
            rows.add_row(priority, step["rung"], str(step["minutes"]), "✓" if step["business"] else "–")
    console.print(rows)
    hours = Table("Jour · Day", "Heures · Hours")
    for day, pair in found["hours"].items():
        hours.add_row(day, " – ".join(pair) if pair else "–")
    for each in found["closed_days"]:
        hours.add_row(each["day"], each["name_fr"])
    console.print(hours)
    console.print(found["time_zone"])


@ladder.command("set")
def set_(
    file: Annotated[Path, typer.Argument(help="Fichier JSON, comme le donne « show --json » · JSON file.")],
    reason: Annotated[str, typer.Option(help="Raison consignée · Reason, recorded.")] = "",
    save: Annotated[
        bool, typer.Option("--save", help="L’enregistre, sinon aperçu · Save it, else a preview only.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Change l’échelle, ou montre ce qui changerait · Change the ladder, or show what would change."""
    with said(field=True):
        given = _read(file)
        answer = set_ladder(_ACTOR, given.model_copy(update={"reason": reason, "dry_run": not save}))
    if as_json:
        print_json(answer)
        return
    console = Console(markup=False)
    names = ("waiting", "sooner", "later", "started", "stopped", "at_once", "saved")
    console.print({name: answer[name] for name in names})
    rows = Table("Organisme · Body", "Directive", "Avant · Before", "Après · After", "Degré · Rung")
    for each in answer["moved"]:
        moments = (
            f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else "–"
            for at in (each["before"], each["after"])
        )
        rows.add_row(each["body"], each["directive"], *moments, each["rung"] or "–")
    console.print(rows)


def _read(file: Path) -> LadderIn:
    """The file's terms. Raises Invalid with the place of its first fault for one that is no such document."""
    try:
        with file.open("rb") as content:
            text = content.read(_MOST + 1)
    except OSError as error:
        raise Invalid(f"{file}: {error.strerror}") from error
    if len(text) > _MOST:
        raise Invalid("Plus de 1 Mo · More than 1 MB.", field=str(file))
    try:
        return LadderIn.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"{file}: {first['msg']}", field=place) from error
