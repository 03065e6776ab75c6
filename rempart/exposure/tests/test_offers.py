"""A reviewed statement offered to all, taken up in one click; statements as VEX that others can read."""

from __future__ import annotations

import pytest
from django.test import Client

from rempart.engines.records.vex import parse_cyclonedx_vex, parse_openvex
from rempart.exposure import commands
from rempart.exposure.commands.offers import adopt_statement, offer_statement
from rempart.exposure.models import Exposure, Statement
from rempart.kernel.actors import system
from rempart.kernel.errors import Conflict, NotFound
from rempart.kernel.models import AuditEntry
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")


@pytest.fixture
def stated(published):
    """Two bodies hold the same component; one stated that it is not affected, and was believed."""
    published("portail", "2.0", cve_id="CVE-2030-0009")
    component = factories.component(
        vendor="exemple", product="portail", version="1.0", purl="pkg:generic/portail@1.0"
    )
    first = factories.organisation()
    second = factories.organisation(parent=first.parent)
    for body in (first, second):
        factories.install(factories.asset(body), component)
        commands.reconcile_body(body.pk)
    exposure = Exposure.objects.get(body=first)
    made = commands.make_statement(
        SYSTEM, body_id=first.pk, vulnerability_id=exposure.vulnerability_id, kind="not_affected",
        justification="vulnerable_code_not_present", explanation="Module retiré à la compilation.",
        component_id=component.pk, reason="essai",
    )  # fmt: skip
    commands.review_statement(SYSTEM, statement_id=made.pk, accept=True)
    made.refresh_from_db()
    return made, second


def client(role: Role, place) -> Client:
    signed_in = Client()
    signed_in.force_login(factories.user(role, place))
    return signed_in


def test_an_offer_is_seen_and_taken_up_by_the_body_with_the_same_component(stated) -> None:
    made, second = stated
    officer = client(Role.BODY_OFFICER, second)
    assert "Module retiré" not in officer.get("/statements/offers").content.decode()
    with pytest.raises(NotFound):
        adopt_statement(SYSTEM, statement_id=made.pk, body_id=second.pk, reason="essai")
    offer_statement(SYSTEM, statement_id=made.pk)
    page = officer.get("/statements/offers").content.decode()
    assert "Module retiré" in page
    assert made.body.name_fr not in page
    exposure = Exposure.objects.get(body=second)
    assert "Module retiré" in officer.get(f"/exposures/{exposure.pk}").content.decode()
    assert officer.post(f"/statements/{made.pk}/adopt", {"body": second.code}).status_code == 302
    exposure.refresh_from_db()
    adopted = Statement.objects.get(adopted_from=made)
    assert (exposure.state, adopted.state, adopted.justification) == (
        "not_affected",
        "accepted",
        made.justification,
    )
    assert AuditEntry.objects.filter(action="statement.adopted").count() == 1
    assert officer.post(f"/statements/{made.pk}/adopt", {"body": second.code}).status_code == 404


def test_only_a_reviewed_statement_about_a_component_is_offered(stated) -> None:
    made, _second = stated
    Statement.objects.filter(pk=made.pk).update(component=None)
    with pytest.raises(Conflict):
        offer_statement(SYSTEM, statement_id=made.pk)
    Statement.objects.filter(pk=made.pk).update(
        component=Exposure.objects.first().component, state="proposed"
    )
    with pytest.raises(Conflict):
        offer_statement(SYSTEM, statement_id=made.pk)


def test_a_stranger_neither_offers_nor_adopts_for_another(stated) -> None:
    made, second = stated
    stranger = client(Role.BODY_OFFICER, second)
    assert stranger.post(f"/statements/{made.pk}/offer").status_code in {403, 404}
    offer_statement(SYSTEM, statement_id=made.pk)
    assert stranger.post(f"/statements/{made.pk}/adopt", {"body": made.body.code}).status_code in {403, 404}
    offer_statement(SYSTEM, statement_id=made.pk, offered=False)
    assert stranger.post(f"/statements/{made.pk}/adopt", {"body": second.code}).status_code == 404


