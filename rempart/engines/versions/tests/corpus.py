"""Version texts as real sources write them, read from the public data sets beside the repository."""

from __future__ import annotations

import gzip
import itertools
import json
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data"


def lines(name: str) -> Iterator[dict[str, Any]]:
    """The JSON documents of a gzipped JSON-lines file; skips the test when the data is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the public data set {name} is not beside the repository")
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def sample(texts: set[str], count: int) -> list[str]:
    """The same texts at every run."""
    ordered = sorted(texts)
    return random.Random(4).sample(ordered, min(count, len(ordered)))


def pairs(texts: list[str], count: int) -> list[tuple[str, str]]:
    """Pairs to compare: neighbours in text order (where orders differ) and pairs at random."""
    ordered = sorted(texts)
    chance = random.Random(5)
    near = list(itertools.pairwise(ordered))
    return near[: count // 2] + [(chance.choice(ordered), chance.choice(ordered)) for _ in range(count // 2)]


@cache
def pypi() -> frozenset[str]:
    """Every version that the PyPI advisories list."""
    return frozenset(
        version
        for record in lines("osv/pypi.jsonl.gz")
        for affected in record.get("affected", ())
        for version in affected.get("versions", ())
    )


@cache
def go() -> frozenset[str]:
    """Every bound of the Go advisories."""
    return frozenset(
        version
        for record in lines("osv/go.jsonl.gz")
        for affected in record.get("affected", ())
        for one in affected.get("ranges", ())
        for event in one["events"]
        for version in event.values()
        if isinstance(version, str)
    )


@cache
def cve() -> frozenset[tuple[str, str]]:
    """(version type in lower case, text) of every version and bound of the CVE records."""
    found = set()
    for record in lines("cve/cve-records.jsonl.gz"):
        containers = record["containers"]
        for container in (containers.get("cna", {}), *containers.get("adp", ())):
            for affected in container.get("affected", ()):
                for entry in affected.get("versions", ()):
                    kind = str(entry.get("versionType", "")).lower()
                    for field in ("version", "lessThan", "lessThanOrEqual"):
                        if field in entry:
                            found.add((kind, str(entry[field]).strip()))
    return frozenset(found)
