"""Reading releases of rules: what is new, changed, gone, back; what cannot be used; whose rules they are."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rempart.detection import queries
from rempart.detection.commands.importing import import_rules
from rempart.detection.models import Case, Rule, RuleVersion
from rempart.detection.releases import documents_of, read_release
from rempart.detection.tests.rule_texts import FAILED, STOPPED, event, release, rule
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Invalid
from rempart.kernel.models import AuditEntry, OutboxEvent
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db
SIGMA = Path(__file__).resolve().parents[4] / "shared" / "data" / "sigma"
CLI = system("cli")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return release(
        tmp_path / "release",
        {
            "rules/a.yml": rule(),
            "rules/b.yml": rule(FAILED, "Failed", " fail "),
            "deprecated/c.yml": rule("c", "Old"),
        },
    )


def brought(found) -> dict[str, int]:
    return {name: count for name, count in found.counts.items() if count and name != "read"}


def test_a_release_is_read_once(folder):
    first = import_rules(CLI, folder, source="ours", licence="MIT")
    assert brought(first) == {"added": 2}
    kept = Rule.objects.get(key=STOPPED)
    assert (kept.state, kept.verdict, kept.level, kept.product, kept.licence) == (
        "active", "ok", "high", "windows", "MIT",
    )  # fmt: skip
    assert kept.techniques == " T1489 "
    assert kept.current.number == 1
    assert kept.current.text == rule()
    told = OutboxEvent.objects.count()
    assert brought(import_rules(CLI, folder, source="ours")) == {"unchanged": 2}
    assert OutboxEvent.objects.count() == told
    assert RuleVersion.objects.count() == 2
    assert AuditEntry.objects.filter(action="rules.imported").count() == 2


def test_what_changes_is_a_version_and_what_is_gone_is_retired_and_may_come_back(folder):
    import_rules(CLI, folder, source="ours")
    release(folder, {"rules/a.yml": rule(title="Service was stopped")})
    gone = (folder / "rules/b.yml").read_text()
    (folder / "rules/b.yml").unlink()
    assert brought(import_rules(CLI, folder, source="ours")) == {"changed": 1, "retired": 1}
    changed, away = Rule.objects.get(key=STOPPED), Rule.objects.get(key=FAILED)
    assert changed.title == "Service was stopped"
    assert changed.current.number == 2
    assert [each.state for each in changed.versions.order_by("number")] == ["replaced", "active"]
    assert away.state == "retired"
    assert away.current.text == gone
    release(folder, {"rules/moved.yml": gone})
    assert brought(import_rules(CLI, folder, source="ours")) == {"unchanged": 1, "restored": 1}
    away.refresh_from_db()
    assert (away.state, away.path) == ("active", "rules/moved.yml")


def test_what_cannot_be_used_is_there_with_its_reason(folder):
    release(
        folder,
        {
            "rules/bad.yml": "title: x\nid: bad-one\ndetection: {",
            "rules/regex.yml": rule("look-around", "Looks around").replace(
                "CommandLine|contains: ' stop '", "CommandLine|re: '(?=a)b'"
            ),
            "rules/twice.yml": rule(title="Same id"),
            "rules/binary.yml": "\x00",
        },
    )
    found = import_rules(CLI, folder, source="ours")
    assert found.counts["defective"] == 4
    assert found.counts["added"] == 6
    assert {each["path"] for each in found.defects} == {
        "rules/bad.yml", "rules/regex.yml", "rules/twice.yml", "rules/binary.yml",
    }  # fmt: skip
    assert all(each["reason"] for each in found.defects)
    bad = Rule.objects.get(key="bad-one")
    assert (bad.state, bad.verdict, bad.current) == ("proposed", "defective", None)
    assert "line" in bad.reason
    assert brought(import_rules(CLI, folder, source="ours")) == {"unchanged": 6}


def test_a_defective_update_leaves_the_version_in_force(folder):
    import_rules(CLI, folder, source="ours")
    release(folder, {"rules/a.yml": rule().replace("condition: selection", "condition: other")})
    import_rules(CLI, folder, source="ours")
    kept = Rule.objects.get(key=STOPPED)
    assert (kept.state, kept.verdict, kept.waiting, kept.current.text) == ("active", "ok", 1, rule())


def test_recordings_are_test_cases_and_hold_back_a_text_that_fails_them(folder):
    info = (
        "rule_metadata: [{id: %s}]\nregression_tests_info:\n"
        "  - {name: Stops, type: json, match_count: 1, path: regression_data/rules/a/log.json}\n"
    )
    release(
        folder,
        {
            "regression_data/rules/a/info.yml": info % STOPPED,
            "regression_data/rules/a/log.json": json.dumps(event()),
        },
    )
    assert import_rules(CLI, folder, source="ours").counts["cases"] == 1
    assert Rule.objects.get(key=STOPPED).cases == 1
    release(folder, {"rules/a.yml": rule(command=" start ")})
    assert brought(import_rules(CLI, folder, source="ours")) == {"changed": 1, "held": 1, "unchanged": 1}
    kept = Rule.objects.get(key=STOPPED)
    waiting = kept.versions.get(state="proposed")
    assert kept.current.number == 1
    assert waiting.tests["failures"] == [{"case": "Stops", "expected": 1, "found": 0}]
    assert Case.objects.count() == 1


def test_a_release_that_lost_most_of_its_rules_is_doubted(tmp_path):
    texts = {f"rules/{number}.yml": rule(f"rule-{number}", f"Rule {number}") for number in range(30)}
    folder = release(tmp_path / "many", texts)
    import_rules(CLI, folder, source="ours")
    for number in range(1, 30):
        (folder / f"rules/{number}.yml").unlink()
    with pytest.raises(Invalid) as refused:
        import_rules(CLI, folder, source="ours")
    assert refused.value.code == "too_many_gone"
    assert not Rule.objects.filter(state="retired").exists()
    assert import_rules(CLI, folder, source="ours", retire_many=True).counts["retired"] == 29


def test_zip_archives_and_revisions_of_git_hold_the_same_release(folder, tmp_path):
    archive = tmp_path / "release.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(folder.rglob("*.yml")):
            target.write(path, f"sigma-1.0/{path.relative_to(folder)}")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@exemple.test", "-C", str(folder)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    (folder / "rules/b.yml").unlink()
    whole = read_release(archive)
    assert [each.path for each in whole.documents] == ["rules/a.yml", "rules/b.yml"]
    assert read_release(folder, "HEAD").digest == whole.digest != read_release(folder).digest


@pytest.mark.parametrize("name", ["../rules/a.yml", "/rules/a.yml", "C:/a.yml"])
def test_an_archive_that_leaves_its_folder_is_refused(tmp_path, name):
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr(name, rule())
    with pytest.raises(Invalid):
        import_rules(CLI, archive, source="ours")


def test_documents_of_a_file_are_parted_at_their_marks():
    texts = [
        each.text for each in documents_of("a.yml", f"---\n{rule()}---\n# nothing\n---\n{rule('b')}".encode())
    ]
    assert texts == [rule(), rule("b")]


def test_a_body_reads_its_own_rules_beside_those_of_all(folder):
    ours, theirs = factories.organisation("body"), factories.organisation("body")
    officer, other = factories.actor(Role.BODY_OFFICER, ours), factories.actor(Role.BODY_OFFICER, theirs)
    import_rules(CLI, folder, source="shared")
    import_rules(officer, folder, source="ours", body_id=ours.pk)
    assert queries.rules(officer).count() == 4
    assert queries.rules(other).count() == 2
    with pytest.raises(NotPermitted):
        import_rules(officer, folder, source="shared")
    with pytest.raises(NotPermitted):
        import_rules(other, folder, source="ours", body_id=ours.pk)


@pytest.mark.skipif(not SIGMA.exists(), reason="the public rules are not on this machine")
def test_the_rules_of_sigmahq_are_read_in_few_questions():
    with CaptureQueriesContext(connection) as asked:
        first = import_rules(CLI, SIGMA)
    assert first.counts["added"] == first.counts["read"] >= 3780
    assert first.counts["cases"] == 106
    assert not first.counts.get("defective")
    assert not first.counts.get("held")
    assert sum(each["sql"].startswith(("SAVEPOINT", "BEGIN")) for each in asked) < 20
    assert len(asked) < 300
    assert brought(import_rules(CLI, SIGMA)) == {"unchanged": first.counts["read"]}
