"""Hunts on the platform: who asks, who lets them run, what nodes say, and what nobody else sees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from rempart.detection import packfile
from rempart.detection.commands import hunt_runs, hunting, packs
from rempart.detection.commands.detections import record_detections
from rempart.detection.commands.hunt_runs import Kept, announce_node, end_run, estimate_run, progress_run
from rempart.detection.commands.importing import import_rules
from rempart.detection.models import Detection, HuntAuthorisation, HuntNode, HuntRun, Rule
from rempart.detection.queries import hunts as queries
from rempart.detection.tests.reporting import reported
from rempart.detection.tests.rule_texts import FAILED, STOPPED, release, rule
from rempart.kernel.actors import Actor, NotPermitted, system
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.models import AuditEntry, OutboxEvent, User
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from tests import factories

pytestmark = pytest.mark.django_db
CLI = system("cli")


@pytest.fixture(autouse=True)
def _library(tmp_path: Any) -> None:
    texts = {"rules/a.yml": rule(), "rules/b.yml": rule(FAILED, "Other", " other ")}
    import_rules(CLI, release(tmp_path / "release", texts), source="ours")


@pytest.fixture
def body() -> Any:
    return factories.organisation("body")


@pytest.fixture
def sibling(body: Any) -> Any:
    return factories.organisation("body", body.parent)


@pytest.fixture
def officer(body: Any) -> Actor:
    return factories.actor(Role.BODY_OFFICER, body)


@pytest.fixture
def analyst(body: Any, sibling: Any) -> Actor:
    return factories.actor(Role.COCD_ANALYST, body.parent)


def asked(actor: Actor, *bodies: Any, **fields: Any) -> Any:
    values: dict[str, Any] = {"title": "Arrêts", "why": "Une campagne", "rule_keys": [STOPPED]}
    return hunting.ask_hunt(actor, body_ids=[one.pk for one in bodies], **values | fields)


def estimated(officer: Actor, run: HuntRun, seconds: float | None = 30.0, events: int = 1_000) -> HuntRun:
    (announced,) = announce_node(officer, body_id=run.body_id, node="n1", kept=Kept(events=events))
    return estimate_run(
        officer, run_id=announced.pk, node="n1", files=2, events=events, bytes_=9, seconds=seconds
    )


def test_a_hunt_goes_from_asked_to_done_and_every_step_is_audited(
    analyst: Actor, officer: Actor, body: Any
) -> None:
    hunt = asked(analyst, body, days=30)
    assert hunt.until - hunt.since == timedelta(days=30)
    run = hunt.runs.get()
    assert (run.state, run.node) == ("asked", "")
    assert estimated(officer, run).state == "estimated"
    with pytest.raises(NotPermitted):
        hunting.decide_run(analyst, run_id=run.pk, allow=True)
    assert progress_run(officer, run_id=run.pk, node="n1", done=0, total=9).state == "estimated"
    hunting.decide_run(officer, run_id=run.pk, allow=True)
    assert progress_run(officer, run_id=run.pk, node="n1", done=0, total=1_000).state == "running"
    progress_run(officer, run_id=run.pk, node="n1", done=500, total=1_000)
    assert queries.progress(analyst, [hunt.pk])[hunt.pk].share == 0.5
    record_detections(officer, body_id=body.pk, reported=[reported()], run_id=run.pk)
    for _twice in range(2):
        assert end_run(officer, run_id=run.pk, node="n1", done=990, matches=1).state == "done"
    found = queries.get_run(analyst, run.pk)
    assert (found.events_done, found.events_total, found.matches, found.found) == (990, 990, 1, 1)
    moves = AuditEntry.objects.filter(action="hunt.moved").order_by("seq")
    assert [one.after["state"] for one in moves] == ["estimated", "authorised", "running", "done"]
    assert {one.body_id for one in moves} == {body.pk}
    told = OutboxEvent.objects.filter(kind="detection.hunt_moved")
    assert {one.payload["body_id"] for one in told} == {body.pk}


def test_progress_is_told_to_pages_by_hundredths(analyst: Actor, officer: Actor, body: Any) -> None:
    run = asked(analyst, body).runs.get()
    estimated(officer, run)
    hunting.decide_run(officer, run_id=run.pk, allow=True)
    progress_run(officer, run_id=run.pk, node="n1", done=0, total=100_000)
    before = OutboxEvent.objects.count()
    for done in range(0, 3_000, 10):
        progress_run(officer, run_id=run.pk, node="n1", done=done, total=100_000)
    assert OutboxEvent.objects.count() == before + 2


def test_the_rules_go_signed_with_the_filters_of_the_body(analyst: Actor, officer: Actor, body: Any) -> None:
    run = asked(analyst, body, rule_keys=[FAILED, STOPPED, FAILED]).runs.get()
    opened = packfile.opened(hunt_runs.rules_of_run(officer, run_id=run.pk), [packs.public_key()])
    assert [one.id for one in opened.contents.rules] == [FAILED, STOPPED]
    assert hunt_runs.rules_of_run(officer, run_id=run.pk) == hunt_runs.rules_of_run(officer, run_id=run.pk)


def test_a_pack_or_a_version_may_be_asked(analyst: Actor, body: Any) -> None:
    pack = packs.make_pack(CLI)
    assert asked(analyst, body, rule_keys=[], pack_digest=pack.digest).rules == 2
    version = Rule.objects.get(key=FAILED).current
    assert version is not None
    hunt = asked(analyst, body, rule_keys=[], version_id=version.pk)
    assert (hunt.rules, hunt.version) == (1, version)


@pytest.mark.parametrize(
    "fields",
    [
        {"title": " "},
        {"why": ""},
        {"days": 0},
        {"days": 3_651},
        {"rule_keys": []},
        {"rule_keys": ["absent"]},
        {"rule_keys": [f"r{number}" for number in range(501)]},
        {"pack_digest": "0" * 64},
    ],
)
def test_what_cannot_be_asked_is_refused(analyst: Actor, body: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        asked(analyst, body, **fields)
    assert refused.value.field
    assert not HuntRun.objects.exists()


def test_rules_that_may_not_leave_are_not_asked(analyst: Actor, body: Any, sibling: Any) -> None:
    Rule.objects.filter(key=STOPPED).update(body=body)
    with pytest.raises(Invalid):
        asked(analyst, body, sibling)
    assert asked(analyst, body).runs.count() == 1
    Rule.objects.filter(key=FAILED).update(marking="TLP:RED")
    with pytest.raises(Invalid):
        asked(analyst, body, rule_keys=[FAILED])


def test_a_body_neither_sees_nor_moves_the_run_of_another(
    analyst: Actor, officer: Actor, body: Any, sibling: Any
) -> None:
    neighbour = factories.actor(Role.BODY_OFFICER, sibling)
    hunt = asked(analyst, body, sibling)
    mine = hunt.runs.get(body=body)
    assert [one.body_id for one in queries.runs(neighbour)] == [sibling.pk]
    assert queries.progress(neighbour, [hunt.pk])[hunt.pk].nodes == 1
    estimated(officer, mine)
    calls = (
        lambda: hunting.decide_run(neighbour, run_id=mine.pk, allow=True),
        lambda: hunting.cancel_run(neighbour, run_id=mine.pk, note="x"),
        lambda: progress_run(neighbour, run_id=mine.pk, node="n1", done=0, total=1),
        lambda: hunt_runs.rules_of_run(neighbour, run_id=mine.pk),
        lambda: record_detections(neighbour, body_id=sibling.pk, reported=[reported()], run_id=mine.pk),
        lambda: queries.get_run(neighbour, mine.pk),
    )
    for call in calls:
        with pytest.raises(NotFound):
            call()
    with pytest.raises(NotPermitted):
        announce_node(neighbour, body_id=body.pk, node="n1", kept=Kept())
    with pytest.raises(NotPermitted):
        asked(neighbour, body)
    # A hunt of the sibling alone is nothing to this body.
    theirs = asked(neighbour, sibling)
    with pytest.raises(NotFound):
        queries.get_hunt(officer, theirs.pk)
    # Stopping a hunt stops what one asks for, no more.
    assert hunting.cancel_hunt(neighbour, hunt_id=hunt.pk, note="x") == 1
    mine.refresh_from_db()
    assert mine.state == "estimated"
    assert not Detection.objects.exists()


def test_what_is_allowed_in_advance_goes_within_its_ceiling(
    analyst: Actor, officer: Actor, body: Any
) -> None:
    with pytest.raises(NotPermitted):
        hunting.authorise_hunts(analyst, body_id=body.pk, most_minutes=1, per_day=2)
    for minutes, per_day in ((-1, 1), (1, -1), (10_081, 1), (1, 1_001)):
        with pytest.raises(Invalid):
            hunting.authorise_hunts(officer, body_id=body.pk, most_minutes=minutes, per_day=per_day)
    hunting.authorise_hunts(officer, body_id=body.pk, most_minutes=1, per_day=2)

    def state(seconds: float | None, events: int = 9) -> str:
        run = asked(analyst, body).runs.get()
        announce_node(officer, body_id=body.pk, node="n1", kept=Kept())
        made = estimate_run(
            officer, run_id=run.pk, node="n1", files=1, events=events, bytes_=1, seconds=seconds
        )
        return made.state

    assert [state(60.1), state(None), state(60.0), state(None, 0), state(1.0)] == [
        "estimated", "estimated", "authorised", "authorised", "estimated",
    ]  # fmt: skip
    assert hunting.authorise_hunts(officer, body_id=body.pk, most_minutes=0, per_day=9) is None
    assert not HuntAuthorisation.objects.exists()


def test_each_node_that_hunts_gets_its_own_run_and_a_first_one_takes_what_waits(
    analyst: Actor, officer: Actor, body: Any
) -> None:
    waiting = asked(analyst, body).runs.get()
    assert [one.pk for one in announce_node(officer, body_id=body.pk, node="n1", kept=Kept())] == [waiting.pk]
    assert announce_node(officer, body_id=body.pk, node="n2", kept=Kept()) == []
    hunt = asked(analyst, body)
    assert sorted(hunt.runs.values_list("node", flat=True)) == ["n1", "n2"]
    with pytest.raises(Conflict):
        progress_run(officer, run_id=waiting.pk, node="n2", done=0, total=1)
    silent = now() - hunting.SILENT - timedelta(hours=1)
    HuntNode.objects.filter(node="n2").update(seen_at=silent)
    assert [one.node for one in asked(analyst, body).runs.all()] == ["n1"]


def test_a_stopped_or_refused_run_stays_so_whatever_its_node_says(
    analyst: Actor, officer: Actor, body: Any
) -> None:
    first, second = (asked(analyst, body).runs.get() for _ in range(2))
    for run in (first, second):
        HuntRun.objects.filter(pk=run.pk).update(node="n1")
        estimate_run(officer, run_id=run.pk, node="n1", files=1, events=9, bytes_=1, seconds=1)
    with pytest.raises(Invalid):
        hunting.decide_run(officer, run_id=first.pk, allow=False)
    hunting.decide_run(officer, run_id=first.pk, allow=False, note="trop long")
    hunting.decide_run(officer, run_id=second.pk, allow=True)
    progress_run(officer, run_id=second.pk, node="n1", done=1, total=9)
    hunting.cancel_hunt(analyst, hunt_id=second.hunt_id, note="fini")
    for run, state in ((first, "refused"), (second, "cancelled")):
        assert progress_run(officer, run_id=run.pk, node="n1", done=5, total=9).state == state
        assert end_run(officer, run_id=run.pk, node="n1", done=9).state == state
        with pytest.raises(Conflict):
            hunting.decide_run(officer, run_id=run.pk, allow=True)
    assert announce_node(officer, body_id=body.pk, node="n1", kept=Kept()) == []


def test_what_was_found_live_and_hunted_is_one_detection_of_both(
    analyst: Actor, officer: Actor, body: Any
) -> None:
    one = reported()
    record_detections(officer, body_id=body.pk, reported=[one])
    run = asked(analyst, body).runs.get()
    for _twice in range(2):
        record_detections(officer, body_id=body.pk, reported=[one], run_id=run.pk)
    assert Detection.objects.get().count == 1
    assert list(queries.brought(run.hunt_id)) == [Detection.objects.get().sighting_id]


def browser(actor: Actor) -> Client:
    client = Client()
    client.force_login(
        User.objects.get(pk=actor.user_id), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


def test_the_pages_ask_decide_show_and_stop(analyst: Actor, officer: Actor, body: Any) -> None:
    centre, own = browser(analyst), browser(officer)
    form = {"title": "Chasse", "why": "Vu ailleurs", "days": "90", "rules": STOPPED, "selected": [body.pk]}
    assert centre.post("/hunts/new/", {**form, "days": "x"}).status_code == 422
    assert HuntRun.objects.count() == 0
    address = centre.post("/hunts/new/", form)["Location"]
    run = HuntRun.objects.get()
    estimated(officer, run)
    assert "Chasse" in own.get("/hunts/").content.decode()
    page = own.get(address).content.decode()
    assert f"/hunts/runs/{run.pk}/allow/" in page
    assert f"/hunts/runs/{run.pk}/allow/" not in centre.get(address).content.decode()
    assert centre.post(f"/hunts/runs/{run.pk}/allow/").status_code == 403
    own.post(f"/hunts/runs/{run.pk}/allow/")
    record_detections(officer, body_id=body.pk, reported=[reported()], run_id=run.pk)
    for client, place in ((own, "detections"), (own, "sightings"), (centre, "sightings")):
        assert "Service stopped" in client.get(f"/{place}/?hunt={run.hunt_id}").content.decode()
        for other in (str(run.hunt_id + 1), "x"):
            assert "Service stopped" not in client.get(f"/{place}/?hunt={other}").content.decode()
    assert centre.post(f"{address}cancel/", {"note": ""}).status_code == 422
    centre.post(f"{address}cancel/", {"note": "fini"})
    run.refresh_from_db()
    assert (run.state, run.note) == ("cancelled", "fini")
    own.post("/hunts/authorisation/", {"body_id": body.pk, "most_minutes": "5", "per_day": "3"})
    assert HuntAuthorisation.objects.get().most_seconds == 300
