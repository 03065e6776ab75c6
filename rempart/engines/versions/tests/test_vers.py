"""VERS ranges: read, refused, and holding the versions that the same range holds in ``univers``."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from univers.version_range import VersionRange
from univers.versions import SemverVersion

from rempart.engines.versions.vers import Interval, VersError, parse_vers


@pytest.mark.parametrize(
    ("text", "intervals", "excluded"),
    [
        (
            "vers:npm/1.2.3|>=2.0.0|<5.0.0",
            [Interval("1.2.3", "1.2.3"), Interval("2.0.0", "5.0.0", True, False)],
            (),
        ),
        ("vers:gem/>=2.2.0|!=2.2.1|<2.3.0", [Interval("2.2.0", "2.3.0", True, False)], ("2.2.1",)),
        ("vers:deb/*", [Interval()], ()),
        ("vers:semver/>1.0.0", [Interval("1.0.0", "", False)], ()),
        ("vers:generic/<=1%2B1", [Interval("", "1+1")], ()),
        ("vers:npm/<2.0.0|>=1.0.0", [Interval("1.0.0", "2.0.0", True, False)], ()),
        ("vers:npm/!=1.5.0", [Interval()], ("1.5.0",)),
    ],
)
def test_ranges_are_read(text: str, intervals: list[Interval], excluded: tuple[str, ...]) -> None:
    read = parse_vers(text)
    assert list(read.intervals()) == intervals
    assert read.excluded() == excluded


@pytest.mark.parametrize(
    "text",
    [
        "npm/1.0",
        "vers:npm/",
        "vers:npm/|>=1.0.0",
        "vers:npm/>=1.0.0||<2.0.0",
        "vers:npm/1.0%2G0",
        "vers:npm/>=1.0.0|<1.0.0",
        "vers:npm/*|1.0.0",
        "vers:invalid/1.0",
        "vers:npm/>",
    ],
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(VersError):
        parse_vers(text)


def test_bounds_that_do_not_alternate_are_refused() -> None:
    with pytest.raises(VersError):
        list(parse_vers("vers:npm/>=1.0.0|>=2.0.0").intervals())


versions = st.integers(0, 9).map(lambda number: f"{number}.0.0")


@given(
    st.lists(st.tuples(st.sampled_from(["<", "<=", ">", ">=", "!=", ""]), versions), min_size=1, max_size=5),
    versions,
)
def test_a_range_holds_what_univers_says(listed: list[tuple[str, str]], version: str) -> None:
    ordered = sorted(listed, key=lambda one: one[1])
    text = "vers:semver/" + "|".join(comparator + bound for comparator, bound in ordered)
    try:
        ours = parse_vers(text).contains(version)
    except VersError:
        return
    if all(comparator == "!=" for comparator, _ in ordered):
        return  # the library holds nothing where only exclusions are listed
    theirs = VersionRange.from_string(text.replace("vers:semver/", "vers:npm/"))
    assert ours == (SemverVersion(version) in theirs), text


@given(st.text(alphabet="vers:npm/<>=!*|.0123456789%aA \t", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(VersError):
        assert parse_vers(text).contains("1.0.0") in {True, False, None}
