"""The pages and the API as each of the cast sees them."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone, translation
from django.utils.html import escape

from rempart.alerts import commands, queries
from rempart.alerts.models import Delivery, Directive
from rempart.exposure.models import PriorityDeadline
from rempart.kernel import outbox
from rempart.kernel.actors import system
from rempart.kernel.models import AuditEntry, User
from rempart.kernel.permissions import Role
from rempart.organisations.models import Person
from tests import factories

pytestmark = pytest.mark.django_db


def signed_in(user: User, language: str = "fr") -> Client:
    client = Client()
    client.force_login(user)
    client.cookies.load({"rempart_language": language})
    return client


@pytest.fixture(autouse=True)
def _no_second_factor(settings) -> None:
    settings.REQUIRE_MFA = False


@pytest.fixture
def scene(world):
    """One body late and silent, one declared, one verified; the officer of the first; an analyst of each
    centre.
    """
    silent, declared, verified = world.body(), world.body(), world.body()
    for body in (silent, declared, verified):
        world.expose(body)
    commands.declare(world.officer_of(declared), target_id=world.target(declared).pk)
    world.fix(verified)
    world.silent, world.declared, world.verified = silent, declared, verified
    world.officer_user = Person.objects.filter(body=silent).get().user
    world.cgcd_user = factories.user(Role.CGCD_ANALYST, world.command.parent)
    world.cocd_user = factories.user(Role.COCD_ANALYST, world.centre)
    return world


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_page_opens_for_whom_it_is_made(scene, language) -> None:
    number, target = scene.directive().number, scene.target(scene.silent).pk
    central = [
        "/directives/",
        "/directives/new/",
        f"/directives/{number}/",
        "/targets/",
        f"/targets/{target}/",
        "/deliveries/",
        "/centres/",
        f"/centres/{scene.centre.code}/",
        f"/directives/{number}/cancel/",
        f"/bodies/{scene.silent.code}/directives/",
        f"/vulnerabilities/{scene.vulnerability.cve_id}/",
    ]
    for path in central:
        answer = signed_in(scene.cgcd_user, language).get(path, follow=True)
        assert answer.status_code == 200, path
    for path in ["/inbox/", "/respond/", f"/targets/{target}/", f"/directives/{number}/"]:
        answer = signed_in(scene.officer_user, language).get(path)
        assert answer.status_code == 200, path
        assert scene.declared.name_fr not in answer.content.decode(), path
    assert signed_in(scene.officer_user).get("/directives/new/").status_code == 403
    assert signed_in(scene.cocd_user).get(f"/centres/{scene.centre.code}/").status_code == 200


def test_a_neighbour_and_a_stranger_see_nothing(scene) -> None:
    target = scene.target(scene.silent).pk
    elsewhere = factories.organisation("body", factories.organisation("cocd", scene.command))
    neighbour = signed_in(factories.user(Role.BODY_OFFICER, elsewhere))
    assert neighbour.get(f"/targets/{target}/").status_code == 404
    assert neighbour.get(f"/directives/{scene.directive().number}/").status_code == 404
    assert neighbour.post(f"/targets/{target}/acknowledge/").status_code == 404
    assert scene.directive().number not in neighbour.get("/directives/").content.decode()
    assert Client().get(f"/targets/{target}/").status_code == 302
    auditor = signed_in(factories.user(Role.AUDITOR, scene.command.parent))
    assert auditor.post(f"/targets/{target}/acknowledge/").status_code == 403


def test_what_is_drawn_again_after_an_answer_holds_the_sentence(scene) -> None:
    page = signed_in(scene.officer_user).get("/inbox/").content.decode()
    fragment = page[page.index('id="inbox"') :]
    assert "attend votre accusé de réception" in fragment
    assert 'hx-target="#inbox" hx-select="#inbox"' in fragment


def test_a_preview_that_reaches_nobody_does_not_say_that_it_will_leave(scene) -> None:
    form = {
        "vulnerability": factories.vulnerability().cve_id, "audience": "exposed", "priority": "out_of_cycle",
        "marking": "TLP:AMBER", "step": "preview",
    }  # fmt: skip
    commander = factories.user(Role.CGCD_COMMANDER, scene.command.parent)
    page = signed_in(commander).post("/directives/new/", form).content.decode()
    assert "ne toucherait aucun organisme" in page
    assert "partira à" not in page


def test_the_inbox_acknowledges_in_one_click(scene) -> None:
    client, target = signed_in(scene.officer_user), scene.target(scene.silent)
    assert "attend votre accusé de réception" in client.get("/inbox/").content.decode()
    assert scene.target(scene.silent).state == "delivered"
    answer = client.post(f"/targets/{target.pk}/acknowledge/", {"next": "/inbox/"})
    assert (answer.status_code, answer["Location"]) == (302, "/inbox/")
    assert scene.target(scene.silent).state == "acknowledged"
    away = client.post(f"/targets/{target.pk}/start/", {"next": "https://ailleurs.test/"})
    assert away["Location"] == f"/targets/{target.pk}/"


def test_a_centre_acts_for_a_body_with_its_reason_only(scene) -> None:
    client, target = signed_in(scene.cocd_user), scene.target(scene.silent)
    refused = client.post(f"/targets/{target.pk}/acknowledge/", {"reason": " "})
    assert refused.status_code == 422
    assert "Indiquez la raison" in refused.content.decode()
    client.post(f"/targets/{target.pk}/acknowledge/", {"reason": "Joint par téléphone"})
    entry = AuditEntry.objects.filter(action="directive.acknowledged").latest("seq")
    assert (entry.on_behalf_of, entry.reason) == (scene.silent.name_fr, "Joint par téléphone")
    assert "au nom de l’organisme" in client.get(f"/targets/{target.pk}/").content.decode()


def test_a_delay_is_asked_and_granted(scene) -> None:
    target = scene.target(scene.silent)
    until = (timezone.localdate() + timedelta(days=12)).isoformat()
    client = signed_in(scene.officer_user)
    wrong = client.post(f"/targets/{target.pk}/delay/", {"until": until, "reason": ""})
    assert wrong.status_code == 422
    assert f'value="{until}"' in wrong.content.decode()  # what was typed is kept
    client.post(f"/targets/{target.pk}/delay/", {"until": until, "reason": "Fenêtre de maintenance"})
    reviewer = signed_in(scene.cocd_user)
    assert "Fenêtre de maintenance" in reviewer.get(f"/centres/{scene.centre.code}/").content.decode()
    reviewer.post(f"/targets/{target.pk}/grant/", {})
    assert timezone.localtime(scene.target(scene.silent).due_at).date().isoformat() == until
    scene.inventory(scene.silent)
    assert timezone.localtime(scene.target(scene.silent).due_at).date().isoformat() == until


def test_not_affected_moves_the_target_once_the_centre_accepts(scene) -> None:
    from rempart.exposure import commands as exposure
    from rempart.exposure.models import Statement
    from rempart.kernel import outbox

    target = scene.target(scene.silent)
    signed_in(scene.officer_user).post(
        f"/targets/{target.pk}/not-affected/",
        {"justification": "vulnerable_code_not_present", "explanation": "Module retiré à la compilation"},
    )
    assert scene.target(scene.silent).state == "acknowledged"
    exposure.review_statement(scene.centre_analyst(), statement_id=Statement.objects.get().pk, accept=True)
    outbox.drain()
    assert scene.target(scene.silent).state == "not_affected"


def test_a_small_body_answers_one_question_at_a_time(scene) -> None:
    client, target = signed_in(scene.officer_user), scene.target(scene.silent)
    assert "Avez-vous cette directive en main" in client.get("/respond/").content.decode()
    answer = client.post("/respond/", {"target": target.pk, "action": "acknowledge"}, follow=True)
    assert "Où en êtes-vous" in answer.content.decode()
    assert "Tous les actifs" in client.get(f"/respond/?target={target.pk}&step=done").content.decode()
    answer = client.post("/respond/", {"target": target.pk, "action": "declare"}, follow=True)
    assert "c’est tout pour le moment" in answer.content.decode()
    assert scene.target(scene.silent).state == "declared"


def test_a_directive_is_seen_before_it_is_sent(scene) -> None:
    client = signed_in(scene.cgcd_user)
    form = {
        "vulnerability": "",
        "audience": "portfolio",
        "portfolio": scene.centre.pk,
        "priority": "scheduled",
        "due_at": (timezone.localtime() + timedelta(days=4)).strftime("%Y-%m-%dT%H:%M"),
        "marking": "TLP:GREEN",
        "title_fr": "Rotation des clés",
        "title_en": "Rotate keys",
        "text_fr": "Changez-les.",
        "text_en": "Change them.",
    }
    seen = client.post("/directives/new/", {**form, "step": "preview"}).content.decode()
    assert "partira à 3 organismes" in seen
    assert "3 personnes" in seen
    assert Directive.objects.count() == 1
    sent = client.post("/directives/new/", {**form, "step": "send"})
    made = Directive.objects.get(title_fr="Rotation des clés")
    assert sent["Location"] == f"/directives/{made.number}/"
    assert (made.marking, made.targets.count(), made.issued_by) == ("TLP:GREEN", 3, scene.cgcd_user)
    unknown = client.post("/directives/new/", {**form, "vulnerability": "CVE-1999-9", "step": "send"})
    assert unknown.status_code == 404


def test_filters_and_exports_hold_the_same_rows(scene) -> None:
    client = signed_in(scene.cgcd_user)
    assert scene.declared.name_fr in client.get("/targets/?state=declared").content.decode()
    text = b"".join(client.get("/targets/?state=declared&format=csv").streaming_content).decode("utf-8-sig")
    assert text.startswith("PFC : AMBRE")
    assert scene.declared.name_fr in text
    assert scene.silent.name_fr not in text
    sheet = openpyxl.load_workbook(
        io.BytesIO(b"".join(client.get("/directives/?format=xlsx").streaming_content))
    )
    assert any(scene.directive().number == cell.value for row in sheet.worksheets[0] for cell in row)
    for path in (
        "/directives/?late=yes",
        "/directives/?unacknowledged=yes",
        "/targets/?open=yes&sort=-priority",
        f"/directives/?body={scene.silent.code}&centre={scene.centre.code}&priority=act_now&state=open",
        "/deliveries/?trouble=yes&state=queued",
        "/deliveries/?format=csv",
    ):
        assert client.get(path).status_code == 200, path


def test_lists_take_a_bounded_number_of_queries(scene, django_assert_max_num_queries) -> None:
    for _ in range(12):
        scene.expose(scene.body())
    client = signed_in(scene.cgcd_user)
    for path, most in (("/directives/", 30), ("/targets/", 30), ("/deliveries/", 40), ("/centres/", 30)):
        client.get(path)
        with django_assert_max_num_queries(most):
            client.get(path)


def test_a_failed_message_is_tried_again_from_its_page(scene) -> None:
    delivery = Delivery.objects.order_by("id").first()
    Delivery.objects.filter(pk=delivery.pk).update(state="failed", error="550 refusée")
    client = signed_in(scene.cgcd_user)
    assert "550 refusée" in client.get("/deliveries/?trouble=yes").content.decode()
    client.post(f"/deliveries/{delivery.pk}/retry/")
    delivery.refresh_from_db()
    assert delivery.state == "queued"


def test_the_api_lists_previews_issues_and_answers(scene) -> None:
    client, officer = signed_in(scene.cgcd_user), signed_in(scene.officer_user)
    listed = client.get("/api/v1/alerts/directives?state=open").json()
    assert (listed["total"], listed["items"][0]["declared"]) == (1, 1)
    target = scene.target(scene.silent)
    path = f"/api/v1/alerts/targets/{target.pk}"
    done = officer.post(f"{path}/acknowledge", {}, content_type="application/json")
    assert (done.status_code, done.json()["state"]) == (200, "acknowledged")
    again = officer.post(f"{path}/delay/grant", {}, content_type="application/json")
    assert again.status_code == 403
    timeline = officer.get(f"{path}/timeline").json()
    assert [each["kind"] for each in timeline][-1] == "acknowledged"
    terms = {"audience": "all", "due_at": (timezone.now() + timedelta(days=3)).isoformat()}
    seen = client.post("/api/v1/alerts/directives/preview", terms, content_type="application/json").json()
    assert (len(seen["bodies"]), seen["people"]) == (3, 3)
    refused = client.post("/api/v1/alerts/directives", terms, content_type="application/json")
    assert (refused.status_code, refused.json()["field"]) == (422, "title_fr")
    words = {"title_fr": "a", "title_en": "b", "text_fr": "c", "text_en": "d"}
    made = client.post("/api/v1/alerts/directives", {**terms, **words}, content_type="application/json")
    assert made.status_code == 201
    assert officer.get("/api/v1/alerts/targets?open=yes").json()["total"] == 2
    with translation.override("fr"):
        number = made.json()["number"]
    cancelled = client.post(
        f"/api/v1/alerts/directives/{number}/cancel", {"reason": "Essai"}, content_type="application/json"
    )
    assert cancelled.json()["state"] == "cancelled"


def test_what_happened_to_many_bodies_at_once_is_one_line_that_unfolds(world, clock) -> None:
    bodies = [world.body() for _ in range(23)]
    for body in bodies:
        world.expose(body, settle=False)
    outbox.drain()
    alone = bodies[0]
    clock.advance(minutes=2)
    commands.acknowledge(world.officer_of(alone), target_id=world.target(alone).pk)
    clock.advance(minutes=40)
    commands.escalate_due()
    client = signed_in(factories.user(Role.CGCD_ANALYST, world.command.parent))
    number = world.directive().number
    lines = queries.timeline_of_directive(system("test"), world.directive())
    told = {(line.events[0].kind, line.bodies, len(line.events)) for line in lines}
    assert told == {("sent", 23, 20), ("acknowledged", 1, 1), ("escalated", 22, 20)}
    assert len(queries.timeline_of_directive(system("test"), world.directive(), 2)) == 2
    for page in (f"/directives/{number}/", f"/vulnerabilities/{world.vulnerability.cve_id}/"):
        text = client.get(page).content.decode()
        assert text.count("Directive envoyée à 23 organismes") == 1
        assert "Escalade\u00a0: Suppléant · 22 organismes" in text
        assert "et 3 autres" in text
        assert f"{escape(alone.name)} · Accusé de réception" in text
    # An officer sees the line of their own body, and no count of the others.
    officer = Person.objects.filter(body=alone, user__isnull=False).get().user
    own = signed_in(officer).get(f"/directives/{number}/").content.decode()
    assert "organismes</a>" not in own
    assert f"{escape(alone.name)} · Directive envoyée" in own


def test_a_directive_to_all_without_a_deadline_takes_that_of_the_priority_table(scene) -> None:
    client = signed_in(factories.user(Role.CGCD_COMMANDER, scene.command.parent))
    terms = {"audience": "all", "priority": "act_now", "title_fr": "Avis", "title_en": "Notice"}
    words = {**terms, "text_fr": "Faites-le.", "text_en": "Do it.", "marking": "TLP:AMBER"}
    page = client.post("/directives/new/", {**words, "due_at": "", "step": "preview"})
    assert page.status_code == 200
    (due,) = {row["reached"].due_at for row in page.context["rows"]}
    assert abs(due - timezone.now() - timedelta(hours=48)) < timedelta(minutes=5)
    assert list(page.context["dues"]) == ["act_now", "out_of_cycle", "scheduled"]
    seen = client.post("/api/v1/alerts/directives/preview", terms, content_type="application/json").json()
    assert len(seen["bodies"]) == len(page.context["rows"])
    made = client.post("/api/v1/alerts/directives", words, content_type="application/json")
    assert made.status_code == 201
    issued = Directive.objects.get(number=made.json()["number"])
    assert abs(issued.due_at - timezone.now() - timedelta(hours=48)) < timedelta(minutes=5)
    assert set(issued.targets.values_list("due_at", flat=True)) == {issued.due_at}
    PriorityDeadline.objects.filter(outcome="act_now").update(amount=6)
    again = client.post("/api/v1/alerts/directives/preview", terms, content_type="application/json").json()
    assert datetime.fromisoformat(again["bodies"][0]["due_at"]) < issued.due_at - timedelta(hours=40)
    past = {**terms, "due_at": "2020-01-01T00:00:00Z"}
    refused = client.post("/api/v1/alerts/directives/preview", past, content_type="application/json")
    assert (refused.status_code, refused.json()["field"]) == (422, "due_at")


def test_who_is_exposed_keeps_its_own_sooner_deadline_in_a_directive_to_all(worlds) -> None:
    world = worlds(kev_added_on=None)
    exposed, other = world.body(), world.body()
    world.expose(exposed, urgent=False)
    far = timezone.now() + timedelta(days=300)
    terms = {"vulnerability_id": world.vulnerability.pk, "audience": "all", "due_at": far}
    seen = {each.body_id: each.due_at for each in commands.preview_directive(system("test"), **terms).bodies}
    made = commands.issue_directive(system("test"), **terms)
    bound = dict(made.targets.values_list("body_id", "due_at"))
    assert bound[other.pk] == seen[other.pk] == far
    assert bound[exposed.pk] == seen[exposed.pk] < far
    assert made.due_at == seen[exposed.pk]
