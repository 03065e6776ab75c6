"""Statements survive their storage, and always read as words."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.exposure.model import Affected, VersionChange, VersionEntry
from rempart.intelligence.statements import pack, unpack
from rempart.intelligence.wording import ranges_in_words

pytestmark = pytest.mark.any_database

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_statuses = st.sampled_from(["affected", "unaffected", "unknown"])
_entries = st.builds(
    VersionEntry,
    version=_texts,
    status=_statuses,
    version_type=_texts,
    less_than=_texts,
    less_than_or_equal=_texts,
    changes=st.lists(st.builds(VersionChange, _texts, _statuses), max_size=3).map(tuple),
)
_statements = st.builds(
    Affected,
    source=_texts,
    vendor=_texts,
    product=_texts,
    default_status=_statuses,
    cpes=st.lists(_texts, max_size=2).map(tuple),
    platforms=st.lists(_texts, max_size=2).map(tuple),
    versions=st.lists(_entries, max_size=4).map(tuple),
)


@given(_statements)
def test_a_statement_comes_back_as_it_was_stored(statement):
    assert unpack(orjson.loads(orjson.dumps(pack(statement)))) == statement


@given(_statements)
def test_every_statement_reads_as_words(statement):
    assert isinstance(ranges_in_words(statement), str)
