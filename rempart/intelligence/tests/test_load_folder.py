"""``rempart feeds load``: folders as they come, and files that are something else, told one by one."""

from __future__ import annotations

import gzip
import json
import zipfile

import pytest
import typer
from typer.testing import CliRunner

from rempart.intelligence import cli, commands
from rempart.intelligence.models import Advisory, Vulnerability
from rempart.intelligence.tests.conftest import cve, kev_entry, write_epss, write_kev, write_lines

pytestmark = pytest.mark.django_db

OPENVEX = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://vendeur.test/1",
    "author": "Vendeur",
    "timestamp": "2024-01-02T03:04:05Z",
    "version": 1,
    "statements": [],
}


def load(*arguments):
    app = typer.Typer()
    cli.install(app)
    return CliRunner().invoke(app, ["feeds", "load", *map(str, arguments)])


def kinds_of(actor, path):
    aside = []
    loaded = commands.load_folder(actor, path, passed_over=aside.append)
    told = {one.path.name: str(one.reason) for one in aside}
    return [(one.kind, one.path.relative_to(path).as_posix()) for one in loaded], told


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_the_advisories_of_a_publisher_load_from_the_folder_that_holds_its_own_folders(shared):
    done = load(shared / "csaf" / "cisa", "--json")
    assert done.exit_code == 0
    (row,) = json.loads(done.stdout)
    assert (row["kind"], row["read"], row["rejected"]) == ("csaf", 370, 0)
    assert Advisory.objects.count() == row["added"] == 370


def test_a_folder_of_several_kinds_is_searched_to_its_depth(platform, tmp_path):
    write(tmp_path / "a" / "2024" / "CVE-2024-0001.json", cve(1))
    write(tmp_path / "a" / "2024" / "CVE-2024-0002.json", cve(2))
    (tmp_path / "b").mkdir()
    write_kev(tmp_path / "b" / "exploited.json", kev_entry())
    write_epss(tmp_path / "b" / "scores.csv.gz", "CVE-2024-0001,0.5,0.9")
    write(tmp_path / "b" / "notes.txt", "rien")
    found, told = kinds_of(platform, tmp_path)
    assert found == [("kev", "b/exploited.json"), ("cve", "a"), ("epss", "b/scores.csv.gz")]
    assert list(told) == ["notes.txt"]
    assert Vulnerability.objects.get(cve_id="CVE-2024-0002")


def test_a_folder_named_for_the_kinds_says_what_else_it_holds(platform, tmp_path):
    write_kev(write(tmp_path / "kev" / "known.json", ""), kev_entry())
    write(tmp_path / "kev" / "README.txt", "lisez-moi")
    write(tmp_path / "stix" / "bundle.json", {"type": "bundle"})
    (tmp_path / "epss").mkdir()
    found, told = kinds_of(platform, tmp_path)
    assert found == [("kev", "kev/known.json")]
    assert told.keys() == {"README.txt", "stix", "epss"}


def test_records_of_the_list_and_releases_lie_together(platform, tmp_path):
    write(tmp_path / "cve" / "CVE-2024-0001.json", cve(1))
    write(tmp_path / "cve" / "CVE-2024-0002.json", cve(2))
    write_lines(tmp_path / "cve" / "more.jsonl", cve(3))
    (loaded,) = commands.load_folder(platform, tmp_path)
    assert (loaded.counts.read, loaded.counts.added) == (3, 3)


def test_an_archive_is_what_its_documents_are(platform, tmp_path):
    path = tmp_path / "vex.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.json", json.dumps(OPENVEX))
    (loaded,) = commands.load_folder(platform, path)
    assert loaded.kind == "vex"


def test_statements_at_the_end_of_a_bill_of_materials_are_seen(platform, tmp_path):
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "components": [{"name": "a" * 900}] * 100,
        "vulnerabilities": [],
    }
    (loaded,) = commands.load_folder(platform, write(tmp_path / "bom.json", bill))
    assert loaded.kind == "vex"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.json", b"", "vide"),
        ("other.json", b'{"a": 1}', "formats attendus"),
        ("other.txt", b"bonjour", "formats attendus"),
        ("bom.json", b'{"bomFormat": "CycloneDX", "components": []}', "rempart import"),
        ("garbage.gz", b"\x1f\x8b\x08garbage", "abîmé"),
        ("garbage-within.gz", gzip.compress(b"\x00\x01\x02" * 50, mtime=0), "formats attendus"),
        ("cut.gz", gzip.compress(b'{"a": "' + bytes(range(256)) * 40, mtime=0)[:100], "abîmé"),
        ("cut.zip", b"PK\x03\x04 and then nothing", "abîmé"),
        ("schema.json", b'{"$schema": "https://json-schema.org/x", "csaf_version": {}}', "formats attendus"),
    ],
)
def test_what_is_something_else_is_named_with_its_reason(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    for path in (tmp_path / name, tmp_path):
        done = load(path)
        assert done.exit_code == 1
        assert name in done.stderr
        assert words in done.stderr


def test_an_empty_folder_says_so(tmp_path):
    done = load(tmp_path)
    assert done.exit_code == 1
    assert "ne contient aucun fichier" in done.stderr


def test_what_could_not_be_read_is_told_and_a_file_of_which_nothing_was_read_fails(tmp_path):
    write_lines(tmp_path / "sound.jsonl", cve(1), {**cve(2), "containers": {}})
    done = load(tmp_path / "sound.jsonl", "--json")
    assert done.exit_code == 0
    (row,) = json.loads(done.stdout)
    assert (row["added"], row["rejected"]) == (1, 1)
    assert row["problems"][0]["where"] == "sound.jsonl:2"
    write_lines(tmp_path / "wrong.jsonl", {**cve(3), "containers": {}})
    done = load(tmp_path / "wrong.jsonl")
    assert done.exit_code == 1
    assert "wrong.jsonl:1" in done.stderr
