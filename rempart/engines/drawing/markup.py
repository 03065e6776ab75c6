"""The few elements that the drawings share, written with every text escaped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

Format = Callable[[float], str]

# Average advance of a 12-unit sans-serif letter, measured on French labels; texts are cut with it.
_ADVANCE = 6.3


@dataclass(frozen=True, slots=True)
class Label:
    """A text of the drawing, with the address of what it stands for, if any."""

    text: str
    url: str = ""


def element(name: str, *children: str, **attributes: object) -> str:
    """Return an element; `class_` and `stroke_width` lose or turn their underscore; None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None and value != ""
    )
    inner = "".join(children)
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def text(x: float, y: float, words: str, *, room: float | None = None, **attributes: object) -> str:
    """Return a text; with `room` (drawing units) it is cut to fit, and its whole shows on hover."""
    shown = words if room is None else cut(words, room)
    hover = element("title", escape(words)) if shown != words else ""
    return element("text", escape(shown), hover, x=float(x), y=float(y), **attributes)


def room(words: str) -> float:
    """Return the room that `words` take at most on a line, in drawing units."""
    return len(words) * _ADVANCE


def cut(words: str, room: float) -> str:
    """Return `words`, shortened with an ellipsis when they would not fit in `room` drawing units."""
    fits = max(int(room / _ADVANCE), 2)
    return words if len(words) <= fits else words[: fits - 1].rstrip() + "…"


def linked(url: str, *children: str) -> str:
    """Return the children inside a link, or as they are when there is no address."""
    return element("a", *children, href=url) if url else "".join(children)


def picture(
    title: str, description: str, width: float, height: float, children: Iterable[str], *, kind: str
) -> str:
    """Return the whole drawing. Its title names it and its description says what a reader would see."""
    return element(
        "svg",
        element("title", escape(title)),
        element("desc", escape(description)) if description else "",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        class_=f"drawing {kind}",
        viewBox=f"0 0 {_value(float(width))} {_value(float(height))}",
        width=float(width),
        height=float(height),
        role="group",
    )


def ticks(highest: float, wanted: int = 4) -> list[float]:
    """Return round values from 0 to at least `highest`, about `wanted` steps (1, 2, 2.5 or 5 times 10^n)."""
    if highest <= 0:
        return [0.0, 1.0]
    raw = highest / wanted
    power = 10.0 ** floor(log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    return [i * step for i in range(ceil(round(highest / step, 9)) + 1)]
