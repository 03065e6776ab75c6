"""How the cells of ``kernel.showing`` look."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from django.utils.safestring import SafeString

from rempart.kernel.showing import Ago, Badge, Day, Left, Link, Number, Progress, Share, Styled, Tlp, When
from rempart.web import formats
from rempart.web.templatetags import charts, ui

_DASH = "–"


def drawn(cell: Any) -> str:
    """A cell's HTML."""
    draw = _DRAW.get(type(cell))
    return draw(cell) if draw is not None else escape(str(cell))


def _link(cell: Link) -> str:
    css = f' class="{cell.css}"' if cell.css else ""
    return f'<a{css} href="{escape(cell.address)}">{drawn(cell.text)}</a>'


_DRAW: dict[type, Callable[[Any], str]] = {
    str: lambda cell: escape(cell) if cell else _DASH,
    SafeString: str,
    int: str,
    type(None): lambda cell: _DASH,
    list: lambda cell: "".join([drawn(each) for each in cell]),
    Link: _link,
    Styled: lambda cell: f'<span class="{cell.css}">{drawn(cell.text)}</span>',
    Badge: lambda cell: ui.badge(cell.value, cell.label, cell.meaning),
    Number: lambda cell: formats.number(cell.value, cell.decimals),
    Share: lambda cell: formats.percent(cell.value, cell.decimals),
    Day: lambda cell: f'<span class="nowrap">{formats.day(cell.at)}</span>' if cell.at else _DASH,
    Ago: lambda cell: ui.ago(cell.at),
    When: lambda cell: ui.when(cell.at),
    Progress: lambda cell: charts.progress(*cell),
    Tlp: lambda cell: ui.marking(cell.value),
    Left: lambda cell: ui.countdown(cell.due),
}
