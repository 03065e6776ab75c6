"""The order of sources: shown to all, previewed, edited by the command centre, obeyed by the matching."""

from __future__ import annotations

import pytest
from django.test import Client

from rempart.engines.exposure import affected_keys
from rempart.engines.exposure.model import Affected, VersionEntry
from rempart.exposure import commands, wording
from rempart.exposure.commands import order, precedence
from rempart.exposure.models import Exposure, ExposureMove, Finding, MatchRun
from rempart.exposure.tests.publishing import publish
from rempart.intelligence.models import AffectedKey, AffectedProduct, Vulnerability
from rempart.intelligence.statements import pack
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Invalid
from rempart.kernel.models import AuditEntry, Job
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db

ADP_FIRST = ("adp", *(kind for kind in order.DEFAULT if kind != "adp"))


def says(record: Vulnerability, source: str, below: str) -> None:
    """Another source's statement about the same product."""
    statement = Affected(
        source=source, vendor="exemple", product="portail", default_status="unaffected",
        versions=(VersionEntry("0", "affected", "semver", less_than=below),),
    )  # fmt: skip
    row = AffectedProduct.objects.create(
        vulnerability=record, position=1, source=source, vendor="exemple", product="portail",
        statement=pack(statement),
    )  # fmt: skip
    for key, _ in affected_keys(statement):
        AffectedKey.objects.create(key=key, vulnerability=record, affected=row)


@pytest.fixture
def disputed():
    """The publisher says below 1.2 and CISA below 2.0; the reverse for another; 1.5 is held twice."""
    records = publish("portail", "1.2"), publish("portail", "2.0")
    says(records[0], "adp:CISA-ADP", "2.0")
    says(records[1], "adp:CISA-ADP", "1.2")
    for _ in range(2):
        held = factories.component(vendor="exemple", product="portail", version="1.5")
        factories.install(factories.asset(factories.organisation()), held)
    commands.rematch_all()
    return records


def is_open() -> list[str]:
    return sorted(set(Exposure.objects.filter(state="open").values_list("vulnerability__cve_id", flat=True)))


def test_a_preview_tells_what_an_edit_then_does(disputed) -> None:
    first, second = disputed
    assert is_open() == [second.cve_id]
    preview = precedence.preview_order(system("test"), ADP_FIRST)
    assert (preview.verdicts, preview.closed, preview.opened, len(preview.bodies)) == (2, 2, 2, 2)
    assert {(one.cve_id, one.after, one.after_source) for one in preview.shown} == {
        (first.cve_id, "affected", "adp:CISA-ADP"), (second.cve_id, "not_affected", "adp:CISA-ADP"),
    }  # fmt: skip
    assert is_open() == [second.cve_id]
    assert not Job.objects.exists()

    assert precedence.edit_order(system("test"), kinds=ADP_FIRST, reason="Essai")
    assert order.in_force() == ADP_FIRST
    assert Job.objects.get().args == ["precedence"]
    entry = AuditEntry.objects.get(action="precedence.edited")
    assert (entry.after["order"], entry.reason) == (list(ADP_FIRST), "Essai")
    commands.rematch_all(kind="precedence")
    assert is_open() == [first.cve_id]
    assert Finding.objects.get(vulnerability=first).detail["disagreement"] == "cna:exemple=not_affected"
    run = MatchRun.objects.latest("id")
    moves = ExposureMove.objects.filter(run=run).values_list("move", "verdict__cause", "n")
    assert sorted(moves) == [
        ("opened", "named", 1), ("opened", "named", 1), ("withdrawn", "precedence", 1),
        ("withdrawn", "precedence", 1),
    ]  # fmt: skip
    assert not precedence.edit_order(system("test"), kinds=ADP_FIRST)
    assert precedence.preview_order(system("test"), ADP_FIRST).verdicts == 0


@pytest.mark.parametrize("kinds", [(), ("cna",), (*order.DEFAULT, "cna"), (*order.DEFAULT[:-1], "other")])
def test_every_kind_has_one_place(kinds) -> None:
    with pytest.raises(Invalid):
        precedence.edit_order(system("test"), kinds=kinds)
    assert order.in_force() == order.DEFAULT


def test_the_page_and_the_api(disputed, client: Client) -> None:
    government = factories.organisation("government")
    client.force_login(factories.user(Role.CGCD_COMMANDER, government))
    ranks = {f"rank.{kind}": rank for rank, kind in enumerate(ADP_FIRST, start=1)}
    shown = client.post("/priority/sources", {**ranks, "step": "preview"}).content.decode()
    assert disputed[0].cve_id in shown
    assert "2 verdicts changeraient" in shown
    assert order.in_force() == order.DEFAULT
    assert client.post("/priority/sources", {**ranks, "rank.cna": "x"}).status_code == 422
    assert client.post("/priority/sources", {**ranks, "step": "save", "reason": "Oui"}).status_code == 302
    assert client.get("/api/v1/exposure/precedence").json() == {"order": list(ADP_FIRST)}
    back = {"order": list(order.DEFAULT), "dry_run": True}
    answer = client.put("/api/v1/exposure/precedence", back, content_type="application/json")
    assert answer.json()["verdicts"] == 0
    assert order.in_force() == ADP_FIRST
    body = Exposure.objects.first().body
    client.force_login(factories.user(Role.BODY_OFFICER, body))
    assert "Enregistrer" not in client.get("/priority/sources").content.decode()
    assert client.post("/priority/sources", {**ranks, "step": "save"}).status_code == 403
    with pytest.raises(NotPermitted):
        precedence.preview_order(factories.actor(Role.BODY_OFFICER, body), ADP_FIRST)


def test_each_range_of_a_disagreement_is_told_with_its_source_in_words() -> None:
    told = wording.ranges_in_words("cna:exemple:  | adp:CISA-ADP: >= 6.1.0, < 6.1.5")
    assert told == [("éditeur (exemple)", "—"), ("CISA (conteneur ADP)", ">= 6.1.0, < 6.1.5")]
    assert wording.ranges_in_words("") == []


def test_a_contested_verdict_does_not_call_itself_certain(published) -> None:
    published("portail", "2.0")
    server = factories.asset(factories.organisation())
    factories.install(server, factories.component(vendor="exemple", product="portail", version="1.0"))
    commands.reconcile_body(server.body_id)
    officer = Client()
    officer.force_login(factories.user(Role.BODY_OFFICER, server.body))
    address = f"/exposures/{Exposure.objects.get().pk}"
    assert "Touché, avec certitude" in officer.get(address).content.decode()
    finding = Finding.objects.get()
    finding.detail |= {
        "disagreement": "adp:CISA-ADP=not_affected",
        "disagreement_ranges": "cna:exemple: < 2.0 | adp:CISA-ADP: < 0.5",
    }
    finding.save(update_fields=["detail"])
    page = officer.get(address).content.decode()
    assert "Touché, avec certitude" not in page
    assert "d’après la source la plus crue" in page
    assert "CISA (conteneur ADP) · " in page
