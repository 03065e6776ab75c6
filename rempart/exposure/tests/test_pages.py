"""Every page: whoever may, whoever may not, and never another body's row."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from rempart.engines.exposure import REASONS
from rempart.exposure import commands, wording
from rempart.exposure.models import Exposure, PriorityRule, ProductAlias, Statement
from rempart.kernel.models import RoleGrant
from rempart.kernel.permissions import Role
from rempart.kernel.time import today
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def exposure(published) -> Exposure:
    published("portail", "2.0", kev_added_on=today())
    server = factories.asset(factories.organisation(), network_exposure="internet", criticality=3)
    factories.install(server, factories.component(vendor="exemple", product="portail", version="1.0"))
    commands.reconcile_body(server.body_id)
    return Exposure.objects.get()


def client(role: Role, place) -> Client:
    signed_in = Client()
    signed_in.force_login(factories.user(role, place))
    return signed_in


@pytest.fixture
def officer(exposure: Exposure) -> Client:
    return client(Role.BODY_OFFICER, exposure.body)


@pytest.fixture
def commander(exposure: Exposure) -> Client:
    return client(Role.CGCD_COMMANDER, exposure.body.parent.parent.parent)


def test_the_list_opens_on_what_is_open_and_shows_only_ones_own(exposure: Exposure, officer: Client) -> None:
    assert officer.get("/exposures/").url == "?state=open"
    page = officer.get("/exposures/?state=open").content.decode()
    assert exposure.vulnerability.cve_id in page
    stranger = client(Role.BODY_OFFICER, factories.organisation(parent=exposure.body.parent))
    assert exposure.vulnerability.cve_id not in stranger.get("/exposures/?state=open").content.decode()
    assert stranger.get(f"/exposures/{exposure.pk}").status_code == 404
    assert client(Role.AUTHORITY, exposure.body).get("/exposures/?state=open").status_code == 403


def test_a_count_made_for_one_reader_is_not_that_of_another_who_reaches_as_far(
    exposure: Exposure, commander: Client
) -> None:
    """Reaching everything by one right does not show everything that another right shows."""
    reader = factories.user(Role.BODY_OFFICER, factories.organisation(parent=exposure.body.parent))
    government = exposure.body.parent.parent.parent
    RoleGrant.objects.create(
        user=reader, role=Role.AUTHORITY, organisation=government, starts_at=exposure.opened_at
    )
    elsewhere = Client()
    elsewhere.force_login(reader)
    totals = [
        each.get("/vulnerabilities/?exposed=yes").context["page"].total
        for each in (commander, elsewhere, commander)
    ]
    assert totals == [1, 0, 1]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("state=open&kev=yes&internet=yes&criticality=3", True),
        ("late=no&certainty=affected&age=0-1", True),
        ("late=yes", False),
        ("closed=today", False),
        ("age=90%2B", False),
        ("state=whatever", False),
        ("centre=whatever", False),
        ("service=absent", False),
        ("sort=-priority&priority=act_now", True),
    ],
)
def test_each_filter_narrows(exposure: Exposure, officer: Client, address: str, found: bool) -> None:
    page = officer.get(f"/exposures/?{address}")
    assert page.status_code == 200
    assert (f"/exposures/{exposure.pk}" in page.content.decode()) is found


def test_filters_by_place_asset_and_service(exposure: Exposure, officer: Client) -> None:
    service = factories.asset(exposure.body, kind="service", key="portail-citoyen")
    exposure.asset.needed_by.create(body=exposure.body, dependent=service)
    asset = exposure.asset
    addresses = (
        f"body={exposure.body.code}",
        f"centre={exposure.body.parent.code}",
        f"asset={asset.pk}",
        f"asset={asset.key}",
        f"service={service.pk}",
        "service=portail-citoyen",
        f"vulnerability={exposure.vulnerability.cve_id.lower()}",
    )
    for one in addresses:
        assert f"/exposures/{exposure.pk}" in officer.get(f"/exposures/?{one}").content.decode(), one


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_list_leaves_with_its_marking(exposure: Exposure, officer: Client, form: str) -> None:
    answer = officer.get(f"/exposures/?state=open&format={form}")
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"PK") if form == "xlsx" else exposure.vulnerability.cve_id.encode() in content


def test_the_page_says_why(exposure: Exposure, officer: Client) -> None:
    page = officer.get(f"/exposures/{exposure.pk}").content.decode()
    assert "La version 1.0 est dans la plage touchée" in page
    assert "Catalogue KEV" in page
    with translation.override("en"):
        assert wording.verdict("in_range", {"version": "1.0"}, "< 2.0").startswith("Version 1.0 is within")


def test_a_statement_is_proposed_by_the_body_and_reviewed_by_its_centre(
    exposure: Exposure, officer: Client
) -> None:
    address = f"/exposures/{exposure.pk}/statement"
    assert officer.get(address).status_code == 200
    refused = officer.post(address, {"kind": "not_affected", "justification": "", "explanation": "Absent."})
    assert refused.status_code == 422
    values = {
        "kind": "not_affected",
        "justification": "component_not_present",
        "explanation": "<b>Absent</b>.",
    }
    made = officer.post(address, values)
    statement = Statement.objects.get()
    assert made.url == f"/statements/{statement.pk}"
    assert "<b>Absent" not in officer.get(made.url).content.decode()
    assert str(statement.pk) in officer.get("/statements/?state=proposed").content.decode()
    assert officer.post(made.url, {"decision": "accept"}).status_code == 403
    centre = client(Role.COCD_ANALYST, exposure.body.parent)
    assert centre.post(made.url, {"decision": "refuse", "note": ""}).status_code == 422
    assert centre.post(made.url, {"decision": "accept"}).status_code == 302
    exposure.refresh_from_db()
    assert exposure.state == "not_affected"


def table_form(page: Client) -> dict[str, str]:
    form = {
        ".".join([rule.exploitation, rule.exposure, rule.automatable, rule.impact]): rule.outcome
        for rule in PriorityRule.objects.all()
    }
    for outcome in ("act_now", "out_of_cycle", "scheduled", "defer"):
        form |= {f"amount.{outcome}": "5", f"unit.{outcome}": "days"}
    return form


def test_the_table_is_read_by_all_and_edited_by_the_commander(
    exposure: Exposure, officer: Client, commander: Client
) -> None:
    assert "<select" not in officer.get("/priority/").content.decode()
    form = table_form(commander)
    assert officer.post("/priority/", form).status_code == 403
    form["active.internet.no.high"] = "defer"
    preview = commander.post("/priority/", {**form, "step": "preview"}).content.decode()
    assert "1 exposition changerait de priorité" in preview
    assert commander.post("/priority/", {**form, "step": "save"}).status_code == 302
    assert (
        PriorityRule.objects.get(
            exploitation="active", exposure="internet", automatable="no", impact="high"
        ).outcome
        == "defer"
    )
    assert commander.post("/priority/", {**form, "amount.defer": "x"}).status_code == 422
    assert commander.post("/priority/", {**form, "active.internet.no.high": "never"}).status_code == 422


def test_names_are_proposed_previewed_and_decided(
    exposure: Exposure, officer: Client, commander: Client
) -> None:
    factories.vulnerability(kev_added_on=today(), kev_vendor="Fortinet", kev_product="FortiManager")
    server = factories.asset(exposure.body)
    factories.install(
        server, factories.component(vendor="Fortinet", product="Forti Manager 200", version="1")
    )
    commands.reconcile_body(server.body_id)
    assert officer.get("/products/").status_code == 403
    page = commander.get("/products/").content.decode()
    assert "name:fortinet/fortimanager200" in page
    form = {"key": "name:fortinet/fortimanager200", "canonical": "name:fortinet/fortimanager"}
    assert (
        "Composants renommés : 1."
        in commander.post("/products/", {**form, "step": "preview"}).content.decode()
    )
    assert commander.post("/products/", {**form, "step": "save"}).status_code == 302
    assert ProductAlias.objects.get().canonical == form["canonical"]
    assert commander.post("/products/", {"key": "x", "canonical": "y"}).status_code == 422


def test_a_page_of_the_list_asks_few_questions(
    exposure: Exposure, officer: Client, django_assert_max_num_queries
) -> None:
    for _ in range(30):
        server = factories.asset(exposure.body)
        factories.install(server, exposure.component)
    commands.reconcile_body(exposure.body_id)
    officer.get("/exposures/?state=open")
    with django_assert_max_num_queries(25):
        assert officer.get("/exposures/?state=open").status_code == 200
    assert commands.rematch_all().exposures.total == 0


def test_every_reason_of_the_engine_has_its_sentence() -> None:
    assert set(wording.REASONS) == set(REASONS)
    assert "—" in wording.verdict("fixed_at", {}, "")


def test_the_page_of_a_vulnerability_shows_who_is_exposed(exposure: Exposure, officer: Client) -> None:
    service = factories.asset(exposure.body, kind="service", name_fr="Portail des permis")
    exposure.asset.needed_by.create(body=exposure.body, dependent=service)
    cve_id = exposure.vulnerability.cve_id
    page = officer.get(f"/vulnerabilities/{cve_id}/").content.decode()
    assert exposure.body.name_fr in page
    assert "Portail des permis" in page
    for _ in range(50):
        factories.install(factories.asset(exposure.body), exposure.component)
    commands.reconcile_body(exposure.body_id)
    assert "51 actifs" in officer.get(f"/vulnerabilities/{cve_id}/").content.decode()
    stranger = client(Role.BODY_OFFICER, factories.organisation(parent=exposure.body.parent))
    assert exposure.body.name_fr not in stranger.get(f"/vulnerabilities/{cve_id}/").content.decode()


def test_the_api_says_the_same(exposure: Exposure, officer: Client, commander: Client) -> None:
    cve_id = exposure.vulnerability.cve_id
    listed = officer.get("/api/v1/exposure/exposures?state=open&kev=yes").json()
    assert (listed["total"], listed["items"][0]["vulnerability"]) == (1, cve_id)
    one = officer.get(f"/api/v1/exposure/exposures/{exposure.pk}").json()
    assert (one["reason"], len(one["inputs"])) == ("in_range", 4)
    assert officer.get(f"/api/v1/exposure/findings/{cve_id}").json()[0]["status"] == "affected"
    table = commander.get("/api/v1/exposure/priority").json()
    assert len(table["rows"]) == 72
    effect = commander.put(
        "/api/v1/exposure/priority", {**table, "dry_run": True}, content_type="application/json"
    )
    assert effect.json()["moved"] == 0
    assert officer.put("/api/v1/exposure/priority", table, content_type="application/json").status_code == 403
    content = {
        "body": exposure.body.code, "vulnerability": cve_id, "kind": "not_affected",
        "justification": "component_not_present", "explanation": "Absent.",
    }  # fmt: skip
    address = "/api/v1/exposure/statements"
    assert (
        officer.post(address, {**content, "justification": "x"}, content_type="application/json").status_code
        == 422
    )
    made = officer.post(address, content, content_type="application/json")
    assert made.status_code == 201
    review = f"{address}/{made.json()['id']}/review"
    centre = client(Role.COCD_ANALYST, exposure.body.parent)
    assert (
        centre.post(review, {"accept": True}, content_type="application/json").json()["state"] == "accepted"
    )
    assert officer.get(address).json()[0]["state"] == "accepted"


def test_an_assets_page_shows_its_open_exposures_to_whoever_may_read_them(
    exposure: Exposure, officer: Client
) -> None:
    address = f"/assets/{exposure.body.code}/{exposure.asset.key}"
    assert f'href="/exposures/{exposure.pk}"' in officer.get(address).content.decode()
    Exposure.objects.update(state="verified")
    assert f'href="/exposures/{exposure.pk}"' not in officer.get(address).content.decode()
