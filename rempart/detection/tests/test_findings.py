"""Findings as they are made and written many at a time: what is shared between them changes none."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.detection.findings import Encoder, Finding, Origin, Reason, encoded, shown
from rempart.detection.scan import Engines, Settings
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
        return logs.read(io.BytesIO(text), problems=pytest.fail, name="a")

    kept = [logs.Event(each.source, each.index, each.data, each.clock) for each in read()]
    count, found = engines.take(read())
    assert count == 300
    assert [one.record() for one in found] == [one.record() for one in engines.scan(kept)]
    assert [one.index for one in found] == [number for number in range(300) if number % 3 != 1]


def test_data_forgotten_is_made_again_where_its_line_is_there() -> None:
    text = b'{"a": 1, "UtcTime": "2026-01-02 03:04:05"}\n{"b": NaN}\n'
    events = list(logs.read(io.BytesIO(text), problems=pytest.fail, name="a"))
    data = [event.data for event in events]
    for event in events:
        event.forget()
    assert repr([event.data for event in events]) == repr(data)
    assert events[0].data is events[0].data
    with pytest.raises(AttributeError):
        events[0].absent  # noqa: B018
