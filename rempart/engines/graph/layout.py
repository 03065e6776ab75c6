"""Layered drawing of a dependency graph: one column per layer, few crossings, straight-ish lines.

After Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981):
order each column by the barycentre of its neighbours, sweeping back and forth, and keep the best order seen.
"""

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

N = TypeVar("N", bound=Hashable)


class Point(NamedTuple):
    """A centre, in drawing units from the top left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Layout(Generic[N]):
    """Where each node's centre lies, the size of the drawing, and how many pairs of edges still cross."""

    positions: Mapping[N, Point]
    width: float
    height: float
    crossings: int


def layered(
    layers: Sequence[Sequence[N]],
    edges: Iterable[tuple[N, N]],
    *,
    column_gap: float = 240.0,
    row_gap: float = 48.0,
    sweeps: int = 8,
) -> Layout[N]:
    """Place `layers` (left to right; for instance bodies, services, systems, assets).

    Edges that touch an unknown node are left out; an edge inside one layer is allowed and takes no part in
    the ordering. Rows of one column are at least `row_gap` apart and half a gap from the border.
    Deterministic: ties keep the order given. Raises `ValueError` when a node appears twice.
    """
    layer_of: dict[N, int] = {}
    for index, layer in enumerate(layers):
        for node in layer:
            if node in layer_of:
                raise ValueError(f"node {node!r} appears twice")
            layer_of[node] = index
    links = [(a, b) if layer_of[a] < layer_of[b] else (b, a) for a, b in edges if _spans(layer_of, a, b)]
    links = list(dict.fromkeys(links))
    before: dict[N, list[N]] = {node: [] for node in layer_of}
    after: dict[N, list[N]] = {node: [] for node in layer_of}
    for a, b in links:
        before[b].append(a)
        after[a].append(b)
    order, crossings = _reduce_crossings(
        [list(layer) for layer in layers], links, layer_of, (before, after), sweeps
    )
    rows = _straighten(order, before, after)
    top = min(rows.values(), default=0.0)
    bottom = max(rows.values(), default=0.0)
    positions = {
        node: Point((layer_of[node] + 0.5) * column_gap, (rows[node] - top + 0.5) * row_gap)
        for node in layer_of
    }
    height = (bottom - top + 1) * row_gap if layer_of else 0.0
    return Layout(positions, len(layers) * column_gap, height, crossings)


def _spans(layer_of: Mapping[N, int], a: N, b: N) -> bool:
    return a in layer_of and b in layer_of and layer_of[a] != layer_of[b]


def _reduce_crossings(
    order: list[list[N]],
    links: list[tuple[N, N]],
    layer_of: Mapping[N, int],
    sides: tuple[Mapping[N, list[N]], Mapping[N, list[N]]],
    sweeps: int,
) -> tuple[list[list[N]], int]:
    best, fewest = order, _crossings(order, links, layer_of)
    current = [list(layer) for layer in order]
    for sweep in range(sweeps):
        if fewest == 0:
            break
        forward = sweep % 2 == 0
        place = {node: _relative(i, layer) for layer in current for i, node in enumerate(layer)}
        neighbours = sides[0] if forward else sides[1]
        for index in range(len(current)) if forward else range(len(current) - 1, -1, -1):
            layer = current[index]
            weight = {
                node: _mean([place[other] for other in neighbours[node]], place[node]) for node in layer
            }
            layer.sort(key=weight.__getitem__)
            for i, node in enumerate(layer):
                place[node] = _relative(i, layer)
        count = _crossings(current, links, layer_of)
        if count < fewest:
            best, fewest = [list(layer) for layer in current], count
    return best, fewest


def _relative(index: int, layer: Sequence[N]) -> float:
    """Position in the column from 0 to 1, so that long and short columns compare."""
    return (index + 0.5) / len(layer)


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _crossings(order: list[list[N]], links: list[tuple[N, N]], layer_of: Mapping[N, int]) -> int:
    """Count crossings between edges that join the same two columns."""
    index = {node: i for layer in order for i, node in enumerate(layer)}
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for a, b in links:
        groups.setdefault((layer_of[a], layer_of[b]), []).append((index[a], index[b]))
    total = 0
    for pairs in groups.values():
        pairs.sort()
        seen: list[int] = []
        # Pairs come by rising left end, ties by rising right end: an earlier pair that ends strictly lower
        # crosses this one unless both start at the same node, which the tie order already excludes.
        for _, right in pairs:
            total += len(seen) - bisect_left(seen, right + 1)
            insort(seen, right)
    return total


def _straighten(
    order: list[list[N]], before: Mapping[N, list[N]], after: Mapping[N, list[N]]
) -> dict[N, float]:
    """Return a row (in units of `row_gap`) per node: near its neighbours, order kept, one unit apart."""
    tallest = max((len(layer) for layer in order), default=0)
    rows = {node: i + (tallest - len(layer)) / 2 for layer in order for i, node in enumerate(layer)}
    for step in range(4):
        columns = order if step % 2 == 0 else order[::-1]
        neighbours = before if step % 2 == 0 else after
        for layer in columns:
            wanted = [_mean([rows[other] for other in neighbours[node]], rows[node]) for node in layer]
            rows.update(zip(layer, _spread(wanted), strict=True))
    return rows


def _spread(wanted: Sequence[float]) -> list[float]:
    """Return the rows nearest to `wanted` (least squares) that rise by one or more (adjacent violators)."""
    blocks: list[tuple[float, int]] = []
    for i, value in enumerate(wanted):
        mean, size = value - i, 1
        while blocks and blocks[-1][0] > mean:
            other, weight = blocks.pop()
            mean = (mean * size + other * weight) / (size + weight)
            size += weight
        blocks.append((mean, size))
    flat = [mean for mean, size in blocks for _ in range(size)]
    return [mean + i for i, mean in enumerate(flat)]
