"""The command line: ``rempart``. Each slice adds its own commands from its ``cli.py``."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a traceback must not show secrets
    help="Rempart : cyberdéfense fédérée · federated cyberdefence.",
)

ROOMS = (
    "kernel",
    "kernel.backup",
    "organisations",
    "assets",
    "intelligence",
    "exposure",
    "alerts",
    "indicators",
    "web",
    "demo",
)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.settings.base")
    import django

    django.setup()
    for room in ROOMS:
        if find_spec(f"rempart.{room}.cli"):
            import_module(f"rempart.{room}.cli").install(app)
    app()
