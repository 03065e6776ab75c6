"""Indicators are seen wherever they stand in an event, within their validity, and never when allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.engines.observables import Details, Indicator, Matcher, Table, classified, refanged, text_of

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _table(*values: str, **said: Any) -> Table:
    table = Table()
    for value in values:
        known = classified(value)
        assert known, value
        table.add(Indicator(*known, Details("feed", **said)))
    return table


def _seen(table: Table, data: dict[str, Any], allow: Table | None = None, at: datetime = NOW) -> list[Any]:
    matcher = Matcher(table, allow)
    seen = matcher.scan(data, lambda: at)
    if seen:
        assert matcher.suspects(["", text_of(data), "x"]) == [1]
        assert matcher.suspect_rows([*data], [("", value, "x\0é") for value in data.values()]) == [1]
        columns = [f"é\0{value}\0x" if isinstance(value, str) else (value,) * 3 for value in data.values()]
        assert 1 in matcher.suspect_rows([*data], columns)
    return seen


MD5 = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("indicator", "value"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.3.4", "ping -n 1 1.2.3.4"),
        ("1.2.3.4", "http://1.2.3.4:8080/x"),
        ("10.0.0.0/8", "from 10.200.1.1 to x"),
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        ("2001:db8::/32", "[2001:db8::beef]:443"),
        ("evil.com", "evil.com"),
        ("evil.com", "nslookup A.B.EVIL.COM."),
        ("evil.com", "https://www.evil.com/path"),
        ("evil.com", "bob@mail.evil.com"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("http://evil.com/a", "curl hxxp http://EVIL.com:80/a#part"),
        ("http://evil.com/a", "http://evil.com/a?session=1"),
        ("https://evil.com/a/", "(https://evil.com/a)."),
        (MD5, f"SHA1={'a' * 40},MD5={MD5.upper()},IMPHASH={'b' * 32}"),
        ("bob@evil.com", "From: <BOB@evil.com>"),
        ("evil[.]com", "evil.com"),
        ("hxxps://evil[.]com/x", "https://evil.com/x"),
        ("evil.com", "é evil.com é"),
    ],
)
def test_seen(indicator: str, value: str) -> None:
    sightings = _seen(_table(indicator), {"EventID": 1, "n": None, "field": value})
    assert [one.field for one in sightings] == ["field"]
    assert sightings[0].score == 70


@pytest.mark.parametrize(
    ("indicator", "value"),
    [
        ("1.2.3.4", "11.2.3.4"),
        ("1.2.3.4", "1.2.3.45"),
        ("1.2.3.4", "1.2.3.4.5"),
        ("10.0.0.0/8", "11.0.0.1"),
        ("evil.com", "notevil.com"),
        ("evil.com", "evil.com.example"),
        ("evil.com", "evil.comx"),
        ("http://evil.com/a", "http://evil.com/ab"),
        ("http://evil.com/a?x=1", "http://evil.com/a?x=2"),
        (MD5, MD5 + "0"),
        ("bob@evil.com", "notbob@evil.com"),
    ],
)
def test_not_seen(indicator: str, value: str) -> None:
    assert _seen(_table(indicator), {"field": value}) == []


def test_nested_values_lists_and_repeats() -> None:
    matcher = Matcher(_table("evil.com", "1.2.3.4"))
    event = {"a": {"b": ["x", {"c": "evil.com"}]}, "d": "evil.com", "n": 3, "_logsource": {"product": "x"}}
    for _ in range(3):  # remembered values give the same
        assert [(one.field, one.observed) for one in matcher.scan(event, lambda: NOW)] == [
            ("a.b.c", "evil.com")
        ]
        assert matcher.scan({"d": "clean.example", "e": 5}, lambda: NOW) == []


def test_the_most_precise_range_is_told() -> None:
    (sighting,) = _seen(_table("10.0.0.0/8", "10.1.0.0/16"), {"ip": "10.1.2.3"})
    assert sighting.indicator.value == "10.1.0.0/16"


def test_allowed_values_are_never_told() -> None:
    allow = _table("good.evil.com", "10.1.0.0/16")
    table = _table("evil.com", "10.0.0.0/8", "http://good.evil.com/x")
    assert (
        _seen(table, {"a": "www.good.evil.com", "b": "10.1.2.3", "c": "http://good.evil.com/x"}, allow) == []
    )
    assert len(_seen(table, {"a": "bad.evil.com", "b": "10.2.2.3"}, allow)) == 2


def test_validity_and_decay_are_judged_at_the_time_of_the_event() -> None:
    day = timedelta(days=1)
    bounded = _table("evil.com", valid_from=NOW - 10 * day, valid_until=NOW, confidence=80)
    assert [one.score for one in _seen(bounded, {"a": "evil.com"}, at=NOW - day)] == [80]
    assert _seen(bounded, {"a": "evil.com"}, at=NOW) == []
    assert _seen(bounded, {"a": "evil.com"}, at=NOW - 11 * day) == []
    aging = _table("1.2.3.4", seen=NOW, confidence=100)
    scores = [
        sum(one.score for one in _seen(aging, {"a": "1.2.3.4"}, at=NOW + n * day))
        for n in (0, 30, 60, 89, 91)
    ]
    assert scores == sorted(scores, reverse=True)
    assert (scores[0], scores[-1]) == (100, 0)
    assert [one.score for one in _seen(_table(MD5, seen=NOW - 4000 * day), {"a": MD5})] == [70]


@cache
def _matcher(values: tuple[str, ...]) -> Matcher:
    """Made once: its expressions take a tenth of a second to compile."""
    return Matcher(_table(*values))


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    _matcher(TABLE).scan({"a": text, "b": [text]}, lambda: NOW)
    _matcher(TABLE).suspects([text])
    refanged(text)
    known = classified(text)
    if known:
        assert classified(known[1]) == known


@settings(max_examples=50)
@given(st.ip_addresses(), st.sampled_from(["{}", "x {} y", "({}),", "a={}"]))
def test_an_address_is_seen_however_it_is_written(address: Any, around: str) -> None:
    table = _table(str(address))
    assert len(_seen(table, {"a": around.format(address)})) == 1
    if address.version == 6 and address.ipv4_mapped is None:
        assert len(_seen(table, {"a": around.format(address.exploded)})) == 1


PIECES = st.sampled_from(
    [
        "evil.com", "EVIL.COM.", "1.2.3.4", "10.9.8.7", "2001:DB8::1", "::", "2001:db8:0:0:0:0:0:2", MD5,
        MD5.upper(), "http://evil.com/a", "xhttp://evil.com:80/a?b", "://", "bob@evil.com", "a@1.2.3.4",
        "b\u00fccher.example", "é", "İ", ".com", ".exe", "\0", "\ud800", "@", ".", ":", "-", "+", "_", "/",
        " ", ",", "x", "5", "'", "?",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join)
TABLE = (
    "evil.com", "bücher.example", "1.2.3.4", "10.0.0.0/8", "2001:db8::/32", MD5, "http://evil.com/a",
    "bob@evil.com",
)  # fmt: skip


@given(
    st.lists(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS) | st.integers(), max_size=3), max_size=6),
    st.sampled_from([TABLE, TABLE[::2], TABLE[1::2], TABLE[:3], TABLE[2:5], TABLE[5:], TABLE[6:7], ()]),
)
def test_no_event_that_holds_an_indicator_is_passed(
    events: list[dict[str, Any]], values: tuple[str, ...]
) -> None:
    matcher = _matcher(values)
    holding = [place for place, event in enumerate(events) if matcher.scan(event, lambda: NOW)]
    assert set(holding) <= set(matcher.suspects([text_of(event) for event in events]))


def test_a_link_with_half_of_a_surrogate_pair_is_read_like_another() -> None:
    matcher = Matcher(_table(*TABLE))
    assert not matcher.scan({"url": "http://evil.org/a\ud800"}, lambda: NOW)
    assert matcher.scan({"url": "http://evil.org/\ud800 http://evil.com/a"}, lambda: NOW)


def test_events_that_hold_none_are_passed() -> None:
    matcher = Matcher(_table(*TABLE))
    texts = [
        "C:\\Windows\\more.com",
        "5.6.7.8 v1.2.3",
        "b" * 32,
        "https://example.org/evil.comx",
        "Get::Thing",
    ]
    assert matcher.suspects(texts) == []
    assert Matcher(Table()).suspects(texts) == []
    assert Matcher(_table("a.b" + "c" * 30)).suspects(["x.exe", f"a.b{'c' * 30}"]) == [1]
