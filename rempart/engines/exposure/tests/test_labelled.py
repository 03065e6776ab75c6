"""Pairs that people get wrong, each with the answer and a sentence of why (``labelled*.jsonl``)."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from rempart.engines.exposure import Aliases, match
from rempart.engines.exposure.model import Affected, Component
from rempart.engines.records import read_any

PAIRS = [
    json.loads(line)
    for file in sorted(Path(__file__).parent.glob("labelled*.jsonl"))
    for line in file.read_text("utf-8").splitlines()
]
DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "cve"
_ID = re.compile(rb'"cveId":\s*"(CVE-[0-9]+-[0-9]+)"')


@pytest.fixture(scope="module")
def published() -> dict[str, tuple[Affected, ...]]:
    """The real records that pairs name."""
    if not DATA.exists():
        pytest.skip("the CVE records are not beside the repository")
    wanted = {pair["record"].encode() for pair in PAIRS if isinstance(pair["record"], str)}
    found: dict[str, tuple[Affected, ...]] = {}
    lines = gzip.decompress((DATA / "cve-records.jsonl.gz").read_bytes()).splitlines()
    for line in [*lines, *(DATA / "log4shell.jsonl").read_bytes().splitlines()]:
        stated = _ID.search(line)
        if stated and stated.group(1) in wanted:
            (record,) = read_any(json.loads(line))
            found[record.id] = record.affected
    return found


def _statements(
    record: dict[str, Any] | str, published: dict[str, tuple[Affected, ...]]
) -> tuple[Affected, ...]:
    if isinstance(record, str):
        return published[record]
    if "osv" in record:
        return read_any(record["osv"])[0].affected
    if "document" in record:
        return tuple(affected for one in read_any(record["document"]) for affected in one.affected)
    cna = {"providerMetadata": {"shortName": "acme"}, "affected": [], **record}
    metadata = {"cveId": "CVE-2024-1000", "state": "PUBLISHED"}
    return read_any({"cveMetadata": metadata, "containers": {"cna": cna}})[0].affected


def test_there_are_enough_pairs_and_each_says_why() -> None:
    assert len(PAIRS) >= 400
    assert len({json.dumps([pair["component"], pair["record"]]) for pair in PAIRS}) == len(PAIRS)
    assert all(pair["why"].endswith(".") and len(pair["why"]) > 15 for pair in PAIRS)


@pytest.mark.parametrize("group", sorted({pair["group"] for pair in PAIRS}))
def test_every_pair_has_the_answer_it_should(group: str, published: dict[str, tuple[Affected, ...]]) -> None:
    aliases, wrong = Aliases.builtin(), []
    for pair in PAIRS:
        if pair["group"] != group:
            continue
        component = Component("c", **pair["component"])
        verdict = match(component, "CVE", _statements(pair["record"], published), aliases)
        answer = verdict.status.value if verdict else "no_match"
        if answer != pair["expected"]:
            said = f"{verdict.reason} {verdict.source} {verdict.range}" if verdict else ""
            wrong.append(f"{pair}: {answer} ({said})")
    assert not wrong, "\n".join(wrong)
