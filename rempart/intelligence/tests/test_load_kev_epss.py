"""Loading the catalogue and the scores: precedence, withdrawal, what was not known before."""

from __future__ import annotations

import json
from datetime import date

import pytest

from rempart.intelligence import commands, queries
from rempart.intelligence.models import FeedRun, Quarantined, Vulnerability
from rempart.intelligence.tests.conftest import cve, kev_entry, write_epss, write_kev, write_lines
from rempart.kernel.models import OutboxEvent

pytestmark = pytest.mark.django_db


def test_an_entry_alone_makes_a_vulnerability_that_names_a_product(platform, tmp_path):
    commands.load_kev(platform, write_kev(tmp_path / "kev.json", kev_entry()))
    found = Vulnerability.objects.get()
    assert (found.title, found.exploitation, found.kev_due_on) == (
        "Vendeur Produit Flaw", "active", date(2024, 3, 22),
    )  # fmt: skip
    (statement,) = queries.statements_for_keys(["name:vendeur/produit"])[found.id]
    assert (statement.source, statement.versions, statement.default_status) == ("kev", (), "unknown")


def test_a_record_takes_the_place_of_the_catalogues_statement(platform, tmp_path):
    commands.load_kev(platform, write_kev(tmp_path / "kev.json", kev_entry()))
    commands.load_cve(platform, write_lines(tmp_path / "a.jsonl", cve(1)))
    found = Vulnerability.objects.get()
    assert [each.source for each in queries.statements_for([found.id])[found.id]] == ["cna:vendeur"]
    assert found.exploitation == "active"


def test_the_catalogue_speaks_where_the_record_names_no_product(platform, tmp_path):
    silent = cve(1, affected=[{"vendor": "n/a", "product": "n/a"}])
    commands.load_kev(platform, write_kev(tmp_path / "kev.json", kev_entry()))
    commands.load_cve(platform, write_lines(tmp_path / "a.jsonl", silent))
    found = Vulnerability.objects.get()
    assert queries.keys_for([found.id]) == {found.id: {"name:vendeur/produit"}}


def test_in_the_other_order_too(platform, tmp_path):
    silent = cve(1, affected=[{"vendor": "n/a", "product": "n/a"}])
    commands.load_cve(platform, write_lines(tmp_path / "a.jsonl", silent, cve(2)))
    path = write_kev(tmp_path / "kev.json", kev_entry(), kev_entry("CVE-2024-0002"))
    OutboxEvent.objects.all().delete()
    counts = commands.load_kev(platform, path)
    assert (counts.changed, counts.added) == (2, 0)
    first, second = Vulnerability.objects.order_by("cve_id")
    assert queries.keys_for([first.id]) == {first.id: {"name:vendeur/produit"}}
    assert [each.source for each in queries.statements_for([second.id])[second.id]] == ["cna:vendeur"]
    payloads = list(OutboxEvent.objects.order_by("id").values_list("payload", flat=True))
    reading = FeedRun.objects.latest("id").pk
    assert payloads == [
        {"ids": [first.id], "affected_changed": True, "run_id": reading},
        {"ids": [second.id], "affected_changed": False, "run_id": reading},
    ]


def test_an_entry_withdrawn_loses_its_flags(platform, tmp_path):
    path = tmp_path / "kev.json"
    entries = [kev_entry(f"CVE-2024-{number:04d}") for number in range(1, 5)]
    commands.load_kev(platform, write_kev(path, *entries))
    OutboxEvent.objects.all().delete()
    counts = commands.load_kev(platform, write_kev(path, *entries[1:]))
    assert (counts.changed, counts.unchanged) == (1, 3)
    gone = Vulnerability.objects.get(cve_id="CVE-2024-0001")
    assert (gone.kev_added_on, gone.exploitation, gone.kev_ransomware) == (None, "none", False)
    said = OutboxEvent.objects.get().payload
    assert (said["ids"], said["affected_changed"]) == ([gone.id], True)


@pytest.mark.parametrize(
    "broken",
    [
        '{"vulnerabilities": []}',
        '{"vulnerabilities": [{"cveID": "nonsense"}]}',
        '{"vulnerabilities": [',
        "",
        '{"count": 4, "vulnerabilities": []}',
    ],
)
def test_a_broken_catalogue_ends_nothing(platform, tmp_path, broken):
    path = tmp_path / "kev.json"
    commands.load_kev(
        platform, write_kev(path, kev_entry(), kev_entry("CVE-2024-0002"), kev_entry("CVE-2024-0003"))
    )
    path.write_text(broken)
    commands.load_kev(platform, path)
    assert Vulnerability.objects.filter(kev_added_on__isnull=False).count() == 3


def test_a_partial_catalogue_withdraws_nothing(platform, tmp_path):
    path = tmp_path / "kev.json"
    commands.load_kev(platform, write_kev(path, kev_entry(), kev_entry("CVE-2024-0002")))
    commands.load_kev(platform, write_kev(path, kev_entry()), complete=False)
    assert Vulnerability.objects.filter(kev_added_on__isnull=False).count() == 2


