"""What rules cover of ATT&CK, and how rules do, as the bodies' sightings tell."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rempart.detection import queries
from rempart.detection.attack import BadBundle, read_attack
from rempart.detection.commands.importing import import_rules
from rempart.detection.commands.techniques import load_attack
from rempart.detection.models import Rule, Sighting, Technique
from rempart.detection.tests.rule_texts import FAILED, STOPPED, release, rule
from rempart.kernel.actors import NotPermitted, system
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db
CLI = system("cli")


def pattern(code: str, name: str, *tactics: str, **more: object) -> dict[str, object]:
    phases = [{"kill_chain_name": "mitre-attack", "phase_name": each} for each in tactics]
    return {
        "type": "attack-pattern", "id": f"attack-pattern--{code}", "name": name, "kill_chain_phases": phases,
        "external_references": [{"source_name": "mitre-attack", "external_id": code}], **more,
    }  # fmt: skip


def uses(group: str, code: str) -> dict[str, object]:
    return {
        "type": "relationship", "relationship_type": "uses", "source_ref": f"intrusion-set--{group}",
        "target_ref": f"attack-pattern--{code}",
    }  # fmt: skip


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    objects = [
        pattern("T1489", "Service Stop", "impact"),
        pattern("T1059", "Command and Scripting Interpreter", "execution"),
        pattern("T1059.001", "PowerShell", "execution"),
        pattern("T1000", "Old", "execution", revoked=True),
        uses("a", "T1059"), uses("b", "T1059"), uses("a", "T1059"), uses("a", "T1489"),
    ]  # fmt: skip
    path = tmp_path / "attack.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"type": "bundle", "objects": objects}).encode()))
    return path


@pytest.fixture(autouse=True)
def _rules(tmp_path: Path) -> None:
    texts = {
        "rules/a.yml": rule(),
        "rules/b.yml": rule(FAILED, "Newer", " x ").replace("attack.t1489", "attack.t9999"),
        "rules/c.yml": rule("none", "No technique", " y ").replace(", attack.t1489", ""),
    }
    import_rules(CLI, release(tmp_path / "release", texts), source="ours")


def test_the_matrix_shows_rules_known_uses_and_gaps(bundle):
    assert load_attack(CLI, bundle) == 3
    found = queries.coverage(CLI)
    cells = {cell.code: cell for _tactic, cells in found.columns for cell in cells}
    assert [tactic for tactic, _ in found.columns] == ["execution", "impact"]
    assert (cells["T1489"].name, cells["T1489"].rules, cells["T1489"].groups) == ("Service Stop", 1, 1)
    # Not in the data that was loaded: where the rule's own tags put it, without a name.
    assert (cells["T9999"].name, cells["T9999"].rules) == ("", 1)
    assert [cell.code for cell in found.gaps] == ["T1059"]
    assert (found.gaps[0].groups, [part.code for part in found.gaps[0].parts]) == (2, ["T1059.001"])
    assert (found.covered, found.known, found.named, found.untagged) == (2, 3, True, 1)


def test_without_attack_the_matrix_is_that_of_the_rules():
    found = queries.coverage(CLI)
    assert not found.named
    assert {tactic: [cell.code for cell in cells] for tactic, cells in found.columns} == {
        "impact": ["T1489", "T9999"]
    }


def test_a_rule_of_a_part_covers_the_whole_technique(bundle):
    load_attack(CLI, bundle)
    Rule.objects.filter(key=STOPPED).update(techniques=" T1059.001 ")
    assert [cell.code for cell in queries.coverage(CLI).gaps] == ["T1489"]


def test_attack_again_takes_away_what_it_revoked(bundle):
    Technique.objects.create(code="T1000", name="Old")
    load_attack(CLI, bundle)
    assert load_attack(CLI, bundle) == Technique.objects.count() == 3
    with pytest.raises(NotPermitted):
        load_attack(factories.actor(Role.BODY_OFFICER, factories.organisation("body")), bundle)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"objects": [1]}', b"\x1f\x8bx", b'{"objects": 3}'])
def test_a_file_that_is_not_attack_is_refused(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises((BadBundle, Invalid)):
        read_attack(path)
    with pytest.raises(Invalid):
        load_attack(CLI, path)


def test_health_tells_which_rules_found_nothing_and_which_too_much():
    ours, theirs = factories.organisation("body"), factories.organisation("body")
    for body, key, count in ((ours, STOPPED, 600), (theirs, STOPPED, 500), (theirs, FAILED, 3)):
        Sighting.objects.create(
            body=body, kind="sigma", rule_id=key, rule_title="x", level=3, techniques=" T1489 ", count=count
        )
    found = queries.health(CLI)
    assert (found.active, found.silent, found.noisy, found.sightings) == (3, 1, 1, 2)
    rows = {row.key: (row.found, row.places) for row in queries.doing(CLI)}
    assert rows == {STOPPED: (1100, 2), FAILED: (3, 1), "none": (0, 0)}
    officer = factories.actor(Role.BODY_OFFICER, ours)
    assert {row.key: row.found for row in queries.doing(officer)} == {STOPPED: 600, FAILED: 0, "none": 0}
    assert queries.health(officer).noisy == 0
    assert queries.activity(officer, Rule.objects.get(key=STOPPED)).found == 600
    assert {cell.code: cell.seen for _t, cells in queries.coverage(CLI).columns for cell in cells} == {
        "T1489": 1103, "T9999": 0,
    }  # fmt: skip
