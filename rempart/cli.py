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
    "detection.hunting",
    "web",
    "demo",
)

# Command → the room whose ``standalone.py`` has it.
STANDALONE = {
    "advisories": "intelligence",
    "collect": "assets",
    "detect": "detection",
    "hunt": "detection.hunting",
    "hunts": "detection.hunting",
    "match": "matcher",
    "pack": "detection.hunting",
    "rules": "detection",
}

# Command → the room whose ``cli.py`` has it. Only that room's is read: it starts sooner.
COMMANDS = {
    "alerts": "alerts",
    "audit": "kernel",
    "backup": "kernel.backup",
    "demo": "demo",
    "detection": "detection",
    "doctor": "kernel",
    "drain": "web",
    "feeds": "intelligence",
    "import": "assets",
    "indicators": "indicators",
    "init": "web",
    "lifecycle": "exposure",
    "organisations": "organisations",
    "products": "exposure",
    "rematch": "exposure",
    "restore": "kernel.backup",
    "serve": "web",
    "users": "organisations",
    "worker": "web",
}

# How the list of commands is cut for a newcomer: what starts, what one does each day, what needs no database.
PANELS = {
    "Commencer · Start": ("init", "serve", "worker", "drain", "demo", "doctor"),
    "Chaque jour · Every day": (
        "feeds", "import", "alerts", "indicators", "organisations", "users", "lifecycle", "products",
        "rematch", "detection",
    ),
    "Sans base de données · Without a database": (
        "match", "collect", "advisories", "rules", "detect", "pack", "hunt", "hunts",
    ),
    "Garder et prouver · Keep and prove": ("backup", "restore", "audit"),
}  # fmt: skip

# Options that take several values at once: ``--records A B``.
SEVERAL = frozenset({"--records", "--rules", "-r", "--ioc", "--over", "--key", "--search"})


def spread(arguments: list[str]) -> list[str]:
    """Gives each value after an option of ``SEVERAL`` its own option, where the command's own argument comes
    first; otherwise a bare value after one such option is that argument.
    """
    if not arguments or arguments[0].startswith("-"):
        return arguments
    found: list[str] = []
    option = ""
    for argument in arguments:
        if argument.startswith("-") and argument != "-":
            option = argument if argument in SEVERAL else ""
        elif option and found[-1] != option:
            found.append(option)
        found.append(argument)
    return found


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in STANDALONE:
        sys.argv[2:] = spread(sys.argv[2:])
        _open(STANDALONE[command], "standalone")
        app()
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rempart.settings.base")
    import django

    django.setup()
    if command in COMMANDS:
        _open(COMMANDS[command], "cli")
    else:
        for room in ROOMS:
            for door in ("cli", "standalone"):
                if find_spec(f"rempart.{room}.{door}"):
                    _open(room, door)
        _arrange()
    app()


def _arrange() -> None:
    """Gives each command its panel, and the panels their order, in the list that ``--help`` prints."""
    named = [(name, panel) for panel, names in PANELS.items() for name in names]
    place = {name: (order, panel) for order, (name, panel) in enumerate(named)}
    for registered in (app.registered_commands, app.registered_groups):
        for each in registered:
            each.rich_help_panel = place[str(each.name)][1]
        registered.sort(key=lambda each: place[str(each.name)][0])


def _open(room: str, door: str) -> None:
    import_module(f"rempart.{room}.{door}").install(app)
    app.callback()(lambda: None)  # with a callback, a lone command still has its name
