"""Loading CVE records: facts, statements, idempotence, rejection, quarantine."""

from __future__ import annotations

import gzip
import itertools
import zipfile
from pathlib import Path

import orjson
import pytest

from rempart.intelligence import commands, queries
from rempart.intelligence.models import AffectedKey, Quarantined, UnreadRange, Vulnerability
from rempart.intelligence.statements import pack, unpack
from rempart.intelligence.tests.conftest import cve, write_lines
from rempart.kernel.models import AuditEntry, OutboxEvent
from tests import factories

pytestmark = pytest.mark.django_db


def load(platform, folder, *records, name="records.jsonl"):
    return commands.load_cve(platform, write_lines(folder / name, *records))


def events():
    return [
        (event.payload["affected_changed"], event.payload["ids"])
        for event in OutboxEvent.objects.filter(kind="intelligence.vulnerabilities_changed").order_by("id")
    ]


def test_a_record_becomes_a_vulnerability_with_its_statements(platform, tmp_path):
    counts = load(platform, tmp_path, cve(1))
    assert counts.as_dict() == {"read": 1, "added": 1, "changed": 0, "unchanged": 0, "rejected": 0}
    found = Vulnerability.objects.get()
    assert (found.cve_id, found.description, found.assigner) == ("CVE-2024-0001", "Flaw 1", "vendeur")
    (statement,) = queries.statements_for([found.id])[found.id]
    assert (statement.vendor, statement.versions[0].less_than) == ("Vendeur", "2.0")
    assert queries.statements_for_keys(["name:vendeur/produit", "name:no/one"]) == {found.id: [statement]}
    assert queries.keys_for([found.id]) == {found.id: {"name:vendeur/produit"}}
    assert events() == [(True, [found.id])]
    assert AuditEntry.objects.filter(action="intelligence.feed_loaded").count() == 1


def test_a_second_load_changes_nothing_and_says_nothing(platform, tmp_path):
    load(platform, tmp_path, cve(1), cve(2))
    OutboxEvent.objects.all().delete()
    counts = load(platform, tmp_path, cve(1), cve(2))
    assert (counts.unchanged, counts.added, counts.changed) == (2, 0, 0)
    assert events() == []


def test_a_change_of_facts_leaves_the_statements_and_says_so(platform, tmp_path):
    load(platform, tmp_path, cve(1))
    kept = set(AffectedKey.objects.values_list("id", flat=True))
    OutboxEvent.objects.all().delete()
    load(platform, tmp_path, cve(1, title="New title"))
    assert Vulnerability.objects.get().title == "New title"
    assert set(AffectedKey.objects.values_list("id", flat=True)) == kept
    assert [changed for changed, _ids in events()] == [False]


def test_a_change_of_products_replaces_the_statements(platform, tmp_path):
    load(platform, tmp_path, cve(1))
    OutboxEvent.objects.all().delete()
    load(platform, tmp_path, cve(1, affected=[{"vendor": "Autre", "product": "Chose"}]))
    assert set(AffectedKey.objects.values_list("key", flat=True)) == {"name:autre/chose"}
    assert [changed for changed, _ids in events()] == [True]


def ranges(*bounds):
    versions = [{"version": low, "lessThan": high, "status": "affected"} for low, high in bounds]
    return [{"vendor": "Vendeur", "product": "Produit", "versions": versions}]


def test_ranges_that_nothing_can_be_compared_with_are_counted_whoever_holds_the_product(platform, tmp_path):
    first = cve(1, affected=ranges(("10.10", "10.1.7"), ("5.0", "4.0"), ("1.0", "2.0")))
    load(platform, tmp_path, first, cve(2, affected=ranges(("1.0", "the next release"))), cve(3))
    assert queries.unread(platform) == [("contradictory_range", 2, 1), ("unreadable_range", 1, 1)]
    every = queries.vulnerabilities(platform)
    assert [one.cve_id for one in queries.with_unread(platform, every, "contradictory_range")] == [
        "CVE-2024-0001"
    ]
    load(platform, tmp_path, cve(1, affected=ranges(("1.0", "2.0"))))
    assert queries.unread(platform) == [("unreadable_range", 1, 1)]


