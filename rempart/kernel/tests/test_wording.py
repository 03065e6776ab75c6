"""Every code that people may meet in the audit trail or the operations page has its words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from rempart.kernel import wording, worker
from rempart.kernel.outbox import _reactions

pytestmark = pytest.mark.any_database

ROOT = Path(__file__).resolve().parents[2]


def _nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in ROOT.rglob("*.py"):
        if not {"tests", "migrations"} & set(path.parts):
            yield from ((path, node) for node in ast.walk(ast.parse(path.read_text("utf-8"))))


def _recorded() -> set[str]:
    """The actions that the source names where it records them, those chosen between two included."""
    found = set()
    for _, node in _nodes():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func) == "audit.record"
            and len(node.args) > 1
        ):
            told = node.args[1]
            for action in (told.body, told.orelse) if isinstance(told, ast.IfExp) else (told,):
                if isinstance(action, ast.Constant):
                    found.add(action.value)
    return found


def _tasks() -> set[str]:
    """The jobs that the source defines, by their path."""
    return {
        f"rempart.{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}.{node.name}"
        for path, node in _nodes()
        if isinstance(node, ast.FunctionDef)
        and any(
            ast.unparse(one).startswith("task(") or ast.unparse(one) == "task" for one in node.decorator_list
        )
    }


def test_every_action_recorded_has_words() -> None:
    recorded = _recorded()
    assert len(recorded) > 40
    assert recorded <= set(wording.known("ACTIONS"))


def test_every_regular_job_and_every_event_has_words() -> None:
    assert not [item.name for item in worker._schedule if wording.job(item.name) == item.name]
    assert set(_reactions) <= set(wording.known("EVENTS"))


def test_every_job_has_words() -> None:
    tasks = _tasks()
    assert len(tasks) > 5
    assert not [path for path in tasks if wording.job(path) == path]


def test_an_unknown_code_reads_as_itself() -> None:
    assert wording.action("somewhere.else") == "somewhere.else"
    assert wording.job("odd") == "odd"
