"""The matcher beside the reference, on real CVE records, around every bound."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rempart.engines.exposure import Aliases, Matcher, component_keys
from rempart.engines.exposure.branches import by_branch
from rempart.engines.exposure.entries import states_patches
from rempart.engines.exposure.model import Affected, Component, Status, Verdict
from rempart.engines.exposure.tests import reference
from rempart.engines.records.cve import parse_cve

RECORDS = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "cve" / "cve-records.jsonl.gz"
INFERRED = {"fixed_at", "above_range"}
STATUS = {"affected": Status.AFFECTED, "unaffected": Status.NOT_AFFECTED, "unknown": Status.CANNOT_TELL}


def _records(step: int) -> Iterator[tuple[str, tuple[Affected, ...]]]:
    if not RECORDS.exists():
        pytest.skip("the CVE records are not beside the repository")
    with gzip.open(RECORDS, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream):
            if number % step == 0:
                record = parse_cve(json.loads(line))
                yield record.id, record.affected


def _probes(affected: Affected) -> set[str]:
    """Every bound that is a plain number, the version just under it and the two just over it."""
    found = set()
    for entry in affected.versions:
        texts = [entry.version, entry.less_than, entry.less_than_or_equal, *(c.at for c in entry.changes)]
        for text in texts:
            text = text.removesuffix(".*")  # noqa: PLW2901 - the branch itself is the bound
            if not reference.NUMBERS.fullmatch(text) or len(text) > 40:
                continue
            head, _, last = text.rpartition(".")
            lead = f"{head}." if head else ""
            found |= {text, f"{text}.1", f"{lead}{int(last) + 1}"}
            if int(last):
                found.add(f"{lead}{int(last) - 1}.9999")
    return found


def _is_plain(affected: Affected) -> bool:
    """Whether both sides read the statement by the same rules: no prose, no scheme but plain numbers."""
    if not affected.versions or any(
        entry.version_type.lower() == "git" or states_patches(affected, entry) for entry in affected.versions
    ):
        return False
    for entry in affected.versions:
        single = not entry.less_than and not entry.less_than_or_equal
        if single and entry.version != "*" and not reference.NUMBERS.fullmatch(entry.version):
            return False
        bounds = (entry.less_than, entry.less_than_or_equal, *(change.at for change in entry.changes))
        for text in (*bounds, "" if single else entry.version):
            plain = reference.NUMBERS.fullmatch(text.removesuffix(".*"))
            if text and not plain and text not in {"*", "unspecified", "n/a", "-", "latest", "publication"}:
                return False
    return True


def _disagrees(affected: Affected, version: str, verdict: Verdict) -> bool:
    possible = reference.outcomes(affected, version)
    if verdict.reason == "contradictory_range":
        return not any(reference.is_contradictory(entry) for entry in affected.versions)
    if possible <= {"unknown", "unaffected"} and "unknown" in possible:
        return not (verdict.status is Status.CANNOT_TELL or verdict.reason in INFERRED)
    if len(possible) == 1:
        return verdict.status is not STATUS[possible.pop()]
    return verdict.status is not Status.CANNOT_TELL


def _compare(step: int) -> tuple[int, list[str]]:
    aliases, compared, wrong = Aliases(), 0, []
    for identifier, statements in _records(step):
        for affected in by_branch(statements):
            cpe = affected.cpes[0] if affected.cpes else ""
            component = Component("c", affected.vendor, affected.product, "1", cpe=cpe)
            if not component_keys(component) or not _is_plain(affected):
                continue
            matcher = Matcher(aliases)
            matcher.add(identifier, [affected])
            for version in sorted(_probes(affected)):
                installed = Component("c", affected.vendor, affected.product, version, cpe=cpe)
                for verdict in matcher.match([installed]):
                    compared += 1
                    if _disagrees(affected, version, verdict):
                        wrong.append(f"{identifier} {version} {verdict} {affected}")
    return compared, wrong


def test_the_matcher_agrees_with_the_reference_on_a_sample_of_the_records() -> None:
    compared, wrong = _compare(step=40)
    assert compared > 3_000
    assert wrong == []


@pytest.mark.full
def test_the_matcher_agrees_with_the_reference_on_every_record() -> None:
    compared, wrong = _compare(step=1)
    assert compared > 100_000
    assert wrong == []
