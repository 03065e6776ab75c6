"""People and duties from a file, the account that is each person's, and the API of both."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Invalid
from rempart.kernel.models import AuditEntry, Job, User
from rempart.kernel.permissions import Role
from rempart.organisations import commands, queries
from rempart.organisations.models import ContactChannel, Duty, DutyTitle, Organisation, Person
from tests import factories

pytestmark = pytest.mark.django_db
PLATFORM = system("test")

CSV = """\ufefforganisme;nom;courriel;téléphone;langue;fonction;suppléance
op;Ève Tremblay;Eve@Exemple.test;418 555-0100;;comsi;ali@exemple.test
op;Ève Tremblay;eve@exemple.test;418 555-0100;;csio;
op;Ali Roy;ali@exemple.test;;anglais;;
"""


@pytest.fixture
def op() -> Organisation:
    centre = factories.organisation("cocd", factories.organisation("cgcd"), code="cocd-a")
    for code, receives in (("comsi", True), ("csio", False)):
        DutyTitle.objects.update_or_create(
            code=code, defaults={"name_fr": code, "name_en": code, "receives_alerts": receives}
        )
    return factories.organisation("body", centre, code="op")


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "gens.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_a_file_is_shown_then_applied_whole_and_again_changes_nothing(op, tmp_path):
    path = written(tmp_path, CSV)
    plan = commands.plan_people(PLATFORM, path=path)
    assert plan.errors == []
    assert plan.counts == {"create": 2, "edit": 0, "duty_give": 2, "duty_deputy": 0}
    assert not Person.objects.exists()
    commands.apply_people(PLATFORM, path=path)
    eve, ali = Person.objects.get(email="eve@exemple.test"), Person.objects.get(email="ali@exemple.test")
    assert (eve.name, eve.phone, ali.language) == ("Ève Tremblay", "418 555-0100", "en")
    assert set(eve.duties.values_list("title__code", "deputy__email")) == {
        ("comsi", "ali@exemple.test"),
        ("csio", None),
    }
    channel = ContactChannel.objects.get(person=eve)
    assert (channel.address, channel.verified_at) == ("eve@exemple.test", None)
    assert Job.objects.filter(task_path__endswith="send_verification").count() == 2
    entries = AuditEntry.objects.count()
    assert commands.apply_people(PLATFORM, path=path).changes == 0
    assert AuditEntry.objects.count() == entries


def test_a_file_corrects_and_says_who_left_and_who_deputises(op, tmp_path):
    commands.apply_people(PLATFORM, path=written(tmp_path, CSV))
    changed = CSV.replace("Ali Roy", "Ali Roy-Côté").replace("csio;\n", "csio;ali@exemple.test\n")
    plan = commands.apply_people(PLATFORM, path=written(tmp_path, changed))
    assert plan.counts == {"create": 0, "edit": 1, "duty_give": 0, "duty_deputy": 1}
    assert Duty.objects.get(title__code="csio").deputy.name == "Ali Roy-Côté"
    gone = "organisation,name,email,active\nop,Ali Roy,ali@exemple.test,non\n"
    commands.apply_people(PLATFORM, path=written(tmp_path, gone))
    assert not Person.objects.get(email="ali@exemple.test").active


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("inconnu,X,x@exemple.test,,,", "organisation"),
        ("op,,x@exemple.test,,,", "name"),
        ("op,X,pas une adresse,,,", "email"),
        ("op,X,x@exemple.test,de,,", "language"),
        ("op,X,x@exemple.test,,roi,", "duty"),
        ("op,X,x@exemple.test,,comsi,y@exemple.test", "deputy"),
        ("op,X,x@exemple.test,,comsi,x@exemple.test", "deputy"),
        ("op," + "n" * 1001 + ",x@exemple.test,,,", "name"),
        ("op,Autre,bon@exemple.test,,csio,", "name"),
        ("op,Bon,bon@exemple.test,,,", "duty"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(op, tmp_path, line, field):
    head = "organisation,name,email,language,duty,deputy\nop,Bon,bon@exemple.test,,,\n"
    path = written(tmp_path, head + line + "\n")
    plan = commands.plan_people(PLATFORM, path=path)
    assert [(each.line, each.field) for each in plan.errors] == [(3, field)]
    with pytest.raises(Invalid, match="3"):
        commands.apply_people(PLATFORM, path=path)
    assert not Person.objects.exists()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300) | st.text(alphabet='organisationnameemail@;,"\n\r\t=', max_size=300))
def test_no_file_breaks_the_reader(op, tmp_path, data):
    try:
        plan = commands.plan_people(PLATFORM, path=written(tmp_path, data))
    except Invalid:
        return
    assert plan.rows is not None


def test_a_branch_is_imported_by_who_manages_it_alone(op, tmp_path):
    path = written(tmp_path, CSV)
    other = factories.organisation("cocd", op.parent.parent)
    plan = commands.plan_people(factories.actor(Role.ADMINISTRATOR, other), path=path)
    assert {each.field for each in plan.errors} == {"organisation"}
    with pytest.raises(NotPermitted):
        commands.plan_people(factories.actor(Role.BODY_OFFICER, op), path=path)


def test_a_person_is_tied_to_the_account_that_holds_a_role_where_they_belong(op):
    early = factories.user(Role.BODY_OFFICER, op, email="eve@exemple.test")
    stranger = factories.user(
        Role.BODY_OFFICER, factories.organisation("body", op.parent), email="x@exemple.test"
    )
    eve = commands.add_person(PLATFORM, body_id=op.pk, name="Ève", email="eve@exemple.test")
    assert queries.person_of(factories.actor_for(early)) == eve
    other = commands.add_person(PLATFORM, body_id=op.pk, name="X", email="X@exemple.test")
    assert other.user_id is None
    late = factories.user(email="ali@exemple.test")
    ali = commands.add_person(PLATFORM, body_id=op.pk, name="Ali", email="ali@exemple.test")
    assert ali.user_id is None
    commands.grant_role(PLATFORM, user_id=late.pk, role="body_officer", organisation_code="op")
    assert queries.person_of(factories.actor_for(late)) == ali
    assert AuditEntry.objects.filter(action="person.tie").count() == 2
    assert queries.person_of(factories.actor_for(stranger)) is None


def test_the_pages_import_add_a_channel_for_someone_and_ask_for_its_proof(op):
    commander = signed_in(factories.user(Role.CGCD_COMMANDER, op.parent.parent.parent))
    assert "Importer des personnes" in commander.get(reverse("person_list")).content.decode()
    file = SimpleUploadedFile("gens.csv", CSV.replace("Ali Roy", "<b>Ali</b>").encode())
    preview = commander.post(reverse("people_import"), {"file": file})
    assert "&lt;b&gt;Ali" in preview.content.decode()
    token = preview.context["token"]
    assert commander.post(reverse("people_import_apply"), {"token": token}).status_code == 302
    assert Person.objects.count() == 2
    assert commander.post(reverse("people_import_apply"), {"token": token}).status_code == 422
    bad = SimpleUploadedFile("gens.csv", b"organisation,name,email\nop,,x\n")
    assert (
        "1 ligne est à corriger" in commander.post(reverse("people_import"), {"file": bad}).content.decode()
    )
    ali = Person.objects.get(email="ali@exemple.test")
    form = {
        "person_id": ali.pk,
        "medium": "email",
        "address": "garde@exemple.test",
        "immediate_from": "scheduled",
    }
    assert commander.post(reverse("channel_new", args=["op"]), form).status_code == 302
    assert ContactChannel.objects.get(address="garde@exemple.test").person == ali
    new = {"name": "Zoé", "email": "zoe@exemple.test", "language": "fr"}
    commander.post(reverse("person_new", args=["op"]), new)
    assert ContactChannel.objects.get(address="zoe@exemple.test").verified_at is None


def test_the_api_manages_people_duties_guards_and_channels(op):
    client = signed_in(factories.user(Role.CGCD_COMMANDER, op.parent.parent.parent))
    base = "/api/v1/organisations"

    def send(method: str, path: str, content: object = None) -> tuple[int, object]:
        answer = getattr(client, method)(f"{base}/{path}", content, content_type="application/json")
        return answer.status_code, answer.json() if answer.content else None

    status, eve = send("post", "op/people", {"name": "Ève", "email": "eve@exemple.test"})
    assert (status, eve["organisation"], eve["account"]) == (201, "op", False)
    _status, ali = send("post", "op/people", {"name": "Ali", "email": "ali@exemple.test"})
    status, duty = send("post", "op/duties", {"person_id": eve["id"], "title": "comsi"})
    assert (status, duty["title"], duty["deputy_id"]) == (201, "comsi", None)
    assert send("put", f"duties/{duty['id']}/deputy", {"deputy_id": ali["id"]})[1]["deputy_id"] == ali["id"]
    assert send("put", f"duties/{duty['id']}/deputy", {"deputy_id": eve["id"]})[0] == 422
    period = {"person_id": ali["id"], "starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-02T00:00:00Z"}
    status, guard = send("post", "op/on-call", period)
    assert (status, send("post", "op/on-call", period)[0]) == (201, 409)
    assert [each["id"] for each in client.get(f"{base}/op/on-call").json()] == [guard["id"]]
    assert send("delete", f"on-call/{guard['id']}")[0] == 204
    hook = {"medium": "webhook", "address": "https://op.exemple.test/rempart", "person_id": ali["id"]}
    status, channel = send("post", "op/channels", hook)
    assert (status, channel["verified_at"]) == (201, None)
    tuned = {"immediate_from": "never", "digest": False}
    assert send("put", f"channels/{channel['id']}", tuned)[1]["immediate_from"] == "never"
    assert send("delete", f"channels/{channel['id']}")[0] == 204
    assert {each["address"] for each in client.get(f"{base}/op/channels").json()} == {
        "eve@exemple.test", "ali@exemple.test",
    }  # fmt: skip
    left = {"name": "Ali", "email": "ali@exemple.test", "active": False}
    assert send("put", f"people/{ali['id']}", left)[1]["active"] is False
    assert send("delete", f"duties/{duty['id']}")[1]["ends_on"] is not None
    outsider = signed_in(factories.user(Role.BODY_OFFICER, factories.organisation("body", op.parent)))
    assert outsider.get(f"{base}/op/people").status_code == 404


def test_the_api_imports_people_whole_or_says_the_lines(op):
    client = signed_in(factories.user(Role.CGCD_COMMANDER, op.parent.parent.parent))

    def send(text: str, **form: str) -> dict[str, object]:
        file = SimpleUploadedFile("gens.csv", text.encode())
        answer = client.post("/api/v1/organisations/people/files", {"file": file, **form})
        assert answer.status_code == 200, answer.content
        return answer.json()

    assert send(CSV)["applied"] is False
    assert not Person.objects.exists()
    assert send(CSV, dry_run="false") == {
        "applied": True,
        "counts": {"create": 2, "edit": 0, "duty_give": 2, "duty_deputy": 0},
        "errors": [],
    }
    refused = send("organisation,name,email\nop,,x@exemple.test\n", dry_run="false")
    assert (refused["applied"], refused["errors"][0]["line"]) == (False, 2)
