"""Curves beside the statements they stand for: the same answer for every version."""

from __future__ import annotations

import gc
import gzip
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.engines.exposure import Aliases, Matcher, compile_affected, matching
from rempart.engines.exposure.curves import statement_curve
from rempart.engines.exposure.evaluation import evaluate
from rempart.engines.exposure.model import Affected, Component, VersionChange, VersionEntry
from rempart.engines.exposure.ranges import narrowed, reading_of, shape_of
from rempart.engines.records.cve import parse_cve
from rempart.engines.versions import key

RECORDS = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "cve" / "cve-records.jsonl.gz"


_PURL_TYPES = ("", "npm", "maven", "pypi", "deb")


def _texts(affected: Affected) -> set[str]:
    """Every bound as written, and texts just beside it."""
    found = {"", "0", "latest", "1.0.0-1.5.0", "99999"}
    for entry in affected.versions:
        bounds = (
            entry.version,
            entry.less_than,
            entry.less_than_or_equal,
            *(one.at for one in entry.changes),
        )
        for text in filter(None, bounds):
            plain = text.removesuffix(".*").removesuffix("*")
            found |= {text, plain, f"{plain}.1", f"{plain}-rc1", f"{plain}a", plain.rpartition(".")[0]}
    return found


def _disagreements(affected: Affected) -> list[str]:
    wrong = []
    for version, purl_type in itertools.product(sorted(_texts(affected)), _PURL_TYPES):
        compiled = compile_affected(affected, reading_of(version, purl_type))
        traced = statement_curve(compiled)
        if traced is None or version.strip().casefold() in traced.texts:
            continue
        meant, said = evaluate(compiled, version), traced.at(key(traced.scheme, version))
        if meant != said:
            wrong.append(f"{version!r} {purl_type}: {meant} {said} {affected}")
    return wrong


@pytest.mark.parametrize("step", [600, pytest.param(40, marks=pytest.mark.full)])
def test_a_curve_says_what_its_statement_says_on_real_records(step: int) -> None:
    if not RECORDS.exists():
        pytest.skip("the CVE records are not beside the repository")
    asked = 0
    with gzip.open(RECORDS, "rt", encoding="utf-8") as stream:
        for line in itertools.islice(stream, 0, None, step):
            for affected in parse_cve(json.loads(line)).affected[:20]:
                asked += 1
                assert _disagreements(affected) == []
    assert asked > 50


_VERSION = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
_TEXT = st.one_of(
    _VERSION,
    _VERSION.map(lambda text: f"{text}.*"),
    st.sampled_from(["*", "n/a", "someday", "< 2.1", "0", "1.0-1.2"]),
)
_STATUS = st.sampled_from(["affected", "unaffected", "unknown"])
_KIND = st.sampled_from(["", "custom", "semver", "git", "maven"])
_RANGE = st.builds(
    VersionEntry, _TEXT, _STATUS, _KIND, st.one_of(st.just(""), _TEXT), st.one_of(st.just(""), _TEXT),
    changes=st.lists(st.builds(VersionChange, _VERSION, _STATUS), max_size=2).map(tuple),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(_RANGE, max_size=4).map(tuple), _STATUS)
def test_a_curve_says_what_its_statement_says(versions: tuple[VersionEntry, ...], default: str) -> None:
    statement = Affected("cna:acme", "Acme", "Portal", default_status=default, versions=versions)
    assert _disagreements(statement) == []


@pytest.mark.parametrize("step", [300, pytest.param(7, marks=pytest.mark.full)])
def test_a_statement_compiles_as_those_of_its_shape_and_in_its_narrowed_reading(step: int) -> None:
    if not RECORDS.exists():
        pytest.skip("the CVE records are not beside the repository")
    readings = [reading_of(*each) for each in itertools.product(("1.2.3", "1.2", "odd one"), _PURL_TYPES)]
    shapes: dict[object, Affected] = {}
    seen = 0
    with gzip.open(RECORDS, "rt", encoding="utf-8") as stream:
        for line in itertools.islice(stream, 0, None, step):
            for affected in parse_cve(json.loads(line)).affected[:20]:
                first = shapes.setdefault(shape_of(affected), affected)
                seen += first is not affected
                for reading in readings:
                    whole = compile_affected(affected, reading)
                    assert compile_affected(first, narrowed(first, reading)) == whole
    assert seen > 20


def test_a_product_named_before_the_version_is_of_the_shape() -> None:
    entry = VersionEntry("Portal 1.2", "affected")
    shapes = {shape_of(Affected("cna:acme", "Acme", name, versions=(entry,))) for name in ("Portal", "Shop")}
    assert len(shapes) == 2
    plain = VersionEntry("1.2", "affected")
    shapes = {shape_of(Affected("cna:acme", "Acme", name, versions=(plain,))) for name in ("Portal", "Shop")}
    assert len(shapes) == 1


def test_a_sweep_says_what_verdicts_say(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(3)
    matcher = Matcher(Aliases())
    for number in range(60):
        versions = tuple(
            VersionEntry(f"{draw.randrange(4)}.{draw.randrange(4)}", "affected", "", f"{draw.randrange(6)}.5")
            for _ in range(draw.randrange(1, 4))
        )
        product = f"Product {draw.randrange(4)}"
        said = [Affected("cna:acme", "Acme", product, versions=versions)]
        if number % 3 == 0:
            entry = VersionEntry("R3 build", "affected")
            said.append(Affected("adp:other", "Acme", product, versions=(versions[0], entry)))
        matcher.add(f"CVE-2024-{number}", said)
    texts = [f"{major}.{minor}" for major in range(6) for minor in range(8)]
    components = [
        Component(str(number), "Acme", f"Product {number % 5}", text)
        for number, text in enumerate([*texts, "", "R3 build", "odd text"] * 5)
    ]
    prepared = matcher.prepare(components)
    swept = matcher.sweep(prepared, unaffected=True)
    rows = {(components[position].id, name): decision for position, name, decision in swept.rows()}
    verdicts = list(matcher.match(components))
    assert len(swept) == swept.compared == len(rows) == len(verdicts) > 1_000
    for verdict in verdicts:
        decision = rows[verdict.component_id, verdict.vulnerability_id]
        version = components[int(verdict.component_id)].version
        assert decision.verdict(verdict.component_id, verdict.vulnerability_id, version) == verdict
    fewer = matcher.sweep(prepared)
    assert fewer.compared == swept.compared
    assert len(fewer) == sum(verdict.status != "not_affected" for verdict in verdicts)
    monkeypatch.setattr(matching, "_CURVES_KEPT", 1)  # each product's curves are let go behind it
    assert list(matcher.sweep(prepared, unaffected=True).rows()) == list(swept.rows())


def test_collections_rest_and_come_back() -> None:
    during: list[bool] = []

    def said() -> Iterator[tuple[str, list[Affected]]]:
        during.append(gc.isenabled())
        yield "CVE-2024-1", [Affected("cna:acme", "Acme", "Portal")]
        raise ValueError("the file ends")

    matcher = Matcher(Aliases())
    with pytest.raises(ValueError, match="the file ends"):
        matcher.fill(said())
    assert during == [False]
    assert gc.isenabled()
    assert matcher.keys_of("CVE-2024-1") == ("name:acme/portal",)
