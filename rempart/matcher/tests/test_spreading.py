"""A match in parts, wherever they are matched, is the match of the whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from rempart.engines.exposure import Aliases, Matcher
from rempart.engines.exposure.model import Component
from rempart.matcher.components import Item
from rempart.matcher.records import Wanted, read_records
from rempart.matcher.results import match_items
from rempart.matcher.spreading import Matching, match_in

pytestmark = pytest.mark.any_database
ROOT = Path(__file__).resolve().parents[3]
CVE = ROOT.parent / "shared" / "data" / "cve"


def _items(count: int) -> list[Item]:
    """Versions around those affected by Log4Shell, and components that nothing is said of."""
    found = []
    for number in range(count):
        version = f"2.{number % 20}.{number % 3}" if number % 11 else ""
        product = "log4j-core" if number % 5 else "unheard-of"
        purl = f"pkg:maven/org.apache.logging.log4j/{product}{'@' + version if version else ''}"
        component = Component(f"c{number}", "Apache", product, version, purl, "")
        found.append(Item(component, "made.csv", f"host-{number % 7}"))
    return found


@pytest.mark.parametrize("jobs", [1, 2])
def test_parts_come_together_in_order(jobs: int) -> None:
    aliases = Aliases.builtin()
    found = read_records([CVE / "log4shell.jsonl"], Wanted(None), aliases)
    matcher = Matcher(aliases)
    for identifier, statements in found.statements().items():
        matcher.add(identifier, statements)
    items = _items(2_345)
    expected = list(match_items(matcher, items, found.aliases(), "en"))
    matching = Matching(found.statements(), found.aliases(), aliases, "en")
    assert len(expected) > 1_000
    assert json.dumps(list(match_in("local", matching, items, jobs))) == json.dumps(expected)
    assert list(match_in("local", matching, [], jobs)) == []


@pytest.mark.full
@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_a_match_is_the_same_whatever_the_engine(tmp_path: Path, engine: str) -> None:
    if find_spec("ray") is None or find_spec("pyspark") is None:
        pytest.skip("Ray and Spark are installed by ./dev test --full")
    inventory = tmp_path / "inventory.csv"
    lines = [f"{one.component.id},,,{one.component.version},{one.component.purl}," for one in _items(3_000)]
    inventory.write_text("id,vendor,product,version,purl,cpe\n" + "\n".join(lines))

    def result(name: str, *more: str) -> bytes:
        to = tmp_path / name
        done = subprocess.run(
            [
                *(sys.executable, "-c", "from rempart.cli import main; main()", "match", str(inventory)),
                *("--records", str(CVE / "log4shell.jsonl"), "--all", "--language", "fr"),
                *("--output", "jsonl", "--to", str(to), *more),
            ],
            cwd=ROOT,
            env={**os.environ, "REMPART_VAR": str(tmp_path / "var")},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return to.read_bytes()

    local = result("local.jsonl")
    assert local.count(b"\n") > 1_000
    assert result("there.jsonl", "--engine", engine, "--jobs", "2") == local
