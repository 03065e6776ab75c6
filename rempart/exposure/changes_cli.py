"""``rempart rematch --show-last``: what the last matching changed, and why."""

from __future__ import annotations

import json

import typer
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from rempart.exposure import change_words
from rempart.exposure.changes_api import change_as_dict, run_as_dict
from rempart.exposure.queries import differences as queries
from rempart.kernel.actors import Actor
from rempart.kernel.cli import said

_MOST_SHOWN = 200


def show(actor: Actor, run_id: int | None, *, as_json: bool) -> None:
    """Writes a run's lines: all of them as JSON lines after the run itself, or the first in a table."""
    with said():
        run = queries.get_run(actor, run_id)
    moved = queries.moved(actor, [run.pk])[run.pk]
    rows = queries.moves(actor, run).order_by("vulnerability__cve_id", "pk")
    if as_json:
        typer.echo(json.dumps(run_as_dict(run, moved), default=str))
        for one in rows.iterator(chunk_size=2000):
            typer.echo(json.dumps(change_as_dict(one), default=str))
        return
    console = Console(markup=False)
    console.print(f"n° {run.pk}  {change_words.run_in_words(run)}  {run.started_at:%Y-%m-%d %H:%M}")
    console.print(
        ", ".join(f"{change_words.MOVES[move]}: {count}" for move, count in moved.items())
        or _("Rien n’a changé pour vos organismes.")
    )
    table = Table(
        _("Vulnérabilité"), _("Mouvement"), _("Expositions"), _("Composant"), _("Organisme"), _("Pourquoi")
    )
    for one in rows[:_MOST_SHOWN]:
        table.add_row(
            one.vulnerability.cve_id, str(change_words.MOVES[one.move]), str(one.n), str(one.component),
            one.body.code, change_words.why(one),
        )  # fmt: skip
    if moved:
        console.print(table)
    if (more := rows.count() - _MOST_SHOWN) > 0:
        console.print(_("Et %(count)d lignes de plus : --json les écrit toutes.") % {"count": more})
