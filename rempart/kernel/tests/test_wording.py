"""Every code that people may meet in the audit trail or the operations page has its words."""

from __future__ import annotations

import ast
from pathlib import Path

from rempart.kernel import wording, worker
from rempart.kernel.outbox import _reactions

ROOT = Path(__file__).resolve().parents[2]


def _recorded() -> set[str]:
    """The actions that the source names where it records them."""
    found = set()
    for path in ROOT.rglob("*.py"):
        if {"tests", "migrations"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func) == "audit.record"
                and len(node.args) > 1
                and isinstance(node.args[1], ast.Constant)
            ):
                found.add(node.args[1].value)
    return found


def test_every_action_recorded_has_words() -> None:
    recorded = _recorded()
    assert len(recorded) > 40
    assert recorded <= set(wording.known("ACTIONS"))


def test_every_regular_job_and_every_event_has_words() -> None:
    assert not [item.name for item in worker._schedule if wording.job(item.name) == item.name]
    assert set(_reactions) <= set(wording.known("EVENTS"))


def test_an_unknown_code_reads_as_itself() -> None:
    assert wording.action("somewhere.else") == "somewhere.else"
    assert wording.job("odd") == "odd"
