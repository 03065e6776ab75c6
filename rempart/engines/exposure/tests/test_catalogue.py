"""Every entry of the catalogue meets its record in one product, whatever words each of them uses."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rempart.engines.exposure import Aliases
from rempart.engines.exposure.catalogue import Meeting, resolve_entry
from rempart.engines.exposure.model import Affected
from rempart.engines.records.cve import parse_cve

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data"
KEV, CVE = DATA / "kev" / "known_exploited_vulnerabilities.json", DATA / "cve" / "cve-records.jsonl.gz"

pytestmark = pytest.mark.skipif(
    not (KEV.exists() and CVE.exists()), reason="the public KEV and CVE data are not beside the repository"
)


@cache
def _pairs() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    entries = {one["cveID"]: one for one in json.loads(KEV.read_bytes())["vulnerabilities"]}
    pairs = []
    with gzip.open(CVE, "rt", encoding="utf-8") as lines:
        for line in lines:
            # The identifier is read from the text: parsing 200 MB of JSON for 188 records is not needed.
            at = line.find('"cveId"')
            known = next((one for one in (line[at : at + 40].split('"')[3],) if one in entries), "")
            if known:
                pairs.append((entries[known], json.loads(line)))
    return pairs


def test_every_entry_whose_record_is_known_resolves_to_one_product() -> None:
    aliases = Aliases.builtin()
    unresolved, how = [], Counter[Meeting]()
    for entry, document in _pairs():
        record = parse_cve(document)
        found = resolve_entry(entry["vendorProject"], entry["product"], record.affected, aliases)
        if found is None:
            products = sorted({f"{one.vendor}/{one.product}" for one in record.affected})[:3]
            unresolved.append(f"{record.id}: {entry['vendorProject']}/{entry['product']} beside {products}")
        else:
            how[found.meeting] += 1
    assert len(_pairs()) == 188
    assert not unresolved
    assert how[Meeting.PRODUCT] > how[Meeting.FAMILY] > how[Meeting.ENTRY_ALONE]
    # Seven records say "n/a" and nothing else: there the entry's own name is all that is known.
    assert how[Meeting.ENTRY_ALONE] == 7


def test_an_entry_does_not_meet_another_product() -> None:
    other = [Affected("cna:x", "Microsoft", "Windows Admin Center"), Affected("cna:x", "Apache", "Tomcat")]
    assert resolve_entry("Microsoft", "Windows", other, Aliases.builtin()) is None
    assert resolve_entry("n/a", "n/a", [], Aliases.builtin()) is None