def test_statements_leave_as_vex_that_readers_understand(stated) -> None:
    made, _second = stated
    officer = client(Role.BODY_OFFICER, made.body)
    openvex = officer.get("/statements/vex?form=openvex").json()
    (said,) = openvex["statements"]
    assert (said["status"], said["justification"]) == ("not_affected", "vulnerable_code_not_present")
    assert said["products"][0]["identifiers"]["purl"] == "pkg:generic/portail@1.0"
    cyclonedx = officer.get("/statements/vex?form=cyclonedx").json()
    assert cyclonedx["vulnerabilities"][0]["analysis"]["justification"] == "code_not_present"
    for read in (list(parse_openvex(openvex)), list(parse_cyclonedx_vex(cyclonedx))):
        assert [one.id for one in read] == ["CVE-2030-0009"]
        assert read[0].affected


def test_an_accepted_risk_is_affected_with_what_is_done_and_until_when(stated) -> None:
    made, _second = stated
    Statement.objects.filter(pk=made.pk).update(
        kind="risk_accepted", compensating_measure="Accès coupé d’Internet", justification=""
    )
    said = client(Role.BODY_OFFICER, made.body).get("/statements/vex").json()["statements"][0]
    assert said["status"] == "affected"
    assert said["action_statement"].startswith("Accès coupé")


def test_what_is_taken_back_ends_in_the_bodies_that_took_it_up(stated) -> None:
    made, second = stated
    offer_statement(SYSTEM, statement_id=made.pk)
    copy = adopt_statement(SYSTEM, statement_id=made.pk, body_id=second.pk, reason="essai")
    officer, reader = client(Role.BODY_OFFICER, made.body), client(Role.AUDITOR, made.body)
    address = f"/statements/{made.pk}/withdraw"
    assert "Retirer la déclaration" in officer.get(f"/statements/{made.pk}").content.decode()
    assert "Retirer la déclaration" not in reader.get(f"/statements/{made.pk}").content.decode()
    assert reader.post(address, {"reason": "essai"}).status_code == 403
    assert client(Role.BODY_OFFICER, second).post(address, {"reason": "essai"}).status_code in {403, 404}
    assert officer.post(address, {"reason": " "}).status_code == 302  # refused: no reason
    assert set(Statement.objects.values_list("state", flat=True)) == {"accepted"}
    answer = officer.post(address, {"reason": "Le module était là."}, follow=True).content.decode()
    assert "Le module était là." in answer
    made.refresh_from_db()
    copy.refresh_from_db()
    assert (made.state, copy.state, made.offered_at) == ("withdrawn", "withdrawn", None)
    assert str(made.pk) in copy.end_reason
    assert "Le module était là." not in copy.end_reason
    assert set(Exposure.objects.values_list("state", flat=True)) == {"open"}
    assert AuditEntry.objects.filter(action="statement.withdrawn").count() == 2
    api = "/api/v1/exposure/statements"
    again = officer.post(f"{api}/{made.pk}/withdraw", {"reason": "x"}, content_type="application/json")
    assert again.status_code == 409
    proposed = commands.make_statement(
        SYSTEM, body_id=made.body_id, vulnerability_id=made.vulnerability_id, kind="not_affected",
        justification="vulnerable_code_not_present", explanation="Encore.", reason="essai",
    )  # fmt: skip
    ended = officer.post(f"{api}/{proposed.pk}/withdraw", {"reason": "x"}, content_type="application/json")
    assert ended.json() == {"ended": 1}


def test_offers_are_listed_to_programs_too(stated) -> None:
    made, second = stated
    offer_statement(SYSTEM, statement_id=made.pk)
    listed = client(Role.BODY_OFFICER, second).get("/api/v1/exposure/statements/offers").json()
    assert [(one["id"], one["bodies"], one["vulnerability"]) for one in listed] == [
        (made.pk, [second.code], "CVE-2030-0009")
    ]
    assert made.body.code not in str(listed)
    assert client(Role.BODY_OFFICER, made.body).get("/api/v1/exposure/statements/offers").json() == []
