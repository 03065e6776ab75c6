"""Counts in the language of the source."""

import pytest
from django.utils import translation
from django.utils.translation import ngettext, npgettext

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("count", "french", "english"), [(0, "a", "b"), (1, "a", "a"), (1.5, "a", "b"), (2, "b", "b")]
)
def test_french_counts_nought_as_one(count: float, french: str, english: str) -> None:
    with translation.override("fr"):
        assert ngettext("a", "b", count) == french
        assert npgettext("unknown", "a", "b", count) == french
    with translation.override("en"):
        assert ngettext("a", "b", count) == english
