"""The decision table applied to exposures, edited, previewed; and the names of products."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rempart.engines.priority import DEFAULT_TABLE, Outcome
from rempart.exposure import commands, jobs
from rempart.exposure.models import Exposure, PriorityRule, ProductAlias
from rempart.intelligence.models import Vulnerability
from rempart.kernel import worker
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Invalid
from rempart.kernel.models import AuditEntry, Job, OutboxEvent
from rempart.kernel.permissions import Role
from rempart.kernel.time import now, today
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def exposure(published) -> Exposure:
    published("portail", "2.0")
    server = factories.asset(factories.organisation(), network_exposure="internet", criticality=4)
    factories.install(server, factories.component(vendor="exemple", product="portail", version="1.0"))
    commands.reconcile_body(server.body_id)
    return Exposure.objects.get()


def test_exploitation_makes_it_urgent_and_starts_a_fresh_clock(exposure: Exposure) -> None:
    assert exposure.priority == "out_of_cycle"
    Exposure.objects.update(opened_at=now() - timedelta(days=60), priority_since=now() - timedelta(days=60))
    kev_due = today() + timedelta(days=1)
    Vulnerability.objects.update(kev_added_on=today(), kev_due_on=kev_due)
    moved = commands.reprioritise(vulnerability_ids=[exposure.vulnerability_id], cause="facts")
    exposure.refresh_from_db()
    assert exposure.priority == "act_now"
    assert now() < exposure.due_at <= now() + timedelta(hours=48)
    assert moved.exposures.body_ids == {exposure.body_id}
    again = commands.reprioritise(vulnerability_ids=[exposure.vulnerability_id], cause="facts")
    assert again.exposures.total == 0


def test_criticality_of_the_asset_counts(exposure: Exposure) -> None:
    exposure.asset.criticality = 1
    exposure.asset.save()
    commands.reprioritise(asset_ids=[exposure.asset_id], cause="criticality")
    exposure.refresh_from_db()
    assert (exposure.priority, exposure.criticality) == ("defer", 1)


def test_a_vector_tells_what_nobody_said(exposure: Exposure) -> None:
    Vulnerability.objects.update(
        exploitation="poc", cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    )
    commands.reprioritise(body_id=exposure.body_id, cause="facts")
    exposure.refresh_from_db()
    assert exposure.priority == "act_now"


def edited(outcome: str) -> list[dict[str, str]]:
    """The first table, with one outcome for all that is unexploited on the internet with very high impact."""
    rows = DEFAULT_TABLE.to_rows()
    for row in rows:
        if (row["exploitation"], row["exposure"], row["impact"]) == ("none", "internet", "very_high"):
            row["outcome"] = outcome
    return rows


def test_an_edit_is_previewed_then_applied_by_a_job(exposure: Exposure) -> None:
    root = exposure.body.parent.parent.parent
    commander = factories.actor(Role.CGCD_COMMANDER, root)
    preview = commands.preview_priority_table(commander, commands.parse_table(edited("act_now")))
    assert (preview.combinations, preview.moved, preview.bodies) == (2, 1, 1)
    assert (preview.before["out_of_cycle"], preview.after["act_now"]) == (1, 1)
    exposure.refresh_from_db()
    assert exposure.priority == "out_of_cycle"
    assert commands.edit_priority_table(commander, rows=edited("act_now"), reason="Consigne") == 2
    entry = AuditEntry.objects.get(action="priority.edited")
    assert set(entry.after["outcomes"].values()) == {"act_now"}
    assert Job.objects.filter(task_path=jobs.reprioritise_all.module_path).count() == 1
    worker.Worker().drain()
    exposure.refresh_from_db()
    assert exposure.priority == "act_now"
    assert OutboxEvent.objects.filter(kind="exposure.changed", payload__cause="priority").exists()


def test_only_the_commander_edits_and_a_broken_table_is_refused(exposure: Exposure) -> None:
    root = exposure.body.parent.parent.parent
    with pytest.raises(NotPermitted):
        commands.edit_priority_table(factories.actor(Role.CGCD_ANALYST, root), rows=edited("defer"))
    with pytest.raises(Invalid) as refused:
        commands.edit_priority_table(system("test"), rows=edited("defer")[1:])
    assert "no outcome for" in refused.value.values["problems"][0]
    with pytest.raises(Invalid):
        commands.edit_priority_table(
            system("test"), deadlines=[{"outcome": "act_now", "amount": 1, "unit": "hours"}]
        )


def test_a_database_emptied_of_its_table_is_given_the_first_one(exposure: Exposure) -> None:
    PriorityRule.objects.all().delete()
    commands.reprioritise(body_id=exposure.body_id, cause="facts")
    assert PriorityRule.objects.count() == len(DEFAULT_TABLE.outcomes)
    exposure.refresh_from_db()
    assert exposure.priority == Outcome.OUT_OF_CYCLE


def test_an_alias_decided_once_exposes_every_body(published) -> None:
    published("portail citoyen", "2.0")
    servers = [factories.asset(factories.organisation()) for _ in range(2)]
    for server in servers:
        factories.install(server, factories.component(vendor="maison", product="pcit", version="1.0"))
        commands.reconcile_body(server.body_id)
    assert not Exposure.objects.exists()
    names = {"key": "name:maison/pcit", "canonical": "name:exemple/portailcitoyen"}
    preview = commands.preview_alias(system("test"), **names)
    assert (preview.components, preview.matched.exposures.opened) == (1, 2)
    assert not Exposure.objects.exists()
    assert not ProductAlias.objects.exists()
    commands.alias_products(system("test"), **names, reason="Même logiciel")
    assert Exposure.objects.filter(state="open").count() == 2
    commands.alias_products(system("test"), key=names["key"], canonical=names["key"], reason="Erreur")
    assert set(Exposure.objects.values_list("state", flat=True)) == {"withdrawn"}


@pytest.mark.parametrize("key", ["", "log4j", "name:", "name:a b", "name:" + "x" * 400])
def test_a_name_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(Invalid):
        commands.alias_products(system("test"), key=key, canonical="name:a/b")
