"""What a supplier's VEX does to exposures: closes, leaves, opens again, with its source and reason shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from rempart.exposure import commands, queries
from rempart.exposure.models import Exposure, Finding
from rempart.exposure.tests.publishing import publish
from rempart.intelligence import commands as intelligence
from rempart.kernel import outbox
from rempart.kernel.actors import system
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db

NAME = "cpe:2.3:a:exemple:portail:{}:*:*:*:*:*:*:*"


@pytest.fixture
def record():
    """A record that affects two versions held, and an accepted supplier."""
    made = publish("portail", "2.0")
    for version in ("1.0", "1.5"):
        held = factories.component(vendor="exemple", product="portail", version=version)
        factories.install(factories.asset(factories.organisation()), held)
    commands.rematch_all()
    intelligence.ensure_default_feeds()
    intelligence.accept_author(system("test"), name="vex", author="ACME", accepted=True)
    return made


def states(folder: Path, cve_id: str, status: str, day: int, **more: Any) -> None:
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.example/1", "author": "ACME",
        "timestamp": f"2024-01-{day:02}T00:00:00Z", "version": day,
        "statements": [
            {
                "vulnerability": {"name": cve_id},
                "products": [{"identifiers": {"cpe23": NAME.format("1.0")}}],
                "status": status,
                **more,
            }
        ],
    }  # fmt: skip
    path = folder / "vex.json"
    path.write_text(json.dumps(document))
    assert intelligence.load_vex(system("test"), path).rejected == 0
    outbox.drain()


def seen() -> list[tuple[str, str, str]]:
    rows = Exposure.objects.order_by("component__version").values_list(
        "component__version", "state", "certainty"
    )
    return list(rows)


def test_not_affected_closes_that_version_and_says_by_whom(record, tmp_path, client: Client) -> None:
    ids = list(Exposure.objects.order_by("id").values_list("id", flat=True))
    states(tmp_path, record.cve_id, "not_affected", 1, justification="vulnerable_code_not_present")
    assert seen() == [("1.0", "withdrawn", "affected"), ("1.5", "open", "affected")]
    finding = Finding.objects.get(component__version="1.0")
    assert (finding.status, finding.source) == ("not_affected", "vex:acme")
    assert finding.detail["justification"] == "vulnerable_code_not_present"
    assert finding.detail["disagreement"] == "cna:exemple=affected"
    exposure = Exposure.objects.get(component__version="1.0")
    assert queries.proof_in_words(exposure) == "Non touché selon fournisseur (acme), déclaration VEX."
    client.force_login(factories.user(Role.CGCD_ANALYST, factories.organisation("government")))
    shown = client.get(f"/exposures/{exposure.pk}").content.decode()
    assert "Le code vulnérable n’est pas présent" in shown
    assert "éditeur (exemple) (touché" in shown

    states(tmp_path, record.cve_id, "affected", 2)
    assert seen() == [("1.0", "open", "affected"), ("1.5", "open", "affected")]
    assert list(Exposure.objects.order_by("id").values_list("id", flat=True)) == ids

    states(tmp_path, record.cve_id, "fixed", 3)
    assert seen()[0] == ("1.0", "withdrawn", "affected")
    # Under investigation decides nothing: the record's own word stands again, and the silence is told.
    states(tmp_path, record.cve_id, "under_investigation", 4)
    assert seen()[0] == ("1.0", "open", "affected")
    assert Finding.objects.get(component__version="1.0").detail["undecided"] == "vex:acme=status_unknown"


def test_what_a_supplier_cleared_does_not_open_for_a_body_that_installs_it_later(record, tmp_path) -> None:
    states(tmp_path, record.cve_id, "not_affected", 1, justification="component_not_present")
    late = factories.asset(factories.organisation())
    factories.install(late, factories.component(vendor="exemple", product="portail", version="1.0"))
    commands.reconcile_body(late.body_id)
    assert not Exposure.objects.filter(asset=late).exists()


def test_a_supplier_no_longer_accepted_counts_no_more(record, tmp_path) -> None:
    states(tmp_path, record.cve_id, "not_affected", 1, justification="component_not_present")
    intelligence.accept_author(system("test"), name="vex", author="ACME", accepted=False)
    outbox.drain()
    assert seen() == [("1.0", "open", "affected"), ("1.5", "open", "affected")]
