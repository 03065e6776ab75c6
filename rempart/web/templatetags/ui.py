"""Tags of the design system, in every template without ``load``. Listed in web/README.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any

from django import template
from django.template import Context, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, Variable
from django.template.defaulttags import URLNode, url
from django.template.loader import render_to_string
from django.templatetags.i18n import TranslateNode, do_translate
from django.templatetags.static import StaticNode
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from rempart.kernel import wording as vocabulary
from rempart.kernel.addresses import address
from rempart.kernel.listing import Page
from rempart.kernel.markings import Marking
from rempart.kernel.time import now
from rempart.web import formats, icons, navigation, words

register = template.Library()


# Numbers and time


@register.filter(name="number")
def number_filter(value: float | None, decimals: int | None = None) -> str:
    return formats.number(value, decimals)


@register.filter(name="percent")
def percent_filter(value: float | None, decimals: int = 0) -> str:
    return formats.percent(value, decimals)


@register.filter(name="span")
def span_filter(value: timedelta | float | None) -> str:
    """A length of time (or a number of seconds): "47 min"."""
    if value is None:
        return "–"
    return formats.span(value if isinstance(value, timedelta) else timedelta(seconds=value))


@register.filter(name="day")
def day_filter(value: date | None) -> str:
    return formats.day(value) if value else "–"


@register.filter(name="clock")
def clock_filter(value: datetime | None) -> str:
    return formats.clock(value) if value else "–"


def _time(moment: datetime, text: str, css: str = "") -> SafeString:
    # Our own words and numbers: nothing here needs escaping, and a list holds hundreds of them.
    look = f' class="{css}"' if css else ""
    stamp = moment.isoformat(timespec="seconds")
    return SafeString(f'<time datetime="{stamp}" title="{formats.exact(moment)}"{look}>{text}</time>')


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """ "il y a 12 min", the exact moment in the markup and on hover."""
    return _time(moment, formats.relative(moment, now())) if moment else "–"


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """The exact moment, with its zone."""
    return _time(moment, formats.exact(moment)) if moment else "–"


@register.simple_tag
def countdown(due: datetime | None, done: bool = False) -> SafeString | str:
    """What is left before a deadline: red within 4 h, amber within a day, plain once ``done``."""
    if due is None:
        return "–"
    at = now()
    if done:
        return _time(due, formats.relative(due, at))
    left = due - at
    css = "due critical" if left < timedelta(hours=4) else "due warn" if left < timedelta(days=1) else "due"
    return _time(due, formats.remaining(due, at), css)


# Words with colour


@register.simple_tag(takes_context=True)
def shell_part(context: Context, name: str) -> SafeString:
    """A part of every page's shell that follows from the menu: "navigation" or "keys"."""
    return navigation.drawn(name, tuple(context.get("navigation", ())))


@register.simple_tag
def icon(name: str) -> SafeString:
    return icons.icon(name)


@register.simple_tag
def badge(value: Any, label: Any = "", meaning: str = "") -> SafeString | str:
    """A priority or a state as a word, an icon and a colour; ``label`` replaces the word."""
    if value in ("", None):
        return "–"
    return _badge(str(getattr(value, "value", value)), str(label), meaning, get_language() or "")


@lru_cache(maxsize=2048)
def _badge(value: str, label: str, meaning: str, language: str) -> SafeString:
    """The same few badges fill every list: each is made once per language."""
    look = words.look(value)
    return format_html(
        '<span class="badge {}{}">{}{}</span>',
        meaning or look.meaning,
        " hatched" if look.hatched else "",
        icons.icon(look.icon),
        label or look.label,
    )


@register.filter
def wording(value: Any) -> str:
    """The word of a priority or a state, alone."""
    return str(words.look(value).label)


@register.filter
def in_words(code: str, kind: str) -> str:
    """An action, a field, a kind of object, a job or an event (``kind``) as its room tells it."""
    tell = {
        "action": vocabulary.action,
        "event": vocabulary.event,
        "field": vocabulary.field,
        "job": vocabulary.job,
        "object": vocabulary.thing,
    }
    return tell[kind](code)


@register.filter
def fact(value: Any, field: str) -> str:
    """A field's value as the audit trail kept it, as people write it."""
    return words.fact(field, value)


@register.filter
def browser(user_agent: str) -> str:
    """ "Firefox, Windows" from what a browser says of itself."""
    return words.browser(user_agent)


@register.simple_tag
def marking(value: str) -> SafeString | str:
    """A TLP (PFC) label; what it allows shows on hover and is read aloud."""
    if not value:
        return ""
    found = Marking.read(value)
    return format_html(
        '<span class="marking tlp-{}" title="{}">{}<span class="unseen"> ({})</span></span>',
        found.slug,
        found.explained(),
        found.label,
        found.explained(),
    )


class _Constant(Node):
    """Words written in the template: looked up once per language, not at each of a list's hundred cells."""

    def __init__(self, node: TranslateNode) -> None:
        self.node = node
        self.said: dict[str, str] = {}

    def render(self, context: Context) -> str:
        # The language does not change while a page is drawn, and asking for it takes longer than the rest.
        drawing = context.render_context.dicts[0]
        language = drawing.get(_Constant)
        if language is None:
            language = drawing[_Constant] = get_language() or ""
        if language not in self.said:
            self.said[language] = self.node.render(context)
        return self.said[language]


class _File(StaticNode):
    """The address of a file of the platform's own, which stays the same as long as the process."""

    def render(self, context: Context) -> str:
        path = self.path.resolve(context)
        return conditional_escape(_file(path)) if self.varname is None else super().render(context)


