"""Advisories: statements beside the CVE record's, markings, versions; and a provider with its proofs."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from pysequoia import SignatureMode, Tsk, sign

from rempart.intelligence import commands, queries
from rempart.intelligence.models import Advisory, Feed, Quarantined, Vulnerability
from rempart.intelligence.tests.conftest import cve, write_lines

pytestmark = pytest.mark.django_db

_EDITOR = "Éditeur fictif"


def advisory(identifier: str = "AVIS-1", version: str = "1", **changes: Any) -> dict[str, Any]:
    named = changes.get("product", "Produit")
    product = {"name": "Vendeur Produit < 3", "product_id": "P1"}
    branch = {"category": "product_version_range", "name": "<3", "product": product}
    return {
        "document": {
            "csaf_version": "2.0",
            "category": "csaf_security_advisory",
            "title": "An advisory",
            "publisher": {"name": _EDITOR, "category": "vendor", "namespace": "https://example.test"},
            "distribution": {"tlp": {"label": changes.get("tlp", "WHITE")}},
            "tracking": {
                "id": identifier,
                "version": version,
                "status": "final",
                "initial_release_date": "2024-01-01T00:00:00Z",
                "current_release_date": f"2024-01-{int(version):02d}T00:00:00Z",
            },
        },
        "product_tree": {
            "branches": [
                {
                    "category": "vendor",
                    "name": "Vendeur",
                    "branches": [
                        {
                            "category": "product_name",
                            "name": named,
                            "branches": [branch],
                        }
                    ],
                }
            ]
        },
        "vulnerabilities": [
            {
                "cve": "CVE-2024-0001",
                "title": "Secret words",
                "product_status": {"known_affected": ["P1"]},
                "remediations": [{"category": "vendor_fix", "details": "Install 3.", "product_ids": ["P1"]}],
            }
        ],
    }


def write(folder: Path, *documents: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    for place, document in enumerate(documents):
        (folder / f"{place}.json").write_text(json.dumps(document))
    return folder


def test_an_advisory_adds_its_statements_to_the_records(platform, tmp_path):
    commands.load_cve(platform, write_lines(tmp_path / "a.jsonl", cve(1)))
    commands.load_csaf(platform, write(tmp_path / "csaf", advisory()))
    found = Vulnerability.objects.get()
    sources = [each.source for each in queries.statements_for([found.id])[found.id]]
    assert sources == ["cna:vendeur", "csaf:diteur-fictif:AVIS-1"]
    assert found.description == "Flaw 1"
    assert Advisory.objects.get().detail["remediations"][0]["details"] == "Install 3."


def test_a_newer_version_replaces_and_an_older_does_not(platform, tmp_path):
    folder = tmp_path / "csaf"
    commands.load_csaf(platform, write(folder, advisory(version="2")))
    assert commands.load_csaf(platform, write(folder, advisory(version="1", product="Ancien"))).unchanged == 1
    assert commands.load_csaf(platform, write(folder, advisory(version="3", product="Nouveau"))).changed == 1
    assert commands.load_csaf(platform, folder).unchanged == 1
    assert Advisory.objects.get().version == "3"
    found = Vulnerability.objects.get()
    assert queries.keys_for([found.id]) == {found.id: {"name:vendeur/nouveau"}}


def test_restricted_words_stay_in_the_advisory(platform, tmp_path):
    commands.load_csaf(platform, write(tmp_path / "csaf", advisory(tlp="AMBER")))
    assert Advisory.objects.get().marking == "TLP:AMBER"
    found = Vulnerability.objects.get()
    assert found.title == ""
    assert queries.keys_for([found.id])[found.id] == {"name:vendeur/produit"}


def test_an_unknown_marking_and_a_broken_document_are_put_aside(platform, tmp_path):
    broken = advisory("AVIS-2")
    broken["vulnerabilities"][0]["product_status"]["known_affected"] = ["nowhere"]
    counts = commands.load_csaf(
        platform, write(tmp_path / "csaf", advisory(tlp="BLUE"), broken, advisory("AVIS-3"))
    )
    assert (counts.added, counts.rejected) == (1, 2)
    assert set(Quarantined.objects.values_list("record_id", flat=True)) == {"AVIS-1", "AVIS-2"}


def test_a_rejected_vulnerability_is_stated_by_nobody(platform, tmp_path):
    commands.load_csaf(platform, write(tmp_path / "csaf", advisory()))
    rejected = cve(1, metadata={"state": "REJECTED"})
    commands.load_cve(platform, write_lines(tmp_path / "a.jsonl", rejected))
    found = Vulnerability.objects.get()
    assert queries.statements_for([found.id]) == {}
    commands.load_cve(platform, write_lines(tmp_path / "b.jsonl", cve(1)))
    assert len(queries.statements_for([found.id])[found.id]) == 2


def test_the_real_advisories_are_loaded_once(platform, shared):
    folder = shared / "csaf" / "cisa"
    assert commands.load_csaf(platform, folder).as_dict() == {
        "read": 370, "added": 370, "changed": 0, "unchanged": 0, "rejected": 0,
    }  # fmt: skip
    assert commands.load_csaf(platform, folder).unchanged == 370


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Tests say nothing."""


