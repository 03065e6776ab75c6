"""How the command line reads its arguments, before any command does."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import pytest
import typer

from rempart.cli import COMMANDS, ROOMS, STANDALONE, spread

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["a.csv", "--records", "x", "y"], ["a.csv", "--records", "x", "--records", "y"]),
        (["a", "b", "--records", "x", "--all"], ["a", "b", "--records", "x", "--all"]),
        (["a", "--output", "jsonl", "--records", "x", "y", "--all"],
         ["a", "--output", "jsonl", "--records", "x", "--records", "y", "--all"]),
        (["--records", "x", "a.csv"], ["--records", "x", "a.csv"]),
        (["log", "--rules", "r", "s", "--ioc", "i", "-"],
         ["log", "--rules", "r", "--rules", "s", "--ioc", "i", "--ioc", "-"]),
        (["a", "--records=x", "--all"], ["a", "--records=x", "--all"]),
        ([], []),
    ],
)  # fmt: skip
def test_an_option_takes_several_values_after_the_argument(given: list[str], read: list[str]) -> None:
    assert spread(given) == read


@pytest.mark.parametrize(("door", "known"), [("cli", COMMANDS), ("standalone", STANDALONE)])
def test_every_command_is_known_with_its_room(door: str, known: dict[str, str]) -> None:
    found = {}
    for room in ROOMS:
        if find_spec(f"rempart.{room}.{door}"):
            app = typer.Typer()
            import_module(f"rempart.{room}.{door}").install(app)
            found |= {str(one.name): room for one in (*app.registered_commands, *app.registered_groups)}
    assert found == known
