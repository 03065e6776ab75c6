"""What each scheme promises: the examples of its specification, and an order without contradiction."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.engines.versions import SCHEMES, compare, key, prefix_bounds, scheme_for
from rempart.engines.versions.tests.corpus import cve, sample

# Rising orders: from the specifications where there is one, from vendors' release histories otherwise.
RISING = {
    "semver": "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0",
    "npm": "v1.2.3-0 1.2.3 v1.2.4 =1.10.0",
    "pypi": "1.0.dev1 1.0a1.dev1 1.0a1 1.0b2 1.0rc1 1.0 1.0+local 1.0.post1.dev1 1.0.post1 1.1 1!0.1",
    "maven": "1-alpha 1-beta 1-milestone 1-rc 1-snapshot 1 1-sp 1-foo 1-1 1.1",
    "deb": "1.0~~ 1.0~rc1 1.0 1.0-1 1.0-1ubuntu1 1.0-1+deb12u1 1.0a 1.0+dfsg 1:0.1",
    "rpm": "1.0~rc1 1.0 1.0-1.el8 1.0-1.el8_2 1.0-2 1.0^git1 1.0.a 1.0.1 1:0",
    "generic": "2.0-alpha1 2.0-beta9 2.0-rc1 2.0 2.0.1 2.3 2.3.1 2.4 2.12.2 2.14.1",
}
VENDORS = [
    "22.3 22.3R1 22.3R2 22.3R2-S2 22.3R2-S10 22.3R3 22.4",  # Junos
    "6u45 7u80 7u211 8u1 8u381",  # Java
    "1.0.2 1.0.2a 1.0.2k 1.0.2u 1.0.3",  # OpenSSL
    "15.2(4)E3 15.2(4)E10 15.2(5)",  # IOS
    "17.6.1 17.6.1a 17.6.1x 17.6.2",  # IOS XE
    "10.2.3 10.2.3-h4 10.2.3-h12 10.2.4",  # PAN-OS
    "13.0-91.12 13.1-48.47 13.1-49.13 14.1-8.50",  # NetScaler
    "10.0.17763.1 10.0.17763.4000 10.0.20348.1",  # Windows
    "V4.1 V4.1.1 V4.1.1_SP1 V4.1.2",
]
EQUAL = {
    "semver": [("1.0.0+a", "1.0.0+b")],
    "pypi": [("1.0", "1.0.0"), ("1.0-rc.1", "1.0rc1"), ("v1.0", "1.0")],
    "maven": [
        ("1", "1.0.0"),
        ("1-ga-1", "1-1"),
        ("1.0.FINAL", "1"),
        ("1-a1", "1-alpha-1"),
        ("1-cr2", "1-rc2"),
    ],
    "deb": [("1.0", "1.0-0"), ("0", "0-0"), ("0:1", "1"), ("1.01", "1.1")],
    "rpm": [("1.0", "0:1.0"), ("1.0", "1_0"), ("1.01", "1.1")],
    "generic": [
        ("1.2", "1.2.0"),
        ("v1.2", "1.2"),
        ("4.0.0.RELEASE", "4.0.0"),
        ("15.2\\(4\\)E3", "15.2(4)E3"),
    ],
}


@pytest.mark.parametrize(("scheme", "versions"), [*RISING.items(), *(("generic", text) for text in VENDORS)])
def test_versions_rise_as_their_specification_or_vendor_says(scheme: str, versions: str) -> None:
    for left, right in itertools.combinations(versions.split(), 2):
        assert compare(scheme, left, right) == -1, (left, right)
        assert compare(scheme, right, left) == 1, (left, right)


@pytest.mark.parametrize("scheme", sorted(EQUAL))
def test_different_spellings_of_one_version_are_equal(scheme: str) -> None:
    for left, right in EQUAL[scheme]:
        assert compare(scheme, left, right) == 0, (left, right)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "-",
        "n/a",
        "unspecified",
        "see references",
        "1.2 and earlier",
        "< 1.2",
        "1da177e4c3f4",
        "1.0b2",
        "1.2, 1.3",
        "all versions",
        "9" * 300,
        "1.٣",
        "publication",
        "1.x",
        "https://example.org/1.2",
    ],
)
def test_generic_refuses_what_it_would_have_to_guess(text: str) -> None:
    assert key("generic", text) is None


def test_semantic_versions_are_read_strictly() -> None:
    for text in ("1.2", "01.2.3", "1.2.3-01", "1.2.3-", "v1.2.3", "1.2.3.4"):
        assert key("semver", text) is None, text


def test_commits_have_no_order() -> None:
    assert compare("git", "1da177e4c3f4", "1da177e4c3f4") is None
    assert prefix_bounds("git", "1") is None


def test_an_unknown_scheme_is_an_error() -> None:
    with pytest.raises(KeyError):
        key("calver", "2024.1")


@pytest.mark.parametrize(
    ("version_type", "purl_type", "scheme"),
    [
        ("semver", "", "semver"),
        ("Python", "", "pypi"),
        ("maven", "npm", "maven"),
        ("custom", "maven", "maven"),
        ("", "golang", "npm"),
        ("rpm, exe", "", "generic"),
        ("git", "pypi", "git"),
        ("custom", "", "generic"),
    ],
)
def test_the_sources_own_word_chooses_the_scheme_before_the_package(
    version_type: str, purl_type: str, scheme: str
) -> None:
    assert scheme_for(version_type, purl_type) == scheme


@given(st.sampled_from(sorted(SCHEMES)), st.text(max_size=300))
def test_any_text_is_read_or_refused_without_an_error(scheme: str, text: str) -> None:
    assert isinstance(key(scheme, text), bytes | None)
    bounds = prefix_bounds(scheme, text)
    assert bounds is None or bounds[0] < bounds[1]


_NUMBERS = st.lists(st.integers(0, 10**12), min_size=3, max_size=3)


@given(_NUMBERS, _NUMBERS, st.sampled_from(sorted(SCHEMES - {"git"})))
def test_plain_numbers_are_ordered_as_numbers_in_every_scheme(
    left: list[int], right: list[int], scheme: str
) -> None:
    texts = [".".join(map(str, numbers)) for numbers in (left, right)]
    assert compare(scheme, *texts) == (left > right) - (left < right)


_WORDS = st.sampled_from(
    ["alpha", "beta", "rc", "sp", "ga", "final", "snapshot", "dev", "p", "r", "x", "", "0"]
)
_ODD = st.lists(st.one_of(_WORDS, st.integers(0, 30).map(str)), min_size=1, max_size=5)


@st.composite
def _odd_version(draw: st.DrawFn) -> str:
    parts = draw(_ODD)
    return "1" + "".join(draw(st.sampled_from([".", "-", ""])) + part for part in parts)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SCHEMES - {"git"})), _odd_version(), _odd_version(), _odd_version())
def test_the_order_is_total(scheme: str, one: str, two: str, three: str) -> None:
    readable = [text for text in (one, two, three) if key(scheme, text) is not None]
    for text in readable:
        assert compare(scheme, text, text) == 0
    for left, right in itertools.permutations(readable, 2):
        forward, backward = compare(scheme, left, right), compare(scheme, right, left)
        assert forward is not None
        assert backward == -forward
    if len(readable) == 3:
        low, middle, high = sorted(readable, key=lambda text: key(scheme, text) or b"")
        assert compare(scheme, low, high) in {-1, 0}
        assert compare(scheme, low, middle) != 1
        assert compare(scheme, middle, high) != 1


@given(st.sampled_from(sorted(SCHEMES - {"git"})), st.lists(st.integers(0, 99), min_size=1, max_size=2),
       st.lists(st.integers(0, 99), min_size=3, max_size=3))  # fmt: skip
def test_a_branch_holds_its_versions_and_no_other(scheme: str, branch: list[int], version: list[int]) -> None:
    bounds = prefix_bounds(scheme, ".".join(map(str, branch)))
    found = key(scheme, ".".join(map(str, version)))
    assert bounds is not None
    assert found is not None
    assert (bounds[0] <= found < bounds[1]) == (version[: len(branch)] == branch)


def test_real_vendor_versions_keep_their_key_when_spelled_otherwise() -> None:
    texts = [text for text in sample({text for _, text in cve()}, 5000) if key("generic", text) is not None]
    assert len(texts) > 1500
    for text in texts:
        assert key("generic", text.upper()) == key("generic", text.lower()) == key("generic", f" {text} "), (
            text
        )
