"""Workers killed at random lose nothing and do nothing twice; threads never find the database locked."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def under_fire(tmp_path):
    """Runs the script on a database with our tables: a copy of the tests' own in a file, or that one."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with sqlite3.connect(tmp_path / "fire.sqlite3") as copy:
            connection.connection.backup(copy)
        copy.close()
        url = f"sqlite:///{tmp_path / 'fire.sqlite3'}"
    else:
        where = connection.settings_dict
        secret = f":{where['PASSWORD']}" if where["PASSWORD"] else ""
        host = f"{where['USER']}{secret}@{where['HOST']}:{where['PORT']}"
        url = f"postgresql://{host}/{where['NAME']}"

    def run(*arguments: object) -> dict[str, Any]:
        environment = {
            **os.environ,
            "REMPART_DATABASE_URL": url,
            "REMPART_VAR": str(tmp_path),
            "REMPART_LEASE_SECONDS": "1",
            "DJANGO_SETTINGS_MODULE": "rempart.settings.test",
            "PYTHONPATH": f"{ROOT}:{HERE}",
        }
        finished = subprocess.run(
            [sys.executable, "-c", "import workers_under_fire as w; w.main()", *map(str, arguments)],
            env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr[-3000:]
        return json.loads(finished.stdout)

    return run


def _nothing_lost_nor_doubled(report: dict[str, Any], events: int) -> None:
    assert report["undispatched"] == 0
    assert report["parked"] == 0
    assert report["breaks"] == []
    for reaction in ("first", "second"):
        effects = report[reaction]
        assert sorted(number for _, number in effects) == list(range(events))
        in_order = defaultdict(list)
        for aggregate, number in effects:
            in_order[aggregate].append(number)
        assert all(numbers == sorted(numbers) for numbers in in_order.values())


def _killed(run: Any, kills: int, events: int) -> None:
    jobs = events // 10
    report = run("kill", kills, events, jobs, 20260101)
    _nothing_lost_nor_doubled(report, events)
    assert report["jobs"] == ["SUCCESSFUL"]
    assert {number for _, number in report["job"]} == set(range(jobs))


def test_twenty_kills_lose_and_double_nothing(under_fire):
    _killed(under_fire, 20, 250)


@pytest.mark.full
def test_fifty_kills_lose_and_double_nothing(under_fire):
    _killed(under_fire, 50, 800)


def test_pages_and_worker_write_together_without_a_lock_error(under_fire):
    report = under_fire("together", 6, 25)
    assert report["failures"] == []
    assert report["pages"] == 150
    _nothing_lost_nor_doubled(report, 150)
