"""December 2021: a name that no inventory uses, an odd bound, and five changes of status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rempart.engines.exposure import Aliases, match
from rempart.engines.exposure.model import Component, Status, Verdict
from rempart.engines.records.cve import parse_cve

RECORD = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "cve" / "log4shell.jsonl"
PURL = "pkg:maven/org.apache.logging.log4j/log4j-core"


def _verdict(component: Component) -> Verdict | None:
    if not RECORD.exists():
        pytest.skip("the Log4Shell record is not beside the repository")
    record = parse_cve(json.loads(RECORD.read_text(encoding="utf-8")))
    return match(component, record.id, record.affected, Aliases.builtin())


@pytest.mark.parametrize(
    ("version", "status", "reason"),
    [
        ("2.0-beta8", Status.CANNOT_TELL, "below_range"),
        ("2.0-beta9", Status.AFFECTED, "in_range"),
        ("2.3", Status.AFFECTED, "in_range"),
        ("2.3.1", Status.NOT_AFFECTED, "fixed_at"),
        ("2.3.2", Status.NOT_AFFECTED, "fixed_at"),
        ("2.4", Status.AFFECTED, "in_range"),
        ("2.12.1", Status.AFFECTED, "in_range"),
        ("2.12.2", Status.NOT_AFFECTED, "fixed_at"),
        ("2.12.4", Status.NOT_AFFECTED, "fixed_at"),
        ("2.13.0", Status.AFFECTED, "in_range"),
        ("2.14.1", Status.AFFECTED, "in_range"),
        ("2.15.0-rc1", Status.AFFECTED, "in_range"),
        ("2.15.0", Status.NOT_AFFECTED, "fixed_at"),
        ("2.24.1", Status.NOT_AFFECTED, "fixed_at"),
        ("", Status.CANNOT_TELL, "no_version"),
        ("installed", Status.CANNOT_TELL, "unreadable_version"),
    ],
)
def test_the_changes_decide_however_the_inventory_names_the_library(
    version: str, status: Status, reason: str
) -> None:
    for component in (
        Component("purl", purl=PURL, version=version),
        Component("names", vendor="Apache", product="Log4j 2", version=version),
        Component("cpe", cpe="cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*", version=version),
    ):
        verdict = _verdict(component)
        assert verdict is not None
        assert (verdict.status, verdict.reason) == (status, reason), component


def test_the_verdict_says_from_where_and_until_when() -> None:
    verdict = _verdict(Component("c", purl=f"{PURL}@2.14.1"))
    assert verdict is not None
    assert verdict.source == "cna:apache"
    assert "log4j-core*" in verdict.range
    assert verdict.detail["bound"] == "2.13.0"
    assert verdict.detail["fixed_in"] == "2.15.0"
    assert 0.8 < verdict.confidence <= 1.0


@pytest.mark.parametrize(
    "component",
    [
        Component("c", product="log4j", version="2.14.1"),
        Component("c", vendor="QOS.ch", product="log4j-over-slf4j", version="2.14.1"),
        Component("c", purl="pkg:maven/org.apache.logging.log4j/log4j-api@2.14.1"),
        Component("c", purl="pkg:npm/log4js@2.14.1"),
    ],
)
def test_what_only_resembles_it_is_another_product(component: Component) -> None:
    assert _verdict(component) is None
