"""What the commands that only read write on standard output, for the programs that read it."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rempart.alerts import cli as alerts
from rempart.cli import ROOMS
from rempart.kernel.permissions import Role
from tests import factories

INVENTORY = "id,vendor,product,version\n1,Apache,log4j,2.14.1\n"
RECORD = {
    "dataType": "CVE_RECORD",
    "dataVersion": "5.1",
    "cveMetadata": {"cveId": "CVE-2021-44228", "state": "PUBLISHED"},
    "containers": {
        "cna": {
            "providerMetadata": {"shortName": "apache", "orgId": "f0158376-9dc2-43b6-827c-5f631a4d8d09"},
            "descriptions": [{"lang": "en", "value": "Log4j"}],
            "affected": [
                {
                    "vendor": "Apache",
                    "product": "log4j",
                    "versions": [{"version": "2.0", "lessThan": "2.15.0", "status": "affected",
                                  "versionType": "semver"}],
                }
            ],
        }
    },
}  # fmt: skip


@pytest.fixture
def run() -> Any:
    app = typer.Typer()
    for room in ROOMS:
        for door in ("cli", "standalone"):
            if find_spec(f"rempart.{room}.{door}"):
                import_module(f"rempart.{room}.{door}").install(app)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


READERS = (
    "alerts list", "alerts list --state closed", "alerts rules", "alerts ladder show", "audit verify",
    "audit head", "demo sign-ins", "detection key", "detection retention", "feeds list", "indicators show",
    "lifecycle show", "organisations list", "organisations list --kind body", "users list", "users matrix",
)  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("words", READERS)
def test_a_command_that_reads_writes_one_document_alone(run: Any, words: str) -> None:
    factories.user(Role.BODY_OFFICER, factories.organisation("body"))
    done = run(*words.split(), "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout), dict | list)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_doctor_answers_in_one_document_whatever_it_finds(run: Any, language: str) -> None:
    done = run("doctor", "--language", language, "--json")
    assert done.exit_code == (0 if json.loads(done.stdout)["healthy"] else 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("alerts list --state nonsense", 2),
        ("alerts show D-2026-9999", 1),
        ("alerts issue --vulnerability CVE-1999-0000", 1),
        ("audit verify --expect 1:zz", 2),
        ("detection retention --body NOPE", 1),
        ("doctor --language de", 2),
        ("indicators show --organisation NOPE", 1),
        ("lifecycle check PostgreSQL", 1),
        ("lifecycle show --body [/NOPE]", 1),
        ("organisations import /dev/null", 1),
        ("rematch --body [/NOPE]", 1),
        ("users deactivate [/NOPE]", 1),
        ("organisations list --kind nonsense", 2),
        ("rematch", 2),
        ("rematch --show-last", 1),
    ],
)
def test_what_is_refused_is_said_on_standard_error_alone(run: Any, words: str, code: int) -> None:
    done = run(*words.split(), "--json")
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.strip()


@pytest.mark.django_db
def test_a_populated_base_left_as_it_is_answers_too(run: Any) -> None:
    factories.organisation("body")
    done = run("demo", "make", "--if-empty", "--json")
    assert (done.exit_code, set(json.loads(done.stdout).values())) == (0, {0})
    assert run("demo", "make", "--json").exit_code == 1


@pytest.mark.django_db
def test_the_list_of_directives_is_whole_in_json_and_says_what_a_table_leaves_out(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.officer(factories.organisation("body"))
    texts = (
        "--title-fr",
        "Objet",
        "--title-en",
        "Subject",
        "--text-fr",
        "Voir [/var/log]",
        "--text-en",
        "Text",
    )
    for _ in range(2):
        sent = run("alerts", "issue", "--audience", "all", *texts, "--send", "--json")
        assert sent.exit_code == 0, sent.stderr
    shown = run("alerts", "show", json.loads(run("alerts", "list", "--json").stdout)[0]["number"], "--json")
    assert len(json.loads(shown.stdout)["targets"]) == 1
    assert "Voir [/var/log]" in run("alerts", "show", json.loads(shown.stdout)["number"]).stdout
    monkeypatch.setattr(alerts, "_MOST_SHOWN", 1)
    assert len(json.loads(run("alerts", "list", "--json").stdout)) == 2
    assert "1 de plus avec --json" in run("alerts", "list").stdout


@pytest.mark.any_database
def test_a_comparison_in_words_is_no_document(run: Any, tmp_path: Path) -> None:
    inventory, records = tmp_path / "inventory.csv", tmp_path / "records.jsonl"
    inventory.write_text(INVENTORY)
    records.write_text(json.dumps(RECORD) + "\n")
    asked = ("match", inventory, "--records", records)
    assert [row["status"] for row in json.loads(run(*asked, "--json").stdout)] == ["affected"]
    assert "CVE-2021-44228" in run(*asked, "--explain", "CVE-2021-44228").stdout
    refused = run(*asked, "--explain", "CVE-2021-44228", "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")


@pytest.mark.any_database
def test_a_rule_that_cannot_be_explained_says_why_beside_the_document(run: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("title: [\n")
    done = run("rules", "explain", tmp_path, "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, [])
    assert "bad.yml" in done.stderr
