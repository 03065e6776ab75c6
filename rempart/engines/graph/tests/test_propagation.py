from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.graph import MemoryGraph, Reached, path, propagate, update

ids = st.integers(0, 12)
graphs = st.tuples(
    st.dictionaries(ids, st.integers(0, 4), max_size=10), st.lists(st.tuples(ids, ids), max_size=30)
)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("state"), ids, st.integers(0, 4)),
        st.tuples(st.just("connect"), ids, ids),
        st.tuples(st.just("disconnect"), ids, ids),
        st.tuples(st.just("remove"), ids, st.just(0)),
    ),
    max_size=8,
)


def by_relaxation(nodes: dict[int, int], edges: list[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    """The definition, by fixed point: best of own and of each dependent's label one step further."""
    labels: dict[int, tuple[int, ...]] = {n: (-own, 0, n, n) for n, own in nodes.items() if own}
    moved = True
    while moved:
        moved = False
        for a, b in edges:
            if a in labels:
                candidate = (labels[a][0], labels[a][1] + 1, labels[a][2], a)
                if b not in labels or candidate < labels[b]:
                    labels[b] = candidate
                    moved = True
    return labels


def test_the_highest_service_wins_over_the_nearest() -> None:
    reached = propagate({1: 4, 2: 2, 3: 0, 4: 0}, [(1, 3), (3, 4), (2, 4)])
    assert reached[4] == Reached(criticality=4, source=1, via=3, distance=2)
    assert path(reached, 4) == [1, 3, 4]


def test_a_cycle_ends_and_an_isolated_node_is_absent() -> None:
    reached = propagate({1: 3, 9: 0}, [(1, 2), (2, 3), (3, 1), (3, 2)])
    assert {n: r.criticality for n, r in reached.items()} == {1: 3, 2: 3, 3: 3}
    assert path(reached, 9) == []


def test_a_stated_lower_criticality_is_raised_and_passed_on() -> None:
    reached = propagate({1: 4, 2: 2}, [(1, 2), (2, 3)])
    assert path(reached, 3) == [1, 2, 3]
    assert reached[2].criticality == 4


def test_equal_paths_prefer_the_lowest_ids_whatever_the_order() -> None:
    edges = [(8, 5), (7, 5), (2, 8), (2, 7)]
    expected = propagate({2: 1}, edges)
    assert expected[5].via == 7
    assert propagate({2: 1}, edges[::-1]) == expected


@pytest.mark.parametrize("own", [-1, 5])
def test_a_criticality_outside_the_scale_is_refused(own: int) -> None:
    with pytest.raises(ValueError, match=r"expected 0\.\.4"):
        propagate({1: own}, [])


def test_a_broken_chain_is_reported() -> None:
    with pytest.raises(ValueError, match="broken"):
        path({1: Reached(2, 3, 2, 2)}, 1)


@given(graphs)
def test_propagation_meets_its_definition(graph: Any) -> None:
    nodes, edges = graph
    expected = {n: Reached(-k[0], k[2], k[3], k[1]) for n, k in by_relaxation(nodes, edges).items()}
    reached = propagate(nodes, edges)
    assert reached == expected
    for node, label in reached.items():
        steps = path(reached, node)
        assert steps[0] == label.source
        assert len(steps) == label.distance + 1
        assert all(pair in edges for pair in pairwise(steps))


@given(graphs, changes)
def test_an_update_equals_a_full_recompute(graph: Any, edits: Any) -> None:
    memory = MemoryGraph(*graph)
    reached = propagate(*graph)
    before = dict(reached)
    for verb, a, b in edits:
        if verb == "remove":
            memory.remove(a)
        else:
            getattr(memory, verb)(a, b)
    moved = update(reached, memory, memory.take_touched())
    assert reached == propagate(memory.nodes(), memory.edges())
    assert moved == {n for n in before.keys() | reached.keys() if before.get(n) != reached.get(n)}


def test_an_update_looks_only_at_what_is_affected() -> None:
    chain = [(i, i + 1) for i in range(1, 2000)]
    memory = MemoryGraph({1: 2}, chain)
    reached = propagate(memory.nodes(), memory.edges())
    asked: set[int] = set()

    class Watched:
        own = memory.own
        dependencies = memory.dependencies

        def dependents(self, node: int) -> Iterable[int]:
            asked.add(node)
            return memory.dependents(node)

    memory.state(1990, 3)
    moved = update(reached, Watched(), memory.take_touched())
    assert moved == set(range(1990, 2001))
    assert asked == {1990}


@given(graphs)
def test_ids_far_apart_change_nothing(graph: Any) -> None:
    nodes, edges = graph

    def far(node: int) -> int:
        return node * 10**15 - 10**16

    expected = {
        far(n): Reached(r.criticality, far(r.source), far(r.via), r.distance)
        for n, r in propagate(nodes, edges).items()
    }
    assert propagate({far(n): c for n, c in nodes.items()}, [(far(a), far(b)) for a, b in edges]) == expected
