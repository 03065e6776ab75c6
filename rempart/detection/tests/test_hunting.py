"""Logs packed as Parquet and hunted: what a scan of the logs themselves finds, whatever the engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
from pyarrow import parquet

from rempart.detection.findings import moment_of
from rempart.detection.tests.conftest import CORRELATION, ROOT, SIGMA, sysmon

pytestmark = pytest.mark.any_database
EVENTS = 600


def _lines(path: Path) -> list[str]:
    return sorted(path.read_text().splitlines())


@pytest.fixture
def logs_folder(tmp_path: Path) -> Path:
    """Two days of a Windows log, a syslog with failures, and an event without a time."""
    folder = tmp_path / "logs"
    folder.mkdir()
    with (folder / "sysmon.jsonl").open("w") as file:
        for number in range(EVENTS):
            event = sysmon(number, "sc stop mpssvc" if number % 7 == 0 else "sc query")
            event["UtcTime"] = (
                f"2026-01-0{2 + number % 2} 03:{number // 60 % 60:02d}:{number % 60:02d}.1234567"
            )
            file.write(json.dumps(event) + "\n")
        undated = {name: value for name, value in sysmon(9_999).items() if name != "UtcTime"}
        file.write(json.dumps(undated) + "\n{ cut\n")
    with (folder / "auth.log").open("w") as file:
        for number in range(12):
            file.write(
                f"<38>1 2026-01-03T04:00:{number:02d}Z web{number % 2} sshd 1 - - Failed password for bob\n"
            )
    return folder


@pytest.fixture
def packed(rempart: Any, tmp_path: Path, logs_folder: Path) -> Path:
    """The same, as Parquet."""
    folder = tmp_path / "kept"
    rempart("pack", logs_folder, "--to", folder)
    return folder


def _detected(rempart: Any, tmp_path: Path, logs_folder: Path, rules: Path) -> list[str]:
    to = tmp_path / "detected.jsonl"
    rempart("detect", logs_folder, "--rules", rules, "--output", "jsonl", "--to", to)
    return _lines(to)


def test_a_hunt_finds_what_a_scan_of_the_logs_finds(
    rempart: Any, tmp_path: Path, logs_folder: Path, packed: Path, rules: Path
) -> None:
    to = tmp_path / "hunted.jsonl"
    rempart("hunt", rules, "--over", packed, "--output", "jsonl", "--to", to)
    expected = _detected(rempart, tmp_path, logs_folder, rules)
    assert len(expected) == -(-EVENTS // 7) + 1 + 12
    assert _lines(to) == expected
    in_processes = tmp_path / "processes.jsonl"
    rempart("hunt", rules, "--over", packed, "--jobs", "2", "--output", "jsonl", "--to", in_processes)
    assert in_processes.read_bytes() == to.read_bytes()


def test_correlations_follow_events_across_parts(
    rempart: Any, tmp_path: Path, logs_folder: Path, packed: Path, rules: Path
) -> None:
    (rules / "correlation.yml").write_text(CORRELATION)
    rempart("pack", logs_folder / "auth.log", "--to", tmp_path / "again")
    to = tmp_path / "hunted.jsonl"
    rempart("hunt", rules, "--over", packed, "--output", "jsonl", "--to", to)
    assert _lines(to) == _detected(rempart, tmp_path, logs_folder, rules)
    assert any('"kind":"correlation"' in line for line in _lines(to))
    (rules / "correlation.yml").write_text(CORRELATION.replace("generate: true", "generate: false"))
    rempart("hunt", rules, "--over", packed, "--output", "jsonl", "--to", to)
    assert _lines(to) == _detected(rempart, tmp_path, logs_folder, rules)
    assert not any("Failed password" in json.loads(line)["rule_title"] for line in _lines(to))


def test_a_time_that_names_no_zone_is_universal_wherever_the_machine_is(monkeypatch: Any) -> None:
    monkeypatch.setenv("TZ", "America/Montreal")
    time.tzset()
    try:
        assert moment_of("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert moment_of("2026-01-02T03:04:05-05:00") == datetime(2026, 1, 2, 8, 4, 5, tzinfo=UTC)
        assert [moment_of(odd) for odd in (None, "", "hier", "9999-12-31T23:59:59-23:00")] == [None] * 4
    finally:
        monkeypatch.undo()
        time.tzset()


def test_other_days_are_not_read_and_events_without_a_time_are(
    rempart: Any, tmp_path: Path, packed: Path, rules: Path
) -> None:
    for path in packed.glob("day=2026-01-02/*.parquet"):
        path.write_bytes(path.read_bytes()[:-200] + bytes(192) + path.read_bytes()[-8:])  # it would be told
    to = tmp_path / "hunted.jsonl"
    window = ("--since", "2026-01-04", "--until", "2026-01-05")
    done = rempart("hunt", rules, "--over", packed, *window, "--output", "jsonl", "--to", to, status=1)
    assert "2026-01-02" in done.stderr  # a table that cannot be opened is told even then
    assert [json.loads(line)["event"]["ProcessId"] for line in _lines(to)] == [9_999]
    for path in packed.glob("day=2026-01-02/*.parquet"):
        path.unlink()
    window = ("--since", "2026-01-03T03:05:00Z", "--until", "2026-01-03T03:06:00Z")
    rempart("hunt", rules, "--over", packed, *window, "--output", "jsonl", "--to", to)
    found = sorted(json.loads(line)["event"]["ProcessId"] for line in _lines(to))
    assert found == [301, 315, 329, 343, 357, 9_999]


def test_the_cost_is_told_before(rempart: Any, packed: Path, rules: Path, tmp_path: Path) -> None:
    told = json.loads(rempart("hunt", rules, "--over", packed, "--estimate").stdout)
    assert told["rows"] == EVENTS + 1 + 12
    assert told["bytes"] > 1_000
    assert told["seconds"] is not None
    less = json.loads(rempart("hunt", rules, "--over", packed, "--estimate", "--since", "2026-01-03").stdout)
    assert less["rows"] + less["rows_left_out"] == told["rows"]
    assert less["rows_left_out"] == EVENTS // 2


def test_other_tables_are_hunted_by_their_columns(rempart: Any, tmp_path: Path, rules: Path) -> None:
    folder = tmp_path / "lake" / "date=2026-01-02"
    folder.mkdir(parents=True)
    table = arrow.Table.from_pylist(
        [sysmon(number, "sc stop a" if number % 2 else "sc") for number in range(9)]
    )
    parquet.write_table(table, folder / "a.parquet", row_group_size=4)
    (folder / "b.parquet").write_bytes(b"not a table")
    false = arrow.table({"event": [1, None]}).replace_schema_metadata({"rempart.events": "1"})
    parquet.write_table(false, folder / "c.parquet")
    to = tmp_path / "hunted.jsonl"
    done = rempart("hunt", rules, "--over", tmp_path / "lake", "--output", "jsonl", "--to", to, status=1)
    assert "b.parquet" in done.stderr
    assert "c.parquet" in done.stderr
    found = [json.loads(line) for line in to.read_text().splitlines()]
    assert [(line["event_index"], line["source"].endswith("a.parquet")) for line in found] == [
        (1, True),
        (3, True),
        (5, True),
        (7, True),
    ]


def test_interrupted_nothing_is_left(tmp_path: Path, packed: Path, rules: Path) -> None:
    to = tmp_path / "hunted.jsonl"
    events = [sysmon(number) for number in range(200)] * 50
    parquet.write_table(arrow.Table.from_pylist(events), packed / "large-0.parquet", row_group_size=2_000)
    for number in range(1, 100):  # far more than is read before the interruption, however slow its sender
        (packed / f"large-{number}.parquet").hardlink_to(packed / "large-0.parquet")
    # Tests that run in the background of a shell have interruptions ignored, and what they start too.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", f"{heard}\nfrom rempart.cli import main; main()", "hunt", str(rules)),
            *("--over", str(packed), "--jobs", "2", "--to", str(to)),
        ],
        cwd=ROOT,
        env={**os.environ, "REMPART_VAR": str(tmp_path / "var"), "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + 60
    while not list(tmp_path.glob("rempart-hunt-*/found.sqlite3")):
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told.decode()
    assert not list(tmp_path.glob("*hunt*"))


def test_what_is_not_understood(rempart: Any, tmp_path: Path, rules: Path) -> None:
    assert "--over" in rempart("hunt", rules, status=2).stderr
    assert "spark" in rempart("hunt", rules, "--over", tmp_path, "--engine", "flink", status=2).stderr
    assert "--since" in rempart("hunt", rules, "--over", tmp_path, "--since", "hier", status=2).stderr
    assert "nowhere" in rempart("hunt", rules, "--over", tmp_path / "nowhere", status=1).stderr
    assert "--to" in rempart("pack", rules, status=2).stderr


@pytest.mark.full
@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_findings_are_equal_whatever_the_engine(process: Any, tmp_path: Path, engine: str) -> None:
    """Every rule of SigmaHQ for Windows over every recorded event, with a correlation besides."""
    if find_spec("ray") is None or find_spec("pyspark") is None:
        pytest.skip("Ray and Spark are installed by ./dev test --full")
    extra = tmp_path / "correlation.yml"
    extra.write_text(
        CORRELATION.replace("[failed]", "[created]")
        + "---\ntitle: Any process\nid: 44444444-4444-4444-8444-444444444444\nname: created\n"
        "logsource: {category: process_creation, product: windows}\n"
        "detection: {any: {Image|exists: true}, condition: any}\nlevel: low\n"
    )
    folder = tmp_path / "kept"
    process("pack", SIGMA / "regression_data", "--to", folder)
    hunt = ("hunt", SIGMA / "rules" / "windows", extra, "--over", folder, "--output", "jsonl", "--to")
    process(*hunt, tmp_path / "local.jsonl")
    process(*hunt, tmp_path / "there.jsonl", "--engine", engine, "--jobs", "2")
    assert (tmp_path / "there.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert len(_lines(tmp_path / "local.jsonl")) > 300
