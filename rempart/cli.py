"""The command line: ``rempart``. Each slice adds its own commands from its ``cli.py``.

Commands that need neither database nor settings are in ``standalone.py`` of their slice: they start without
Django, on a machine where nothing is set up.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # a traceback must not show secrets
    help="Rempart : cyberdéfense fédérée · federated cyberdefence.",
)

ROOMS = (
    "matcher",
    "kernel",
    "kernel.backup",
    "organisations",
    "assets",
    "intelligence",
    "exposure",
    "alerts",
    "indicators",
    "detection",
    "web",
    "demo",
)

# Command → the room whose ``standalone.py`` has it.
STANDALONE = {
    "advisories": "intelligence",
    "collect": "assets",
    "detect": "detection",
    "match": "matcher",
    "rules": "detection",
}


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in STANDALONE:
        import_module(f"rempart.{STANDALONE[command]}.standalone").install(app)
        app.callback()(lambda: None)  # with a callback, a lone command still has its name
        app()
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.settings.base")
    import django

    django.setup()
    for room in ROOMS:
        for door in ("cli", "standalone"):
            if find_spec(f"rempart.{room}.{door}"):
                import_module(f"rempart.{room}.{door}").install(app)
    app()