def test_what_older_releases_stored_is_counted_once_named_anew(platform, tmp_path):
    load(platform, tmp_path, cve(1, affected=ranges(("5.0", "4.0"))))
    UnreadRange.objects.all().delete()
    assert commands.identify_anew() == 0
    assert queries.unread(platform) == [("contradictory_range", 1, 1)]


def test_a_rejected_record_withdraws_its_statements(platform, tmp_path):
    load(platform, tmp_path, cve(1))
    rejected = cve(1, metadata={"state": "REJECTED"}, rejectedReasons=[{"lang": "en", "value": "Not a flaw"}])
    OutboxEvent.objects.all().delete()
    load(platform, tmp_path, rejected)
    found = Vulnerability.objects.get()
    assert (found.state, found.description) == ("REJECTED", "Not a flaw")
    assert queries.statements_for([found.id]) == {}
    assert queries.statements_for_keys(["name:vendeur/produit"]) == {}
    assert events() == [(True, [found.id])]


def test_the_cna_decides_the_score_then_the_latest_version(platform, tmp_path):
    def metric(key, score):
        return {key: {"version": "x", "baseScore": score, "vectorString": key}}

    adp = [
        {
            "providerMetadata": {"shortName": "CISA-ADP"},
            "metrics": [metric("cvssV4_0", 9.9), _ssvc("poc", "2024-01-01T00:00:00Z")],
        }
    ]
    load(platform, tmp_path, cve(1, metrics=[metric("cvssV3_0", 5.0), metric("cvssV3_1", 7.5)], adp=adp))
    load(platform, tmp_path, cve(2, adp=adp), name="b.jsonl")
    first, second = Vulnerability.objects.order_by("cve_id")
    assert (first.cvss_score, first.cvss_version, first.cvss_severity) == (7.5, "3.1", "HIGH")
    assert (second.cvss_score, second.cvss_source) == (9.9, "adp:CISA-ADP")
    assert (first.exploitation, first.exploitation_source, first.automatable) == (
        "poc",
        "adp:CISA-ADP",
        "yes",
    )
    assert len(first.metrics) == 3


def _ssvc(exploitation, at):
    options = [{"Exploitation": exploitation}, {"Automatable": "yes"}, {"Technical Impact": "total"}]
    return {"other": {"type": "ssvc", "content": {"options": options, "timestamp": at}}}


def test_a_date_in_the_future_starts_no_clock(platform, tmp_path):
    load(platform, tmp_path, cve(1, metadata={"datePublished": "2999-01-01T00:00:00Z"}))
    found = Vulnerability.objects.get()
    assert found.published_at is None
    assert [each["field"] for each in found.warnings] == ["published_at"]


def test_what_cannot_be_read_is_put_aside_until_it_can(platform, tmp_path):
    bad = cve(2, affected=[{"vendor": "Vendeur", "product": "Produit", "versions": [{"version": 7}]}])
    counts = load(platform, tmp_path, cve(1), bad, "{not json", cve(3))
    assert (counts.read, counts.added, counts.rejected) == (4, 2, 2)
    aside = {row.where: row for row in Quarantined.objects.all()}
    assert set(aside) == {"records.jsonl:2", "records.jsonl:3"}
    row = aside["records.jsonl:2"]
    assert (row.record_id, row.field) == ("CVE-2024-0002", "containers.cna.affected[0].versions[0].version")
    assert "Vendeur" in row.excerpt
    load(platform, tmp_path, cve(2), name="mended.jsonl")
    assert list(Quarantined.objects.values_list("where", flat=True)) == ["records.jsonl:3"]


@pytest.mark.parametrize(
    "document",
    [
        {"cveMetadata": {"cveId": "CVE-2024-0001"}},
        {"cveMetadata": {"cveId": ["CVE-2024-0001"]}},
        {"cveMetadata": {"cveId": "CVE-2024-" + "1" * 5000}},
        {"cveMetadata": None},
        {},
        cve(1, affected="everything"),
        cve(1, metadata={"datePublished": "yesterday"}),
        cve(1, metadata={"state": "RESERVED"}),
        [1],
    ],
)
def test_a_hostile_record_never_stops_the_others(platform, tmp_path, document):
    counts = load(platform, tmp_path, document, cve(7))
    assert (counts.rejected, counts.added) == (1, 1)


