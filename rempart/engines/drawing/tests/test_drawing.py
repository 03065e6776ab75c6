"""Every drawing is well-formed, escaped, inside its frame, and carries no inline style."""

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines import drawing
from rempart.engines.drawing.charts import heat_level
from rempart.engines.drawing.markup import cut, ticks
from rempart.engines.graph import layered

SVG = "{http://www.w3.org/2000/svg}"
# XML cannot carry these characters at all, escaped or not.
words = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=40
)
amounts = st.floats(0, 1e9, allow_nan=False)


def read(markup: str) -> ElementTree.Element:
    root = ElementTree.fromstring(markup)
    assert root.tag == f"{SVG}svg"
    assert not [each for each in root.iter() if "style" in each.attrib or each.tag == f"{SVG}script"]
    return root


def got(element: ElementTree.Element, name: str) -> str:
    value = element.get(name)
    assert value is not None
    return value


@given(st.lists(st.tuples(words, amounts), max_size=12), words)
def test_bars_escape_hostile_labels_and_stay_inside_their_frame(
    values: list[tuple[str, float]], title: str
) -> None:
    bars = [drawing.Bar(drawing.Label(label, "/x?a=1&b=2"), (value,)) for label, value in values]
    root = read(drawing.bar_chart(title, "d", bars, number=str, width=560))
    assert root.findtext(f"{SVG}title") == title
    for rect in root.iter(f"{SVG}rect"):
        assert float(got(rect, "x")) + float(got(rect, "width")) <= 560


@given(st.lists(st.one_of(st.none(), amounts), max_size=30))
def test_a_line_breaks_where_values_are_missing(values: list[float | None]) -> None:
    points = [(date(2026, 1, 1) + timedelta(days=i), value) for i, value in enumerate(values)]
    root = read(drawing.line_chart("t", "d", points, number=str, target=5))
    known = [value for value in values if value is not None]
    assert len(list(root.iter(f"{SVG}circle"))) == len(known)
    drawn = [pair for line in root.iter(f"{SVG}polyline") for pair in got(line, "points").split()]
    assert all(0 <= float(part) <= 560 for pair in drawn for part in pair.split(","))


def test_a_heat_map_links_its_squares_and_says_their_values() -> None:
    markup = drawing.heat_map(
        "Âge",
        "d",
        {1: drawing.Label("Santé")},
        {"a": drawing.Label("< 1 j"), "b": drawing.Label("1–3 j")},
        {(1, "a"): drawing.Cell(9, "/expositions/?age=1")},
        number=lambda value: f"{value:g}",
    )
    root = read(markup)
    assert [link.get("href") for link in root.iter(f"{SVG}a")] == ["/expositions/?age=1"]
    assert "Santé · < 1 j · 9" in [title.text for title in root.iter(f"{SVG}title")]
    assert [rect.get("class") for rect in root.iter(f"{SVG}rect")] == ["heat-9", "heat-0"]


@given(amounts, amounts)
def test_heat_rises_with_the_value(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0 <= heat_level(low, high) <= heat_level(high, high) <= 9


def test_what_is_declared_is_hatched_and_what_is_verified_is_solid() -> None:
    series = [drawing.Series("vérifié", "ok"), drawing.Series("déclaré", "warn", hatched=True)]
    root = read(drawing.share_bar("1 vérifié, 3 déclarés", [(series[0], 1), (series[1], 3)]))
    solid, hatched = root.iter(f"{SVG}rect")
    assert (solid.get("width"), solid.get("class")) == ("25.00%", "fill-ok")
    assert hatched.get("fill") == "url(#hatch-warn)"
    stacked = read(
        drawing.stacked_bars("t", "d", [drawing.Bar(drawing.Label("A"), (1, 3))], series, number=str)
    )
    assert [r.get("class") for r in stacked.iter(f"{SVG}rect")] == ["fill-ok", "hatched"] * 2


def test_a_network_draws_known_edges_only() -> None:
    layout = layered(
        [["service"], ["serveur-1", "serveur-2"]], [("service", "serveur-1"), ("service", "serveur-2")]
    )
    nodes = {
        "service": drawing.Box(drawing.Label("Permis <en ligne>", "/a"), "essentiel", "critical"),
        "serveur-1": drawing.Box(drawing.Label("serveur-1")),
        "ailleurs": drawing.Box(drawing.Label("ailleurs")),
    }
    edges = [("service", "serveur-1"), ("serveur-1", "serveur-2"), ("service", "ailleurs")]
    root = read(drawing.network("Dépendances", "d", nodes, edges, layout, headings=["Services", "Actifs"]))
    assert len(list(root.iter(f"{SVG}path"))) == 2
    assert len([r for r in root.iter(f"{SVG}rect") if "node" in got(r, "class").split()]) == 2


def test_a_standalone_drawing_carries_its_colours() -> None:
    root = ElementTree.fromstring(drawing.standalone(drawing.spark("t", [1, 3, 2])))
    assert ".fill-ok" in root.findtext(f"{SVG}defs/{SVG}style", "")
    assert [each.get("id") for each in root.iter(f"{SVG}pattern")] == ["hatch-warn"]


@given(st.floats(0.001, 1e12))
def test_ticks_are_round_and_reach_the_highest_value(highest: float) -> None:
    marks = ticks(highest)
    assert marks[-1] >= highest * 0.999
    assert 2 <= len(marks) <= 7


@pytest.mark.parametrize(("room", "expected"), [(1000, "Ministère"), (40, "Minis…"), (0, "M…")])
def test_long_labels_are_cut(room: float, expected: str) -> None:
    assert cut("Ministère", room) == expected
