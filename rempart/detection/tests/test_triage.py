"""A body's people judge its detections; what they see and say stays with them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from rempart.detection.commands.detections_triage import assign_detection, note_detection, triage
from rempart.detection.commands.pseudonymising import renew_pseudonyms
from rempart.detection.highlighting import lines_of, marked
from rempart.detection.models import Detection, DetectionNote, Level, PseudonymKey, Sighting
from rempart.detection.queries import detections as queries
from rempart.detection.queries import sightings
from rempart.detection.queries.triage_measures import triaged_in_time
from rempart.detection.tests.reporting import AT, detect, officer
from rempart.detection.tuning_proposal import proposed_filter
from rempart.engines import sigma
from rempart.exposure.models import Exposure
from rempart.indicators.measures import all_places, measure
from rempart.kernel import walls
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.models import AuditEntry, OutboxEvent
from rempart.kernel.permissions import Permission, Role
from tests import factories

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _browser(role: Role, place: Any) -> Client:
    client = Client()
    client.force_login(factories.user(role, place), backend=BACKEND)
    return client


def test_a_verdict_has_a_reason_and_leaves_no_word_outside() -> None:
    body = factories.organisation()
    actor, found = officer(body), detect(body)
    with pytest.raises(Invalid):
        triage(actor, detection_ids=[found.pk], state="benign", reason=" ")
    with pytest.raises(Invalid):
        triage(actor, detection_ids=[found.pk], state="inconnu", reason="x")
    assert (
        triage(actor, detection_ids=[found.pk], state="benign", reason="Alice faisait une mise à jour") == 1
    )
    assert (
        triage(actor, detection_ids=[found.pk], state="benign", reason="Alice faisait une mise à jour") == 0
    )
    note_detection(actor, detection_id=found.pk, text="Vu avec Alice")
    person = factories.officer(body)
    assign_detection(actor, detection_id=found.pk, person_id=person.pk)
    found.refresh_from_db()
    assert (found.state, found.triaged_by_id, found.assignee_id) == ("benign", actor.user_id, person.pk)
    kinds = list(DetectionNote.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["triaged", "note", "assigned"]
    outside = json.dumps([*AuditEntry.objects.values(), *OutboxEvent.objects.values()], default=str)
    assert "Alice" not in outside
    assert "exemple.test\\\\" not in outside
    triage(actor, detection_ids=[found.pk], state="new", reason="Trop vite")
    found.refresh_from_db()
    assert (found.state, found.triaged_at) == ("new", None)


def test_several_are_judged_at_once_or_none_is() -> None:
    body, other = factories.organisation(), factories.organisation()
    mine = [detect(body, rule_id=f"r{number}").pk for number in range(3)]
    foreign = detect(other).pk
    with pytest.raises(NotFound):
        triage(officer(body), detection_ids=[*mine, foreign], state="benign", reason="x")
    assert not Detection.objects.exclude(state="new").exists()
    client = _browser(Role.BODY_OFFICER, body)
    done = client.post(
        "/detections/triage/", {"selected": mine, "state": "true_positive", "reason": "Intrusion"}
    )
    assert done.status_code == 302
    assert Detection.objects.filter(state="true_positive").count() == 3
    refused = client.post("/detections/triage/", {"selected": mine, "state": "benign", "reason": ""})
    assert refused.status_code == 422
    assert client.post("/detections/triage/", {"selected": ["x", "9" * 30]}).status_code == 422


def test_the_list_takes_a_level_as_rules_say_it_and_shows_it_in_words() -> None:
    body = factories.organisation("body")
    detect(body, rule_id="haut", level=Level.HIGH)
    detect(body, rule_id="bas", level=Level.LOW)
    client = _browser(Role.BODY_OFFICER, body)
    pages = [client.get(f"/detections/?level={level}") for level in ("high", int(Level.HIGH))]
    for shown in pages:
        assert [row.rule_id for row in shown.context["page"].rows] == ["haut"]
        assert "Élevé" in str(shown.context["page"].sentence)


def test_only_the_body_s_own_people_see_names_and_events() -> None:
    body = factories.organisation()
    found = detect(body)
    government, cgcd, centre = body.parent.parent.parent, body.parent.parent, body.parent
    # Even the role of an officer, held over a centre, shows nothing of the bodies below it.
    strangers = [
        factories.actor(role, place)
        for role, place in [
            (Role.BODY_OFFICER, government), (Role.BODY_OFFICER, cgcd), (Role.BODY_OFFICER, centre),
            (Role.CGCD_COMMANDER, government), (Role.CGCD_ANALYST, cgcd), (Role.COCD_ANALYST, centre),
            (Role.AUDITOR, government), (Role.ADMINISTRATOR, government), (Role.ASSET_OWNER, body),
        ]
    ]  # fmt: skip
    for actor in strangers:
        assert not queries.detections(actor).exists()
        assert not actor.may(Permission.TELEMETRY_READ)
        with pytest.raises(NotFound):
            triage(actor, detection_ids=[found.pk], state="benign", reason="x")
        if connection.vendor == "postgresql" and not actor.reach.everything:
            with walls.within(actor):
                assert not Detection.objects.exists()
                assert not PseudonymKey.objects.exists()
                seen = actor.may(Permission.SIGHTING_READ) or actor.reach.bodies
                assert Sighting.objects.exists() == bool(seen)
    assert queries.detections(officer(body)).get() == found
    unit = factories.organisation("unit", body)
    assert not queries.detections(officer(unit)).exists()
    if connection.vendor == "postgresql":
        with walls.within(officer(body)):
            assert Detection.objects.get() == found


def test_what_leaves_is_every_field_of_the_rows_that_centres_read() -> None:
    body = factories.organisation()
    found = detect(body)
    # Rows of other tables lead to it: those of the hunts that found it, which the page names.
    fields = {field.name for field in Sighting._meta.fields} - {"id", "body"}
    assert {*fields, "body__code"} == set(sightings.FIELDS)
    page = _browser(Role.BODY_OFFICER, body).get("/sightings/leaving/").content.decode()
    exported = b"".join(
        _browser(Role.COCD_ANALYST, body.parent).get("/sightings/?format=csv").streaming_content
    )
    seen = _browser(Role.CGCD_ANALYST, body.parent.parent.parent).get("/api/v1/detections/sightings").json()
    assert "la chasse qui l’a trouvée" in page
    for text in (found.sighting.host, found.sighting.user):
        assert text in page
        assert text in exported.decode()
    assert (seen["total"], seen["items"][0]["host"]) == (1, found.sighting.host)
    for text in (page, exported.decode(), json.dumps(seen)):
        assert "PC1" not in text
        assert "alice" not in text


def test_a_new_key_cuts_the_thread() -> None:
    body = factories.organisation()
    before = detect(body).sighting.host
    renew_pseudonyms(officer(body), body_id=body.pk)
    after = detect(body, rule_id="r2").sighting.host
    assert before != after
    assert Sighting.objects.filter(host=before).exists()
    assert [bytes(key.secret) for key in PseudonymKey.objects.exclude(replaced_at=None)] == [b""]


def test_the_page_marks_what_matched_and_offers_a_filter() -> None:
    body = factories.organisation()
    found = detect(body)
    client = _browser(Role.BODY_OFFICER, body)
    page = client.get(f"/detections/{found.pk}/").content.decode()
    assert "sc<mark> stop </mark>mpssvc" in page
    client.post(f"/detections/{found.pk}/triage/", {"state": "false_positive", "reason": "Mise à jour"})
    page = client.get(f"/detections/{found.pk}/").content.decode()
    assert "condition: not selection" in page
    assert client.post(f"/detections/{found.pk}/note/", {"text": ""}).status_code == 422
    assert client.get(f"/detections/{10**17}/").status_code == 404
    assert client.get(f"/detections/{found.pk}/days/autre/").status_code == 404


def test_a_host_has_its_detections_and_exposures_in_time() -> None:
    body, other = factories.organisation(), factories.organisation()
    asset = factories.asset(body, key="pc1")
    component = factories.component(vendor="exemple", product="portail", version="1.0")
    about = factories.vulnerability()
    Exposure.objects.create(
        body=body, asset=asset, component=component, vulnerability=about, opened_at=AT - timedelta(days=1)
    )
    found = detect(body)
    detect(body, rule_id="r2", rule_title="Autre règle", host="pc1.exemple.test", user="bob")
    detect(other, rule_title="Voisine")
    page = _browser(Role.BODY_OFFICER, body).get(f"/detections/{found.pk}/days/host/").content.decode()
    for text in (about.cve_id, "Autre règle", "bob", found.sighting.host):
        assert text in page
    assert "Voisine" not in page
    user = _browser(Role.BODY_OFFICER, body).get(f"/detections/{found.pk}/days/user/").content.decode()
    assert "Autre règle" not in user


_RULE = """\
title: Arrêt
id: 11111111-1111-4111-8111-111111111111
status: test
logsource: {product: windows, category: process_creation}
detection: {selection: {CommandLine|contains: ' stop '}, condition: selection}
level: high
"""


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
@example("0\x85 \u2028")
def test_the_filter_offered_leaves_out_its_event_and_no_other(text: str) -> None:
    command = f"sc stop {text}"
    found = Detection(
        pk=1, rule_id="11111111-1111-4111-8111-111111111111", rule_title="Arrêt", host="",
        sample={"CommandLine": command}, matched=[{"field": "CommandLine", "value": command}],
    )  # fmt: skip
    rule = type("Rule", (), {"product": "windows", "category": "process_creation", "service": ""})

    def hits(*documents: str) -> int:
        collection = sigma.load_texts(
            [(f"{number}.yml", each.encode()) for number, each in enumerate(documents)]
        )
        detector = sigma.compile_rules(collection)
        assert not [*collection.defects, *detector.defects]
        events = [
            {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "CommandLine": each}
            for each in (command, f"{command}x")
        ]
        return len(list(detector.scan(events)))

    assert hits(_RULE) == 2
    assert hits(_RULE, proposed_filter(found, rule)) == 1


@given(st.text(max_size=60), st.lists(st.text(max_size=8), max_size=4))
def test_a_marked_text_is_the_text(text: str, patterns: list[str]) -> None:
    pieces = marked(text, patterns)
    assert "".join(piece for piece, _ in pieces) == text
    (line,) = lines_of({"x": text}, [{"field": "x", "value": text, "pattern": p} for p in patterns])
    assert "".join(piece for piece, _ in line.pieces) == text


def test_how_soon_bodies_judge_is_an_indicator() -> None:
    body, other = factories.organisation(), factories.organisation()
    at = timezone.now()
    ages = {"quick": 30, "slow": 30, "never": 30, "fresh": 1, "done": 1}
    for name, hours in ages.items():
        found = detect(body, rule_id=name)
        Detection.objects.filter(pk=found.pk).update(recorded_at=at - timedelta(hours=hours))
    detect(body, rule_id="low", level=Level.LOW)
    detect(other)
    Detection.objects.filter(rule_id="quick").update(triaged_at=at - timedelta(hours=29))
    Detection.objects.filter(rule_id="slow").update(triaged_at=at - timedelta(hours=1))
    Detection.objects.filter(rule_id="done").update(triaged_at=at)
    # Judged in time: quick and done; in the count too: slow and never; fresh still has time.
    assert triaged_in_time(at - timedelta(days=30), at) == {body.pk: (2.0, 4.0)}
    measured = measure(all_places(), at - timedelta(days=30), at)["detections_triaged"]
    assert measured[body.pk].value == 0.5
    assert measured[body.parent_id].value == 0.5
    assert measured[other.pk].value is None
