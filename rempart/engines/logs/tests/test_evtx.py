"""Windows event logs: every recorded one, and what is left of them when they are damaged."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from rempart.engines.logs import Problem, portions, read
from rempart.engines.logs.documents import Splitter
from rempart.engines.logs.model import DEFAULT_LIMITS, Source
from rempart.engines.logs.windows import flat

Read = Any
DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "sigma" / "regression_data"
EVTX = sorted(DATA.rglob("*.evtx")) if DATA.is_dir() else []
#: Its JSON was written by hand: a name in another case, a time more precise.
BY_HAND = "ad691d92-15f2-4181-9aa4-723c74f9ddc3"
needs_data = pytest.mark.skipif(not EVTX, reason=f"needs the recorded logs of {DATA}")


def _recorded(path: Path) -> list[dict[str, Any]]:
    """The same events, as the JSON beside holds them."""
    with path.with_suffix(".json").open("rb") as stream:
        source = Source(str(path), stream, DEFAULT_LIMITS, print)
        return [flat(orjson.loads(raw))[0] for _, raw in Splitter(source, (b"Records",)).objects()]


def _stripped(data: dict[str, Any]) -> dict[str, Any]:
    """Without what the tool that made the JSON took off: spaces at the ends of values."""
    return {name: value.strip() if isinstance(value, str) else value for name, value in data.items()}


@needs_data
def test_every_recorded_log_gives_the_events_of_its_json() -> None:
    seen = 0
    for path in EVTX:
        problems: list[Problem] = []
        events = list(read(path, problems=problems.append))
        assert not problems
        assert [event.index for event in events] == list(range(len(events)))
        assert all(event.timestamp and event.timestamp.startswith("20") for event in events)
        if path.stem != BY_HAND:
            recorded = [_stripped(one) for one in _recorded(path)]
            assert [_stripped(event.data) for event in events] == recorded, path
        seen += len(events)
    assert seen >= 100


@pytest.fixture
def log() -> bytes:
    """The recorded log that has most events."""
    if not EVTX:
        pytest.skip(f"needs the recorded logs of {DATA}")
    return max(EVTX, key=lambda path: len(_recorded(path))).read_bytes()


def _count(reading: Read, content: bytes) -> int:
    return len(reading(content)[0])


def test_a_cut_file_gives_what_it_has_and_says_where(reading: Read, log: bytes) -> None:
    whole = _count(reading, log)
    events, problems, _ = reading(log[: 4096 + 6000])
    assert 0 < len(events) < whole
    assert any("the file is cut" in str(one) and one.offset == 4096 for one in problems)


def test_a_damaged_header_costs_nothing(reading: Read, log: bytes) -> None:
    events, problems, _ = reading(b"\xff" * 128 + log[128:], form="evtx")
    assert len(events) == _count(reading, log)
    assert any(one.offset == 0 for one in problems)


def test_a_damaged_chunk_costs_only_itself(reading: Read, log: bytes) -> None:
    chunk = log[4096:69632]
    broken = b"garbage!" + chunk[8:]
    events, problems, _ = reading(log[:4096] + chunk + broken + chunk)
    whole = _count(reading, log)
    assert len(events) == 2 * whole
    assert [event.index for event in events] == list(range(2 * whole))
    assert [one.offset for one in problems] == [69632]


def test_a_record_whose_size_is_damaged_hides_no_other(reading: Read, log: bytes) -> None:
    chunk = bytearray(log[4096:69632])
    second = chunk.find(b"\x2a\x2a\x00\x00", 512 + 4)
    chunk[second + 4 : second + 8] = b"\xff\xff\xff\x7f"  # its size
    whole = _count(reading, log)
    events, problems, _ = reading(log[:4096] + bytes(chunk) + log[4096:69632])
    assert len(events) == 2 * whole
    assert problems
    assert all(one.offset == 4096 for one in problems)


def test_records_may_not_overlap_or_lie(reading: Read, log: bytes) -> None:
    for place in range(512, 3000, 37):
        damaged = bytearray(log)
        damaged[4096 + place : 4096 + place + 8] = b"\xde\xad\xbe\xef" * 2
        events, problems, _ = reading(bytes(damaged))
        assert len(events) <= _count(reading, log)
        assert problems or events


def test_chunks_in_any_order(reading: Read, log: bytes) -> None:
    chunk, zeros = log[4096:69632], bytes(65536)
    events, problems, _ = reading(log[:4096] + zeros + chunk + zeros + chunk)
    assert not problems
    assert len(events) == 2 * _count(reading, log)


def test_portions_of_a_log_give_the_same_events_as_the_whole(tmp_path: Path, log: bytes) -> None:
    path = tmp_path / "log.evtx"
    chunk = log[4096:69632]
    path.write_bytes(log[:4096] + chunk + b"garbage!" + chunk[8:] + chunk + chunk[:9000])
    whole: list[Problem] = []
    events = [event.data for event in read(path, problems=whole.append)]
    form, parts = portions(path, 65536)
    assert (form, len(parts)) == ("evtx", 4)
    problems: list[Problem] = []
    given = [
        event.data
        for part in parts
        for event in read(path, problems=problems.append, portion=part, form=form)
    ]
    assert given == events
    assert [one.offset for one in problems] == [one.offset for one in whole]


def test_strange_values_stay(reading: Read) -> None:
    document = {
        "Event": {"System": {"EventID": "4104"}, "EventData": {"ScriptBlockText": "x" * 200_000, "n": None}}
    }
    events, problems, _ = reading(json.dumps(document) + "\n")
    assert not problems
    assert len(events[0].data["ScriptBlockText"]) == 200_000
    assert events[0].data["n"] is None


@needs_data
@pytest.mark.parametrize("left", [10, 4096, 4096 + 65536])
def test_a_file_cut_between_its_chunks_is_told(reading: Read, log: bytes, left: int) -> None:
    header = bytearray(log[:4096])
    header[42:44] = (2).to_bytes(2, "little")  # chunks that the file says it has
    header[124:128] = zlib.crc32(header[:120]).to_bytes(4, "little")
    whole = bytes(header) + log[4096 : 4096 + 65536] + b"\0" * 65536
    events, problems, _ = reading(whole)
    assert (bool(events), problems) == (True, [])
    left_events, (problem,), given = reading(whole[:left])
    assert given.format == "evtx"
    assert (problem.offset, f"{left} bytes are there of" in problem.reason) == (left, True)
    assert len(left_events) == (len(events) if left > 4096 else 0)
