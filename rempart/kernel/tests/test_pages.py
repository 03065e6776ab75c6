"""The audit trail, operations, health and metrics, as those who may and may not read them."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from rempart.kernel import audit, health
from rempart.kernel.actors import system
from rempart.kernel.models import Heartbeat, Job
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from tests import factories

pytestmark = pytest.mark.django_db


def _client(role, place):
    client = Client()
    client.force_login(factories.user(role, place))
    return client


@pytest.fixture
def bodies():
    one = factories.organisation()
    other = factories.organisation("body", one.parent)
    with transaction.atomic():
        for body in (one, other):
            audit.record(
                system("test"), "thing.change", body_id=body.pk, label=f"chose de {body.code}", after={"n": 1}
            )
    return one, other


def test_the_audit_trail_is_scoped_to_the_bodies_of_the_auditor(bodies):
    one, other = bodies
    client = _client(Role.AUDITOR, one)
    page = client.get(reverse("audit_log")).content.decode()
    assert f"chose de {one.code}" in page
    assert f"chose de {other.code}" not in page
    assert client.get(reverse("audit_entry", args=[1])).status_code == 200
    assert client.get(reverse("audit_entry", args=[2])).status_code == 404
    exported = b"".join(client.get(reverse("audit_log"), {"format": "csv"}).streaming_content).decode()
    assert one.code in exported
    assert other.code not in exported
    rows = client.get("/api/v1/kernel/audit").json()
    assert [row["body_id"] for row in rows["rows"]] == [one.pk]


@pytest.mark.parametrize(
    "query",
    [
        "actor=test",
        "action=thing",
        "object=chose",
        "since=2020-01-01",
        "since=2026-99-99",
        "until=x",
        "body=body",
        "sort=-actor",
        "page=99999999999",
        "object=a:b%00",
    ],
)
def test_filters_of_the_audit_trail_take_anything(bodies, query):
    root = bodies[0].parent.parent.parent
    assert _client(Role.AUDITOR, root).get(f"{reverse('audit_log')}?{query}").status_code == 200


def test_operations_are_shown_and_acted_upon_by_operators_only(bodies):
    one, _ = bodies
    root = one.parent.parent.parent
    job = Job.objects.create(
        task_path="a.b", state="FAILED", enqueued_at=now(), run_after=now(), finished_at=now()
    )
    operator, officer = _client(Role.ADMINISTRATOR, root), _client(Role.BODY_OFFICER, one)
    for address in (reverse("operations"), reverse("job", args=[job.pk])):
        assert operator.get(address).status_code == 200
        assert officer.get(address).status_code == 403
    action = reverse("job_action", args=[job.pk, "retry"])
    assert officer.post(action).status_code == 403
    assert operator.post(action).status_code == 302
    job.refresh_from_db()
    assert job.state == "READY"


def test_ready_means_a_database_up_to_date_and_a_live_worker():
    assert Client().get("/readyz").status_code == 503
    Heartbeat.objects.create(name="worker:a", at=now())
    assert Client().get("/readyz").json() == {"database": True, "worker": True}


def test_metrics_are_for_loopback_or_the_token(settings):
    client = Client()
    assert b"rempart_workers_alive" in client.get("/metrics").content
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    settings.METRICS_TOKEN = "t" * 32
    far = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", headers={"Authorization": "Bearer " + "t" * 32}, **far).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer "}, **far).status_code == 403


def test_the_doctor_says_what_is_wrong_in_the_language_asked():
    french = {finding.name: finding for finding in health.examine("fr")}
    english = {finding.name: finding for finding in health.examine("en")}
    assert french["worker"].state == english["worker"].state == "failure"
    assert french["worker"].mend
    assert french["database"].state == "ok"


def test_a_check_that_breaks_is_a_failure_and_hides_no_other(monkeypatch):
    monkeypatch.setattr(health, "_checks", {})

    @health.check("broken")
    def broken():
        raise RuntimeError("no")

    @health.check("fine")
    def fine():
        return []

    assert [(finding.name, finding.state) for finding in health.examine()] == [
        ("broken", "failure"),
        ("fine", "ok"),
    ]


def test_the_api_names_what_is_wrong_as_a_problem_document(bodies):
    answer = Client().get("/api/v1/kernel/audit")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    refused = _client(Role.BODY_OFFICER, bodies[0]).get("/api/v1/kernel/audit")
    assert (refused.status_code, refused.json()["permission"]) == (403, "audit:read")
