"""``rempart rules``: check, test and explain."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rempart.detection.tests.conftest import CORRELATION, SIGMA

Rempart = Callable[..., Any]
pytestmark = pytest.mark.any_database
needs_rules = pytest.mark.skipif(not SIGMA.is_dir(), reason=f"needs the rules of {SIGMA}")
BAD = "title: Bad\nid: x\nlogsource: {product: windows}\ndetection: {a: {b: c}, condition: no}\nlevel: low\n"

FILTER = """\
title: Ours
id: 77777777-7777-4777-8777-777777777777
logsource: {product: linux}
filter: {rules: any, selection: {hostname: ours}, condition: not selection}
"""


def test_check(rempart: Rempart, rules: Path) -> None:
    assert json.loads(rempart("rules", "check", rules, "--json").stdout)["rules"] == 2
    (rules / "bad.yml").write_text(BAD)
    (rules / "worse.yml").write_text("title: [\n")
    told = json.loads(rempart("rules", "check", rules, "--json", status=1).stdout)
    assert told["rules"] >= 2
    assert {Path(one["path"]).name for one in told["list"]} == {"bad.yml", "worse.yml"}
    assert "bad.yml" in rempart("rules", "check", rules, status=1).stdout


INFO = "id: x\ndescription: y\nregression_tests_info: [{name: a, path: b}]\n"


def test_what_does_not_say_that_it_is_a_rule_is_counted_apart(
    rempart: Rempart, rules: Path, log: Path
) -> None:
    info = rules / "regression_data" / "a" / "info.yml"
    info.parent.mkdir(parents=True)
    info.write_text(INFO)
    (rules / "some.yml").write_text(INFO + "---\nname: z\n")
    for _ in range(2):  # read, then from the cache
        told = json.loads(rempart("rules", "check", rules, "--json").stdout)
        assert (told["rules"], told["defects"], told["not_rules"]) == (2, 0, 2)
    assert "Not rules: 2 files" in rempart("rules", "check", rules).stdout
    found = rempart("detect", log, "--rules", rules)
    assert "Not rules: 2 files" in found.stdout + found.stderr
    assert "défaut" not in found.stdout + found.stderr
    # A rule that lacks its detection, a file with one, a list, and what is named by itself are defects.
    (rules / "a.yml").write_text("title: t\nlogsource: {product: windows}\n")
    (rules / "b.yml").write_text(INFO + "---\n" + BAD)
    (rules / "c.yml").write_text("- x\n")
    told = json.loads(rempart("rules", "check", rules, info, "--json", status=1).stdout)
    assert told["not_rules"] == 1
    assert {Path(one["path"]).name for one in told["list"]} == {"a.yml", "b.yml", "c.yml", "info.yml"}


def test_cases(rempart: Rempart, rules: Path, log: Path, tmp_path: Path) -> None:
    case = tmp_path / "cases" / "stop"
    case.mkdir(parents=True)
    (case / "events.jsonl").write_text(log.read_text())
    info = (
        "rule_metadata: [{id: 11111111-1111-4111-8111-111111111111}]\n"
        "regression_tests_info: [{name: Stop, match_count: COUNT, path: cases/stop/events.jsonl}]\n"
    )
    (case / "info.yml").write_text(info.replace("COUNT", "3"))
    assert "1 cas" in rempart("rules", "test", tmp_path / "cases", "--rules", rules).stdout
    (case / "info.yml").write_text(info.replace("COUNT", "4"))
    (result,) = json.loads(rempart("rules", "test", case, "-r", rules, "--json", status=1).stdout)
    assert (result["expected"], result["found"], result["passed"]) == (4, 3, False)
    (case / "info.yml").write_text(
        info.replace("COUNT", "1").replace("cases/stop/events", "../../../etc/none")
    )
    assert "journal absent" in rempart("rules", "test", case, "-r", rules, status=1).stdout
    (case / "info.yml").write_text("- nothing")
    assert "info.yml" in rempart("rules", "test", case, "-r", rules, status=1).stderr


@needs_rules
def test_the_published_cases_hit_their_rules(rempart: Rempart) -> None:
    folders = [SIGMA / name for name in ("rules", "rules-emerging-threats", "rules-threat-hunting")]
    chosen = [argument for folder in folders for argument in ("-r", folder)]
    results = json.loads(rempart("rules", "test", SIGMA / "regression_data", *chosen, "--json").stdout)
    assert len(results) >= 100
    assert all(result["passed"] for result in results)


def test_explain(rempart: Rempart, rules: Path) -> None:
    told = json.loads(rempart("rules", "explain", rules, "--json").stdout)
    assert [one["title"] for one in told] == ["Service stopped", "Failed password"]
    assert told[0]["fields"] == ["CommandLine", "Image"]
    assert told[0]["logsource"] == "windows/process_creation/*"
    text = rempart("rules", "explain", rules).stdout
    assert "finit par" in text
    assert "un des mots" in text


def test_correlations_and_filters_are_explained_too(rempart: Rempart, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.yml"
    path.write_text(CORRELATION + "---\n" + FILTER)
    correlation, added = json.loads(rempart("rules", "explain", path, "--json").stdout)
    assert (correlation["kind"], correlation["rules"], correlation["timespan"]) == (
        "correlation",
        ["failed"],
        300,
    )
    assert correlation["condition"] == "nombre d’événements · number of events ≥ 3"
    assert (added["kind"], added["rules"], added["condition"]) == ("filter", [], "not selection")
    text = rempart("rules", "explain", path).stdout
    for words in ("hostname", "5 min", "toutes celles de la source", "ours"):
        assert words in text
    (tmp_path / "none.yml").write_text("title: Nothing\n")
    assert "No rule" in rempart("rules", "explain", tmp_path / "none.yml", status=1).stderr
