"""What a statement means for a version, and how several statements become one verdict."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rempart.engines.exposure import REASONS, Aliases, Matcher, match
from rempart.engines.exposure.model import (
    Affected,
    Component,
    Status,
    Verdict,
    VersionChange,
    VersionEntry,
)
from rempart.engines.exposure.rangetext import read_range_text
from rempart.engines.exposure.tests import reference

YES, NO, OPEN = Status.AFFECTED, Status.NOT_AFFECTED, Status.CANNOT_TELL


def _entry(
    version: str, less_than: str = "", last: str = "", status: str = "affected", kind: str = ""
) -> VersionEntry:
    return VersionEntry(version, status, kind, less_than, last)


def _affected(*entries: VersionEntry, default: str = "unknown", source: str = "cna:acme") -> Affected:
    return Affected(source, "Acme", "Portal", default_status=default, versions=entries)


def _ask(version: str, *statements: Affected) -> Verdict:
    verdict = match(Component("c", "Acme Inc.", "Acme Portal", version), "CVE-2024-1", statements, Aliases())
    assert verdict is not None
    assert verdict.reason in REASONS
    return verdict


def _says(version: str, *statements: Affected) -> tuple[Status, str]:
    verdict = _ask(version, *statements)
    return verdict.status, verdict.reason


@pytest.mark.parametrize(
    ("entry", "version", "expected"),
    [
        (_entry("1.0", "2.0"), "1.0", (YES, "in_range")),
        (_entry("1.0", "2.0"), "1.99", (YES, "in_range")),
        (_entry("1.0", "2.0"), "2.0", (NO, "fixed_at")),
        (_entry("1.0", "2.0"), "0.9", (OPEN, "below_range")),
        (_entry("1.0", last="2.0"), "2.0.0", (YES, "in_range")),
        (_entry("1.0", last="2.0"), "2.0.1", (NO, "above_range")),
        (_entry("0", "2.0"), "0.1", (YES, "in_range")),
        (_entry("unspecified", "2.0"), "0.1", (YES, "in_range")),
        (_entry("1.0", "*"), "99", (YES, "in_range")),
        (_entry("5.10.3", last="5.10.*"), "5.10.200", (YES, "in_range")),
        (_entry("5.10.3", last="5.10.*"), "5.11", (NO, "above_range")),
        (_entry("20.1", "20.1*"), "20.1R3-S4", (YES, "in_range")),
        (_entry("20.1", "20.1*"), "20.2R1", (NO, "above_range")),
        (_entry("5.10.*"), "5.10.7", (YES, "in_range")),
        (_entry("8.x"), "8.6.1", (YES, "in_range")),
        (_entry("1.2.3"), "1.2.3", (YES, "exact_version")),
        (_entry("R3 build"), "r3 BUILD", (YES, "exact_version")),
        (_entry("1.2.3"), "1.2.4", (OPEN, "not_listed")),
        (_entry("1.2.3", status="unaffected"), "1.2.3", (NO, "listed_unaffected")),
        (_entry("1.2.3", status="unknown"), "1.2.3", (OPEN, "status_unknown")),
        (_entry("*"), "1.2.3", (YES, "all_versions")),
        (_entry("all versions"), "odd text", (YES, "all_versions")),
        (_entry("n/a"), "1.2.3", (OPEN, "unstated_version")),
        (_entry("see references"), "1.2.3", (OPEN, "unstated_version")),
        (_entry("1.0", "publication"), "1.5", (OPEN, "unstated_version")),
        (_entry("2.0", "1.0"), "0.5", (OPEN, "contradictory_range")),
        (_entry("2.0", "2.0"), "2.0", (OPEN, "contradictory_range")),
        (_entry("2.0", "2.0"), "3.0", (NO, "above_range")),
        (_entry("1da177e4c3f4", "0478ccdc8ea0", kind="git"), "5.10", (OPEN, "git_range")),
        (_entry("1.0", "2.0"), "", (OPEN, "no_version")),
        (_entry("1.0", "2.0"), "latest", (OPEN, "unreadable_version")),
        (_entry("1.0", "1.0.2k", kind="semver"), "1.0.2j", (YES, "in_range")),
        (_entry("1.0.0", "1.2.0", kind="semver"), "1.2.0-rc.1", (YES, "in_range")),
    ],
)
def test_one_entry(entry: VersionEntry, version: str, expected: tuple[Status, str]) -> None:
    assert _says(version, _affected(entry)) == expected


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("< 1.2", "1.1.9", "1.2"),
        ("<= 1.2", "1.2", "1.2.1"),
        (">= 1.0, < 1.2", "1.0", "1.2"),
        (">= 1.0, <= 1.2", "1.2", "1.2.1"),
        ("= 1.2.3", "1.2.3", ""),
        ("1.0 - 1.5", "1.5", "1.6"),
        ("1.0 to 1.5", "1.0", "1.5.1"),
        ("1.0.0-1.5.0", "1.4", "1.5.1"),
        ("from 1.0 through 1.5", "1.3", "1.5.1"),
        ("before 2.3", "2.2", "2.3"),
        ("before version 2.3", "2.2", "2.3"),
        ("prior to v2.3", "2.2.9", "2.3"),
        ("3.0 before 3.0.5", "3.0.4", "3.0.5"),
        ("1.2 and earlier", "1.2", "1.2.1"),
        ("1.2 and prior versions", "0.1", "1.3"),
        ("Ver.1.2 and earlier", "1.2", "1.3"),
        ("up to 1.2", "1.2", "1.3"),
        ("All versions < V4.1.1", "4.1", "4.1.1"),
        ("All versions prior to 4.1.1", "4.1", "4.1.1"),
        ("Fixed in Portal 1.1.1d (Affected 1.1.1-1.1.1c)", "1.1.1b", "1.1.1d"),
        ("Portal 1.2 and earlier", "1.2", "1.3"),
        ("Acme Portal: 1.2", "1.2", ""),
        ("1.0, 1.1, 1.3", "1.1", ""),
        ("1.0 to 1.2, 2.0 to 2.2", "2.1", "2.3"),
        ("1.x before 1.2 and 2.x before 2.3", "2.2", "2.3"),
    ],
)
def test_ranges_written_as_words(text: str, inside: str, outside: str) -> None:
    assert _ask(inside, _affected(_entry(text))).status is YES
    if outside:
        assert _ask(outside, _affected(_entry(text))).status is NO


@pytest.mark.parametrize(
    "text",
    ["< 1.2, < 1.3", "FortiProxy 2.0 and earlier", "1.2 (see notes)", "before",
     "the first 4 digits of serial no.", ">= 1.0 <",
     "not affected before 1.2"],
)  # fmt: skip
def test_prose_is_never_guessed(text: str) -> None:
    assert _says("0.1", _affected(_entry(text), default="unaffected")) == (OPEN, "unreadable_range")


def test_the_first_entry_that_covers_answers() -> None:
    statement = _affected(
        _entry("1.5", status="unaffected"), _entry("1.0", "2.0"), _entry("1.6", status="unaffected")
    )
    assert _says("1.5", statement) == (NO, "listed_unaffected")
    assert _says("1.6", statement) == (YES, "in_range")


def test_the_stated_default_holds_outside_the_entries() -> None:
    assert _says("3.0", _affected(_entry("1.0", last="2.0"), default="unaffected")) == (
        NO,
        "default_unaffected",
    )
    assert _says("3.0", _affected(_entry("1.0", "2.0", status="unaffected"), default="affected")) == (
        YES,
        "default_affected",
    )
    assert _says("1", _affected()) == (OPEN, "no_versions")


def test_doubt_stays_unless_both_outcomes_agree() -> None:
    assert _says("1.5", _affected(_entry("various"), _entry("1.0", "2.0"))) == (YES, "in_range")
    assert _says("2.5", _affected(_entry("various"), _entry("1.0", "2.0"))) == (OPEN, "unstated_version")
    undated = VersionEntry("1.0", "affected", "", "3.0", "", (VersionChange("some day", "unaffected"),))
    assert _says("2.0", _affected(undated)) == (OPEN, "unreadable_range")


def test_versions_of_cpe_names_count_where_the_source_gives_no_other() -> None:
    cpe = "cpe:2.3:a:acme:portal:2.0:beta9:*:*:*:*:*:*"
    statement = Affected("adp:x", cpes=(cpe,))
    assert _says("2.0-beta9", statement) == (YES, "exact_version")
    assert _says("2.0", statement) == (OPEN, "not_listed")


def test_versions_come_from_the_package_url_or_the_cpe_when_not_stated_apart() -> None:
    statement = Affected(
        "cna:x", "acme", "portal", purl="pkg:npm/portal", versions=(_entry("1.0.0", "2.0.0"),)
    )
    for component in (
        Component("c", purl="pkg:npm/portal@1.5.0"),
        Component("c", cpe="cpe:2.3:a:acme:portal:1.5.0:*:*:*:*:*:*:*"),
    ):
        verdict = match(component, "CVE-2024-1", [statement], Aliases())
        assert verdict is not None
        assert verdict.status is YES


def test_a_branch_and_its_patch_are_one_version_for_the_vendor_who_writes_so() -> None:
    statement = Affected(
        "cna:Citrix", "Citrix", "NetScaler ADC", default_status="unaffected",
        versions=(_entry("13.1", "49.13", kind="patch"), _entry("13.0", "91.13", kind="patch")),
    )  # fmt: skip
    for version, status in {"13.1-48.47": YES, "13.1-49.13": NO, "13.0-91.12": YES, "14.1-8.50": NO}.items():
        verdict = match(Component("c", "Citrix", "NetScaler ADC", version), "CVE-1", [statement], Aliases())
        assert verdict is not None
        assert verdict.status is status, version


def test_the_assigner_is_believed_before_the_advisory_and_the_enricher() -> None:
    cna = _affected(_entry("1.0", "2.0"), source="cna:acme")
    csaf = _affected(_entry("1.0", "3.0"), source="csaf:acme:1")
    adp = _affected(_entry("1.0", "4.0"), source="adp:CISA-ADP")
    verdict = _ask("2.5", adp, csaf, cna)
    assert (verdict.status, verdict.source) == (NO, "cna:acme")
    assert verdict.detail["disagreement"] == "csaf:acme:1=affected, adp:CISA-ADP=affected"
    assert verdict.confidence < _ask("2.5", cna).confidence
    assert _ask("2.5", adp, csaf).source == "csaf:acme:1"


def test_a_source_that_cannot_decide_leaves_the_word_to_the_next() -> None:
    cna, adp = _affected(_entry("n/a")), _affected(_entry("1.0", "2.0"), source="adp:CISA-ADP")
    verdict = _ask("1.5", cna, adp)
    assert (verdict.status, verdict.source) == (YES, "adp:CISA-ADP")
    assert verdict.detail["undecided"] == "cna:acme=unstated_version"


def test_statements_of_one_source_add_up() -> None:
    old, new = _affected(_entry("1.0", "1.5")), _affected(_entry("2.0", "2.5"))
    commits = _affected(_entry("1da177e4c3f4", "0478ccdc8ea0", kind="git"))
    assert _says("2.1", old, new, commits)[0] is YES
    assert _says("1.5", old, new, commits)[0] is NO
    assert _says("1.7", old, _affected(_entry("some builds")))[0] is OPEN


def test_in_bulk_each_component_gets_one_verdict_per_vulnerability_of_its_product() -> None:
    matcher = Matcher(Aliases())
    matcher.add(
        "CVE-2024-1", [_affected(_entry("1.0", "2.0")), _affected(_entry("1.0", "2.0"), source="adp:x")]
    )
    matcher.add("CVE-2024-2", [_affected(_entry("1.0", "1.2"))])
    matcher.add("CVE-2024-3", [Affected("cna:x", "n/a", "n/a")])
    components = [Component("a", "Acme", "Portal", "1.1"), Component("b", "Acme", "Other", "1.1")]
    verdicts = list(matcher.match(components))
    assert [(one.component_id, one.vulnerability_id) for one in verdicts] == [
        ("a", "CVE-2024-1"),
        ("a", "CVE-2024-2"),
    ]
    assert matcher.keys_of("CVE-2024-3") == ()


PHP = (_entry("8.1.0", "8.1.29"), _entry("8.2.0", "8.2.20"), _entry("8.3.0", "8.3.8"))


@pytest.mark.parametrize(
    ("version", "status", "reason"),
    [
        ("8.3.7", YES, "in_range"),
        ("8.3.8", NO, "fixed_at"),
        ("8.1.30", NO, "fixed_at"),
        ("8.4.0", NO, "fixed_at"),
        ("8.0.30", OPEN, "contradictory_default"),
    ],
)
def test_ends_hold_against_a_default_that_denies_them(version: str, status: Status, reason: str) -> None:
    verdict = _ask(version, _affected(*PHP, default="affected"))
    assert (verdict.status, verdict.reason) == (status, reason)
    assert verdict.detail.get("contradiction", "") == ("" if status is YES else "default_affected")
    plain = _ask(version, _affected(*PHP))
    assert verdict.confidence < plain.confidence or status is YES


@pytest.mark.parametrize(
    ("version", "status", "reason"),
    [
        ("8.1.30", NO, "fixed_at"),
        ("8.2.5", OPEN, "between_ranges"),
        ("8.4.0", NO, "fixed_at"),
        ("7.4.0", OPEN, "below_range"),
    ],
)
def test_past_an_end_only_its_branch_is_corrected(version: str, status: Status, reason: str) -> None:
    verdict = _ask(version, _affected(_entry("8.1.0", "8.1.29"), _entry("8.3.0", "8.3.8")))
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_default_beside_an_open_range_or_an_exception_is_no_contradiction() -> None:
    for entries in [(_entry("1.0", "*"),), (_entry("1.0", "2.0"), VersionEntry("3.0", "unaffected"))]:
        assert _ask("2.5", _affected(*entries, default="affected")).status is YES


def test_a_vulnerability_added_again_replaces_what_was_said() -> None:
    matcher = Matcher(Aliases())
    component = Component("a", "Acme", "Portal", "1.1")
    matcher.add("CVE-2024-1", [_affected(_entry("1.0", "2.0"))])
    assert [one.status for one in matcher.match([component])] == [YES]
    matcher.add("CVE-2024-1", [_affected(_entry("1.0", "1.1"))])
    assert [one.status for one in matcher.match([component])] == [NO]
    matcher.add("CVE-2024-1", [])
    assert list(matcher.match([component])) == []


_VERSION = st.lists(st.integers(0, 4), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
_BOUND = st.one_of(_VERSION, _VERSION.map(lambda text: f"{text}.*"), st.sampled_from(["*", "publication"]))
_STATUS = st.sampled_from(["affected", "unaffected", "unknown"])
_ENTRY = st.builds(
    VersionEntry,
    st.one_of(_VERSION, st.sampled_from(["unspecified", "someday"])), _STATUS, st.just("custom"), _BOUND,
    changes=st.lists(st.builds(VersionChange, _VERSION, _STATUS), max_size=2).map(tuple),
)  # fmt: skip
_SINGLE = st.builds(VersionEntry, st.one_of(_VERSION, st.just("*")), _STATUS)


@settings(max_examples=500)
@given(st.lists(st.one_of(_ENTRY, _SINGLE), max_size=4), _STATUS, _VERSION)
def test_any_statement_means_what_the_schema_says(
    entries: list[VersionEntry], default: str, version: str
) -> None:
    statement = _affected(*entries, default=default)
    verdict, possible = _ask(version, statement), reference.outcomes(statement, version)
    if verdict.reason == "contradictory_range" or any(map(reference.is_contradictory, entries)):
        return
    meant = {"affected": YES, "unaffected": NO, "unknown": OPEN}
    if possible <= {"unknown", "unaffected"} and "unknown" in possible:
        # No default is stated: past the end of a range the version counts as corrected.
        assert verdict.status is OPEN or verdict.reason in {"fixed_at", "above_range"}
    elif len(possible) == 1:
        assert verdict.status is meant[possible.pop()]
    else:
        assert verdict.status is OPEN


@settings(max_examples=300)
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=40))
@example(low="", high="*", one="", version="")
@example(low="1", high="*", one="", version="")
def test_no_text_makes_an_error_and_no_unread_version_is_cleared(
    low: str, high: str, one: str, version: str
) -> None:
    statement = _affected(_entry(low, high), _entry(one), default="unaffected")
    verdict = _ask(version, statement)
    assert 0 < verdict.confidence <= 1
    if not version.strip():
        # A statement about every version answers for one that nobody told, and for nothing less.
        assert verdict.status is OPEN or (verdict.status is YES and verdict.reason == "all_versions")
    assert isinstance(read_range_text(one), tuple)


def test_hostile_texts_are_answered_at_once() -> None:
    for text in (
        "1" * 100_000,
        "1." * 50_000,
        "v " * 50_000,
        "a" * 100_000 + " 1",
        "<" * 100_000,
        "1, " * 50_000,
    ):
        statement = _affected(_entry(text), _entry("1", text))
        assert _ask("1.5", statement).status is OPEN
        assert match(Component("c", text, text, text, text, text), "CVE-1", [statement], Aliases()) is None
