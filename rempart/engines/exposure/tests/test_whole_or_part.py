"""A component may be matched with whole records, or with the statements that share a key with it alone.

The platform does the first when a record comes, the second when a component does: both have to say the same.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from rempart.engines.exposure import Aliases, Matcher, affected_keys, component_keys
from rempart.engines.exposure.model import Affected, Component
from rempart.engines.records import read_any

RECORDS = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "cve" / "cve-records.jsonl.gz"
STEP = 40
SERVERS = ("SQL Server 20", "Exchange Server 20")  # whose branches are stated apart and read together
_STATEMENTS, _VERSIONS = 8, 4  # of a record, of a statement


def _records() -> Iterator[tuple[str, tuple[Affected, ...]]]:
    with gzip.open(RECORDS, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream):
            if number % STEP == 0 or any(name in line for name in SERVERS):
                for record in read_any(json.loads(line)):
                    yield record.id, record.affected


def _installed(affected: Affected) -> Iterator[Component]:
    bounds = [bound for entry in affected.versions for bound in (entry.version, entry.less_than) if bound]
    for version in dict.fromkeys(islice(bounds, _VERSIONS)):
        yield Component("named", affected.vendor, affected.product, version, affected.purl)
        for cpe in affected.cpes[:1]:
            yield Component("with a cpe", affected.vendor, affected.product, version, affected.purl, cpe)


def _answers(aliases: Aliases, identifier: str, said: list[Affected], component: Component) -> list[object]:
    matcher = Matcher(aliases)
    matcher.add(identifier, said)
    return list(matcher.match([component]))


@pytest.mark.skipif(not RECORDS.exists(), reason="the published records are not beside the repository")
def test_statements_that_share_no_key_with_a_component_change_nothing_for_it() -> None:
    aliases, compared, wrong = Aliases.builtin(), 0, []
    for identifier, said in _records():
        if len(said) < 2:
            continue
        keys = [set(aliases.resolve(affected_keys(one))) for one in said]
        for affected in said[:_STATEMENTS]:
            for component in _installed(affected):
                names = set(aliases.resolve(component_keys(component)))
                near = [one for one, named in zip(said, keys, strict=True) if names & named]
                if len(near) == len(said):
                    continue
                compared += 1
                whole = _answers(aliases, identifier, list(said), component)
                if whole != _answers(aliases, identifier, near, component):
                    wrong.append(f"{identifier}: {component}")
    assert wrong == []
    assert compared > 500
