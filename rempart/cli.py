"""The command line: ``rempart``. Each slice adds its own commands from its ``cli.py``."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Rempart: cyberdéfense fédérée · federated cyberdefence.")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.settings.base")
    import django

    django.setup()
    for slice_name in ("kernel", "organisations", "assets", "intelligence", "exposure", "alerts", "indicators", "web", "demo"):
        if find_spec(f"rempart.{slice_name}.cli"):
            import_module(f"rempart.{slice_name}.cli").install(app)
    app()
