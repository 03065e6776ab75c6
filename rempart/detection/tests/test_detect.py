"""``rempart detect``: what it finds, how it says so, and that the number of processes changes nothing."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rempart.detection import scan

Rempart = Callable[..., Any]
pytestmark = pytest.mark.any_database
PAIR = """\
title: Down
id: 44444444-4444-4444-8444-444444444444
name: down
logsource: {category: test}
detection: {selection: {state: down}, condition: selection}
---
title: Up
id: 55555555-5555-4555-8555-555555555555
name: up
logsource: {category: test}
detection: {selection: {state: up}, condition: selection}
---
title: Down then up
id: 66666666-6666-4666-8666-666666666666
correlation: {type: temporal_ordered, rules: [down, up], group-by: [node], timespan: 1m}
level: high
"""


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_line_tells_the_rule_the_event_and_why(process: Rempart, rules: Path, log: Path) -> None:
    found = _lines(process("detect", log, "--rules", rules, "--output", "jsonl").stdout)
    assert [one["event_index"] for one in found] == [1, 3, 5]
    first = found[0]
    assert first["rule_id"] == "11111111-1111-4111-8111-111111111111"
    assert (first["rule_title"], first["level"], first["techniques"]) == (
        "Service stopped",
        "high",
        ["T1489"],
    )
    assert (first["source"], first["timestamp"]) == (str(log), "2026-01-02T03:04:01.001Z")
    assert first["entity"] == {"host": "pc1", "user": "ORG\\bob"}
    assert {one["field"]: one["value"] for one in first["matched"]} == {
        "Image": "C:\\Windows\\System32\\sc.exe",
        "CommandLine": "sc stop mpssvc",
    }
    assert first["event"]["ProcessId"] == 1
    assert "Empty" not in first["event"]
    assert "_logsource" not in first["event"]


def test_every_field_when_asked(rempart: Rempart, rules: Path, log: Path) -> None:
    found = _lines(rempart("detect", log, "--rules", rules, "-o", "jsonl", "--all-fields").stdout)
    assert found[0]["event"]["Empty"] is None


def test_nothing_to_look_for_is_said(rempart: Rempart, log: Path, tmp_path: Path) -> None:
    assert "--rules" in rempart("detect", log, status=2).stderr
    assert "none.log" in rempart("detect", tmp_path / "none.log", "--rules", tmp_path, status=1).stderr
    assert "xml" in rempart("detect", log, "--rules", tmp_path, "--output", "xml", status=2).stderr
    absent = rempart("detect", log, "--rules", tmp_path, "--rules", tmp_path / "typo", status=1)
    assert f"{tmp_path / 'typo'}\u00a0: " in absent.stderr
    (tmp_path / "ioc.txt").write_text("10.0.0.1\n")
    nowhere = rempart(
        "detect", log, "--ioc", tmp_path / "ioc.txt", "--to", tmp_path / "no" / "x.html", status=1
    )
    assert f"{tmp_path / 'no'}\u00a0: " in nowhere.stderr
    (tmp_path / "empty").mkdir()
    assert "Aucune" in rempart("detect", log, "--rules", tmp_path / "empty", status=1).stderr


def test_nothing_found_is_no_error(rempart: Rempart, rules: Path, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("nothing\n")
    done = rempart("detect", tmp_path / "a.log", "--rules", rules)
    assert "0 détections" in done.stdout


def test_the_summary_is_by_level_technique_host_and_rule(rempart: Rempart, rules: Path, log: Path) -> None:
    (log.parent / "events.leef").write_text("LEEF:1.0|V|P|1|e|src=10.0.0.1\n")
    text = rempart("detect", log, log.parent / "events.leef", "--rules", rules).stdout
    assert "jsonl (1), leef (1)" in text
    for words in ("3 détections", "Élevé", "T1489", "pc1", "Service stopped", "sc stop mpssvc"):
        assert words in text


def test_the_level_asked_is_the_least(rempart: Rempart, rules: Path, tmp_path: Path) -> None:
    (tmp_path / "auth.log").write_text("Nov 24 10:00:00 h sshd[1]: Failed password for x\n")
    arguments = ("detect", tmp_path / "auth.log", "--rules", rules, "-o", "jsonl")
    assert len(_lines(rempart(*arguments).stdout)) == 1
    assert _lines(rempart(*arguments, "--level", "medium").stdout) == []


def test_standard_input_and_a_forced_format(rempart: Rempart, rules: Path, log: Path) -> None:
    done = rempart("detect", "-", "--rules", rules, "-o", "jsonl", "--format", "jsonl", given=log.read_text())
    assert [(one["source"], one["event_index"]) for one in _lines(done.stdout)] == [
        ("-", 1),
        ("-", 3),
        ("-", 5),
    ]


def test_any_number_of_processes_gives_the_same(
    process: Rempart, rules: Path, log: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    line = log.read_text().splitlines()
    with (folder / "big.jsonl").open("w") as file:
        for _ in range(7_000):  # more than one part
            file.write(f"{line[1]}{' ' * 4000}\n{line[0]}\nbroken\n")
    for number in range(5):
        (folder / f"small{number}.jsonl.gz").write_bytes(gzip.compress(log.read_bytes()))
    arguments = ("detect", folder, "--rules", rules, "--output", "jsonl")
    one, two = process(*arguments, "--jobs", "1"), process(*arguments, "--jobs", "2")
    assert one.stdout == two.stdout
    found = _lines(one.stdout)
    assert [each["event_index"] for each in found if "big" in each["source"]] == list(range(0, 21_000, 3))
    assert len(found) == 7_000 + 15


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_comes_once_is_read_whole(
    rempart: Rempart, rules: Path, log: Path, tmp_path: Path, pipe: Callable[[bytes], Path], jobs: str
) -> None:
    """Logs, rules and indicators through pipes, and standard input, beside a file."""
    content = log.read_bytes()
    # More than a pipe holds.
    big = b"".join(line + b" " * 2000 + b"\n" for line in content.splitlines() * 300)
    given = content.decode().replace("stop", "query")
    found = _lines(
        rempart(
            *("detect", pipe(big), "-", log, "--rules", pipe((rules / "rules.yml").read_bytes())),
            *("--ioc", pipe(b"pc2.example\n10.0.0.1\n"), "-o", "jsonl", "--jobs", jobs),
            given=f'{given}\n{{"a": "10.0.0.1"}}\n',
        ).stdout
    )
    assert [one["event_index"] for one in found[:900]] == list(range(1, 1800, 2))
    assert [(one["source"], one["kind"], one["event_index"]) for one in found[900:]] == [
        ("-", "indicator", 6),
        *((str(log), "sigma", place) for place in (1, 3, 5)),
    ]


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Callable[[bytes], Path]]:
    """A function that gives the name of a pipe that holds these bytes, as ``<(…)`` of a shell does."""
    with ExitStack() as stack:

        def made(content: bytes) -> Path:
            path = tmp_path / f"piped-{len(content)}"
            path.write_bytes(content)
            writer = stack.enter_context(subprocess.Popen(["cat", path], stdout=subprocess.PIPE))
            assert writer.stdout
            return Path(f"/dev/fd/{writer.stdout.fileno()}")

        yield made


def test_indicators_that_are_none_are_told(rempart: Rempart, rules: Path, log: Path, tmp_path: Path) -> None:
    for name in ("empty.txt", "allow.txt"):
        (tmp_path / name).write_text("# nothing yet\n")
    lists = ("--ioc", tmp_path / "empty.txt", "--allow", tmp_path / "allow.txt")
    told = rempart("detect", log, "--rules", rules, *lists, "--explain-rules").stderr
    assert f"{tmp_path / 'empty.txt'}: holds no indicator" in told
    assert f"{tmp_path / 'allow.txt'}: holds no indicator" in told


def test_a_defect_of_a_rule_is_counted_and_listed(rempart: Rempart, rules: Path, log: Path) -> None:
    (rules / "bad.yml").write_text("title: Bad\nid: x\nlogsource: {product: windows}\ndetection: {a: 1}\n")
    done = rempart("detect", log, "--rules", rules, "-o", "jsonl")
    assert len(_lines(done.stdout)) == 3
    assert "--explain-rules" in done.stderr
    assert "bad.yml" in rempart("detect", log, "--rules", rules, "-o", "jsonl", "--explain-rules").stderr


def test_what_cannot_be_read_is_told_with_its_place(rempart: Rempart, rules: Path, log: Path) -> None:
    log.write_text(log.read_text() + '\n{"cut": \n' + json.dumps({"a": 1}) + "\n")
    done = rempart("detect", log, "--rules", rules, "-o", "jsonl")
    assert "line 7" in done.stderr
    assert len(_lines(done.stdout)) == 3
    for number in range(30):
        (log.parent / f"cut{number}.jsonl").write_text('{"a": 1}\n{"cut": \n')
    told = rempart("detect", log.parent / "cut*", "--rules", rules, "-o", "jsonl").stderr
    assert all(f"cut{number}.jsonl (line 2" in told for number in range(30))


def test_indicators_in_the_same_pass(rempart: Rempart, rules: Path, log: Path, tmp_path: Path) -> None:
    (tmp_path / "ioc.txt").write_text("evil[.]com\n10.0.0.0/8\n")
    (tmp_path / "allow.txt").write_text("10.1.0.0/16\n")
    log.write_text(
        log.read_text()
        + "\n"
        + json.dumps({"query": "www.evil.com", "a": "10.1.2.3", "b": "10.2.2.3"})
        + "\n"
    )
    arguments = ("--ioc", tmp_path / "ioc.txt", "--allow", tmp_path / "allow.txt", "-o", "jsonl")
    found = _lines(rempart("detect", log, "--rules", rules, *arguments).stdout)
    assert [one["kind"] for one in found] == ["sigma"] * 3 + ["indicator"] * 2
    assert found[3]["rule_id"] == "domain:evil.com"
    assert found[3]["matched"][0] == {
        "field": "query", "value": "www.evil.com", "pattern": "evil.com", "search": "ioc.txt",
    }  # fmt: skip
    assert found[4]["matched"][0]["value"] == "10.2.2.3"
    assert len(_lines(rempart("detect", log, *arguments).stdout)) == 2


def test_grouped(rempart: Rempart, rules: Path, log: Path) -> None:
    log.write_text("\n".join([log.read_text().splitlines()[1]] * 3))
    (found,) = _lines(rempart("detect", log, "--rules", rules, "-o", "jsonl", "--group").stdout)
    assert (found["count"], found["event_index"], found["event_indexes"]) == (3, 0, [0, 1, 2])


def test_correlations_tell_where_their_events_stand(rempart: Rempart, rules: Path, tmp_path: Path) -> None:
    from rempart.detection.tests.conftest import CORRELATION

    (rules / "correlation.yml").write_text(CORRELATION)
    log = tmp_path / "auth.log"
    log.write_text("".join(f"Nov 24 10:00:0{second} h sshd[1]: Failed password\n" for second in range(4)))
    found = _lines(rempart("detect", log, "--rules", rules, "-o", "jsonl", "-j", "2").stdout)
    (correlated,) = [one for one in found if one["kind"] == "correlation"]
    assert (correlated["rule_title"], correlated["count"]) == ("Many failures", 3)
    assert correlated["group"] == {"hostname": "h"}
    assert [one["event_index"] for one in correlated["events"]] == [0, 1, 2]


@pytest.mark.parametrize("jobs", ["1", "2", "3"])
def test_correlations_follow_events_across_files_that_cover_the_same_days(
    rempart: Rempart, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    """Whatever the order of files, and the processes that share them and their parts."""
    monkeypatch.setattr(scan, "_LEAST", 300)
    (rules / "correlation.yml").write_text(PAIR)
    for name, key, second in (("first", "down", 10), ("second", "up", 11)):
        lines = [
            json.dumps(
                {"state": key, "node": f"n{day % 3}", "@timestamp": f"2026-01-{day:02}T00:00:{second}Z"}
            )
            for day in range(1, 29)
        ]
        (tmp_path / f"{name}.jsonl").write_text("not JSON\n" + "\n".join(lines) + "\n")
    logs = [tmp_path / "second.jsonl", tmp_path / "first.jsonl"]
    done = rempart("detect", *logs, "--rules", rules, "-o", "jsonl", "-j", jobs)
    found = _lines(done.stdout)
    assert {one["kind"] for one in found} == {"correlation"}
    assert [one["timestamp"] for one in found] == [f"2026-01-{day:02}T00:00:11Z" for day in range(1, 29)]
    for day, one in enumerate(found, 1):
        places = [(Path(each["source"]).name, each["event_index"]) for each in one["events"]]
        assert places == [("first.jsonl", day), ("second.jsonl", day)]
        assert one["group"] == {"node": f"n{day % 3}"}


def test_what_correlations_cannot_use_is_told(rempart: Rempart, rules: Path, tmp_path: Path) -> None:
    (rules / "correlation.yml").write_text(PAIR)
    log = tmp_path / "a.jsonl"
    log.write_text('{"state": "down", "node": "n"}\n{"state": "up", "node": "n"}\n')
    done = rempart("detect", log, "--rules", rules, "-o", "jsonl")
    assert [one["kind"] for one in _lines(done.stdout)] == ["correlation"]
    assert "2 matches of events without a readable time" in done.stderr


def test_no_settings_are_loaded(process: Rempart, rules: Path, log: Path) -> None:
    process("detect", log, "--rules", rules)
    made = {path.name for path in (rules.parent / "var").iterdir()}
    assert made == {"cache"}
