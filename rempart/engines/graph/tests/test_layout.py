from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.graph import layered

LAYERS = [["b1", "b2"], ["s1", "s2", "s3"], ["y1", "y2"], ["a1", "a2", "a3", "a4"]]


@st.composite
def drawings(draw: Any) -> Any:
    sizes = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    layers, start = [], 0
    for size in sizes:
        layers.append(list(range(start, start + size)))
        start += size
    node = st.integers(0, max(start, 1))
    return layers, draw(st.lists(st.tuples(node, node), max_size=25))


def test_crossed_edges_are_uncrossed() -> None:
    layout = layered([["x", "y"], ["p", "q"]], [("x", "q"), ("y", "p")])
    assert layout.crossings == 0
    assert layout.positions["q"].y < layout.positions["p"].y


def test_columns_follow_layers_and_the_drawing_is_as_large_as_needed() -> None:
    edges = [("b1", "s1"), ("b2", "s3"), ("s1", "y2"), ("s3", "y1"), ("y1", "a1"), ("y2", "a4"), ("b1", "a2")]
    layout = layered(LAYERS, edges, column_gap=100, row_gap=10)
    for index, layer in enumerate(LAYERS):
        assert {layout.positions[n].x for n in layer} == {100 * index + 50}
    assert layout.width == 400
    assert layout == layered(LAYERS, edges, column_gap=100, row_gap=10)


def test_a_lone_chain_is_drawn_straight() -> None:
    layout = layered([[1], [2], [3]], [(1, 2), (2, 3)])
    assert len({p.y for p in layout.positions.values()}) == 1


def test_a_repeated_node_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        layered([[1], [1]], [])


def test_nothing_to_draw() -> None:
    assert layered([], []).height == 0


@given(drawings())
def test_rows_never_overlap_and_order_is_never_worse(drawing: Any) -> None:
    layers, edges = drawing
    layout = layered(layers, edges, row_gap=10)
    assert set(layout.positions) == {n for layer in layers for n in layer}
    for layer in layers:
        ys = sorted(layout.positions[n].y for n in layer)
        assert all(b - a > 9.999 for a, b in pairwise(ys))
    assert all(4.999 <= p.y <= layout.height - 4.999 for p in layout.positions.values())
    assert layout.crossings <= layered(layers, edges, sweeps=0).crossings
