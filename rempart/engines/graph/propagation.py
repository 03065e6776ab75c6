"""Criticality of every asset: the maximum over the paths that reach it from whatever states a criticality.

An edge `(a, b)` reads "a depends on b"; criticality flows from `a` to `b`. Cycles are allowed. The walk is a
breadth-first search per level, from the highest level down, so each node and each edge is looked at once.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, compress
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

    Raises `ValueError` for a criticality outside 0..4, `OverflowError` for an id beyond 64 bits.
    """
    for node, own in nodes.items():
        check_criticality(node, own)
    ids, flat = _number(nodes, array("q", chain.from_iterable(edges)))
    count = len(ids)
    first, following, targets = _adjacency(count, flat)
    rank = ids.index if isinstance(ids, range) else dict(zip(ids, range(count), strict=True)).__getitem__
    sources: list[list[int]] = [[] for _ in range(MAX_CRITICALITY + 1)]
    for node, own in nodes.items():
        if own:
            sources[own].append(rank(node))
    level = bytearray(count)
    source, via, distance = (array("q", bytes(8 * count)) for _ in range(3))
    for criticality in range(MAX_CRITICALITY, 0, -1):
        frontier = [i for i in sources[criticality] if not level[i]]
        for i in frontier:
            level[i] = criticality
            source[i] = via[i] = i
        depth = 0
        while frontier:
            depth += 1
            # First come is served, in order of (source, id): that is the tie-break. One integer per node
            # holds the pair, as sorting integers is several times faster than sorting tuples.
            order = sorted([source[i] * count + i for i in frontier])
            frontier = []
            for code in order:
                origin, i = divmod(code, count)
                edge = first[i]
                while edge >= 0:
                    j = targets[edge]
                    edge = following[edge]
                    if not level[j]:
                        level[j] = criticality
                        source[j] = origin
                        via[j] = i
                        distance[j] = depth
                        frontier.append(j)
    name = ids.__getitem__
    labels = map(
        Reached,
        compress(level, level),
        map(name, compress(source, level)),
        map(name, compress(via, level)),
        compress(distance, level),
    )
    return dict(zip(compress(ids, level), labels, strict=True))


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


def _number(nodes: Mapping[int, int], flat: "array[int]") -> tuple[Sequence[int], "array[int]"]:
    """Return all the ids in ascending order, and `flat` with each id replaced by its rank in them.

    Ids that are nearly consecutive, as a database hands them out, are ranked by subtraction: looking each of
    millions of them up in a dictionary would cost more than the propagation itself.
    """
    ends = [end for values in (nodes, flat) if values for end in (min(values), max(values))]
    if not ends:
        return (), flat
    low, high = min(ends), max(ends)
    if high - low < 4 * (len(nodes) + len(flat)):
        return range(low, high + 1), array("q", [node - low for node in flat]) if low else flat
    ids = sorted({*nodes, *flat})
    rank = dict(zip(ids, range(len(ids)), strict=True))
    return ids, array("q", map(rank.__getitem__, flat))


def _adjacency(count: int, flat: "array[int]") -> tuple["array[int]", "array[int]", "array[int]"]:
    """Return the outgoing edges as chains: `first[i]`, then `following[edge]`, until -1; and edges'
    targets.
    """
    first = array("q", [-1]) * count
    following = array("q", bytes(4 * len(flat)))
    for edge, i in enumerate(flat[::2]):
        following[edge] = first[i]
        first[i] = edge
    return first, following, flat[1::2]
