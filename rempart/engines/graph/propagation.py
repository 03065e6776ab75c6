"""Criticality of every asset: the maximum over the paths that reach it from whatever states a criticality.

An edge `(a, b)` reads "a depends on b"; criticality flows from `a` to `b`. Cycles are allowed. The walk is a
breadth-first search per level, from the highest level down, so each node and each edge is looked at once.
"""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import NamedTuple

MAX_CRITICALITY = 4
"""Criticality runs from 1 (low) to 4 (very high); 0 means that none is stated."""


class Reached(NamedTuple):
    """What a node inherits, and from where.

    `criticality` is 1..4; `source` is the node that lends it; `via` is the neighbour it came through (the
    node itself when it states its own); `distance` counts the edges from `source`.
    """

    criticality: int
    source: int
    via: int
    distance: int


def propagate(nodes: Mapping[int, int], edges: Iterable[tuple[int, int]]) -> dict[int, Reached]:
    """Return the criticality that each node inherits or states; nodes that nothing reaches are absent.

    `nodes` maps an id to its own criticality (0..4, 0 = none stated). An id seen only in `edges` states none.
    Among equal criticalities the shortest path wins, then the lowest source id, then the lowest via id: the
    answer depends neither on the order of `nodes` nor on that of `edges`.

    Raises `ValueError` for a criticality outside 0..4.
    """
    for node, own in nodes.items():
        check_criticality(node, own)
    pairs = list(edges)
    ids = _ordered_ids(nodes, pairs)
    starts, targets = _adjacency(ids, pairs)
    count = len(ids)
    level = bytearray(count)
    source = [0] * count
    via = [0] * count
    distance = [0] * count
    stated = [nodes.get(node, 0) for node in ids]
    for criticality in range(MAX_CRITICALITY, 0, -1):
        frontier = [i for i in range(count) if stated[i] == criticality and not level[i]]
        for i in frontier:
            level[i] = criticality
            source[i] = via[i] = i
        depth = 0
        while frontier:
            depth += 1
            # First come is served, in order of (source, id): that is the tie-break. One integer per node
            # holds the pair, as sorting integers is several times faster than sorting tuples.
            order = sorted(source[i] * count + i for i in frontier)
            frontier = []
            for code in order:
                origin, i = divmod(code, count)
                for j in targets[starts[i] : starts[i + 1]]:
                    if not level[j]:
                        level[j] = criticality
                        source[j] = origin
                        via[j] = i
                        distance[j] = depth
                        frontier.append(j)
    return {
        ids[i]: Reached(level[i], ids[source[i]], ids[via[i]], distance[i]) for i in range(count) if level[i]
    }


def path(reached: Mapping[int, Reached], node: int) -> list[int]:
    """Return the ids from the lending service to `node`, both included; empty when nothing reaches `node`.

    Raises `ValueError` when `reached` is inconsistent (a `via` chain that does not lead to its source).
    """
    if node not in reached:
        return []
    steps = [node]
    while reached[node].via != node:
        node = reached[node].via
        steps.append(node)
        if node not in reached or len(steps) > len(reached):
            raise ValueError(f"the path to {steps[0]} is broken at {node}")
    steps.reverse()
    return steps


def check_criticality(node: int, own: int) -> None:
    """Raise `ValueError` unless `own` is a criticality from 0 to 4."""
    if not 0 <= own <= MAX_CRITICALITY:
        raise ValueError(f"criticality of {node} is {own}: expected 0..{MAX_CRITICALITY}")


def _ordered_ids(nodes: Mapping[int, int], pairs: list[tuple[int, int]]) -> list[int]:
    seen = set(nodes)
    for a, b in pairs:
        seen.add(a)
        seen.add(b)
    return sorted(seen)


def _adjacency(ids: list[int], pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return the compressed rows of the graph: targets of `i` are `targets[starts[i]:starts[i + 1]]`."""
    rank = {node: i for i, node in enumerate(ids)}
    degree = [0] * (len(ids) + 1)
    for a, _ in pairs:
        degree[rank[a] + 1] += 1
    starts = list(accumulate(degree))
    cursor = starts.copy()
    targets = [0] * len(pairs)
    for a, b in pairs:
        i = rank[a]
        targets[cursor[i]] = rank[b]
        cursor[i] += 1
    return starts, targets
