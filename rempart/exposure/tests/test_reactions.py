"""What the worker does on events, and the command line."""

from __future__ import annotations

import json

import pytest
import typer
from django.db import transaction
from typer.testing import CliRunner

from rempart.assets.commands import edit_asset
from rempart.exposure import cli, commands
from rempart.exposure.models import Exposure
from rempart.intelligence.models import Vulnerability
from rempart.kernel import outbox
from rempart.kernel.actors import actor_for
from rempart.kernel.models import OutboxEvent
from rempart.kernel.permissions import Role
from rempart.kernel.time import today
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def asset():
    server = factories.asset(factories.organisation(), network_exposure="internet", criticality=4)
    factories.install(server, factories.component(vendor="exemple", product="portail", version="1.0"))
    return server


def tell(kind: str, aggregate: str, payload: dict) -> None:
    with transaction.atomic():
        outbox.publish(kind, aggregate, payload)
    outbox.drain()


def causes() -> list[str]:
    return [
        one.payload["cause"] for one in OutboxEvent.objects.filter(kind="exposure.changed").order_by("id")
    ]


def test_an_inventory_then_a_record_then_facts_then_criticality(asset, published) -> None:
    tell("assets.inventory_changed", f"body:{asset.body_id}", {"body_id": asset.body_id, "import_id": None})
    vulnerability = published("portail", "2.0")
    arrived = {"ids": [vulnerability.pk], "affected_changed": True}
    tell("intelligence.vulnerabilities_changed", "intelligence", arrived)
    assert Exposure.objects.get().priority == "out_of_cycle"
    Vulnerability.objects.update(kev_added_on=today())
    facts = {"ids": [vulnerability.pk], "affected_changed": False}
    tell("intelligence.vulnerabilities_changed", "intelligence", facts)
    assert Exposure.objects.get().priority == "act_now"
    asset.criticality = 0
    asset.save()
    tell("assets.criticality_changed", f"body:{asset.body_id}", {"asset_ids": [asset.pk]})
    assert Exposure.objects.get().priority == "out_of_cycle"
    assert causes() == ["vulnerability", "facts", "criticality"]
    tell("intelligence.vulnerabilities_changed", "intelligence", arrived)
    assert len(causes()) == 3  # nothing changed, nothing told


def test_an_asset_taken_off_the_internet_by_hand_is_less_urgent(asset, published) -> None:
    Vulnerability.objects.filter(pk=published("portail", "2.0").pk).update(kev_added_on=today())
    commands.rematch_all()
    assert (Exposure.objects.get().priority, Exposure.objects.get().internet) == ("act_now", True)
    officer = actor_for(factories.user(Role.BODY_OFFICER, asset.body))
    edit_asset(officer, asset_id=asset.pk, name_fr="Autre nom")
    edit_asset(officer, asset_id=asset.pk, network_exposure="internal")
    outbox.drain()
    assert (Exposure.objects.get().priority, Exposure.objects.get().internet) == ("out_of_cycle", False)
    assert causes()[-1] == "network_exposure"


def test_the_command_line_says_what_changed(asset, published) -> None:
    vulnerability = published("portail", "2.0")
    app = typer.Typer()
    app.callback()(lambda: None)
    cli.install(app)
    ran = CliRunner().invoke(app, ["rematch", "--all", "--json"])
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout.splitlines()[-1])["exposures_opened"] == 1
    again = CliRunner().invoke(app, ["rematch", "--vulnerability", vulnerability.cve_id, "--json"])
    assert json.loads(again.stdout.splitlines()[-1])["exposures_opened"] == 0
    assert CliRunner().invoke(app, ["rematch", "--body", asset.body.code, "--json"]).exit_code == 0
    Exposure.objects.update(certainty="cannot_tell")  # by other hands than the platform's
    assert commands.rematch_all().exposures.total == 0
    mended = CliRunner().invoke(app, ["rematch", "--exposures", "--json"])
    assert json.loads(mended.stdout.splitlines()[-1])["exposures_revised"] == 1
    assert Exposure.objects.get().certainty == "affected"
    assert CliRunner().invoke(app, ["rematch"]).exit_code == 2
    assert CliRunner().invoke(app, ["rematch", "--vulnerability", "CVE-1999-0000"]).exit_code == 1
    assert commands.rematch_all().exposures.total == 0
