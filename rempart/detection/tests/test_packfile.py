"""Any alteration of a pack is refused, and what goes in comes out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.detection.packfile import (
    BadPack,
    Contents,
    PackedFilter,
    PackedRule,
    opened,
    private_key,
    public_key,
    sealed,
)

pytestmark = pytest.mark.any_database

KEY = private_key("k" * 40)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
RULES = st.lists(st.builds(PackedRule, TEXT, st.integers(1, 10**9), TEXT), max_size=5).map(tuple)
UNTIL = st.sampled_from(["", "2026-01-01T00:00:00+00:00"])
FILTERS = st.lists(st.builds(PackedFilter, TEXT, TEXT, UNTIL), max_size=3).map(tuple)
CONTENTS = st.builds(
    Contents, st.integers(1, 10**9), st.just("2026-01-01T00:00:00+00:00"), TEXT, RULES, FILTERS
)


@given(CONTENTS)
@settings(max_examples=50, deadline=None)
def test_what_goes_in_comes_out(contents: Contents) -> None:
    raw, digest = sealed(contents, KEY)
    found = opened(raw, [public_key(KEY)])
    assert (found.contents, found.digest, found.key) == (contents, digest, public_key(KEY))


@given(CONTENTS, st.data())
@settings(max_examples=150, deadline=None)
def test_any_alteration_is_refused(contents: Contents, data: st.DataObject) -> None:
    raw = bytearray(sealed(contents, KEY)[0])
    place = data.draw(st.integers(0, len(raw) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "add"]))
    if kind == "flip":
        raw[place] ^= data.draw(st.integers(1, 255))
    elif kind == "cut":
        del raw[place:]
    else:
        raw[place:place] = data.draw(st.binary(min_size=1, max_size=9))
    try:
        found = opened(bytes(raw), [public_key(KEY)])
    except BadPack:
        return
    # Only what says nothing may differ: the case of hexadecimal, or spaces, in the line that is not signed.
    assert found.contents == contents


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_anything_else_is_refused_and_nothing_breaks(raw: bytes) -> None:
    for content in (raw, b"rempart-rules 1\n" + raw):
        try:
            opened(content, [public_key(KEY)])
        except BadPack:
            continue
        raise AssertionError(content)
