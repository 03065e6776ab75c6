"""Each form of output holds every finding, whole, whatever the events hold."""

from __future__ import annotations

import csv
import io
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rempart = Callable[..., Any]
pytestmark = pytest.mark.any_database
RULE = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def written(rempart: Rempart, rules: Path, log: Path, tmp_path: Path) -> Callable[[str], str]:
    """What a form of output wrote to its file."""

    def run(form: str) -> str:
        to = tmp_path / f"out.{form}"
        done = rempart("detect", log, "--rules", rules, "--output", form, "--to", to)
        assert done.stdout == ""
        assert [path.name for path in tmp_path.glob(".out*")] == []
        return to.read_text("utf-8")

    return run


def test_json(written: Callable[[str], str]) -> None:
    assert [one["event_index"] for one in json.loads(written("json"))] == [1, 3, 5]


def test_csv(written: Callable[[str], str], log: Path) -> None:
    log.write_text(log.read_text().replace("ORG\\\\bob", "=cmd()"))
    rows = list(csv.DictReader(io.StringIO(written("csv").removeprefix("\ufeff"))))
    assert [row["event_index"] for row in rows] == ["1", "3", "5"]
    assert rows[0]["user"] == "'=cmd()"
    assert json.loads(rows[0]["event"])["ProcessId"] == 1


def test_sarif(written: Callable[[str], str]) -> None:
    (run,) = json.loads(written("sarif"))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [RULE]
    assert [result["level"] for result in run["results"]] == ["error"] * 3
    assert [result["properties"]["event_index"] for result in run["results"]] == [1, 3, 5]


def test_stix(written: Callable[[str], str]) -> None:
    bundle = json.loads(written("stix"))
    kinds = [one["type"] for one in bundle["objects"]]
    assert kinds.count("indicator") == 1
    sightings = [one for one in bundle["objects"] if one["type"] == "sighting"]
    assert sum(one["count"] for one in sightings) == 3
    named = {one["id"] for one in bundle["objects"]}
    assert all(
        one["sighting_of_ref"] in named and set(one["where_sighted_refs"]) <= named for one in sightings
    )
    assert len(named) == len(bundle["objects"])
    assert json.loads(written("stix")) == bundle  # the same findings are the same objects


def test_ocsf(written: Callable[[str], str]) -> None:
    lines = [json.loads(line) for line in written("ocsf").splitlines()]
    assert [(one["class_uid"], one["type_uid"], one["severity_id"]) for one in lines] == [
        (2004, 200401, 4)
    ] * 3
    assert lines[0]["time"] == 1767323041001
    assert lines[0]["finding_info"]["analytic"]["uid"] == RULE
    assert lines[0]["finding_info"]["attacks"] == [{"technique": {"uid": "T1489"}}]


def test_ocsf_has_a_time_even_of_events_that_have_none(written: Callable[[str], str], log: Path) -> None:
    events = [json.loads(line) for line in log.read_text().splitlines()]
    log.write_text("\n".join(json.dumps({**one, "UtcTime": "soon"}) for one in events))
    lines = [json.loads(line) for line in written("ocsf").splitlines()]
    assert len(lines) == 3
    assert all(one["time"] > 1_700_000_000_000 for one in lines)
    assert "created_time" not in lines[0]["finding_info"]


def test_html_escapes_what_events_hold(written: Callable[[str], str], log: Path) -> None:
    log.write_text(log.read_text().replace("mpssvc", "<script>alert(1)</script>"))
    page = written("html")
    assert "<script>" not in page
    assert "<mark>sc stop &lt;script&gt;" in page
    assert page.count("<article") == 3


def test_a_file_that_cannot_be_written_is_told(
    rempart: Rempart, rules: Path, log: Path, tmp_path: Path
) -> None:
    done = rempart("detect", log, "--rules", rules, "--to", tmp_path / "no" / "out", status=1)
    assert "no" in done.stderr


def test_a_pipe_is_written_to_and_stays_one(rempart: Rempart, rules: Path, log: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    taken: list[bytes] = []
    reader = threading.Thread(target=lambda: taken.append(pipe.read_bytes()))
    reader.start()
    rempart("detect", log, "--rules", rules, "--output", "jsonl", "--to", pipe)
    reader.join(30)
    assert len(taken[0].splitlines()) == 3
    assert pipe.is_fifo()


@pytest.mark.parametrize("form", ["json", "sarif", "stix", "csv", "html", "ocsf", "jsonl"])
def test_nothing_found_is_a_whole_document(rempart: Rempart, rules: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / "a.log").write_text("nothing\n")
    text = rempart("detect", tmp_path / "a.log", "--rules", rules, "--output", form).stdout
    if form in ("json", "sarif", "stix"):
        json.loads(text)


def test_strange_values_come_out(rempart: Rempart, rules: Path, log: Path) -> None:
    first = json.loads(log.read_text().splitlines()[1])
    text = json.dumps({**first, "big": 123456789012345678901234567890, "lone": "\ud800", "nul": "a\0b"})
    log.write_text(
        text.replace('"big": 123456789012345678901234567890', '"big": 123456789012345678901234567890')
    )
    (found,) = [
        json.loads(line) for line in rempart("detect", log, "-r", rules, "-o", "jsonl").stdout.splitlines()
    ]
    assert found["event"]["nul"] == "a\0b"
