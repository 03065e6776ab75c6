"""The library through its pages: reading an archive, writing a rule as it is checked, reviewing, signing."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rempart.detection.commands.importing import import_rules
from rempart.detection.models import Case, Pack, Release, Rule, Tuning
from rempart.detection.tests.rule_texts import STOPPED, event, release, rule
from rempart.detection.tests.test_editing import FILTER
from rempart.kernel.actors import system
from rempart.kernel.jobs import run_one
from rempart.kernel.models import Job, User
from rempart.kernel.permissions import Role
from rempart.kernel.time import today
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _spool(settings, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def government():
    return factories.organisation("government")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def writer(government) -> Client:
    return signed_in(factories.user(Role.CGCD_ANALYST, government))


@pytest.fixture
def reviewer(government) -> Client:
    return signed_in(factories.user(Role.CGCD_ANALYST, government))


@pytest.fixture
def shared(tmp_path) -> Rule:
    import_rules(system("cli"), release(tmp_path / "release", {"rules/a.yml": rule()}), source="ours")
    return Rule.objects.get()


def archive(**texts: str) -> SimpleUploadedFile:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name, text in texts.items():
            target.writestr(f"sigma/rules/{name}.yml", text)
    return SimpleUploadedFile("sigma.zip", stream.getvalue())


def test_an_archive_is_read_by_a_job_and_then_deleted(writer, settings):
    sent = {"body_id": "all", "file": archive(a=rule(), bad="a: ["), "source": "ours", "marking": "TLP:CLEAR"}
    assert writer.post("/detection/releases/new", sent).status_code == 302
    assert not Rule.objects.exists()
    assert run_one("test")
    found = Release.objects.get()
    assert (found.counts["added"], found.counts["defective"], found.place) == (2, 1, "sigma.zip")
    assert not list((settings.UPLOAD_DIR / "rules").iterdir())
    assert "rules/bad.yml" in writer.get(f"/detection/releases/{found.pk}").text
    assert Job.objects.get().state == "SUCCESSFUL"


@pytest.mark.parametrize(
    "sent",
    [{}, {"address": "http://exemple.test/a.zip"}, {"file": SimpleUploadedFile("a.zip", b"title: x")}],
)
def test_what_is_no_archive_is_refused_at_once(writer, sent):
    answer = writer.post("/detection/releases/new", {"body_id": "all", "marking": "TLP:CLEAR", **sent})
    assert answer.status_code == 422
    assert not Job.objects.exists()


def test_a_rule_is_written_checked_accepted_and_signed(writer, reviewer, shared):
    form = {"text": rule(title="Services stopped"), "why": "Plural"}
    checked = writer.post("/detection/rules/check", {"text": form["text"], "rule": shared.pk}).text
    assert "CommandLine contient" in checked
    refused = writer.post("/detection/rules/check", {"text": rule().replace("condition: selection", "")})
    assert "condition" in refused.text
    page = f"/detection/rules/{shared.pk}"
    assert writer.post(f"{page}/edit", form).status_code == 302
    version = shared.versions.get(state="proposed")
    review = f"/detection/versions/{version.pk}"
    assert writer.post(review, {"decision": "accept"}).status_code == 409
    shown = reviewer.get(review).text
    assert "<del>- title: Service stopped</del>" in shown
    assert "<ins>+ title: Services stopped</ins>" in shown
    assert reviewer.post(review, {"decision": "accept"}).status_code == 302
    accepted = reviewer.get(page).text
    assert "Services stopped" in accepted
    assert f"?version={version.pk}" in accepted  # to hunt it in the past
    assert reviewer.post("/detection/packs/new", {"body_id": "all"}).status_code == 302
    pack = Pack.objects.get()
    assert reviewer.get(f"/detection/packs/{pack.digest}").content == bytes(pack.file)


def test_a_test_case_comes_as_text_or_as_a_recorded_log(writer, shared):
    page = f"/detection/rules/{shared.pk}/case"
    line = json.dumps(event())
    assert writer.post(page, {"name": "Typed", "least": 1, "events": line}).status_code == 302
    file = SimpleUploadedFile("log.jsonl", json.dumps(event("sc start x")).encode())
    assert writer.post(page, {"name": "Recorded", "least": 0, "file": file}).status_code == 302
    assert {case.name: len(case.events) for case in Case.objects.all()} == {"Typed": 1, "Recorded": 1}
    assert shared.versions.get().tests["passed"] == 2
    assert writer.post(page, {"name": "Nothing", "least": 1}).status_code == 422


def test_the_list_is_filtered_and_leaves_as_a_file(writer, shared):
    for query, there in (
        ("technique=t1489", True), ("technique=T1", False), ("level=high", True), ("level=low", False),
        ("product=windows", True), ("source=ours", True), ("source=own", False), ("verdict=ok", True),
        ("waiting=yes", False), ("q=service+stopped", True), (f"q={STOPPED}", True), ("q=\x00", True),
    ):  # fmt: skip
        assert ("Service stopped" in writer.get(f"/detection/rules/?{query}").text) is there, query
    table = b"".join(writer.get("/detection/rules/?format=csv").streaming_content).decode()
    assert "Service stopped" in table


def test_a_filter_is_proposed_from_a_rule_and_reviewed(reviewer, shared, government):
    body = factories.organisation("body")
    officer = factories.user(Role.BODY_OFFICER, body)
    writer = signed_in(officer)
    assert reviewer.get("/detection/filters/new").status_code == 403
    page = f"/detection/filters/new?rule={shared.pk}"
    for language in ("fr", "en"):  # browsers read no other day than ISO 8601's, whatever the language
        User.objects.filter(pk=officer.pk).update(language=language)
        assert f'value="{today() + timedelta(days=90)}"' in writer.get(page).content.decode()
    start = writer.get(page).context["form"].initial["text"]
    assert STOPPED in start
    form = {"body_id": body.pk, "text": FILTER, "reason": "Too many", "category": "rule",
            "until": "2027-01-31"}  # fmt: skip
    assert writer.post(page, {**form, "until": "2020-01-31"}).status_code == 422
    assert writer.post(page, {**form, "text": start}).status_code == 302
    made = Tuning.objects.get()
    assert made.rule == shared
    address = f"/detection/filters/{made.pk}"
    assert writer.post(address, {"decision": "accept"}).status_code == 409
    assert reviewer.post(address, {"decision": "accept"}).status_code == 302
    assert writer.post(address, {"decision": "end", "note": "Solved"}).status_code == 302
    made.refresh_from_db()
    assert made.state == "ended"
