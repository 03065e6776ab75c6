"""Suppliers' VEX documents: of accepted authors alone, replaced when newer, set aside with their reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rempart.intelligence import commands, queries
from rempart.intelligence.models import (
    Advisory,
    AffectedKey,
    AffectedProduct,
    Feed,
    Quarantined,
    Vulnerability,
)
from rempart.kernel.actors import NotPermitted
from rempart.kernel.errors import NotFound
from rempart.kernel.models import AuditEntry, Job
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db


def openvex(status: str = "not_affected", at: str = "2024-01-01T00:00:00Z", **changes: Any) -> dict[str, Any]:
    statement = {
        "vulnerability": {"name": "CVE-2024-0001"},
        "products": [{"@id": "pkg:npm/frob@1.2.3"}],
        "status": status,
        **({"justification": "vulnerable_code_not_present"} if status == "not_affected" else {}),
    }
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://acme.example/vex/1",
        "author": "ACME Security",
        "timestamp": at,
        "version": 1,
        "statements": [statement],
        **changes,
    }


CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    "version": 1,
    "metadata": {"timestamp": "2024-01-01T00:00:00Z", "supplier": {"name": "ACME Security"}},
    "components": [{"bom-ref": "lib", "type": "library", "name": "frob", "purl": "pkg:npm/frob@1.2.3"}],
    "vulnerabilities": [
        {
            "id": "CVE-2024-0001",
            "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
            "affects": [{"ref": "lib"}],
        }
    ],
}
CSAF = {
    "document": {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "title": "Frob",
        "publisher": {"category": "vendor", "name": "ACME Security", "namespace": "https://acme.example"},
        "tracking": {
            "id": "ACME-1", "version": "1", "status": "final",
            "initial_release_date": "2024-01-01T00:00:00Z", "current_release_date": "2024-01-01T00:00:00Z",
            "revision_history": [{"number": "1", "date": "2024-01-01T00:00:00Z", "summary": "First"}],
        },
    },
    "product_tree": {
        "full_product_names": [
            {
                "product_id": "P1",
                "name": "frob 1.2.3",
                "product_identification_helper": {"purl": "pkg:npm/frob@1.2.3"},
            }
        ]
    },
    "vulnerabilities": [
        {
            "cve": "CVE-2024-0001",
            "product_status": {"known_not_affected": ["P1"]},
            "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["P1"]}],
        }
    ],
}  # fmt: skip


@pytest.fixture
def feed(platform) -> Feed:
    commands.ensure_default_feeds()
    return Feed.objects.get(kind="vex")


def accept(platform, feed: Feed, accepted: bool = True) -> None:
    commands.accept_author(platform, name=feed.name, author="ACME Security", accepted=accepted, reason="Lu")


def load(platform, tmp_path, document) -> Any:
    path = tmp_path / "statement.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return commands.load_vex(platform, path)


@pytest.mark.parametrize("document", [openvex(), CYCLONEDX, CSAF], ids=["openvex", "cyclonedx", "csaf"])
def test_an_accepted_author_is_heard_in_each_format(platform, tmp_path, feed, document) -> None:
    accept(platform, feed)
    assert load(platform, tmp_path, document).added == 1
    vulnerability = Vulnerability.objects.get()
    assert vulnerability.cve_id == "CVE-2024-0001"
    (statement,) = queries.statements_for([vulnerability.pk])[vulnerability.pk]
    assert statement.source == "vex:acme-security"
    assert statement.justification in {"vulnerable_code_not_present", "code_not_reachable"}
    assert AffectedKey.objects.filter(key="purl:npm/frob").exists()
    assert load(platform, tmp_path, document).unchanged == 1


def test_another_author_is_set_aside_until_accepted_and_leaves_when_withdrawn(
    platform, tmp_path, feed
) -> None:
    assert load(platform, tmp_path, openvex()).rejected == 1
    assert not AffectedProduct.objects.exists()
    assert "ACME Security" in Quarantined.objects.get().reason
    feed.refresh_from_db()
    assert feed.authors == {"ACME Security": False}
    accept(platform, feed)
    assert load(platform, tmp_path, openvex()).added == 1
    assert not Quarantined.objects.exists()
    accept(platform, feed, accepted=False)
    assert not AffectedProduct.objects.exists()
    assert not Advisory.objects.exists()
    actions = AuditEntry.objects.filter(action__startswith="intelligence.author").order_by("seq")
    assert [one.action for one in actions] == [
        "intelligence.author_accepted", "intelligence.author_withdrawn",
    ]  # fmt: skip


def test_a_newer_document_replaces_an_older_and_not_the_other_way(platform, tmp_path, feed) -> None:
    accept(platform, feed)
    load(platform, tmp_path, openvex("under_investigation", "2024-02-01T00:00:00Z"))
    assert load(platform, tmp_path, openvex("fixed", "2024-03-01T00:00:00Z")).changed == 1
    assert load(platform, tmp_path, openvex("affected")).unchanged == 1
    (said,) = queries.statements_for([Vulnerability.objects.get().pk]).values()
    assert [entry.status for entry in said[0].versions] == ["unaffected"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (openvex("perhaps"), "not a status"),
        (openvex(author=""), "author"),
        (openvex(author="x" * 300), "exceeds"),
        (openvex(statements=[]), "states nothing"),
        ({"bomFormat": "SPDX"}, "neither"),
        ("[1, 2", ""),
    ],
)
def test_a_malformed_document_is_set_aside_with_its_reason(
    platform, tmp_path, feed, document, reason
) -> None:
    accept(platform, feed)
    assert load(platform, tmp_path, document).rejected == 1
    kept = Quarantined.objects.get()
    assert reason in f"{kept.field} {kept.reason}"
    assert not AffectedProduct.objects.exists()


def test_what_a_folder_holds_is_recognised(platform, tmp_path, feed) -> None:
    accept(platform, feed)
    (tmp_path / "a.json").write_text(json.dumps(openvex()))
    (tmp_path / "b.json").write_text(json.dumps(CYCLONEDX))
    (loaded,) = commands.load_folder(platform, tmp_path)
    assert (loaded.kind, loaded.counts.read) == ("vex", 2)


def test_only_who_manages_sources_for_the_government_accepts(platform, feed, client: Client) -> None:
    body = factories.organisation()
    with pytest.raises(NotPermitted):
        commands.accept_author(
            factories.actor(Role.COCD_ANALYST, body.parent), name=feed.name, author="A", accepted=True
        )
    with pytest.raises(NotFound):
        commands.accept_author(platform, name="kev", author="A", accepted=True)
    client.force_login(factories.user(Role.CGCD_COMMANDER, factories.organisation("government")))
    address = f"/feeds/{feed.name}/authors/"
    file = SimpleUploadedFile("avis acme.json", json.dumps(openvex()).encode(), "application/json")
    assert client.post(address, {"step": "send", "file": file}).status_code == 302
    assert Quarantined.objects.get().where == "avis acme.json"
    shown = client.get(address).content.decode()
    assert "ACME Security" in shown
    assert "En attente" in shown
    assert client.post(address, {"step": "accept", "author": "ACME Security"}).status_code == 302
    assert Job.objects.filter(task_path__endswith="read_feed").exists()
    file = SimpleUploadedFile("avis acme.json", json.dumps(openvex()).encode(), "application/json")
    client.post(address, {"step": "send", "file": file})
    assert Advisory.objects.get().publisher == "VEX ACME Security"
    bad = SimpleUploadedFile("x.json", b"PK\x03\x04", "application/json")
    assert client.post(address, {"step": "send", "file": bad}).status_code == 422
    assert client.get("/feeds/kev/authors/").status_code == 404
