"""Incremental propagation: after a change, recompute only what the change can affect.

The method is that of Ramalingam and Reps for shortest paths ("An incremental algorithm for a generalization
of the shortest-path problem", 1996): withdraw the labels that lost their support, then run Dijkstra's
algorithm from the border of the hole and from whatever improved.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from heapq import heappop, heappush
from typing import Protocol

from rempart.engines.graph.propagation import Reached, check_criticality

_Key = tuple[int, int, int, int]


class DependencyGraph(Protocol):
    """What `update` asks about a graph; a caller may answer from memory or from a database."""

    def own(self, node: int) -> int:
        """Return the criticality that `node` states itself, 0 for none or for an unknown node."""
        ...

    def dependencies(self, node: int) -> Iterable[int]:
        """Return the nodes that `node` depends on (criticality flows to them)."""
        ...

    def dependents(self, node: int) -> Iterable[int]:
        """Return the nodes that depend on `node` (criticality flows from them)."""
        ...


class MemoryGraph:
    """A dependency graph in memory that remembers which nodes its changes touched."""

    def __init__(self, nodes: Mapping[int, int], edges: Iterable[tuple[int, int]]) -> None:
        """Build from the arguments of `propagate`; raises `ValueError` for a criticality outside 0..4."""
        for node, own in nodes.items():
            check_criticality(node, own)
        self._own = dict(nodes)
        self._forward: dict[int, set[int]] = {}
        self._backward: dict[int, set[int]] = {}
        self._touched: set[int] = set()
        for a, b in edges:
            self._forward.setdefault(a, set()).add(b)
            self._backward.setdefault(b, set()).add(a)

    def own(self, node: int) -> int:
        """Return the criticality that `node` states itself, 0 for none."""
        return self._own.get(node, 0)

    def dependencies(self, node: int) -> Iterable[int]:
        """Return the nodes that `node` depends on."""
        return self._forward.get(node, ())

    def dependents(self, node: int) -> Iterable[int]:
        """Return the nodes that depend on `node`."""
        return self._backward.get(node, ())

    def nodes(self) -> dict[int, int]:
        """Return a copy of the stated criticalities."""
        return dict(self._own)

    def edges(self) -> list[tuple[int, int]]:
        """Return the edges in ascending order."""
        return sorted((a, b) for a, targets in self._forward.items() for b in targets)

    def state(self, node: int, criticality: int) -> None:
        """Set what `node` states itself, adding it if it is new; raises `ValueError` outside 0..4."""
        check_criticality(node, criticality)
        self._own[node] = criticality
        self._touched.add(node)

    def connect(self, a: int, b: int) -> None:
        """Record that `a` depends on `b`."""
        self._forward.setdefault(a, set()).add(b)
        self._backward.setdefault(b, set()).add(a)
        self._touched.add(b)

    def disconnect(self, a: int, b: int) -> None:
        """Forget that `a` depends on `b`; harmless when it did not."""
        self._forward.get(a, set()).discard(b)
        self._backward.get(b, set()).discard(a)
        self._touched.add(b)

    def remove(self, node: int) -> None:
        """Remove `node` and its edges."""
        for b in tuple(self.dependencies(node)):
            self.disconnect(node, b)
        for a in tuple(self.dependents(node)):
            self.disconnect(a, node)
        self._own.pop(node, None)
        self._touched.add(node)

    def take_touched(self) -> set[int]:
        """Return the nodes touched since the last call, as `update` expects them."""
        touched, self._touched = self._touched, set()
        return touched


def update(reached: MutableMapping[int, Reached], graph: DependencyGraph, changed: Iterable[int]) -> set[int]:
    """Bring `reached` up to date in place; return the ids whose entry changed, appeared or disappeared.

    `graph` is the graph after the change. `changed` lists the nodes whose own criticality changed, that were
    added or removed, and the *targets* of edges added or removed. The result equals `propagate` on the new
    graph.
    """
    roots = set(changed)
    before = _withdraw(reached, graph, roots)
    heap: list[tuple[_Key, int]] = []
    for node in roots | set(before):
        best = _best(reached, graph, node)
        if best is not None:
            heappush(heap, (best, node))
    while heap:
        key, node = heappop(heap)
        current = reached.get(node)
        if current is not None and _key(current) <= key:
            continue
        before.setdefault(node, current)
        label = Reached(-key[0], key[2], key[3], key[1])
        reached[node] = label
        onward = (key[0], key[1] + 1, key[2], node)
        for neighbour in graph.dependencies(node):
            known = reached.get(neighbour)
            if known is None or onward < _key(known):
                heappush(heap, (onward, neighbour))
    return {node for node, old in before.items() if reached.get(node) != old}


def _key(label: Reached) -> _Key:
    """The order in which labels are preferred: smaller is better."""
    return (-label.criticality, label.distance, label.source, label.via)


def _best(reached: Mapping[int, Reached], graph: DependencyGraph, node: int) -> _Key | None:
    own = graph.own(node)
    best: _Key | None = (-own, 0, node, node) if own else None
    for neighbour in graph.dependents(node):
        label = reached.get(neighbour)
        if label is None:
            continue
        key = (-label.criticality, label.distance + 1, label.source, neighbour)
        if best is None or key < best:
            best = key
    return best


def _withdraw(
    reached: MutableMapping[int, Reached], graph: DependencyGraph, roots: set[int]
) -> dict[int, Reached | None]:
    """Remove the labels of `roots` that nothing supports any more, and those handed on from them."""
    withdrawn: dict[int, Reached | None] = {}
    pending = [node for node in sorted(roots) if node in reached and not _supported(reached, graph, node)]
    while pending:
        node = pending.pop()
        if node not in reached:
            continue
        withdrawn[node] = reached.pop(node)
        for neighbour in graph.dependencies(node):
            label = reached.get(neighbour)
            if label is not None and label.via == node:
                pending.append(neighbour)
    return withdrawn


def _supported(reached: Mapping[int, Reached], graph: DependencyGraph, node: int) -> bool:
    label = reached[node]
    if label.via == node:
        return graph.own(node) == label.criticality
    return label.via in graph.dependents(node)
