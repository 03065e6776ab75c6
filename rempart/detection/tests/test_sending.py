"""``rempart detect --send``: what it finds reaches a node, whole and once, or the command says not."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.detection.commands.detections import MOST
from rempart.detection.detections_api import BatchIn
from rempart.detection.findings import Finding, Origin, Reason
from rempart.detection.models import Detection, Sighting
from rempart.detection.pseudonyms import PSEUDONYM, canonical, group_key, pseudonym
from rempart.detection.sending import BATCH, Destination, NotSent, Outgoing, bounded, destination
from rempart.detection.tests.conftest import Rempart, sysmon
from rempart.detection.tests.reporting import token_of
from tests import factories

KEY = b"0123456789abcdef"
NODE = Destination("http://localhost:1", "corps", "rmp_x")


def finding(number: int = 0, **fields: Any) -> Finding:
    origin = fields.pop("origin", Origin("sigma", "r1", "Règle", "high", (), ("T1489",), "ab"))
    event = fields.pop("event", {"n": number, "CommandLine": "sc stop"})
    return Finding(
        origin, fields.pop("source", "a.evtx"), number, f"2026-01-02T03:{number % 60:02d}:00Z",
        (Reason("CommandLine", "sc stop", "* stop *"),), event,
        **{"host": "pc1", "user": "bob", **fields},
    )  # fmt: skip


class Node(httpx.BaseTransport):
    """A node that answers as it is told, and keeps what it was given."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.batches: list[dict[str, Any]] = []
        self.keys: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers["Idempotency-Key"])
        self.batches.append(orjson.loads(request.read()))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, json={"title": "non"}, headers={"Retry-After": "3"})


@pytest.mark.any_database
def test_findings_of_one_hour_go_as_one_and_grow_under_their_key() -> None:
    node = Node()
    out = Outgoing(NODE, transport=node)
    for number in range(5):
        out.add(finding(number))
    out.flush()
    out.add(finding(7))
    out.flush()
    out.flush()
    first, second = (batch["detections"] for batch in node.batches)
    assert (first[0]["count"], second[0]["count"]) == (5, 6)
    assert first[0]["key"] == second[0]["key"]
    assert first[0]["sample"]["n"] == 0
    assert "sample" not in second[0]
    assert (out.sent, out.events) == (1, 6)


@pytest.mark.any_database
def test_a_busy_node_is_asked_again_with_the_same_batch_and_a_refusal_is_told() -> None:
    waits: list[float] = []
    node = Node(503, httpx.ConnectError("rien"), 409, 200)
    out = Outgoing(NODE, transport=node, wait=waits.append)
    out.add(finding())
    out.flush()
    assert len(set(node.keys)) == 1
    assert waits == [3.0, 2.0, 3.0]
    refusing = Outgoing(NODE, transport=Node(403), wait=waits.append)
    refusing.add(finding())
    with pytest.raises(NotSent, match="403 non"):
        refusing.flush()
    down = Node(*[502] * 20)
    weary = Outgoing(NODE, transport=down, wait=waits.append)
    weary.add(finding())
    with pytest.raises(NotSent, match="502"):
        weary.flush()
    assert len(down.batches) == 6
    weary._client = httpx.Client(transport=Node())
    weary.flush()
    assert weary.sent == 1


@pytest.mark.any_database
def test_with_a_key_only_pseudonyms_leave() -> None:
    node = Node()
    out = Outgoing(Destination("http://localhost:1", "corps", "x", KEY), transport=node)
    out.add(
        finding(host="secret-host", user="secret-user", event={"x": "secret-event"}, source="secret-file")
    )
    out.flush()
    assert "secret" not in json.dumps(node.batches)
    assert node.batches[0]["detections"][0]["host_pseudonym"] == pseudonym(KEY, "host", "secret-host")


_VALUES = st.text() | st.binary(max_size=9) | st.integers() | st.floats() | st.none() | st.lists(st.text())


@pytest.mark.any_database
@given(
    st.dictionaries(st.text(max_size=9), _VALUES, max_size=6),
    st.sampled_from([1, 40]),
    st.none() | st.text(),
    st.sampled_from(["low", "critical"]),
)
@settings(deadline=None)
def test_whatever_an_event_holds_the_node_takes_it(event: Any, times: int, host: Any, level: str) -> None:
    node = Node()
    out = Outgoing(NODE, transport=node)
    big = {
        f"{name * times}{number}": value * times if isinstance(value, str | list) else value
        for name, value in event.items()
        for number in range(times)
    }
    origin = Origin("sigma", "i" * 400, "t\ud800" * 400, level)
    one = finding(event=big, host=host and host * times, origin=origin)
    one.matched = (Reason("a\0" * 200, event, "p" * 5_000, "s" * 500),) * 30
    out.add(one)
    out.flush()
    BatchIn.model_validate(node.batches[0])
    assert BATCH <= MOST
    assert len(orjson.dumps(bounded(big, []), default=str)) <= 20_000


