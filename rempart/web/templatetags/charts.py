"""Chart tags: ``{% load charts %}``. Each draws an SVG, with the same data as a table below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rempart.engines import drawing
from rempart.engines.drawing import Bar, Box, Cell, Label, Series
from rempart.web import formats

register = template.Library()

PROGRESS = (
    ("verified", Series("verified", "ok"), gettext_lazy("vérifié")),
    ("declared", Series("declared", "warn", hatched=True), gettext_lazy("déclaré, à prouver")),
    ("acknowledged", Series("acknowledged", "calm"), gettext_lazy("accusé, en cours")),
    ("silent", Series("silent", "critical"), gettext_lazy("sans réponse")),
)


def _safe(markup: str) -> SafeString:
    return mark_safe(markup)  # noqa: S308 - the engine escapes every text it is given


def _chart(title: Any, markup: str, heads: Sequence[Any], rows: Sequence[Sequence[Any]]) -> SafeString:
    return render_to_string(
        "web/parts/chart.html", {"title": title, "drawing": _safe(markup), "heads": heads, "rows": rows}
    )


def _labels(items: Iterable[Sequence[Any]]) -> dict[Any, Label]:
    """(key, label[, url]) → label by key."""
    return {item[0]: Label(str(item[1]), str(item[2]) if len(item) > 2 else "") for item in items}


@register.simple_tag
def progress(verified: int = 0, declared: int = 0, acknowledged: int = 0, silent: int = 0) -> SafeString:
    """The state of a directive's bodies as one bar: verified solid, declared hatched."""
    values = {"verified": verified, "declared": declared, "acknowledged": acknowledged, "silent": silent}
    return _safe(
        drawing.share_bar(
            progress_words(**values), [(series, values[key]) for key, series, _label in PROGRESS]
        )
    )


def progress_words(verified: int, declared: int, acknowledged: int, silent: int) -> str:
    """ "18 vérifiés, 8 à prouver, 9 en cours, 3 sans réponse" """
    parts = []
    if verified:
        parts.append(ngettext("%(n)s vérifié", "%(n)s vérifiés", verified) % {"n": formats.number(verified)})
    if declared:
        parts.append(
            ngettext("%(n)s à prouver", "%(n)s à prouver", declared) % {"n": formats.number(declared)}
        )
    if acknowledged:
        parts.append(
            ngettext("%(n)s en cours", "%(n)s en cours", acknowledged) % {"n": formats.number(acknowledged)}
        )
    if silent:
        parts.append(
            ngettext("%(n)s sans réponse", "%(n)s sans réponse", silent) % {"n": formats.number(silent)}
        )
    return ", ".join(parts) or _("aucun organisme visé")


@register.simple_tag(name="progress_words")
def progress_words_tag(verified: int = 0, declared: int = 0, acknowledged: int = 0, silent: int = 0) -> str:
    return progress_words(verified, declared, acknowledged, silent)


@register.inclusion_tag("web/parts/progress_key.html")
def progress_key() -> dict[str, Any]:
    """What the colours of ``progress`` mean."""
    return {
        "kinds": [
            (_safe(drawing.share_bar(str(label), [(series, 1)])), label) for _key, series, label in PROGRESS
        ]
    }


@register.simple_tag
def heat_map(
    title: Any,
    rows: Sequence[Sequence[Any]],
    columns: Sequence[Sequence[Any]],
    cells: Mapping[tuple[Any, Any], Any],
    description: Any = "",
    width: float = 460,
) -> SafeString:
    """Rows × columns (key, label[, url]); ``cells`` maps (row key, column key) to a value or (value, url)."""
    squares = {key: Cell(*value) if isinstance(value, tuple) else Cell(value) for key, value in cells.items()}
    lines, heads = _labels(rows), _labels(columns)
    markup = drawing.heat_map(
        str(title), str(description), lines, heads, squares, number=formats.number, width=width
    )
    table = [
        [label.text, *(formats.number(squares.get((row, column), Cell(0)).value) for column in heads)]
        for row, label in lines.items()
    ]
    return _chart(title, markup, ["", *(head.text for head in heads.values())], table)


