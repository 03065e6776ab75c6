"""OSV records on the platform: on the CVE that they name, replaced when newer, silent when withdrawn."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rempart.intelligence import commands
from rempart.intelligence.models import Advisory, AffectedKey, AffectedProduct, Vulnerability
from rempart.kernel.actors import system

pytestmark = pytest.mark.django_db

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "osv"


def record(**more):
    return {
        "id": "PYSEC-2024-1",
        "modified": "2024-01-02T00:00:00Z",
        "summary": "Injection",
        "aliases": ["CVE-2024-12345", "GHSA-xxxx-yyyy-zzzz"],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Jinja2", "purl": "pkg:pypi/jinja2"},
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.3"}]}],
            }
        ],
        **more,
    }


def load(tmp_path, document):
    path = tmp_path / "record.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return commands.load_osv(system("test"), path)


def test_a_record_speaks_of_the_cve_that_it_names(tmp_path):
    assert load(tmp_path, record()).added == 1
    vulnerability = Vulnerability.objects.get()
    assert (vulnerability.cve_id, vulnerability.title) == ("CVE-2024-12345", "Injection")
    assert AffectedKey.objects.filter(key="purl:pypi/jinja2", vulnerability=vulnerability).exists()
    assert Advisory.objects.get().tracking_id == "PYSEC-2024-1"
    assert load(tmp_path, record()).unchanged == 1


def test_one_without_a_cve_stands_under_its_own_name(tmp_path):
    load(tmp_path, record(aliases=[]))
    assert Vulnerability.objects.get().cve_id == "PYSEC-2024-1"


def test_a_withdrawn_record_says_nothing_any_more(tmp_path):
    load(tmp_path, record())
    load(tmp_path, record(modified="2024-02-02T00:00:00Z", withdrawn="2024-02-02T00:00:00Z"))
    assert not AffectedProduct.objects.exists()
    assert Advisory.objects.get().status == "withdrawn"


def test_a_malformed_record_is_set_aside_with_its_reason(tmp_path):
    counts = load(tmp_path, record(affected="all"))
    assert (counts.added, counts.rejected) == (0, 1)


@pytest.mark.skipif(not DATA.is_dir(), reason="the OSV records are not beside the repository")
@pytest.mark.parametrize("one_in", [8, pytest.param(1, marks=pytest.mark.full)])
def test_the_published_records_load(tmp_path, one_in):
    with gzip.open(DATA / "go.jsonl.gz", "rt", encoding="utf-8") as published:
        some = [line for number, line in enumerate(published) if number % one_in == 0]
    sent = tmp_path / "go.jsonl"
    sent.write_text("".join(some), encoding="utf-8")
    counts = commands.load_osv(system("test"), sent)
    assert counts.rejected == 0
    assert counts.added > 2_000 // one_in
    assert AffectedKey.objects.filter(key__startswith="purl:golang/").count() > 2_000 // one_in
