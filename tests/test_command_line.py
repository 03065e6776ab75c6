"""How the command line reads its arguments, before any command does."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

import click
import pytest
import typer

from rempart.cli import COMMANDS, PANELS, ROOMS, STANDALONE, spread

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


def test_every_command_has_one_panel_in_the_list() -> None:
    named = [name for names in PANELS.values() for name in names]
    assert sorted(named) == sorted([*COMMANDS, *STANDALONE])


# These answer nothing that a program would read: they serve, or what they write has a form of its own.
SILENT = {"serve", "worker", "drain", "detect", "hunt", "pack", "products export"}


def _commands() -> dict[str, click.Command]:
    app = typer.Typer()
    for room in ROOMS:
        for door in ("cli", "standalone"):
            if find_spec(f"rempart.{room}.{door}"):
                import_module(f"rempart.{room}.{door}").install(app)

    def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
        inner = getattr(command, "commands", {})
        if not inner:
            yield name, command
        for each, one in inner.items():
            yield from walk(one, f"{name} {each}".strip())

    return dict(walk(typer.main.get_command(app), ""))


def test_every_command_says_what_it_does_in_both_languages() -> None:
    assert [name for name, one in _commands().items() if " · " not in (one.help or "")] == []


def test_every_command_that_answers_can_answer_in_json() -> None:
    found = _commands()
    without = {name for name, one in found.items() if not any("--json" in each.opts for each in one.params)}
    assert without == SILENT


def test_every_argument_and_option_says_what_it_is_in_both_languages() -> None:
    told = {
        f"{name} {each.name}": getattr(each, "help", None) or ""
        for name, one in _commands().items()
        for each in one.params
        if each.name != "help"
    }
    assert len(told) > 200
    assert [name for name, words in told.items() if " · " not in words] == []
