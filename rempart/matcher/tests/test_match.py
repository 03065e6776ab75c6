"""``rempart match`` as a person runs it: files in, lines out."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from rempart.engines.exposure import REASONS
from rempart.engines.inventories.model import MESSAGES
from rempart.matcher import problems, standalone
from rempart.matcher.sentences import SENTENCES, SETTLES

pytestmark = pytest.mark.any_database

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
FIELDS = {"component", "vulnerability", "status", "source", "range", "reason", "confidence", "sentence"}


def _record(identifier: str, less_than: str = "2.0", product: str = "Portal", **more: Any) -> dict[str, Any]:
    version = {"version": "1.0", "status": "affected", "lessThan": less_than, "versionType": "custom"}
    affected = {"vendor": "Acme", "product": product, "defaultStatus": "unaffected", "versions": [version]}
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": {"cveId": identifier, "state": "PUBLISHED"},
        "containers": {"cna": {"providerMetadata": {"shortName": "acme"}, "affected": [affected]}},
        **more,
    }


REJECTED = {
    "dataType": "CVE_RECORD",
    "cveMetadata": {"cveId": "CVE-2024-0003", "state": "REJECTED"},
    "containers": {"cna": {"providerMetadata": {"shortName": "acme"}, "rejectedReasons": []}},
}


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    standalone.install(made)
    made.callback()(lambda: None)
    return made


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.csv"
    path.write_text(
        "id,vendor,product,version\nold,Acme,Portal,1.5\nnew,Acme,Portal,2.0\nbare,Acme,Portal,\n"
    )
    return path


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(map(json.dumps, [_record("CVE-2024-0001"), REJECTED])) + "\n")
    return path


def _run(app: typer.Typer, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["match", *map(str, arguments), "--language", "en"])


def _rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def _statuses(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["component"]: row["status"] for row in rows}


def test_lines_hold_the_answer_its_source_its_range_and_why(
    app: typer.Typer, inventory: Path, records: Path
) -> None:
    rows = _rows(_run(app, inventory, "--records", records, "--output", "jsonl"))
    assert _statuses(rows) == {"old": "affected", "bare": "cannot_tell"}
    assert rows[0].keys() >= FIELDS
    assert (rows[0]["source"], rows[0]["range"]) == ("cna:acme", ">= 1.0, < 2.0")
    assert "1.5" in rows[0]["sentence"]
    assert "the installed version" in rows[1]["sentence"]


def test_all_adds_those_not_affected(app: typer.Typer, inventory: Path, records: Path) -> None:
    rows = _rows(_run(app, inventory, "--records", records, "--output", "jsonl", "--all"))
    assert _statuses(rows) == {"old": "affected", "new": "not_affected", "bare": "cannot_tell"}


@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_other_forms_say_the_same(app: typer.Typer, inventory: Path, records: Path, form: str) -> None:
    result = _run(app, inventory, "--records", records, "--output", form)
    assert result.exit_code == 0
    if form == "json":
        assert [row["component"] for row in json.loads(result.stdout)] == ["old", "bare"]
    elif form == "csv":
        assert [row["status"] for row in csv.DictReader(io.StringIO(result.stdout))] == [
            "affected",
            "cannot_tell",
        ]
    else:
        assert "CVE-2024-0001" in result.stdout


def test_columns_come_in_any_order_and_the_others_are_passed_over(
    app: typer.Typer, tmp_path: Path, records: Path
) -> None:
    path = tmp_path / "parc.csv"
    path.write_text("notes;version;produit;fabricant\n;1.5;Portal;Acme\n", encoding="utf-8")
    rows = _rows(_run(app, path, "--records", records, "--output", "jsonl"))
    assert _statuses(rows) == {"2": "affected"}


def test_a_column_and_an_identifier_that_come_twice_are_told(
    app: typer.Typer, tmp_path: Path, records: Path
) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("id,vendor,product,version,version\na,Acme,Portal,1.5,3\na,Acme,Portal,2.5,3\n")
    result = _run(app, path, "--records", records, "--output", "jsonl", "--all")
    assert [row["version"] for row in _rows(result)] == ["1.5", "2.5"]
    assert "header version (2)" in result.stderr
    assert "row 3 id" in result.stderr


def test_one_column_of_purls_is_an_inventory(app: typer.Typer, tmp_path: Path) -> None:
    path, records = tmp_path / "purls.csv", tmp_path / "records.json"
    path.write_text("purl\npkg:maven/org.apache.logging.log4j/log4j-core@2.14.0\n")
    records.write_text(json.dumps(_record("CVE-2024-0009")))
    assert _run(app, path, "--records", records).exit_code == 0


def test_records_lie_in_folders_archives_and_gzip(app: typer.Typer, inventory: Path, tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "one.json.gz").write_bytes(gzip.compress(json.dumps(_record("CVE-2024-0001")).encode()))
    (folder / "two.jsonl.gz").write_bytes(gzip.compress(json.dumps(_record("CVE-2024-0002")).encode()))
    with zipfile.ZipFile(folder / "three.zip", "w") as archive:
        archive.writestr("CVE-2024-0004.json", json.dumps(_record("CVE-2024-0004")))
    rows = _rows(_run(app, inventory, "--records", folder, "--output", "jsonl"))
    assert {row["vulnerability"] for row in rows} == {"CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0004"}


def test_shares_give_what_one_process_gives(app: typer.Typer, inventory: Path, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    lines = [json.dumps(_record(f"CVE-2024-{number:04}", f"1.{number}")) for number in range(1, 20)]
    records.write_text("\n".join([*lines, "{", json.dumps(REJECTED)]))
    alone = _run(app, inventory, "--records", records, "--output", "jsonl", "--all")
    shared = _run(app, inventory, "--records", records, "--output", "jsonl", "--all", "--jobs", "2")
    assert _rows(alone) == _rows(shared)
    assert "records.jsonl:20" in alone.stderr
    assert "records.jsonl:20" in shared.stderr


def test_a_malformed_record_is_named_and_the_others_go_on(
    app: typer.Typer, inventory: Path, tmp_path: Path
) -> None:
    records = tmp_path / "records.jsonl"
    wrong = _record("CVE-2024-0002")
    wrong["containers"]["cna"]["affected"] = "everything"
    records.write_text("\n".join(["{", json.dumps(wrong), json.dumps(_record("CVE-2024-0001"))]))
    result = _run(app, inventory, "--records", records, "--output", "jsonl")
    assert {row["vulnerability"] for row in _rows(result)} == {"CVE-2024-0001"}
    assert "records.jsonl:1" in result.stderr
    assert "records.jsonl:2: containers.cna.affected" in result.stderr
    assert "2 unreadable records" in result.stderr


def test_a_rejected_record_withdraws_what_others_say(
    app: typer.Typer, inventory: Path, tmp_path: Path
) -> None:
    records = tmp_path / "records"
    records.mkdir()
    (records / "a.json").write_text(json.dumps(_record("CVE-2024-0003")))
    (records / "b.jsonl").write_text("\n")
    other = tmp_path / "rejected.json"
    other.write_text(json.dumps(REJECTED))
    result = _run(app, inventory, "--records", records, "--records", other, "--output", "jsonl")
    assert _rows(result) == []
    assert "1 record withdrawn" in result.stderr


def test_the_latest_of_two_records_of_one_source_holds(
    app: typer.Typer, inventory: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    first, second = _record("CVE-2024-0001"), _record("CVE-2024-0001", less_than="1.2")
    first["cveMetadata"]["dateUpdated"] = "2024-01-01T00:00:00Z"
    second["cveMetadata"]["dateUpdated"] = "2024-02-01T00:00:00Z"
    old.write_text(json.dumps(first))
    new.write_text(json.dumps(second))
    for order in ((old, new), (new, old)):
        paths = [word for path in order for word in ("--records", path)]
        rows = _rows(_run(app, inventory, *paths, "--output", "jsonl"))
        assert _statuses(rows) == {"bare": "cannot_tell"}


def test_explain_says_each_step(app: typer.Typer, inventory: Path, records: Path) -> None:
    result = _run(app, inventory, "--records", records, "--explain", "cve-2024-0001", "--component", "old")
    assert result.exit_code == 0
    for words in ("name:acme/portal", "the same product", "1.5 is inside", "Affected, says cna:acme", "0.90"):
        assert words in result.stdout


def test_explain_says_when_nothing_meets(app: typer.Typer, tmp_path: Path, records: Path) -> None:
    path = tmp_path / "inventory.csv"
    path.write_text("id,vendor,product,version\nx,Other,Thing,1.5\n")
    result = _run(app, path, "--records", records, "--explain", "CVE-2024-0001")
    assert "No component of the inventory" in result.stdout
    assert "name:acme/portal" in result.stdout
    assert "withdrawn" in _run(app, path, "--records", records, "--explain", "CVE-2024-0003").stdout


def test_compare_says_what_changed_and_why(
    app: typer.Typer, inventory: Path, records: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    assert _run(app, inventory, "--records", records, "--output", "jsonl", "--to", before).exit_code == 0
    inventory.write_text(
        "id,vendor,product,version\nold,Acme,Portal,2.5\nbare,Acme,Portal,1.1\nmore,Acme,Portal,1\n"
    )
    result = _run(app, inventory, "--records", records, "--output", "jsonl", "--compare", before)
    changes = {row["component"]: (row["change"], row["sentence"]) for row in _rows(result)}
    assert {component: change for component, (change, _) in changes.items()} == {
        "old": "disappeared",
        "bare": "changed",
        "more": "appeared",
    }
    assert "1.5 → 2.5" in changes["old"][1]
    _run(app, inventory, "--records", records, "--output", "jsonl", "--to", after)
    between = _rows(_run(app, after, "--compare", before, "--output", "jsonl"))
    assert {row["component"]: row["change"] for row in between} == {
        component: change for component, (change, _) in changes.items()
    }


def test_misuse_ends_with_two_and_nothing_readable_with_one(
    app: typer.Typer, inventory: Path, records: Path, tmp_path: Path
) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(bytes(range(256)))
    empty = tmp_path / "empty"
    empty.mkdir()
    assert _run(app, inventory).exit_code == 2
    assert _run(app, tmp_path / "none.csv", "--records", records).exit_code == 2
    assert _run(app, inventory, "--records", tmp_path / "none").exit_code == 2
    assert _run(app, binary, "--records", records).exit_code == 1
    assert _run(app, inventory, "--records", empty).exit_code == 1
    assert _run(app, binary, inventory, "--records", records).exit_code == 0


def test_a_file_appears_whole_or_not_at_all(
    app: typer.Typer, inventory: Path, records: Path, tmp_path: Path
) -> None:
    target = tmp_path / "result.jsonl"
    assert _run(app, inventory, "--records", records, "--output", "jsonl", "--to", target).exit_code == 0
    assert len(target.read_text().splitlines()) == 2
    assert not list(tmp_path.glob(".result*"))


def test_every_reason_and_problem_has_its_words() -> None:
    assert REASONS.keys() <= SENTENCES.keys()
    assert SETTLES.keys() <= SENTENCES.keys()
    assert MESSAGES.keys() <= problems._INVENTORY.keys()


def test_it_starts_without_django() -> None:
    program = "import sys, rempart.matcher.standalone; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_real_bills_meet_real_records(app: typer.Typer) -> None:
    if not DATA.exists():
        pytest.skip("the public data are not beside the repository")
    bill = DATA / "sbom" / "SBOM" / "dropwizard-1.3.15" / "bom.xml"
    log4shell = DATA / "cve" / "log4shell.jsonl"
    rows = _rows(_run(app, bill, "--records", log4shell, "--output", "jsonl", "--all"))
    assert all(row["vulnerability"] == "CVE-2021-44228" for row in rows)
