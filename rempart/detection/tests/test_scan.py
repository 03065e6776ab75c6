"""What ``Engines`` promise whoever uses them: looking ahead at a log changes nothing of what is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rempart.detection.findings import Finding
from rempart.detection.scan import Engines, Part, Settings, steps_of
from rempart.detection.tests.conftest import CORRELATION, sysmon

pytestmark = pytest.mark.any_database


@pytest.fixture
def failures(tmp_path: Path) -> Path:
    """Two failures and a stopped service: one failure less than the correlation wants."""
    path = tmp_path / "log.jsonl"
    failed = {"message": "Failed password", "hostname": "h", "_logsource": {"product": "linux"}}
    lines = [{**failed, "@timestamp": f"2026-01-02T03:04:0{second}Z"} for second in range(2)]
    path.write_text("\n".join(map(json.dumps, [*lines, sysmon(3)])))
    return path


def _engines(rules: Path, *, apart: bool) -> Engines:
    (rules / "correlation.yml").write_text(CORRELATION)
    return Engines(Settings(rules=(rules,)), apart=apart)


def _told(engines: Engines, path: Path) -> list[tuple[str, int]]:
    findings: list[Finding] = []
    for step in steps_of(engines, Part(path)):
        findings += step.findings
    return [(one.origin.title, one.index) for one in [*findings, *engines.finish()]]


@pytest.mark.parametrize("apart", [False, True])
def test_events_looked_at_ahead_count_once(rules: Path, failures: Path, apart: bool) -> None:
    engines = _engines(rules, apart=apart)
    engines.warm(Part(failures))
    assert engines.put_aside() == []
    alone = ["Failed password", "Failed password", "Service stopped"]
    assert _told(engines, failures) == list(zip(alone, range(3), strict=True))
    assert _told(_engines(rules, apart=apart), failures) == list(zip(alone, range(3), strict=True))


def test_what_correlations_follow_is_put_aside_once(rules: Path, failures: Path) -> None:
    engines = _engines(rules, apart=True)
    engines.warm(Part(failures))
    followed = [event.index for step in steps_of(engines, Part(failures)) for event in step.followed]
    assert followed == [0, 1]


def test_looking_ahead_at_what_is_not_there_says_nothing(rules: Path, tmp_path: Path) -> None:
    engines = _engines(rules, apart=True)
    engines.warm(Part(tmp_path / "none.jsonl"))
    engines.warm(Part(None))
    (step,) = steps_of(engines, Part(tmp_path / "none.jsonl"))
    assert "cannot be opened" in step.problems[0].reason


def test_part_of_a_file_is_what_is_looked_at(rules: Path, failures: Path) -> None:
    engines = _engines(rules, apart=True)
    start = failures.read_bytes().rindex(b"\n") + 1
    engines.warm(Part(failures, (start, failures.stat().st_size), "jsonl"))
    assert engines.put_aside() == []
