"""What a hunt finds goes up part after part: whatever the order, failures and kills, the same once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import httpx
import orjson
import pyarrow as arrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.detection import sending
from rempart.detection.findings import encoded
from rempart.detection.hunting.gathering import Gathering
from rempart.detection.hunting.upward import Upward
from rempart.detection.hunting.work import FOUND
from rempart.detection.tally import Tally

pytestmark = pytest.mark.any_database
# Two files of three parts each, of which the second of each has nothing: (file, first row) → findings.
PARTS = {(0, 0): 4, (0, 10): 0, (0, 20): 3, (1, 0): 5, (1, 10): 0, (1, 20): 2}


class _Hunt:
    correlates = False


def _batch(place: tuple[int, int]) -> arrow.RecordBatch:
    file, first = place
    rows: list[dict[str, Any]] = []
    for number in range(PARTS[place]):
        record = {
            "kind": "sigma", "rule_id": f"r{number % 2}", "rule_title": "Règle", "level": "high", "tags": [],
            "techniques": [], "rule_digest": "", "matched": [], "source": f"log-{file}",
            "event_index": first + number, "timestamp": f"2026-11-20T10:0{number}:00+00:00",
            "event": {"n": [file, first, number]}, "entity": {"host": f"pc{number % 2}", "user": ""},
        }  # fmt: skip
        rows.append({"kind": "finding", "place": file, "row": first + number, "rank": 0, "record": record})
    rows.append(
        {"kind": "count", "place": file, "row": first, "rank": 0, "record": {"events": 9, "bytes": 1}}
    )
    return arrow.RecordBatch.from_pylist(
        [row | {"record": encoded(row["record"])} for row in rows], schema=FOUND
    )


class _Platform:
    """Keeps what it is sent as the platform counts it; refuses, for a time, the requests told."""

    def __init__(self, failing: list[bool]) -> None:
        self.failing = list(failing)
        self.kept: dict[str, dict[str, int]] = {}
        self.requests = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.failing and self.failing.pop(0):
            return httpx.Response(503, json={})
        for one in orjson.loads(request.content)["detections"]:
            group = f"{one['rule_id']} {one['host']}"
            parts = self.kept.setdefault(group, {})
            parts[one["key"]] = max(parts.get(one["key"], 0), one["count"])
        return httpx.Response(200, json={})


def _sent(
    folder: Path, order: list[tuple[int, int]], platform: _Platform, killed_after: int
) -> dict[str, Any]:
    to = sending.Destination("https://node.test", "b", "t", run=1)
    left = list(order)
    while True:  # each turn is a process
        transport = httpx.MockTransport(platform)
        outgoing = sending.Outgoing(to, transport=transport, wait=lambda _seconds: None)
        with Gathering(folder) as gathering:
            upward = Upward(gathering, list(PARTS), outgoing)
            taken = 0
            while left:
                gathering.take([_batch(left.pop(0))], Tally())
                taken += 1
                if taken == killed_after and left:
                    break
                upward.advance()
            if not left:
                upward.finish(_Hunt())  # type: ignore[arg-type]
                assert upward.matches == sum(PARTS.values())
                return platform.kept


def _whole() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return _sent(Path(folder), sorted(PARTS), _Platform([]), 99)


@settings(max_examples=40, deadline=None)
@given(
    st.permutations(sorted(PARTS)), st.lists(st.booleans(), max_size=8), st.integers(min_value=1, max_value=9)
)
def test_whatever_happens_the_same_goes_up_once(
    order: list[tuple[int, int]], failing: list[bool], killed_after: int
) -> None:
    # The last tries are patient, and fewer in a row fail than it tries.
    failing = [each and place % 5 < 4 for place, each in enumerate(failing)]
    with tempfile.TemporaryDirectory() as folder:
        kept = _sent(Path(folder), order, _Platform(failing), killed_after)
    assert kept == _whole()
    assert sum(count for parts in kept.values() for count in parts.values()) == sum(PARTS.values())


def test_a_part_goes_up_before_the_next_is_read_and_not_again_after_a_kill(tmp_path: Path) -> None:
    platform = _Platform([])
    to = sending.Destination("https://node.test", "b", "t", run=1)
    first, second, third, *_rest = sorted(PARTS)
    with Gathering(tmp_path) as gathering:
        upward = Upward(gathering, list(PARTS), sending.Outgoing(to, transport=httpx.MockTransport(platform)))
        gathering.take([_batch(third)], Tally())
        upward.advance()
        assert platform.requests == 0  # the first of the logs is not there yet
        gathering.take([_batch(first)], Tally())
        upward.advance()
        assert platform.requests == 1
        gathering.take([_batch(second)], Tally())
        upward.advance()
        assert platform.requests == 2  # the third, for nothing was found in the second
    with Gathering(tmp_path) as gathering:
        assert gathering.told == 3
        Upward(
            gathering, list(PARTS), sending.Outgoing(to, transport=httpx.MockTransport(platform))
        ).advance()
    assert platform.requests == 2
