"""Each order beside ``univers``, ``packaging`` and ``dpkg``, on real texts: all agree, or a page tells why.

``docs/version-orders.md`` tells each exception with the words of the specification.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version
from univers import versions as univers

from rempart.engines.versions import SCHEMES, compare, key, prefix_bounds
from rempart.engines.versions.tests.corpus import cve, go, pairs, pypi, sample


def everything() -> set[str]:
    """Every version text of every source, whatever scheme it was written for."""
    return {text for _, text in cve() if 0 < len(text) < 60} | set(pypi()) | set(go())


def _anything(_left: str, _right: str) -> bool:
    return True


def _no_leading_v(left: str, right: str) -> bool:
    """The library drops a leading "v" or "=" before any scheme sees it; the tools do not."""
    return not {left[0], right[0]} & set("vV=")


def _plain_numbers(left: str, right: str) -> bool:
    """The library reads but three numbers, and counts of pre-releases as text."""
    return all(re.fullmatch(r"[0-9]+(?:\.[0-9]+){2}", text) for text in (left, right))


def _no_repeated_zero(left: str, right: str) -> bool:
    """apk-tools 2, which the library follows, puts "1.00" before "1.0"; apk-tools 3 after it."""
    return not any(re.search(r"\.00+(?![0-9])|^0[0-9]", text) for text in (left, right))


def _both_released(left: str, right: str) -> bool:
    """vercmp leaves releases out where one lacks: equality would then not be transitive. It also counts
    separators, which only texts that are no package's version repeat or mix."""
    shape = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:[a-z]+[0-9]*)?(?:-[0-9]+)?")
    return all(shape.fullmatch(text) for text in (left, right)) and ("-" in left) == ("-" in right)


def _numbers_and_letters(left: str, right: str) -> bool:
    """No text that Maven never makes (hashes, pseudo-versions), nor "release", which the library holds for a
    qualifier like any other, and the specification for nothing, as "final" and "ga"."""
    shape = re.compile(r"[0-9]+(?:\.[0-9]+)*(?:-(?!release)[A-Za-z]+[0-9]*)?", re.IGNORECASE)
    return all(shape.fullmatch(text) for text in (left, right))


ORDERS: list[tuple[str, Any, Callable[[str, str], bool]]] = [
    ("gem", univers.RubygemsVersion, _anything),
    ("nuget", univers.NugetVersion, _anything),
    ("npm", univers.SemverVersion, _anything),
    ("rpm", univers.RpmVersion, _no_leading_v),
    ("deb", univers.DebianVersion, _anything),
    ("apk", univers.AlpineLinuxVersion, _no_repeated_zero),
    ("alpm", univers.ArchLinuxVersion, _both_released),
    ("composer", univers.ComposerVersion, _plain_numbers),
    ("maven", univers.MavenVersion, _numbers_and_letters),
]


def disagreements(
    scheme: str, library: Any, asked: Callable[[str, str], bool], count: int
) -> tuple[int, list[str]]:
    """How many pairs were compared, and those that the library orders otherwise."""
    texts = [text for text in sorted(everything()) if key(scheme, text) is not None]
    theirs: dict[str, Any] = {}
    for text in sample(set(texts), count):
        try:
            theirs[text] = library(text)
        except univers.InvalidVersion:
            continue
    compared, wrong = 0, []
    for left, right in pairs(sorted(theirs), count):
        if not asked(left, right):
            continue
        compared += 1
        expected = (theirs[left] > theirs[right]) - (theirs[left] < theirs[right])
        if compare(scheme, left, right) != expected:
            wrong.append(f"{left} {right}: {compare(scheme, left, right)}, not {expected}")
    return compared, wrong


@pytest.mark.parametrize(("scheme", "library", "asked"), ORDERS, ids=[scheme for scheme, _, _ in ORDERS])
def test_orders_agree_on_a_part_of_the_texts(
    scheme: str, library: Any, asked: Callable[[str, str], bool]
) -> None:
    compared, wrong = disagreements(scheme, library, asked, 1_500)
    assert compared > 100
    assert wrong == []


@pytest.mark.full
@pytest.mark.parametrize(("scheme", "library", "asked"), ORDERS, ids=[scheme for scheme, _, _ in ORDERS])
def test_orders_agree_on_every_text(scheme: str, library: Any, asked: Callable[[str, str], bool]) -> None:
    compared, wrong = disagreements(scheme, library, asked, 100_000)
    assert compared > 1_000
    assert wrong == []


@pytest.mark.full
def test_python_versions_agree_with_packaging_on_every_text() -> None:
    theirs: dict[str, Version] = {}
    for text in everything():
        try:
            theirs[text] = Version(text)
        except InvalidVersion:
            assert key("pypi", text) is None, text
    assert len(theirs) > 20_000
    for left, right in pairs(sorted(theirs), 100_000):
        expected = (theirs[left] > theirs[right]) - (theirs[left] < theirs[right])
        assert compare("pypi", left, right) == expected, (left, right)


@pytest.mark.full
def test_debian_versions_agree_with_dpkg_on_many_texts() -> None:
    dpkg = shutil.which("dpkg")
    if dpkg is None:
        pytest.skip("dpkg is not installed on this machine")
    texts = [text for text in everything() if key("deb", text) is not None]
    for left, right in pairs(sample(set(texts), 2_000), 2_000):
        operator = {-1: "lt", 0: "eq", 1: "gt"}[compare("deb", left, right) or 0]
        done = subprocess.run([dpkg, "--compare-versions", left, operator, right], check=False)
        assert done.returncode == 0, (left, operator, right)


@pytest.mark.parametrize(
    ("scheme", "ordered"),
    [
        ("apk", ["1.0_alpha1", "1.0_rc2", "1.0", "1.0-r1", "1.0_p1", "1.0a", "1.01", "1.1", "1.10"]),
        ("gem", ["1.0.a", "1.0.rc1", "1.0", "1.0.1", "1.10"]),
        ("nuget", ["1.0.0-Alpha", "1.0.0-beta.2", "1.0.0-beta.11", "1", "1.0.0.1", "1.1"]),
        ("composer", ["1.0-dev", "1.0-alpha", "1.0b2", "1.0b12", "1.0RC1", "v1.0", "1.0-p1", "1.0.0.1"]),
        ("alpm", ["1.0alpha", "1.0rc1", "1.0", "1.0.1", "1.1", "1:0.1"]),
        ("alpm", ["1.0-1", "1.0-2", "1.0.1-1"]),
        (
            "npm",
            [
                "v0.0.0-20180125103619-43913f2f4fbd",
                "v0.0.1-0.20180101000000-aaaaaaaaaaaa",
                "v0.0.1",
                "v1.0.0",
            ],
        ),
    ],
)
def test_versions_stand_in_the_order_of_their_specification(scheme: str, ordered: list[str]) -> None:
    for left, right in itertools.pairwise(ordered):
        assert compare(scheme, left, right) == -1, (left, right)


_TEXTS = st.text(alphabet="0123456789.-_+~^:abrcpvRC", min_size=1, max_size=16)


@given(st.sampled_from(sorted(SCHEMES)), _TEXTS, _TEXTS)
def test_a_branch_holds_its_versions_and_no_others(scheme: str, branch: str, version: str) -> None:
    bounds = prefix_bounds(scheme, branch)
    place = key(scheme, version)
    if bounds is None or place is None:
        return
    assert bounds[0] < bounds[1]
    inside = key(scheme, f"{branch}.7")
    if inside is not None and re.fullmatch(r"[0-9]+(?:\.[0-9]+)*", branch):
        assert bounds[0] <= inside < bounds[1]