@register.simple_tag
def line_chart(
    title: Any,
    points: Sequence[tuple[date, float | None]],
    description: Any = "",
    target: float | None = None,
    unit: str = "",
    ratio: bool = False,
    width: float = 560,
    height: float = 200,
) -> SafeString:
    """A value over days, with its target; ``ratio`` writes 0.91 as 91 %; ``unit`` follows the numbers."""

    def write(value: float) -> str:
        return formats.percent(value) if ratio else formats.number(value) + (f"\u00a0{unit}" if unit else "")

    markup = drawing.line_chart(
        str(title),
        str(description),
        points,
        number=write,
        target=target,
        target_label="" if target is None else _("cible %(value)s") % {"value": write(target)},
        width=width,
        height=height,
    )
    table = [[formats.day(at), "–" if value is None else write(value)] for at, value in points]
    return _chart(title, markup, [_("Jour"), title], table)


@register.simple_tag
def bar_chart(
    title: Any, bars: Sequence[Sequence[Any]], description: Any = "", width: float = 560
) -> SafeString:
    """Horizontal bars: (label, value[, url[, meaning]])."""
    drawn = [
        Bar(
            Label(str(bar[0]), str(bar[2]) if len(bar) > 2 else ""),
            (bar[1],),
            str(bar[3]) if len(bar) > 3 else "brand",
        )
        for bar in bars
    ]
    markup = drawing.bar_chart(str(title), str(description), drawn, number=formats.number, width=width)
    return _chart(title, markup, ["", title], [[bar[0], formats.number(bar[1])] for bar in bars])


@register.simple_tag
def stacked_bars(
    title: Any,
    rows: Sequence[Sequence[Any]],
    series: Sequence[tuple[Any, str]] | None = None,
    description: Any = "",
    width: float = 560,
) -> SafeString:
    """Bars of (label, [values][, url]), split by ``series``: (label, meaning), "declared" being hatched.

    Without ``series``, the four states of a directive's bodies.
    """
    if series is None:
        kinds = [Series(str(label), each.meaning, each.hatched) for _key, each, label in PROGRESS]
    else:
        kinds = [
            Series(str(label), "warn" if meaning == "declared" else meaning, hatched=meaning == "declared")
            for label, meaning in series
        ]
    bars = [Bar(Label(str(row[0]), str(row[2]) if len(row) > 2 else ""), tuple(row[1])) for row in rows]
    markup = drawing.stacked_bars(
        str(title), str(description), bars, kinds, number=formats.number, width=width
    )
    table = [[row[0], *(formats.number(value) for value in row[1])] for row in rows]
    return _chart(title, markup, ["", *(kind.label for kind in kinds)], table)


@register.simple_tag
def spark(title: Any, values: Sequence[float]) -> SafeString:
    """How a value went, in a row; the title says it in words."""
    return _safe(drawing.spark(str(title), list(values)))


@register.simple_tag
def dependency_graph(
    title: Any,
    nodes: Mapping[Any, Mapping[str, Any]],
    edges: Sequence[tuple[Any, Any]],
    layout: Any,
    headings: Sequence[Any] = (),
    description: Any = "",
) -> SafeString:
    """Nodes ``{key: {label, url, note, meaning}}`` placed by ``layered``; the table lists the edges."""
    boxes = {
        key: Box(
            Label(str(node["label"]), str(node.get("url", ""))),
            str(node.get("note", "")),
            node.get("meaning") or "calm",
        )
        for key, node in nodes.items()
    }
    markup = drawing.network(
        str(title), str(description), boxes, edges, layout, headings=[str(heading) for heading in headings]
    )
    table = [[boxes[a].label.text, boxes[b].label.text] for a, b in edges if a in boxes and b in boxes]
    return _chart(title, markup, [_("Ce qui dépend"), _("Ce dont il dépend")], table)