@pytest.mark.any_database
@given(st.text(max_size=50), st.text(max_size=50), st.binary(min_size=16, max_size=40))
def test_a_pseudonym_tells_entities_apart_and_nothing_else(one: str, other: str, key: bytes) -> None:
    names = pseudonym(key, "host", one), pseudonym(key, "host", other)
    assert (names[0] == names[1]) == (canonical(one) == canonical(other))
    if names[0]:
        assert PSEUDONYM.fullmatch(names[0])
        assert names[0] != pseudonym(key, "user", one)
        assert names[0] != pseudonym(key + b"x", "host", one)
        assert names[0] == pseudonym(key, "host", f" {one.upper().lower()} ") or one.upper().lower() != one
    assert canonical(canonical(one)) == canonical(one)


@pytest.mark.any_database
@given(
    st.lists(st.text(max_size=5), min_size=5, max_size=5),
    st.lists(st.text(max_size=5), min_size=5, max_size=5),
)
def test_keys_of_detections_differ_as_what_they_name(one: list[str], other: list[str]) -> None:
    def said(parts: list[str]) -> list[str]:
        rule, digest, host, user, hour = (part.encode("utf-8", "replace").decode() for part in parts)
        return [rule, digest, canonical(host), canonical(user), hour]

    assert (group_key(*one) == group_key(*other)) == (said(one) == said(other))


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("node", "body", "listening"),
    [
        ("http://exemple.test", "b", False),
        ("ftp://localhost", "b", False),
        ("https://moi:secret@exemple.test", "b", False),
        ("https://exemple.test", "", False),
        ("https://exemple.test", "b", True),
    ],
)
def test_a_destination_that_is_not_safe_is_refused(
    monkeypatch: Any, node: str, body: str, listening: bool
) -> None:
    monkeypatch.setenv("REMPART_TOKEN", "rmp_jeton")
    with pytest.raises(ValueError, match="--"):
        destination(node, body, None, None, listening=listening)


@pytest.fixture
def logs(tmp_path: Path, rules: Path) -> Path:
    path = tmp_path / "sysmon.jsonl"
    path.write_text("".join(json.dumps(sysmon(number)) + "\n" for number in range(60)))
    return path


@pytest.mark.django_db(transaction=True)
def test_the_command_sends_and_sends_again(live_server: Any, process: Rempart, logs: Path, rules: Path,
                                           tmp_path: Path) -> None:  # fmt: skip
    body = factories.organisation()
    secret = tmp_path / "jeton"
    secret.write_text(token_of(body) + "\n")
    options = ["--rules", rules, "--send", live_server.url, "--body", body.code, "--token-file", secret]
    done = process("detect", logs, *options)
    assert isinstance(done, subprocess.CompletedProcess)
    assert "60 events) received" in done.stderr
    rows = list(Detection.objects.order_by("host").values_list("host", "user", "count", "level"))
    assert rows == [(f"pc{number}", "ORG\\bob", 20, 3) for number in range(3)]
    first = Detection.objects.order_by("seen_at").first()
    assert first is not None
    assert first.first_at == datetime(2026, 1, 2, 3, 4, 0, tzinfo=UTC)
    assert first.matched[0]["field"]
    # The same logs again, a copy of them, and more of them: nothing is counted twice.
    copy = tmp_path / "copie.jsonl"
    copy.write_text(logs.read_text())
    process("detect", logs, copy, *options)
    assert sorted(Sighting.objects.values_list("count", flat=True)) == [20, 20, 20]
    with logs.open("a") as file:
        file.write(json.dumps(sysmon(60)) + "\n")
    process("detect", logs, *options)
    assert sorted(Sighting.objects.values_list("count", flat=True)) == [20, 20, 21]


@pytest.mark.django_db(transaction=True)
def test_the_command_says_when_it_could_not_send(live_server: Any, process: Rempart, logs: Path, rules: Path,
                                                 tmp_path: Path) -> None:  # fmt: skip
    body = factories.organisation()
    secret = tmp_path / "jeton"
    secret.write_text("rmp_mauvais\n")
    options = ["--rules", rules, "--send", live_server.url, "--body", body.code, "--token-file", secret]
    done = process("detect", logs, *options, status=1)
    assert "401" in done.stderr
    assert "rmp_mauvais" not in done.stderr
    assert not Detection.objects.exists()
