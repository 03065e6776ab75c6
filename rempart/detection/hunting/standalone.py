"""``rempart hunt``, ``hunts`` and ``pack``: apart from ``detect``, which starts sooner without Parquet."""

from __future__ import annotations

import typer

from rempart.detection.hunting import asked_command, command


def install(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("hunt")(command.hunt)
    app.command("pack")(command.pack)
    app.add_typer(asked_command.app, name="hunts")
