"""The matcher beside the reference, on real records, around every bound."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from rempart.engines.exposure import Aliases, Matcher, component_keys
from rempart.engines.exposure.branches import by_branch
from rempart.engines.exposure.entries import speech_of_statement, states_patches
from rempart.engines.exposure.model import Affected, Component, Status, Verdict, VersionEntry
from rempart.engines.exposure.tests import reference
from rempart.engines.records import read_any

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data"
INFERRED = {"fixed_at", "above_range"}
STATUS = {"affected": Status.AFFECTED, "unaffected": Status.NOT_AFFECTED, "unknown": Status.CANNOT_TELL}
# Doubts that the inventory leaves about the version itself, which the statement cannot settle.
_OF_THE_INVENTORY = {"incomplete_version", "backported"}
_LAST_NUMBER = re.compile(r"[0-9]+(?=[^0-9]*$)")
_LAST_LETTER = re.compile(r"[b-y](?=[^a-zA-Z]*$)")

Said = Iterator[tuple[str, tuple[Affected, ...]]]


def _of_cve(step: int) -> Said:
    with gzip.open(DATA / "cve" / "cve-records.jsonl.gz", "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream):
            if number % step == 0:
                yield from _statements(json.loads(line))


def _of_osv(step: int) -> Said:
    lines = (line for path in sorted((DATA / "osv").glob("*.jsonl.gz")) for line in _lines(path))
    for number, line in enumerate(lines):
        if number % step == 0:
            yield from _statements(json.loads(line))


def _of_csaf(step: int) -> Said:
    for number, path in enumerate(sorted((DATA / "csaf" / "cisa").rglob("*.json"))):
        if number % step == 0:
            yield from _statements(json.loads(path.read_bytes()))


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from stream


def _statements(document: dict[str, object]) -> Said:
    for record in read_any(document):
        yield record.id, record.affected


SOURCES: dict[str, Callable[[int], Said]] = {"cve": _of_cve, "csaf": _of_csaf, "osv": _of_osv}


def _probes(affected: Affected) -> set[str]:
    """Every bound that the reference reads, the versions just under it and just over it."""
    found = set()
    for stated in affected.versions:
        entry = reference.in_words(stated)
        texts = [entry.version, entry.less_than, entry.less_than_or_equal, *(c.at for c in entry.changes)]
        for text in texts:
            text = text.removesuffix(".*")  # noqa: PLW2901 - the branch itself is the bound
            if len(text) <= 40 and reference.readable(entry, text):
                found |= {text, *_around(text)}
    of_three = affected.purl.startswith(("pkg:golang/", "pkg:npm/"))
    return {text for text in found if reference.places(text) and not (of_three and text.count(".") != 2)}


def _around(text: str) -> Iterator[str]:
    if reference.NUMBERS.fullmatch(text):
        head, _, last = text.rpartition(".")
        lead = f"{head}." if head else ""
        yield from (f"{text}.1", f"{lead}{int(last) + 1}")
        if int(last):
            yield f"{lead}{int(last) - 1}.9999"
        return
    yield _LAST_NUMBER.sub(lambda found: str(int(found.group()) + 1), text)
    yield _LAST_NUMBER.sub(lambda found: str(max(0, int(found.group()) - 1)), text)
    yield _LAST_LETTER.sub(lambda found: chr(ord(found.group()) + 1), text)
    yield _LAST_LETTER.sub(lambda found: chr(ord(found.group()) - 1), text)


def _is_read_alike(affected: Affected) -> bool:
    """Whether no table of one product's spellings, or of a vendor's branches, comes between the two."""
    if not affected.versions or any(states_patches(affected, entry) for entry in affected.versions):
        return False
    return speech_of_statement(affected) in {"", "ios", "fortinet"}


def _disagrees(affected: Affected, version: str, verdict: Verdict) -> bool:
    possible = reference.outcomes(affected, version)
    if verdict.reason == "contradictory_range":
        return not any(
            reference.is_contradictory(entry) or not _is_read(entry) for entry in affected.versions
        )
    if verdict.reason in _OF_THE_INVENTORY:
        return False
    if "unknown" in possible and verdict.reason in INFERRED:
        return False
    if len(possible) == 1:
        return verdict.status is not STATUS[possible.pop()]
    # What the reference leaves open, the matcher may read: its answer is then one of those that remain.
    return verdict.status is not Status.CANNOT_TELL and verdict.status not in {
        STATUS[one] for one in possible
    }


def _is_read(stated: VersionEntry) -> bool:
    entry = reference.in_words(stated)
    texts = (entry.version, reference.end_of(entry), *(change.at for change in entry.changes))
    return all(reference.readable(entry, text) for text in texts if text)


def _compare(said: Iterable[tuple[str, tuple[Affected, ...]]]) -> tuple[int, int, list[str]]:
    """How many comparisons, how many of them with one possible answer, and those that disagree."""
    aliases, compared, certain, wrong = Aliases(), 0, 0, []
    for identifier, statements in said:
        for affected in by_branch(statements):
            cpe = affected.cpes[0] if affected.cpes else ""
            named = (affected.vendor, affected.product or affected.package_name)
            if not component_keys(Component("c", *named, "1", affected.purl, cpe)):
                continue
            if not _is_read_alike(affected):
                continue
            matcher = Matcher(aliases)
            matcher.add(identifier, [affected])
            for version in sorted(_probes(affected)):
                installed = Component("c", *named, version, affected.purl, cpe)
                for verdict in matcher.match([installed]):
                    compared += 1
                    certain += len(reference.outcomes(affected, version)) == 1
                    if _disagrees(affected, version, verdict):
                        wrong.append(f"{identifier} {version} {verdict} {affected}")
    return compared, certain, wrong


@pytest.mark.parametrize(
    ("source", "step", "enough"), [("cve", 60, 5_000), ("csaf", 10, 100), ("osv", 20, 500)], ids=list(SOURCES)
)
def test_the_matcher_agrees_with_the_reference_on_a_sample(source: str, step: int, enough: int) -> None:
    if not DATA.exists():
        pytest.skip("the published records are not beside the repository")
    compared, certain, wrong = _compare(SOURCES[source](step))
    assert wrong == []
    assert compared > enough
    assert certain > compared / 2


@pytest.mark.full
@pytest.mark.parametrize(
    ("source", "enough"), [("cve", 600_000), ("csaf", 1_000), ("osv", 10_000)], ids=list(SOURCES)
)
def test_the_matcher_agrees_with_the_reference_on_every_record(source: str, enough: int) -> None:
    if not DATA.exists():
        pytest.skip("the published records are not beside the repository")
    compared, certain, wrong = _compare(SOURCES[source](1))
    assert wrong == []
    assert compared > enough
    assert certain > compared / 2
