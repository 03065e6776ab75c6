"""A full re-match killed again and again leaves nothing half done, and ends as an undisturbed one does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.own_database import ROOT, environment, own_database

_PROCESSES = {"under_fire": 2}  # those that look die with the one that writes


def _run(what: str, folder: Path, number: int, address: str) -> Any:
    finished = subprocess.run(
        [sys.executable, "-c", "import tests.rematch_under_fire as f; f.main()", what, folder, str(number)],
        env={**environment(address, folder), "REMPART_MATCHING_PROCESSES": str(_PROCESSES.get(what, 1))},
        cwd=ROOT, capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-4000:]
    return json.loads((folder / f"{what}.json").read_text())


def _killed(folder: Path, kills: int, parts: int) -> None:
    with own_database(folder / "killed") as killed:
        prepared = _run("prepare", folder, parts, killed)
        with own_database(folder / "calm", like=killed) as calm:
            undisturbed = _run("alone", folder, 0, calm)
        fired = _run("under_fire", folder, kills, killed)
    changed = [name for name, rows in prepared["rows"].items() if rows != undisturbed["rows"][name]]
    assert len(changed) > kills  # there was something to do in each part, and new components
    assert len(fired["kills"]) == kills
    for seen in fired["kills"]:
        assert (seen["half"], seen["wrong_counts"]) == ([], [])
        assert seen["left"]  # it died before the end
    assert any(seen["done"] for seen in fired["kills"])
    assert fired["wrong_counts"] == []
    assert fired["rows"] == undisturbed["rows"]
    assert fired["told"] == undisturbed["told"]  # what moved was told to other slices once


def test_a_rematch_killed_four_times_ends_like_another(tmp_path: Path) -> None:
    _killed(tmp_path, kills=4, parts=6)


@pytest.mark.full
def test_a_rematch_killed_thirty_times_ends_like_another(tmp_path: Path) -> None:
    _killed(tmp_path, kills=30, parts=34)
