"""A dependency graph as SVG: nodes in columns, edges as curves, each node a link."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

from rempart.engines.drawing.markup import Label, element, linked, picture, text
from rempart.engines.graph.layout import Layout

N = TypeVar("N", bound=Hashable)

_WIDTH, _HEIGHT = 184.0, 36.0


@dataclass(frozen=True, slots=True)
class Box:
    """A node: what it is, a second line, and its meaning (critical, warn, ok, calm, brand)."""

    label: Label
    note: str = ""
    meaning: str = "calm"


def network(
    title: str,
    description: str,
    nodes: Mapping[N, Box],
    edges: Iterable[tuple[N, N]],
    layout: Layout[N],
    *,
    headings: Sequence[str] = (),
) -> str:
    """Draw the nodes where `layout` places them; edges of unplaced nodes are left out."""
    top = 26.0 if headings else 0.0
    known = [(a, b) for a, b in edges if a in layout.positions and b in layout.positions]
    parts = [_edge(layout, a, b, top) for a, b in known]
    column = layout.width / max(len(headings), 1)
    for i, heading in enumerate(headings):
        parts.append(text((i + 0.5) * column, 14, heading, room=column, class_="axis", text_anchor="middle"))
    for key, box in nodes.items():
        if key not in layout.positions:
            continue
        x, y = layout.positions[key]
        x, y = x - _WIDTH / 2, y - _HEIGHT / 2 + top
        says = box.label.text + (f" – {box.note}" if box.note else "")
        lines = [
            text(x + 10, y + (15 if box.note else 22), box.label.text, room=_WIDTH - 44, class_="node-word")
        ]
        if box.note:
            lines.append(text(x + 10, y + 29, box.note, room=_WIDTH - 20, class_="node-note"))
        shape = element(
            "rect", x=x, y=y, width=_WIDTH, height=_HEIGHT, rx=5, class_=f"node node-{box.meaning}"
        )
        edge = element("rect", x=x, y=y + 3, width=4, height=_HEIGHT - 6, rx=2, class_=f"fill-{box.meaning}")
        parts.append(linked(box.label.url, element("g", element("title", escape(says)), shape, edge, *lines)))
    return picture(title, description, max(layout.width, 1), layout.height + top + 4, parts, kind="network")


def _edge(layout: Layout[N], a: N, b: N, top: float) -> str:
    if layout.positions[a].x > layout.positions[b].x:
        a, b = b, a
    start, end = layout.positions[a], layout.positions[b]
    y1, y2 = start.y + top, end.y + top
    if start.x == end.x:  # within one column: a bow on its right
        x = start.x + _WIDTH / 2
        return element(
            "path",
            d=f"M{x:.1f} {y1:.1f}C{x + 28:.1f} {y1:.1f} {x + 28:.1f} {y2:.1f} {x:.1f} {y2:.1f}",
            class_="edge",
        )
    x1, x2 = start.x + _WIDTH / 2, end.x - _WIDTH / 2
    bend = (x2 - x1) / 2
    return element(
        "path",
        d=f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}",
        class_="edge",
    )
