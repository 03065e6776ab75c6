"""The command, as a person runs it, with neither database nor settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from rempart.detection import standalone
from rempart.detection.hunting import standalone as hunting

ROOT = Path(__file__).resolve().parents[3]
SIGMA = ROOT.parent / "shared" / "data" / "sigma"
RULES = """\
title: Service stopped
id: 11111111-1111-4111-8111-111111111111
status: test
logsource: {category: process_creation, product: windows}
detection:
  selection: {Image|endswith: '\\sc.exe', CommandLine|contains: ' stop '}
  condition: selection
tags: [attack.impact, attack.t1489]
level: high
---
title: Failed password
id: 22222222-2222-4222-8222-222222222222
name: failed
status: test
logsource: {product: linux}
detection: {words: [Failed password], condition: words}
level: low
"""
CORRELATION = """\
title: Many failures
id: 33333333-3333-4333-8333-333333333333
status: test
correlation:
  type: event_count
  rules: [failed]
  group-by: [hostname]
  timespan: 5m
  condition: {gte: 3}
  generate: true
level: medium
"""

Rempart = Callable[..., Any]


def sysmon(number: int, command: str = "sc stop mpssvc") -> dict[str, Any]:
    """A process creation, as Sysmon records it."""
    return {
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "Computer": f"pc{number % 3}",
        "UtcTime": f"2026-01-02 03:04:{number % 60:02d}.{number % 1000:03d}",
        "Image": "C:\\Windows\\System32\\sc.exe",
        "CommandLine": command,
        "User": "ORG\\bob",
        "Empty": None,
        "ProcessId": number,
    }


@pytest.fixture
def process(tmp_path: Path) -> Rempart:
    """A function that runs the command in a process of its own; it must exit with ``status``."""

    def run(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", "from rempart.cli import main; main()", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={
                "PATH": os.environ.get("PATH", ""),
                "HOME": str(tmp_path),
                "REMPART_VAR": str(tmp_path / "var"),
            },
            timeout=300,
            check=False,
        )
        assert done.returncode == status, done.stderr + done.stdout
        return done

    return run


@pytest.fixture
def rempart(tmp_path: Path) -> Rempart:
    """The same within the tests' process, which starts at once."""
    app = typer.Typer()
    standalone.install(app)
    hunting.install(app)

    def run(*arguments: str | Path, status: int = 0, given: str = "") -> Result:
        environment = {"REMPART_VAR": str(tmp_path / "var"), "COLUMNS": "160"}
        done = CliRunner().invoke(app, [*map(str, arguments)], input=given, env=environment)
        assert done.exit_code == status, f"{done.stderr}{done.stdout}{done.exception!r}"
        return done

    return run


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder of two rules."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rules.yml").write_text(RULES)
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Six events, of which the second, fourth and sixth stop a service."""
    path = tmp_path / "sysmon.jsonl"
    commands = ["sc query", "sc stop mpssvc"] * 3
    path.write_text("\n".join(json.dumps(sysmon(place, one)) for place, one in enumerate(commands)))
    return path
