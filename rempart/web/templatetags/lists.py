"""Tags of lists, in every template without ``load``. Listed in web/README.md."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import template
from django.template import Context, Node, NodeList, TemplateSyntaxError
from django.template.base import Parser, Token
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from rempart.kernel.listing import Page
from rempart.web.columns import shown
from rempart.web.showing import drawn

register = template.Library()


class _Cell(Node):
    def __init__(self, key: str, heads: bool, content: NodeList) -> None:
        self.key = key
        self.heads = heads
        self.content = content

    def render(self, context: Context) -> str:
        opening = _openings(context, self.heads).get(self.key)
        if opening is None:
            raise TemplateSyntaxError(f"the list has no column {self.key!r}")
        if not opening:
            return ""
        return f"{opening}{self.content.render(context)}{'</th>' if self.heads else '</td>'}"


def _openings(context: Context, heads: bool) -> dict[str, str]:
    """The opening tag of each column's cells, "" where it is not shown: made once per list, not per cell."""
    listing = context["page"].listing
    made = context.render_context.setdefault(_Cell, {})
    if (listing.key, heads) not in made:
        keys = shown(context.get("request"), listing)
        made[listing.key, heads] = {
            column.key: format_html(
                '<{} data-label="{}"{}>',
                SafeString('th scope="row"' if heads else "td"),
                column.label,
                SafeString(' class="n"' if column.numeric else ""),
            )
            if column.key in keys
            else ""
            for column in listing.columns
        }
    found: dict[str, str] = made[listing.key, heads]
    return found


@register.tag
def cell(parser: Parser, token: Token) -> Node:
    """``{% cell "key" %}…{% endcell %}``: a row's cell, absent while its column is not shown.

    ``{% cell "key" head %}`` marks the cell that names the row.
    """
    bits = token.split_contents()
    if len(bits) not in {2, 3} or (len(bits) == 3 and bits[2] != "head") or bits[1][0] not in "\"'":
        raise TemplateSyntaxError('cell takes a column\'s key in quotes, and maybe "head"')
    content = parser.parse(("endcell",))
    parser.delete_first_token()
    return _Cell(bits[1].strip("\"'"), len(bits) == 3, content)


@register.simple_tag
def options(choices: Iterable[tuple[Any, Any]], chosen: str = "") -> SafeString:
    """The options of a list, one of them chosen: bodies are hundreds, and a template's loop is slow."""
    return _options(tuple(choices), chosen, get_language() or "")


@lru_cache(maxsize=512)
def _options(choices: tuple[tuple[Any, Any], ...], chosen: str, language: str) -> SafeString:
    lines = []
    for key, text in choices:
        selected = " selected" if str(key) == chosen else ""
        lines.append(f'<option value="{escape(key)}"{selected}>{escape(text)}</option>')
    return SafeString("".join(lines))


@register.simple_tag(takes_context=True)
def list_headers(context: Context) -> list[dict[str, Any]]:
    """The shown columns of ``page``: label, address that sorts by it, present order, numeric."""
    page = context["page"]
    keys = shown(context.get("request"), page.listing)
    return [
        {"column": column, "address": address, "state": state}
        for column, address, state in page.headers()
        if column.key in keys
    ]


@register.simple_tag(takes_context=True)
def list_filters(context: Context) -> dict[str, Any]:
    """The filters of ``page``: those at hand, those folded, and how many of the folded are in force."""
    controls = [control for control in context["page"].controls() if control[0].kind != "hidden"]
    folded = [control for control in controls if control[0].folded]
    return {
        "at_hand": [control for control in controls if not control[0].folded],
        "folded": folded,
        "active": sum(bool(value) for _filter, _choices, value in folded),
    }


@register.simple_tag(takes_context=True)
def list_choices(context: Context) -> list[dict[str, Any]]:
    """Every column of ``page`` and whether it is shown: the column chooser."""
    listing = context["page"].listing
    keys = shown(context.get("request"), listing)
    return [{"column": column, "shown": column.key in keys} for column in listing.columns]


@register.simple_tag(takes_context=True)
def list_rows(context: Context) -> SafeString:
    """The rows of ``page``, whose list says what they show: a template draws the same far slower."""
    page: Page = context["page"]
    cells = page.listing.cells
    if cells is None:
        raise TemplateSyntaxError("the list does not say what its rows show")
    heads, plain = _openings(context, heads=True), _openings(context, heads=False)
    keys = [column.key for column in page.listing.columns if plain[column.key]]
    first, *others = keys
    lines = []
    for row in page.rows:
        found = cells(row)
        lines.append(f'<tr id="row-{row.pk}">{heads[first]}{drawn(found[first])}</th>')
        lines.extend([f"{plain[key]}{drawn(found[key])}</td>" for key in others])
        lines.append("</tr>")
    return SafeString("".join(lines))
