"""``rempart detection``: the library of rules (``rempart detect`` and ``rempart rules`` need no database)."""

from __future__ import annotations

import typer

from rempart.detection import library_cli


def install(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Bibliothèque de règles · Library of rules.")
    library_cli.install(group)
    app.add_typer(group, name="detection")
