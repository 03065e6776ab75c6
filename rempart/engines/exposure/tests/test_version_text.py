"""Texts where a version was expected: each form of ``docs/version-text.md``, and what must stay unread."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.engines.exposure.entries import entries_of
from rempart.engines.exposure.evaluation import evaluate
from rempart.engines.exposure.model import Affected, Status, VersionEntry
from rempart.engines.exposure.ranges import compile_affected
from rempart.engines.exposure.rangetext import is_unstated, read_range_text

YES, NO, OPEN = Status.AFFECTED, Status.NOT_AFFECTED, Status.CANNOT_TELL


def says(
    version: str, *entries: VersionEntry, default: str = "unaffected", product: str = "Portal"
) -> Status:
    affected = Affected("cna:acme", "Acme", product, default_status=default, versions=entries)
    return evaluate(compile_affected(affected), version).status


def one(text: str, end: str = "", last: str = "", kind: str = "custom") -> VersionEntry:
    return VersionEntry(text, "affected", kind, end, last)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">= 1.0, < 1.2", ["1.0", "1.1.9"], ["0.9", "1.2"]),
        ("All versions < V4.1.1", ["4.1.0"], ["4.1.1"]),
        ("All versions < V4.8 HF4", ["4.8", "4.8 HF3"], ["4.8 HF4", "4.8 HF5"]),
        ("All versions < V9.1 SP2 UC05", ["9.1 SP2 UC04", "9.1 SP1"], ["9.1 SP2 UC05", "9.1 SP3"]),
        ("7u211", ["7u211", "7 Update 211"], ["7u210", "7u221"]),
        ("5.4.2.x through 5.5.1.x", ["5.4.2", "5.4.2.9", "5.5.1.7"], ["5.4.1.9", "5.5.2"]),
        ("12.8.3 Hotfix 1 and previous versions", ["12.8.3", "12.8.3 HF1"], ["12.8.3 Hotfix 2", "12.8.4"]),
        ("stable <= 3.1.1", ["3.1.1"], ["3.1.2"]),
        ("Version.5.0 or later", ["5.0", "6"], ["4.9"]),
        ("1.0, 2.0 and 3.0", ["1.0", "2.0", "3.0"], ["2.5"]),
        ("versions 4.*, 5.*", ["4.2", "5.9"], ["3.9", "6.0"]),
        ("1.7.0.34 x64", ["1.7.0.34"], ["1.7.0.35"]),
        ("0:2.9.4-3.el8_10", ["0:2.9.4-3.el8_10"], ["0:2.9.4-4.el8_10"]),
        ("1.07b01", ["1.07B01"], ["1.07b02"]),
        ("ArubaOS 10.5.x.x: 10.5.0.1 and below", ["10.5.0.0", "10.5.0.1"], ["10.4.9", "10.5.0.2"]),
        ("firmware all versions", ["1", "99"], []),
    ],
)
def test_words_hold_what_they_say(text: str, inside: list[str], outside: list[str]) -> None:
    assert {version: says(version, one(text)) for version in inside} == dict.fromkeys(inside, YES)
    assert {version: says(version, one(text)) for version in outside} == dict.fromkeys(outside, NO)


@pytest.mark.parametrize(
    "text",
    [
        'The first 5 digits of serial No. "26061" and prior',
        "Java SE Embedded: 8u221",
        "SMR Aug-2023 Release 1",
        "before the summer release",
        "AFE130C",
        "1.0b2 or so",
    ],
)
def test_what_is_no_version_stays_open(text: str) -> None:
    assert says("8", one(text)) is OPEN


@pytest.mark.parametrize(
    "text", ["n/a", "See references", "various ", "latest", "https://aka.ms/x", "Upgrade to 4.2"]
)
def test_words_that_name_no_version_are_told_as_such(text: str) -> None:
    assert is_unstated(text)
    affected = Affected("cna:acme", "Acme", "Portal", versions=(one(text),))
    assert evaluate(compile_affected(affected), "1.0").reason == "unstated_version"


def test_two_halves_of_one_range_are_joined() -> None:
    halves = (
        one("unspecified", "8.5.12"),
        one("8.6.0", "unspecified"),
        one("unspecified", "8.13.4"),
        one("8.14.0", "unspecified"),
        one("unspecified", "8.15.1"),
    )
    answers = {
        version: says(version, *halves) for version in ("8.5.11", "8.5.13", "8.6.0", "8.13.4", "8.15.0")
    }
    assert answers == {"8.5.11": YES, "8.5.13": NO, "8.6.0": YES, "8.13.4": NO, "8.15.0": YES}


def test_an_end_that_lists_corrections_ends_each_line() -> None:
    lines = one("0", "2022.04.7, 2022.10.6, 2023.05.6")
    versions = ("2022.04.6", "2022.04.7", "2022.10.5", "2022.10.6", "2023.05.6", "2023.06")
    assert [says(version, lines) for version in versions] == [YES, NO, YES, NO, NO, NO]
    junos = one("22.3", "22.3R2-S2, 22.3R3", kind="semver")
    assert [says(version, junos) for version in ("22.3R2-S1", "22.3R2-S2", "22.3R2-S3", "22.3R3")] == [
        YES,
        NO,
        NO,
        NO,
    ]


def test_an_update_beside_its_version_is_read_with_it() -> None:
    freebsd = one("14.1-RELEASE", "p4", kind="release")
    versions = ("14.1-RELEASE", "14.1-RELEASE-p3", "14.1-RELEASE-p4", "14.0-RELEASE-p9")
    assert [says(version, freebsd) for version in versions] == [YES, YES, NO, NO]


def test_commits_typed_as_versions_are_told_as_commits() -> None:
    affected = Affected(
        "cna:acme", "Acme", "Portal", versions=(one("0", "c4f81d9616d40c60584e36abb15300853a66e489"),)
    )
    assert evaluate(compile_affected(affected), "1.0").reason == "git_range"


@given(st.text(max_size=300), st.text(max_size=80), st.sampled_from(["", "semver", "rpm", "patch", "git"]))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_left(text: str, end: str, kind: str) -> None:
    affected = Affected("cna:acme", "Acme", "Portal", versions=(one(text, end, kind=kind),))
    assert entries_of(affected)
    read_range_text(text)
    assert evaluate(compile_affected(affected), "1.0").status in {YES, NO, OPEN}


@pytest.mark.parametrize(
    "unit", ["1.0 and ", "1.0, ", "a ", "< 1 ", "v.", "1.x.", "versions ", "1 sp 1 ", "a: "]
)
def test_long_texts_are_read_in_no_time(unit: str) -> None:
    read_range_text((unit * 300)[:256])
    is_unstated((unit * 300)[:5_000])
    affected = Affected("cna:acme", "Acme", "Portal", versions=(one(unit * 2_000, unit * 2_000),))
    compile_affected(affected)