class Published:
    """A provider's folder, signed with a key made for it, and the address that serves it."""

    def __init__(self, folder: Path, documents: list[Path], rolie: bool) -> None:
        self.folder = folder
        self.key = Tsk.generate("Provider <provider@example.test>")
        (folder / "key.asc").write_bytes(bytes(str(self.key.extract_certificate()), "ascii"))
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        for document in documents:
            self.publish(document.name, document.read_bytes())
        self.describe(rolie)

    def publish(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)
        (self.folder / f"{name}.sha512").write_text(f"{hashlib.sha512(content).hexdigest()}  {name}\n")
        signature = sign(self.key.signer(), content, mode=SignatureMode.DETACHED)
        (self.folder / f"{name}.asc").write_bytes(signature)

    def names(self) -> list[str]:
        kept = {"provider-metadata.json", "feed.json"}
        return sorted(path.name for path in self.folder.glob("*.json") if path.name not in kept)

    def describe(self, rolie: bool, day: int = 1) -> None:
        stamps = {
            name: f"2024-06-{day:02d}T00:00:{place % 60:02d}Z" for place, name in enumerate(self.names())
        }
        (self.folder / "changes.csv").write_text(
            "".join(f'"{name}","{stamp}"\n' for name, stamp in stamps.items())
        )
        entries = [
            {
                "id": name,
                "updated": stamp,
                "content": {"src": f"{self.address}/{name}"},
                "link": [
                    {"rel": "self", "href": f"{self.address}/{name}"},
                    {"rel": "hash", "href": f"{self.address}/{name}.sha512"},
                    {"rel": "signature", "href": f"{self.address}/{name}.asc"},
                ],
            }
            for name, stamp in stamps.items()
        ]
        (self.folder / "feed.json").write_text(json.dumps({"feed": {"entry": entries}}))
        distribution = (
            {"rolie": {"feeds": [{"url": f"{self.address}/feed.json"}]}}
            if rolie
            else {"directory_url": f"{self.address}/"}
        )
        fingerprint = self.key.extract_certificate().fingerprint.upper()
        metadata = {
            "canonical_url": f"{self.address}/provider-metadata.json",
            "role": "csaf_trusted_provider",
            "distributions": [distribution],
            "public_openpgp_keys": [
                {
                    "fingerprint": fingerprint,
                    "url": f"{self.address}/key.asc",
                }
            ],
        }
        (self.folder / "provider-metadata.json").write_text(json.dumps(metadata))


@pytest.fixture
def documents(shared) -> list[Path]:
    return sorted((shared / "csaf" / "cisa").rglob("*.json"))[:8]


@pytest.fixture
def provider(tmp_path, settings, request, documents):
    settings.FEED_ALLOW_PRIVATE_ADDRESSES = True
    settings.VAR = tmp_path / "var"
    folder = tmp_path / "provider"
    folder.mkdir()
    published = Published(folder, documents, rolie=getattr(request, "param", "rolie") == "rolie")
    Feed.objects.create(name="provider", kind="csaf", location=f"{published.address}/provider-metadata.json")
    yield published
    published.server.shutdown()
    published.server.server_close()


@pytest.mark.parametrize("provider", ["rolie", "directory"], indirect=True)
def test_a_provider_is_read_with_its_proofs_then_only_what_changed(platform, provider):
    assert commands.sync_feed(platform, "provider").added == 8
    assert set(Advisory.objects.values_list("signature", flat=True)) == {"valid"}
    assert commands.sync_feed(platform, "provider").read == 0
    feed = Feed.objects.get(name="provider")
    assert feed.last_success_at
    assert feed.cursor["until"].startswith("2024-06-01")


def test_a_wrong_hash_and_a_wrong_signature_are_refused_then_read_once_mended(platform, provider):
    hashed, signed, unsigned, *_others = provider.names()
    contents = {name: (provider.folder / name).read_bytes() for name in (hashed, signed, unsigned)}
    (provider.folder / hashed).write_bytes(contents[hashed].replace(b"CISA", b"CISB"))
    forged = contents[signed].replace(b"CISA", b"CISB")
    (provider.folder / signed).write_bytes(forged)
    (provider.folder / f"{signed}.sha512").write_text(hashlib.sha512(forged).hexdigest())
    (provider.folder / f"{unsigned}.asc").unlink()
    counts = commands.sync_feed(platform, "provider")
    assert (counts.added, counts.rejected) == (5, 3)
    aside = {row.where.rsplit("/", 1)[-1]: row.field for row in Quarantined.objects.all()}
    assert aside == {hashed: "hash", signed: "invalid", unsigned: "invalid"}
    for name, content in contents.items():
        provider.publish(name, content)
    counts = commands.sync_feed(platform, "provider")
    assert (counts.read, counts.added) == (3, 3)
    assert not Quarantined.objects.exists()


def test_another_key_is_refused(platform, provider):
    other = Tsk.generate("Someone <else@example.test>")
    for name in provider.names():
        content = (provider.folder / name).read_bytes()
        (provider.folder / f"{name}.asc").write_bytes(
            sign(other.signer(), content, mode=SignatureMode.DETACHED)
        )
    assert commands.sync_feed(platform, "provider").rejected == 8
    assert not Advisory.objects.exists()


def test_a_provider_that_is_gone_is_a_failure_that_waits_longer_each_time(platform, provider):
    (provider.folder / "provider-metadata.json").unlink()
    for failures in (1, 2):
        with pytest.raises(commands.FeedUnavailable):
            commands.sync_feed(platform, "provider")
        assert Feed.objects.get(name="provider").failures == failures
    assert "provider" not in commands.due_feeds()
