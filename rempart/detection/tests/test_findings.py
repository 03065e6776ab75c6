"""Findings as they are made and written many at a time: what is shared between them changes none."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.detection.findings import Encoder, Finding, Origin, Reason, encoded, shown
from rempart.detection.scan import Engines, Settings
from rempart.detection.tally import Tally
from rempart.detection.tests.conftest import RULES, sysmon
from rempart.engines import logs

pytestmark = pytest.mark.any_database

TEXTS = st.text(st.characters(), max_size=4)  # lone surrogates too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
EVENTS = st.dictionaries(TEXTS, VALUES, max_size=4)


def _refused(problem: logs.Problem) -> None:
    pytest.fail(str(problem))


def _finding(event: dict[str, Any], place: int, word: str) -> Finding:
    origin = Origin("sigma", "r", "A rule", "high", ("attack.t1059",), ("T1059",))
    return Finding(origin, word, place, None, (Reason(word, word, word, "a"),), event)


@given(st.lists(EVENTS, max_size=3), TEXTS)
def test_an_event_written_once_for_its_findings_reads_as_if_written_for_each(
    events: list[dict[str, Any]], word: str
) -> None:
    encoder = Encoder()
    for place, event in enumerate(events):
        for each in ("", word):
            finding = _finding(event, place, each)
            assert encoder.line(finding) == encoded(finding.record())


@given(EVENTS | st.dictionaries(st.sampled_from(["Version", "Task", "_time", "a"]), VALUES))
def test_what_says_nothing_is_not_shown(event: dict[str, Any]) -> None:
    unsaid = {"Version", "Task", "_time"}
    assert shown(event, False) == {
        name: value for name, value in event.items() if name not in unsaid and value not in (None, "")
    }
    assert shown(event, True) == {name: value for name, value in event.items() if name != "_time"}


def test_events_made_once_more_give_what_events_that_are_kept_do(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    engines = Engines(Settings(rules=(tmp_path,)))
    commands = ["sc stop mpssvc", "sc query", "SC STOP É"]
    events = [sysmon(number, commands[number % 3]) for number in range(300)]
    text = b"\n".join(json.dumps(event).encode() for event in events)

    def read() -> logs.Reading:
        return logs.read(io.BytesIO(text), problems=_refused, name="a")

    kept = [logs.Event(each.source, each.index, each.data, each.clock) for each in read()]
    count, found = engines.take(read())
    assert count == 300
    assert [one.record() for one in found] == [one.record() for one in engines.scan(kept)]
    assert [one.index for one in found] == [number for number in range(300) if number % 3 != 1]


def test_data_forgotten_is_made_again_where_its_line_is_there() -> None:
    text = b'{"a": 1, "UtcTime": "2026-01-02 03:04:05"}\n{"b": NaN}\n'
    events = list(logs.read(io.BytesIO(text), problems=_refused, name="a"))
    data = [event.data for event in events]
    for event in events:
        event.forget()
    assert repr([event.data for event in events]) == repr(data)
    assert events[0].data is events[0].data
    with pytest.raises(AttributeError):
        events[0].absent  # noqa: B018


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=12), st.integers(0, 12))
def test_counts_of_parts_are_those_of_the_whole(given_: list[tuple[str, str]], cut: int) -> None:
    findings = []
    for rule, host in given_:
        origin = Origin("sigma", rule, rule.upper(), "high", (), ("T1059", rule))
        findings.append(Finding(origin, "a", 0, None, (), {}, host))
    whole, parts = Tally(), Tally()
    for finding in findings:
        whole.add(finding)
    for part in (findings[:cut], findings[cut:]):
        counted = Tally()
        for finding in part:
            counted.add(finding)
        parts.merge(counted)
    assert parts == whole
    assert list(parts.hosts) == list(whole.hosts)


@given(
    st.lists(st.sampled_from(["{}", "x" * 30, " ", "", "\t\x0b", "\r", '{"a": 1}', "é"]), max_size=9),
    st.booleans(),
)
def test_records_counted_are_those_met_in_reading(made: list[str], ended: bool) -> None:
    with NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(("\n".join(made) + "\n" * ended).encode())
        file.flush()
        path, limits = Path(file.name), logs.Limits(record_bytes=20)
        whole = (0, path.stat().st_size)
        for form in ("jsonl", "text", "syslog"):
            reading = logs.read(path, problems=lambda _: None, form=form, limits=limits, portion=whole)
            assert logs.count_records(path, whole, limits) == (sum(1 for _ in reading), reading.records)[1]