def test_long_and_strange_texts_are_kept_within_the_columns(platform, tmp_path):
    strange = cve(
        1,
        title="T" * 10_000,
        descriptions=[{"lang": "en", "value": "<script>\x00" + "é" * 100_000}],
        affected=[{"vendor": "V" * 10_000, "product": "P" * 10_000}, {"vendor": "n/a", "product": "n/a"}],
    )
    assert load(platform, tmp_path, strange).added == 1
    assert len(Vulnerability.objects.get().title) == 500


def test_a_truncated_archive_keeps_what_came_before(platform, tmp_path):
    whole = gzip.compress(b"\n".join(orjson.dumps(cve(number)) for number in range(1, 400)))
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    counts = commands.load_cve(platform, path)
    assert counts.added > 10
    assert counts.rejected == 1


def test_the_list_within_its_release_archive_is_read(platform, tmp_path):
    inner = tmp_path / "cves.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("cves/2024/0xxx/CVE-2024-0001.json", orjson.dumps(cve(1)))
        archive.writestr("cves/delta.json", "{}")
    outer = tmp_path / "2024-10-01_all_CVEs_at_midnight.zip.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(inner, "cves.zip")
    assert commands.load_cve(platform, outer).as_dict()["added"] == 1
    assert Quarantined.objects.count() == 0


def test_a_person_without_the_right_loads_nothing(tmp_path):
    from rempart.kernel.actors import NotPermitted
    from rempart.kernel.permissions import Role

    body = factories.organisation()
    path = write_lines(tmp_path / "a.jsonl", cve(1))
    with pytest.raises(NotPermitted):
        commands.load_cve(factories.actor(Role.BODY_OFFICER, body), path)
    assert not Vulnerability.objects.exists()


def test_real_records_are_loaded_and_found_again(platform, shared, tmp_path):
    part = _part(shared, tmp_path, 3000)
    counts = commands.load_cve(platform, part)
    assert (counts.read, counts.added, counts.rejected) == (3000, 3000, 0)
    again = commands.load_cve(platform, part)
    assert again.unchanged == 3000
    for row in Vulnerability.objects.order_by("id")[:50]:
        for statement in queries.statements_for([row.id]).get(row.id, []):
            assert unpack(orjson.loads(orjson.dumps(pack(statement)))) == statement


@pytest.mark.full
def test_all_the_real_records_are_loaded(platform, shared):
    path = shared / "cve" / "cve-records.jsonl.gz"
    counts = commands.load_cve(platform, path)
    assert (counts.read, counts.added, counts.rejected) == (33_144, 33_144, 0)
    assert commands.load_cve(platform, path).unchanged == 33_144


def test_log4shell_is_stated_with_its_changes(platform, shared):
    commands.load_kev(platform, shared / "kev" / "known_exploited_vulnerabilities.json")
    commands.load_cve(platform, shared / "cve" / "log4shell.jsonl")
    found = Vulnerability.objects.get(cve_id="CVE-2021-44228")
    (statement,) = queries.statements_for([found.id])[found.id]
    assert [change.at for change in statement.versions[0].changes] == [
        "2.3.1", "2.4", "2.12.2", "2.13.0", "2.15.0",
    ]  # fmt: skip
    assert (found.exploitation, found.exploitation_source) == ("active", "kev")
    assert found.title == "Apache Log4j2 Remote Code Execution Vulnerability"


def _part(shared: Path, folder: Path, count: int) -> Path:
    path = folder / "part.jsonl"
    with gzip.open(shared / "cve" / "cve-records.jsonl.gz") as lines:
        path.write_bytes(b"".join(itertools.islice(lines, count)))
    return path


def test_statements_come_in_their_order_by_whatever_names_they_are_found(platform, tmp_path):
    products = [f"Produit {number}" for number in range(3)]
    said = [
        {"vendor": "Vendeur", "product": name, "versions": [{"version": "1", "status": "affected"}]}
        for name in products
    ]
    load(platform, tmp_path, cve(1, affected=said))
    found = Vulnerability.objects.get().pk
    others = [f"name:other/{number}" for number in range(600)]
    names = [
        "name:vendeur/produit2",
        *others[:300],
        "name:vendeur/produit0",
        *others[300:],
        "name:vendeur/produit1",
    ]
    keys = set(AffectedKey.objects.values_list("key", flat=True))
    assert keys <= set(names), keys
    assert queries.statements_for_keys(names) == queries.statements_for([found])
