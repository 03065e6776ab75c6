"""Detections given to the platform: at least once from the node, once in the counts, never out of bounds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.detection.commands.detections import MOST, record_detections
from rempart.detection.models import Detection, DetectionPart, Sighting
from rempart.detection.pseudonyms import pseudonym
from rempart.detection.tests.reporting import AT, detect, document, officer, part, reported, token_of
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.models import AuditEntry, OutboxEvent
from rempart.kernel.permissions import Permission, Role
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/api/v1/detections/batches"


def _post(secret: str, content: Any, **headers: str) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content)
    return Client(raise_request_exception=False).post(
        URL, body, content_type="application/json", headers={"Authorization": f"Bearer {secret}", **headers}
    )


def _state() -> list[Any]:
    names = ("rule_id", "host", "user", "count", "first_at", "last_at", "seen_at", "sample", "first_part")
    rows = list(Detection.objects.order_by("key").values_list(*names))
    left = Sighting.objects.all()
    return [rows, list(left.values_list("rule_id", "host", "user", "count", "first_at", "last_at"))]


def test_a_part_given_again_changes_nothing() -> None:
    body = factories.organisation()
    one, other = reported(count=3), reported(count=2, first_at=AT + timedelta(minutes=5))
    first = record_detections(system("tests"), body_id=body.pk, reported=[one, other])
    assert (first.new, first.grown, first.unchanged) == (1, 0, 0)
    found = Detection.objects.get()
    assert (found.count, found.first_at, found.sample) == (5, AT, one.sample)
    events = OutboxEvent.objects.filter(kind="detection.recorded").count()
    again = record_detections(system("tests"), body_id=body.pk, reported=[other, one, one])
    assert (again.new, again.grown, again.unchanged) == (0, 0, 3)
    assert Detection.objects.get().count == 5
    assert OutboxEvent.objects.filter(kind="detection.recorded").count() == events
    grown = record_detections(system("tests"), body_id=body.pk, reported=[reported(key=one.key, count=7)])
    assert (grown.new, grown.grown, Sighting.objects.get().count) == (0, 1, 9)


_HOUR = timedelta(hours=1)
_PARTS = st.lists(
    st.tuples(
        st.sampled_from(["r1", "r2"]),
        st.sampled_from(["pc1", "PC1", "pc2", ""]),
        st.sampled_from([0, 1]),
        st.integers(0, 5),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=8,
)


@given(parts=_PARTS, orders=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_do_not_depend_on_order_batches_or_repetition(parts: Any, orders: Any) -> None:
    """Any parts, each given once or more, in any order and any batches: the rows are the same."""
    given_ = [
        reported(
            rule_id=rule, host=host, key=part(number), count=count, first_at=AT + hour * _HOUR,
            last_at=AT + hour * _HOUR, sample={"n": number},
        )
        for rule, host, hour, number, count in parts
    ]  # fmt: skip
    outcomes = []
    for _ in range(3):
        with transaction.atomic():
            body = factories.organisation(code="intake")
            Detection.objects.all().delete()
            repeated = [*given_, *orders.choices(given_, k=len(given_))]
            orders.shuffle(repeated)
            rest = iter(repeated)
            while batch := list(islice(rest, orders.randint(1, 5))):
                record_detections(system("tests"), body_id=body.pk, reported=batch)
            rows, left = _state()
            # The same part may have been given under two spellings of a host: whichever came first is kept.
            rows = [(row[0], row[1].lower(), *row[2:]) for row in rows]
            outcomes.append((rows, sorted(str((each[0], *each[3:])) for each in left)))
            largest: dict[tuple[str, str], int] = {}
            for one in given_:
                place = (one.group, one.key)
                largest[place] = max(largest.get(place, 0), one.count)
            assert sum(row[3] for row in rows) == sum(largest.values())
            assert len(rows) == len({one.group for one in given_})
            transaction.set_rollback(True)
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_what_leaves_names_nobody() -> None:
    body, other = factories.organisation(), factories.organisation()
    here, there = detect(body), detect(other)
    assert here.sighting.host.startswith("host-")
    assert here.sighting.user.startswith("user-")
    # The same host has one name in its body, whatever its spelling, and another in the next body.
    assert detect(body, host="pc1.EXEMPLE.test", rule_id="r2").sighting.host == here.sighting.host
    assert there.sighting.host != here.sighting.host
    told = json.dumps(list(Sighting.objects.values()), default=str)
    audited = json.dumps(list(AuditEntry.objects.values()), default=str)
    published = json.dumps(list(OutboxEvent.objects.values()), default=str)
    for raw in ("exemple.test", "alice", "sc stop", "Security.evtx"):
        assert raw not in told + audited + published


def test_a_node_that_keeps_names_gives_pseudonyms() -> None:
    body = factories.organisation()
    key = b"0123456789abcdef"
    names = {f"{kind}_pseudonym": pseudonym(key, kind, "x") for kind in ("host", "user")}
    content = document(host="", user="", source="", matched=[], sample={}) | names
    assert _post(token_of(body), {"body": body.code, "detections": [content]}).status_code == 200
    found = Detection.objects.get()
    assert (found.host, found.sample, found.sighting.host) == ("", {}, names["host_pseudonym"])


def test_a_batch_sent_again_is_answered_the_same() -> None:
    body = factories.organisation()
    secret, content = token_of(body), {"body": body.code, "detections": [document(count=4)]}
    first = _post(secret, content, **{"Idempotency-Key": "k1"})
    again = _post(secret, content, **{"Idempotency-Key": "k1"})
    assert first.json() == again.json() == {"received": 1, "new": 1, "grown": 0, "unchanged": 0}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _post(secret, content).json() == {"received": 1, "new": 0, "grown": 0, "unchanged": 1}
    assert Detection.objects.get().count == 4
    other = {"body": body.code, "detections": [document(count=5)]}
    assert _post(secret, other, **{"Idempotency-Key": "k1"}).status_code == 422


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return {"deep": value}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"sample": _nested(6)}, "sample"),
        ({"sample": {"x": "y" * 17_000}}, "sample"),
        ({"count": 0}, "count"),
        ({"count": 10**12}, "count"),
        ({"level": "urgent"}, "level"),
        ({"host": "h" * 256}, "host"),
        ({"matched": [{"value": "v"}] * 21}, "matched"),
        ({"techniques": ["T1489 x"]}, "techniques"),
        ({"key": "court"}, "key"),
        ({"first_at": "2026-01-01T00:00:00"}, "first_at"),
        ({"host_pseudonym": "alice"}, "host_pseudonym"),
        ({"rule_id": ""}, "rule_id"),
    ],
)
def test_what_is_out_of_bounds_is_refused_whole_with_its_place(wrong: dict[str, Any], field: str) -> None:
    body = factories.organisation()
    content = {"body": body.code, "detections": [document(), document() | wrong]}
    answer = _post(token_of(body), content)
    assert answer.status_code == 422
    assert f"detections.1.{field}" in answer.json()["errors"][0]["field"]
    assert not Detection.objects.exists()


def test_too_many_too_deep_and_unreadable_are_refused() -> None:
    body = factories.organisation()
    secret = token_of(body)
    many = {"body": body.code, "detections": [document() for _ in range(MOST + 1)]}
    assert _post(secret, many).status_code == 422
    deep = b'{"body": "x", "detections": [{"sample": ' + b"[" * 200_000 + b"]" * 200_000 + b"}]}"
    assert 400 <= _post(secret, deep).status_code < 500
    assert _post(secret, b"\xff\xfe").status_code == 400
    assert not Detection.objects.exists()


def test_strange_values_are_kept_as_any_database_can() -> None:
    body = factories.organisation()
    strange = {"a\0": "b\0", "n": 2**80, "f": 1.5, "nul": None, "not": float("nan"), "half": "\ud800"}
    content = document(host="pc\0", sample=strange, matched=[{"field": "x", "value": "\0"}])
    answer = _post(token_of(body), {"body": body.code, "detections": [content]})
    assert answer.status_code == 200, answer.content
    found = Detection.objects.get()
    assert found.host == "pc\ufffd"
    assert found.sample == {
        "a\ufffd": "b\ufffd", "n": str(2**80), "f": 1.5, "nul": None, "not": "nan", "half": "?",
    }  # fmt: skip
    refused = document(host="pc\ud800")
    assert _post(token_of(body), {"body": body.code, "detections": [refused]}).status_code == 422


def test_an_absurd_time_is_no_time() -> None:
    body = factories.organisation()
    for moment in (datetime(1601, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)):
        found = detect(body, first_at=moment, last_at=moment)
        assert (found.first_at, found.last_at) == (None, None)
        assert found.seen_at == found.recorded_at
    ahead = detect(body, rule_id="ahead", first_at=datetime(2090, 1, 1, tzinfo=UTC), last_at=None)
    assert ahead.seen_at == ahead.recorded_at


def test_only_the_body_s_own_token_gives() -> None:
    body, other = factories.organisation(), factories.organisation()
    content = {"body": body.code, "detections": [document()]}
    assert _post(token_of(other), content).status_code == 404
    assert _post(token_of(body, Permission.ASSET_READ), content).status_code == 403
    assert _post("rmp_inconnu", content).status_code == 401
    for role in (Role.CGCD_COMMANDER, Role.COCD_ANALYST, Role.ASSET_OWNER):
        place = {Role.CGCD_COMMANDER: body.parent.parent, Role.COCD_ANALYST: body.parent}.get(role, body)
        with pytest.raises(NotPermitted):
            record_detections(factories.actor(role, place), body_id=body.pk, reported=[reported()])
    with pytest.raises(NotPermitted):
        record_detections(officer(other), body_id=body.pk, reported=[reported()])
    assert not DetectionPart.objects.exists()
