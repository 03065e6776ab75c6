"""The rules of the house, as checks: sizes, the way through, and scoped reading."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command

from rempart.kernel.scoping import BodyOwned, SharedOrOwned, SharedOrPrivate

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parents[1]
SLICES = ("organisations", "assets", "intelligence", "exposure", "alerts", "indicators", "detection")
LONGEST_FILE, LONGEST_FUNCTION = 800, 100


def _sources(*rooms: str) -> Iterator[Path]:
    """Python files of the product, migrations and tests aside; of these rooms only, when named."""
    for path in sorted((ROOT / "rempart").rglob("*.py")):
        parts = path.relative_to(ROOT / "rempart").parts
        if "migrations" in parts or "tests" in parts:
            continue
        if not rooms or (len(parts) > 1 and any(part.removesuffix(".py") in rooms for part in parts[1:])):
            yield path


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_too_long() -> None:
    files = [*(ROOT / "rempart").rglob("*"), *(ROOT / "tests").rglob("*"), *(ROOT / "benchmarks").rglob("*")]
    code = [
        p
        for p in files
        if p.suffix in {".py", ".html", ".css", ".js", ".typ"} and "migrations" not in p.parts
    ]
    assert len(code) > 100
    too_long = {
        _name(path): n for path in code if (n := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE
    }
    assert not too_long


def test_no_function_is_too_long() -> None:
    too_long = {}
    for path in [*_sources(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    too_long[f"{_name(path)}:{node.name}"] = length
    assert not too_long


def test_no_room_is_called_utils_or_helpers() -> None:
    names = {path.stem for path in _sources()}
    assert not names & {"utils", "helpers", "misc", "common", "util", "helper"}


def test_nothing_is_left_to_do() -> None:
    words = ("TODO", "FIXME", "XXX", "raise NotImplementedError")
    found = [_name(p) for p in _sources() if any(word in p.read_text("utf-8") for word in words)]
    assert not found


def test_edges_touch_no_table() -> None:
    """Pages, API and command line read through queries and write through commands."""
    guilty = []
    for path in _sources("pages", "api", "cli"):
        if path.is_relative_to(ROOT / "rempart" / "kernel"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        guilty += [
            f"{_name(path)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr in {"objects", "_default_manager", "_base_manager"}
        ]
    assert not guilty


_OWNED = BodyOwned | SharedOrOwned | SharedOrPrivate


def _body_owned() -> set[str]:
    return {model.__name__ for model in apps.get_models() if issubclass(model, _OWNED)}


# Reads scoped otherwise than by the row’s body: by an edge’s far end, or by the actor’s own account.
_OWN_WAY = {"_edges", "person_of", "channels_of", "get_channel"}


def test_a_read_for_an_actor_is_scoped() -> None:
    """In queries, a function that takes an actor starts every read of a body's rows with ``visible_to``."""
    owned, guilty = _body_owned(), []
    assert {"Asset", "Exposure", "Target", "Person"} <= owned
    for path in _sources("queries"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef) or "actor" not in {
                a.arg for a in function.args.args
            }:
                continue
            scoped = {
                id(node.value)
                for node in ast.walk(function)
                if isinstance(node, ast.Attribute) and node.attr == "visible_to"
            }
            guilty += [
                f"{_name(path)}:{node.lineno} {node.value.id}.objects"
                for node in ast.walk(function)
                if isinstance(node, ast.Attribute)
                and node.attr == "objects"
                and isinstance(node.value, ast.Name)
                and node.value.id in owned
                and id(node) not in scoped
                and function.name not in _OWN_WAY
            ]
    assert not guilty


def test_edges_ask_only_questions_that_name_the_actor() -> None:
    """A page or route may call no query that does not know who asks."""
    takes_actor: dict[str, dict[str, bool]] = {}
    for slice_name in SLICES:
        takes_actor[slice_name] = {}
        folder = ROOT / "rempart" / slice_name
        for path in [*folder.glob("queries.py"), *folder.glob("queries/*.py")]:
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    arguments = {a.arg for a in [*node.args.args, *node.args.kwonlyargs]}
                    reads = any(isinstance(n, ast.Attribute) and n.attr == "objects" for n in ast.walk(node))
                    takes_actor[slice_name][node.name] = "actor" in arguments or not reads
    guilty = []
    for path in _sources("pages", "api"):
        tree = ast.parse(path.read_text("utf-8"))
        for name, slice_name in _query_modules(tree).items():
            guilty += [
                f"{_name(path)}:{node.lineno} {name}.{node.attr}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == name
                and not takes_actor[slice_name].get(node.attr, True)
                and node.attr not in _SHARED
            ]
    assert not guilty


# Read without an actor: what belongs to no body, and what is asked of rows that the actor was given.
_SHARED = {"duty_titles", "role_matrix", "aliases", "feed_exists", "holding", "stating_product"}
_SHARED |= {"job_progress", "finding_of", "statements_about", "roles_by_user"}


def _query_modules(tree: ast.Module) -> dict[str, str]:
    """Local name → slice, for every ``from rempart.<slice> import queries [as name]``."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rempart."):
            slice_name = node.module.split(".")[1]
            for alias in node.names:
                if alias.name == "queries" and slice_name in SLICES:
                    found[alias.asname or alias.name] = slice_name
    return found


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