def test_a_malformed_entry_is_put_aside_and_leaves_once_mended(platform, tmp_path):
    path = tmp_path / "kev.json"
    counts = commands.load_kev(
        platform, write_kev(path, kev_entry(), kev_entry("CVE-2024-0002", dateAdded="soon"))
    )
    assert (counts.read, counts.added, counts.rejected) == (2, 1, 1)
    assert Quarantined.objects.get().field == "dateAdded"
    commands.load_kev(platform, write_kev(path, kev_entry(), kev_entry("CVE-2024-0002")))
    assert not Quarantined.objects.exists()


def test_an_entry_of_the_future_is_todays_with_a_warning(platform, tmp_path):
    path = write_kev(tmp_path / "kev.json", kev_entry(dateAdded="2999-01-01"))
    commands.load_kev(platform, path)
    found = Vulnerability.objects.get()
    assert found.kev_added_on < date(2999, 1, 1)
    assert found.warnings[0]["value"] == "2999-01-01"
    assert commands.load_kev(platform, path).unchanged == 1


def test_the_real_catalogue_is_loaded_once(platform, shared):
    path = shared / "kev" / "known_exploited_vulnerabilities.json"
    assert commands.load_kev(platform, path).as_dict()["added"] == 1404
    OutboxEvent.objects.all().delete()
    assert commands.load_kev(platform, path).as_dict()["unchanged"] == 1404
    assert not OutboxEvent.objects.exists()
    assert len(queries.recent_arrivals(platform, 5)) == 5


def test_scores_are_applied_now_and_to_those_that_come_later(platform, tmp_path):
    commands.load_cve(platform, write_lines(tmp_path / "a.jsonl", cve(1)))
    OutboxEvent.objects.all().delete()
    path = write_epss(tmp_path / "epss.csv.gz", "CVE-2024-0001,0.5,0.9", "CVE-2024-0002,0.1,0.2")
    counts = commands.load_epss(platform, path)
    assert (counts.read, counts.changed, counts.unchanged) == (2, 1, 1)
    assert not OutboxEvent.objects.exists()
    commands.load_cve(platform, write_lines(tmp_path / "b.jsonl", cve(2)))
    commands.load_kev(platform, write_kev(tmp_path / "kev.json", kev_entry("CVE-2024-0003")))
    scores = dict(Vulnerability.objects.values_list("cve_id", "epss"))
    assert scores == {"CVE-2024-0001": 0.5, "CVE-2024-0002": 0.1, "CVE-2024-0003": None}
    assert Vulnerability.objects.get(cve_id="CVE-2024-0002").epss_on == date(2024, 5, 1)
    assert commands.load_epss(platform, path).changed == 0


def test_older_scores_and_broken_rows_change_nothing_else(platform, tmp_path):
    commands.load_cve(platform, write_lines(tmp_path / "a.jsonl", cve(1), cve(2)))
    commands.load_epss(platform, write_epss(tmp_path / "e.csv.gz", "CVE-2024-0001,0.5,0.9"))
    commands.load_epss(platform, write_epss(tmp_path / "o.csv.gz", "CVE-2024-0001,0.1,0.1", on="2024-01-01"))
    assert Vulnerability.objects.get(cve_id="CVE-2024-0001").epss == 0.5
    newer = write_epss(
        tmp_path / "n.csv.gz", "CVE-2024-0001,9,0.9", "x", "CVE-2024-0002,0.3,0.4", on="2024-06-01"
    )
    counts = commands.load_epss(platform, newer)
    assert counts.rejected == 2
    assert Vulnerability.objects.get(cve_id="CVE-2024-0001").epss == 0.5
    assert Vulnerability.objects.get(cve_id="CVE-2024-0002").epss == 0.3


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"\x1f\x8b\x08", b"#score_date:2999-01-01\ncve,epss,percentile\n"]
)
def test_what_is_no_score_file_is_put_aside(platform, tmp_path, content):
    path = tmp_path / "epss.csv.gz"
    path.write_bytes(content)
    assert commands.load_epss(platform, path).rejected == 1
    assert Quarantined.objects.count() == 1


def test_the_real_scores_are_read_whole(platform, shared, tmp_path):
    commands.load_kev(platform, shared / "kev" / "known_exploited_vulnerabilities.json")
    counts = commands.load_epss(platform, next((shared / "epss").glob("*.csv.gz")))
    assert (counts.read, counts.rejected) == (360_142, 0)
    assert counts.changed > 1300
    assert Vulnerability.objects.get(cve_id="CVE-2021-44228").epss > 0.9


def test_a_folder_is_loaded_by_what_its_files_hold(platform, tmp_path):
    (tmp_path / "kev").mkdir()
    (tmp_path / "cve").mkdir()
    write_kev(tmp_path / "kev" / "known.json", kev_entry())
    write_lines(tmp_path / "cve" / "records.jsonl", cve(1))
    write_epss(tmp_path / "scores.csv.gz", "CVE-2024-0001,0.5,0.9")
    assert [each.kind for each in commands.load_folder(platform, tmp_path)] == ["kev", "cve"]
    assert [each.kind for each in commands.load_folder(platform, tmp_path / "scores.csv.gz")] == ["epss"]
    other = tmp_path / "notes.json"
    other.write_text(json.dumps({"hello": 1}))
    from rempart.kernel.errors import Invalid

    with pytest.raises(Invalid):
        commands.load_folder(platform, other)