_file = lru_cache(maxsize=256)(StaticNode.handle_simple)


@register.tag("static")
def static_tag(parser: Parser, token: Token) -> Node:
    """Django's own tag, over remembered addresses."""
    node: Node = _File.handle_token(parser, token)
    return node


class _Address(URLNode):
    def render(self, context: Context) -> str:
        arguments = [each.resolve(context) for each in self.args]
        named = {key: value.resolve(context) for key, value in self.kwargs.items()}
        try:
            found = address(self.view_name.resolve(context), *arguments, **named)
        except NoReverseMatch:
            if self.asvar is None:
                raise
            found = ""
        if self.asvar:
            context[self.asvar] = found
            return ""
        return conditional_escape(found) if context.autoescape else found


@register.tag("url")
def url_tag(parser: Parser, token: Token) -> Node:
    """Django's own tag, over remembered addresses."""
    node = url(parser, token)
    return _Address(node.view_name, node.args, node.kwargs, node.asvar)


@register.tag("translate")
def translate(parser: Parser, token: Token) -> Node:
    """Django's own tag, quicker where what it translates is written in place."""
    node = do_translate(parser, token)
    written = node.filter_expression
    constant = isinstance(written.var, Variable) and written.var.literal is not None and not written.filters
    return _Constant(node) if constant and not node.asvar and not node.message_context else node


# Blocks


@register.inclusion_tag("web/parts/figures.html")
def figures(items: Iterable[Any]) -> dict[str, Any]:
    """A strip of figures: each has label, value, and maybe url, note, meaning."""
    return {"items": list(items)}


@register.inclusion_tag("web/parts/timeline.html")
def timeline(entries: Iterable[Any]) -> dict[str, Any]:
    """What happened, in order: each entry has at, text, and maybe url, who, detail, meaning.

    ``fold``: the places of a line that tells of several; ``left_out``: how many others there are.
    """
    return {"entries": list(entries)}


@register.inclusion_tag("web/parts/facts.html")
def facts(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Pairs of (term, value); empty values show a dash."""
    return {"pairs": list(pairs)}


@register.inclusion_tag("web/parts/pager.html")
def pager(page: Page) -> dict[str, Any]:
    return {"page": page}


@register.inclusion_tag("web/parts/empty.html")
def empty(title: Any, text: Any = "", url: str = "", action: Any = "") -> dict[str, Any]:
    """What an empty place says: why it is empty, and how to fill it."""
    return {"title": title, "text": text, "url": url, "action": action}


@register.inclusion_tag("web/parts/field.html")
def field(bound: Any, label: Any = "", help: Any = None) -> dict[str, Any]:  # noqa: A002 - read by templates
    """A field of a Django form, with its label, help and errors tied to it; both may be replaced."""
    if help is not None:
        bound.help_text = help
    widget = type(bound.field.widget).__name__
    bound.field.widget.attrs.pop("placeholder", None)  # the label says it, and stays while one types
    described = [f"{bound.id_for_label}_{part}" for part, there in _parts(bound) if there]
    attributes: dict[str, Any] = {"class": "check" if widget == "CheckboxInput" else "control"}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    grouped = widget in {"CheckboxSelectMultiple", "RadioSelect"}
    control = bound.as_widget(attrs={"class": "check"} if grouped else attributes)
    return {
        "bound": bound,
        "label": label or bound.label,
        "control": control,
        "checkbox": widget == "CheckboxInput",
        "grouped": grouped,
    }


def _parts(bound: Any) -> Sequence[tuple[str, bool]]:
    return (("help", bool(bound.help_text)), ("error", bool(bound.errors)))


@register.inclusion_tag("web/parts/input.html")
def entry(
    name: str,
    label: Any,
    value: Any = "",
    *,
    kind: str = "text",
    choices: Sequence[tuple[Any, Any]] = (),
    error: Any = "",
    help: Any = "",  # noqa: A002 - the name that templates read
    required: bool = False,
    rows: int = 0,
    autocomplete: str = "",
    placeholder: Any = "",
) -> dict[str, Any]:
    """A control written by hand: a list when there are ``choices``, an area when there are ``rows``."""
    return {
        "name": name,
        "label": label,
        "value": "" if value is None else value,
        "kind": kind,
        "choices": [(str(key), text) for key, text in choices],
        "error": error,
        "help": help,
        "required": required,
        "rows": rows,
        "autocomplete": autocomplete,
        "placeholder": placeholder,
    }


_ids = count(1)


class _Wrapped(Node):
    """A block tag whose content is handed, rendered, to a part."""

    def __init__(self, content: NodeList, name: str, argument: FilterExpression | None) -> None:
        self.content = content
        self.name = name
        self.argument = argument

    def render(self, context: Context) -> str:
        inner = self.content.render(context)
        argument = self.argument.resolve(context) if self.argument else ""
        given = {"inner": inner, "argument": argument, "id": f"{self.name}-{next(_ids)}"}
        return render_to_string(f"web/parts/{self.name}.html", given)


def _wrapping(name: str) -> None:
    @register.tag(name)
    def compile_tag(parser: Parser, token: Token) -> Node:
        bits = token.split_contents()
        if len(bits) > 2:
            raise TemplateSyntaxError(f"{name} takes at most one argument")
        content = parser.parse((f"end{name}",))
        parser.delete_first_token()
        return _Wrapped(content, name, parser.compile_filter(bits[1]) if len(bits) == 2 else None)


_wrapping("why")
_wrapping("menu")
_wrapping("sure")
