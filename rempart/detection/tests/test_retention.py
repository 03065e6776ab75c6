"""Detections are forgotten in their time; what was counted of them stays counted, and only once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import typer
from django.db import connection
from typer.testing import CliRunner

from rempart.detection import cli
from rempart.detection.commands import retention as commands
from rempart.detection.commands.detections import record_detections
from rempart.detection.commands.detections_triage import triage
from rempart.detection.models import (
    Detection,
    DetectionNote,
    DetectionPart,
    ForgottenDetection,
    Response,
    ResponseAction,
    Retention,
    Sighting,
)
from rempart.detection.pseudonyms import group_key, hour_of
from rempart.detection.queries import retention as queries
from rempart.detection.queries.triage_measures import triaged_in_time
from rempart.detection.tests.reporting import AT, detect, officer, reported, token_of
from rempart.detection.tests.test_library_pages import signed_in
from rempart.kernel import walls
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Invalid
from rempart.kernel.health import examine
from rempart.kernel.models import AuditEntry
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.time import now
from tests import factories

pytestmark = pytest.mark.django_db
HOST = "PCSOUDAGE7.exemple.test"


@pytest.fixture
def body() -> Any:
    return factories.organisation("body")


def received(found: Detection, days: float) -> Detection:
    """The detection, received so many days ago."""
    Detection.objects.filter(pk=found.pk).update(recorded_at=now() - timedelta(days=days))
    found.refresh_from_db()
    return found


def keep(body: Any, days: int | None) -> None:
    commands.set_retention(system("tests"), body_id=body and body.pk, days=days)


def test_what_is_old_is_forgotten_and_stays_counted(body: Any) -> None:
    one, other = (
        reported(host=HOST, count=3),
        reported(host=HOST, count=2, first_at=AT + timedelta(minutes=9)),
    )
    record_detections(system("tests"), body_id=body.pk, reported=[one, other])
    old = received(Detection.objects.get(), 40)
    triage(officer(body), detection_ids=[old.pk], state="false_positive", reason=f"{HOST} est à Bertille")
    fresh = received(detect(body, rule_id="fresh"), 5)
    since, until = now() - timedelta(days=60), now()
    before = (list(Sighting.objects.order_by("pk").values()), triaged_in_time(since, until))
    keep(body, 30)
    assert commands.forget_due() == 1
    assert list(Detection.objects.all()) == [fresh]
    assert not DetectionNote.objects.exists()
    assert (list(Sighting.objects.order_by("pk").values()), triaged_in_time(since, until)) == before
    left = json.dumps(list(ForgottenDetection.objects.values()), default=str)
    assert "PCSOUDAGE7" not in left
    assert "Bertille" not in left
    # Whoever guesses the host cannot tell by the key that it is the one.
    assert group_key(one.rule_id, "", HOST, one.user, hour_of(AT)) not in left
    audited = AuditEntry.objects.get(action="detection.forgotten")
    assert (audited.body_id, audited.after["detections"]) == (body.pk, 1)
    assert commands.forget_due() == 0


def test_what_comes_again_is_seen_again_and_counted_once(body: Any) -> None:
    one, other = reported(count=3), reported(count=2, first_at=AT + timedelta(minutes=5))
    record_detections(system("tests"), body_id=body.pk, reported=[one, other])
    sighting = Sighting.objects.get()
    received(Detection.objects.get(), 40)
    keep(body, 30)
    commands.forget_due()
    again = record_detections(system("tests"), body_id=body.pk, reported=[one])
    assert (again.new, Sighting.objects.get().count, DetectionPart.objects.count()) == (1, 5, 2)
    found = Detection.objects.get()
    assert (found.sighting_id, found.count, found.state, found.first_at) == (sighting.pk, 5, "new", AT)
    assert commands.forget_due() == 0
    more = reported(count=4, first_at=AT + timedelta(minutes=7))
    record_detections(system("tests"), body_id=body.pk, reported=[more, other])
    assert Sighting.objects.get().count == 9
    received(found, 40)
    assert commands.forget_due() == 1
    record_detections(system("tests"), body_id=body.pk, reported=[one, more])
    assert (Sighting.objects.get().count, Detection.objects.get().count) == (9, 9)


def test_what_a_response_holds_waits(body: Any) -> None:
    kept, ended, told = (received(detect(body, rule_id=name), 40) for name in ("kept", "ended", "told"))
    response = Response.objects.create(body=body, name="x", kind="block", field="host")
    directive = Response.objects.create(body=body, name="y", kind="directive")
    for found, by, state in (
        (kept, response, "done"),
        (ended, response, "undone"),
        (told, directive, "done"),
    ):
        ResponseAction.objects.create(body=body, response=by, detection=found, dry=False, state=state)
    keep(body, 30)
    assert queries.leaving(officer(body), body.pk, 30).detections == 2
    assert commands.forget_due() == 2
    assert list(Detection.objects.all()) == [kept]


def test_the_government_says_the_most(body: Any) -> None:
    other = factories.organisation("body")
    received(detect(body), 40)
    received(detect(other), 40)
    keep(None, 90)
    with pytest.raises(Invalid) as caught:
        keep(body, 91)
    assert caught.value.field == "days"
    keep(body, 30)
    assert queries.limits() == {body.pk: 30, other.pk: 90}
    assert commands.forget_due() == 1
    keep(None, 20)  # below what the body said
    assert queries.limits() == {other.pk: 20}
    assert commands.forget_due() == 1
    for bad in (6, 3_651):
        with pytest.raises(Invalid):
            keep(body, bad)
    keep(body, None)
    assert list(Retention.objects.values_list("body_id", "days")) == [(None, 20)]


def test_a_body_decides_for_itself_alone(body: Any) -> None:
    detect(body)
    centre = factories.actor(Role.COCD_ANALYST, body.parent)
    commander = factories.actor(Role.CGCD_COMMANDER, body.parent.parent.parent)
    stranger = officer(factories.organisation("body"))
    for actor in (centre, commander, stranger):
        with walls.within(actor):
            with pytest.raises(NotPermitted):
                commands.set_retention(actor, body_id=body.pk, days=30)
            with pytest.raises(NotPermitted):
                queries.leaving(actor, body.pk, 30)
    for actor in (centre, stranger, officer(body)):
        with pytest.raises(NotPermitted):
            commands.set_retention(actor, body_id=None, days=30)
    commands.set_retention(commander, body_id=None, days=90)
    with walls.within(officer(body)):
        made = commands.set_retention(officer(body), body_id=body.pk, days=30)
    assert made is not None
    received(Detection.objects.get(), 40)
    commands.forget_due()
    with walls.within(centre):
        if connection.vendor == "postgresql":
            assert not ForgottenDetection.objects.exists()


def test_the_page_counts_before_it_changes(body: Any) -> None:
    for name in ("one", "two"):
        received(detect(body, rule_id=name), 40)
    received(detect(body, rule_id="three"), 5)
    mine = signed_in(factories.user(Role.BODY_OFFICER, body))
    asked = mine.post("/detections/retention/", {"body_id": body.pk, "days": "30"})
    assert "2 détections seraient oubliées" in asked.text
    assert "dont 2 élevées ou critiques sans verdict" in asked.text
    assert not Retention.objects.exists()
    done = mine.post("/detections/retention/", {"body_id": body.pk, "days": "30", "confirm": "yes"})
    assert done.status_code == 302
    assert Retention.objects.get().days == 30
    assert Detection.objects.count() == 3
    for wrong in ({"body_id": "all", "days": "30"}, {"body_id": "x"}, {"body_id": body.pk, "days": "3"}):
        refused = mine.post("/detections/retention/", {**wrong, "confirm": "yes"})
        assert refused.status_code in {403, 422}, wrong
    centre = signed_in(factories.user(Role.COCD_ANALYST, body.parent))
    assert "3 détections gardées" not in centre.get("/detections/retention/").text
    assert "3 détections gardées" in mine.get("/detections/retention/").text


def test_nodes_and_the_command_line_say_the_same(body: Any, client: Any) -> None:
    received(detect(body), 40)
    secret = token_of(body, Permission.TELEMETRY_READ, Permission.TELEMETRY_TRIAGE)
    headers = {"Authorization": f"Bearer {secret}"}
    address = "/api/v1/detections/retention"
    content = {"body": body.code, "days": 30, "dry": True}
    dry = client.post(address, content, content_type="application/json", headers=headers).json()
    assert dry == {"body": body.code, "days": 30, "most": None, "leaving": 1, "untriaged": 1}
    assert not Retention.objects.exists()
    client.post(address, content | {"dry": False}, content_type="application/json", headers=headers)
    assert client.get(f"{address}?body={body.code}", headers=headers).json() == dry
    app = typer.Typer()
    cli.install(app)
    run = CliRunner().invoke(app, ["detection", "retention", "--body", body.code, "--json", "--dry-run"])
    assert json.loads(run.stdout)["leaving"] == 1, run.output
    run = CliRunner().invoke(app, ["detection", "retention", "--days", "365", "--now", "--json"])
    told = json.loads(run.stdout)
    assert (told["days"], told["most"], told["leaving"], told["forgotten"]) == (365, 365, 0, 1)
    assert not Detection.objects.exists()


def _state() -> tuple[str, str]:
    (found,) = [each for each in examine() if each.name == "retention"]
    return found.state, found.message


def test_the_doctor_says_what_is_late(body: Any) -> None:
    assert _state()[0] == "warning"
    assert "ne dit pas" in _state()[1]
    keep(None, 30)
    assert _state()[0] == "ok"
    received(detect(body), 30.5)
    assert _state()[0] == "ok"
    Detection.objects.update(recorded_at=datetime.now(tz=AT.tzinfo) - timedelta(days=32))
    assert _state()[0] == "warning"
    assert "1 détection aurait dû" in _state()[1]
