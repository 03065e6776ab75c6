"""Numbers and moments, as each language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from rempart.web import formats

pytestmark = pytest.mark.any_database

AT = datetime(2026, 1, 31, 19, 5, tzinfo=UTC)


def spaced(text: str) -> str:
    """The same text with ordinary spaces, so that a test can be read."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("language", "expected"),
    [("fr", ["1 204", "0,5", "91 %", "91,4 %", "–"]), ("en", ["1,204", "0.5", "91%", "91.4%", "–"])],
)
def test_numbers(language: str, expected: list[str]) -> None:
    with override(language):
        written = [
            formats.number(1204), formats.number(0.5), formats.percent(0.914), formats.percent(0.914, 1),
            formats.number(None),
        ]  # fmt: skip
    assert [spaced(each) for each in written] == expected


def test_french_numbers_hold_together() -> None:
    """A line never breaks inside a number: its spaces are narrow and unbreakable."""
    with override("fr"):
        assert formats.number(1_204_000) == "1\u202f204\u202f000"
        assert formats.percent(0.5) == "50\u202f%"


@pytest.mark.parametrize(
    ("language", "expected"), [("fr", "2026-01-31, 14 h 05 (HNE)"), ("en", "2026-01-31, 14:05 (EST)")]
)
def test_a_moment_says_its_zone(language: str, expected: str) -> None:
    with override(language):
        assert spaced(formats.exact(AT)) == expected


@pytest.mark.parametrize(
    ("length", "french", "english"),
    [
        (timedelta(seconds=2), "à l’instant", "just now"),
        (timedelta(seconds=-40), "il y a 40 s", "40 s ago"),
        (timedelta(minutes=-12), "il y a 12 min", "12 min ago"),
        (timedelta(hours=2, minutes=10), "dans 2 h 10", "in 2 h 10 min"),
        (timedelta(hours=9), "dans 9 h", "in 9 h"),
        (timedelta(days=-3), "il y a 3 jours", "3 days ago"),
        (timedelta(days=100), "dans 3 mois", "in 3 months"),
        (timedelta(days=-800), "il y a 2 ans", "2 years ago"),
    ],
)
def test_relative_time(length: timedelta, french: str, english: str) -> None:
    for language, expected in (("fr", french), ("en", english)):
        with override(language):
            assert spaced(formats.relative(AT + length, AT)) == expected


def test_a_deadline_counts_down_then_says_how_late() -> None:
    with override("fr"):
        assert spaced(formats.remaining(AT + timedelta(days=3), AT)) == "3 j"
        assert spaced(formats.remaining(AT - timedelta(hours=3), AT)) == "en retard de 3 h"


def test_a_day_is_the_governments() -> None:
    """Eight in the evening in Toronto is already the next day in UTC."""
    assert formats.day(datetime(2026, 2, 1, 1, 0, tzinfo=UTC)) == "2026-01-31"
    assert formats.day(date(2026, 2, 1)) == "2026-02-01"


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)))
def test_every_length_has_a_short_name(length: timedelta) -> None:
    for language in ("fr", "en"):
        with override(language):
            assert 3 <= len(formats.span(length)) <= 13
