"""Log4Shell from its real record: exposed, proved gone by a later inventory, back, withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from rempart.exposure import commands, queries
from rempart.exposure.models import ComponentKey, Exposure, Finding
from rempart.intelligence import commands as intelligence
from rempart.intelligence.models import AffectedKey, Vulnerability
from rempart.kernel.actors import system
from rempart.kernel.time import now
from tests import factories

RECORD = Path(__file__).parents[4] / "shared/data/cve/log4shell.jsonl"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not RECORD.exists(), reason="the real Log4Shell record is not beside the repository"),
]


@pytest.fixture
def log4shell() -> Vulnerability:
    intelligence.load_cve(system("test"), RECORD)
    return Vulnerability.objects.get(cve_id="CVE-2021-44228")


def log4j(version: str):
    return factories.component(
        product="log4j-core", version=version, purl=f"pkg:maven/org.apache.logging.log4j/log4j-core@{version}"
    )


def test_only_the_affected_version_is_exposed(log4shell: Vulnerability) -> None:
    server, other = factories.asset(factories.organisation()), factories.asset(factories.organisation())
    factories.install(server, log4j("2.14.1"))
    factories.install(other, log4j("2.17.1"))
    for one in (server, other):
        commands.reconcile_body(one.body_id)
    exposure = Exposure.objects.get()
    assert (exposure.asset, exposure.vulnerability, exposure.state) == (server, log4shell, "open")
    assert exposure.due_at is not None
    assert [one.body_id for one in queries.exposed_bodies(log4shell.pk)] == [server.body_id]
    assert queries.open_counts(log4shell.pk, [server.body_id, other.body_id]) == {
        server.body_id: 1,
        other.body_id: 0,
    }


def test_a_record_that_arrives_after_the_inventory_finds_it(log4shell: Vulnerability) -> None:
    Vulnerability.objects.filter(pk=log4shell.pk).update(state="REJECTED")
    server = factories.asset(factories.organisation())
    factories.install(server, log4j("2.14.1"))
    commands.reconcile_body(server.body_id)
    assert not Exposure.objects.exists()
    Vulnerability.objects.filter(pk=log4shell.pk).update(state="PUBLISHED")
    assert commands.rematch_vulnerabilities([log4shell.pk]).exposures.opened == 1
    assert commands.rematch_vulnerabilities([log4shell.pk]).exposures.total == 0


def test_verified_then_reopened(log4shell: Vulnerability) -> None:
    server = factories.asset(factories.organisation())
    install = factories.install(server, log4j("2.14.1"))
    commands.reconcile_body(server.body_id)
    install.removed_at = now()
    install.save()
    assert commands.reconcile_body(server.body_id).exposures.verified == 1
    exposure = Exposure.objects.get()
    assert (exposure.state, exposure.proof["kind"]) == ("verified", "inventory")
    assert exposure.closed_at is not None
    install.removed_at = None
    install.save()
    commands.reconcile_body(server.body_id)
    exposure.refresh_from_db()
    assert (exposure.state, exposure.reopened, exposure.closed_at) == ("open", 1, None)
    assert exposure.proof["was"] == "verified"
    assert exposure.due_at is not None


def test_what_is_replaced_is_proved_gone_only_once_its_replacement_is_matched(
    log4shell: Vulnerability,
) -> None:
    """An inventory is applied while the one before it, or an advisory, is being matched."""
    server = factories.asset(factories.organisation())
    install = factories.install(server, log4j("2.14.1"))
    commands.reconcile_body(server.body_id)
    install.removed_at = now()
    install.save()
    factories.install(server, log4j("2.14.0"))
    assert commands.rematch_vulnerabilities([log4shell.pk]).exposures.verified == 0
    assert Exposure.objects.get().state == "open"
    moved = commands.reconcile_body(server.body_id).exposures
    assert (moved.verified, moved.opened) == (1, 1)
    assert sorted(Exposure.objects.values_list("state", "component__version")) == [
        ("open", "2.14.0"),
        ("verified", "2.14.1"),
    ]


def test_a_rejected_record_withdraws(log4shell: Vulnerability) -> None:
    server = factories.asset(factories.organisation())
    factories.install(server, log4j("2.14.1"))
    commands.reconcile_body(server.body_id)
    Vulnerability.objects.filter(pk=log4shell.pk).update(state="REJECTED")
    commands.rematch_vulnerabilities([log4shell.pk])
    assert Exposure.objects.get().state == "withdrawn"
    assert not Finding.objects.exists()


def test_a_retired_asset_is_proof(log4shell: Vulnerability) -> None:
    server = factories.asset(factories.organisation())
    factories.install(server, log4j("2.14.1"))
    commands.reconcile_body(server.body_id)
    server.retired_at = now()
    server.save()
    commands.reconcile_body(server.body_id)
    exposure = Exposure.objects.get()
    assert (exposure.state, exposure.proof["kind"]) == ("verified", "retired")


def test_products_named_anew_keep_their_exposures(log4shell: Vulnerability) -> None:
    """What an older version of the platform named otherwise meets again, and what met keeps its row."""
    server, other = factories.asset(factories.organisation()), factories.asset(factories.organisation())
    for one in (server, other):
        factories.install(one, log4j("2.14.1"))
        commands.reconcile_body(one.body_id)
    before = sorted(Exposure.objects.values_list("id", "state", "opened_at"))
    AffectedKey.objects.update(key="name:old/spelling")
    ComponentKey.objects.update(key="name:other/spelling")
    told = commands.identify_anew()
    assert sorted(Exposure.objects.values_list("id", "state", "opened_at")) == before
    assert told.findings.findings_removed == 0
    assert not AffectedKey.objects.filter(key="name:old/spelling").exists()
    assert ComponentKey.objects.filter(key="cpe:a:apache:log4j").exists()
    third = factories.asset(factories.organisation())
    factories.install(third, log4j("2.14.0"))
    assert commands.reconcile_body(third.body_id).exposures.opened == 1
