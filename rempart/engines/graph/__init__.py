"""Dependency graphs: how criticality flows from a public service to what it stands on, and how to draw it."""

from rempart.engines.graph.layout import Layout, Point, layered
from rempart.engines.graph.propagation import MAX_CRITICALITY, Reached, path, propagate
from rempart.engines.graph.update import DependencyGraph, MemoryGraph, update

__all__ = [
    "MAX_CRITICALITY",
    "DependencyGraph",
    "Layout",
    "MemoryGraph",
    "Point",
    "Reached",
    "layered",
    "path",
    "propagate",
    "update",
]
