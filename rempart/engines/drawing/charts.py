"""Heat maps, lines, bars and sparks as SVG: plain data in, markup out, no style but classes."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from rempart.engines.drawing.markup import Format, Label, element, linked, picture, room, text, ticks

# The meanings of a colour, and the paint of each: what is declared but unproved is hatched everywhere.
MEANINGS = ("ok", "warn", "calm", "critical", "brand")


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of a heat map."""

    value: float
    url: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: one value per series (a plain bar chart has one)."""

    label: Label
    values: tuple[float, ...]
    meaning: str = "brand"


@dataclass(frozen=True, slots=True)
class Series:
    """A kind of segment of stacked bars."""

    label: str
    meaning: str
    hatched: bool = False


def heat_map(
    title: str,
    description: str,
    rows: Mapping[Hashable, Label],
    columns: Mapping[Hashable, Label],
    cells: Mapping[tuple[Hashable, Hashable], Cell],
    *,
    number: Format,
    width: float = 460,
) -> str:
    """Draw rows × columns; the darkest square is the highest value, and an empty one says nothing.

    `cells` maps (row key, column key) to a cell; missing ones count as zero. `number` writes a value. The
    names of the rows have the room that the longest asks for, up to a good third of the drawing.
    """
    top, side, gap = 22.0, 26.0, 2.0
    left = min(max([room(label.text) for label in rows.values()], default=0.0) + 24, width * 0.37)
    step = (width - left) / max(len(columns), 1)
    highest = max((cell.value for cell in cells.values()), default=0)
    parts: list[str] = []
    for j, label in enumerate(columns.values()):
        x = left + (j + 0.5) * step
        parts.append(
            linked(label.url, text(x, 14, label.text, room=step, class_="axis", text_anchor="middle"))
        )
    for i, (row, label) in enumerate(rows.items()):
        y = top + i * (side + gap)
        parts.append(linked(label.url, text(0, y + 17, label.text, room=left - 12, class_="axis")))
        for j, (column, head) in enumerate(columns.items()):
            cell = cells.get((row, column), Cell(0))
            level = heat_level(cell.value, highest)
            x = left + j * step
            says = f"{label.text} · {head.text} · {number(cell.value)}"
            square = element(
                "rect", x=x + gap / 2, y=y, width=step - gap, height=side, rx=2, class_=f"heat-{level}"
            )
            words = (
                text(
                    x + step / 2,
                    y + 17,
                    number(cell.value),
                    class_=f"heat-word-{level}",
                    text_anchor="middle",
                )
                if cell.value
                else ""
            )
            hover = element("title", escape(says))
            parts.append(linked(cell.url, element("g", hover, square, words)))
    return picture(title, description, width, top + len(rows) * (side + gap), parts, kind="heat")


def heat_level(value: float, highest: float) -> int:
    """Return a shade from 0 (nothing) to 9 (the highest); the root spreads the many small values."""
    if value <= 0 or highest <= 0:
        return 0
    return max(1, min(9, round(9 * float((value / highest) ** 0.6))))


def line_chart(
    title: str,
    description: str,
    points: Sequence[tuple[date, float | None]],
    *,
    number: Format,
    day: str = "%Y-%m-%d",
    target: float | None = None,
    target_label: str = "",
    width: float = 560,
    height: float = 200,
) -> str:
    """Draw a value over days; a missing value breaks the line, and a target is a dashed one."""
    left, right, top, bottom = 46.0, 54.0, 14.0, 24.0
    known = [(at, value) for at, value in points if value is not None]
    marks = ticks(max([value for _, value in known] + ([target] if target is not None else []) + [0.0]))
    first, last = (points[0][0], points[-1][0]) if points else (date.min, date.min)
    length = max((last - first).days, 1)

    def place(at: date, value: float) -> tuple[float, float]:
        x = left + (at - first).days / length * (width - left - right)
        return x, height - bottom - value / marks[-1] * (height - top - bottom)

    parts: list[str] = []
    for mark in marks:
        _, y = place(first, mark)
        parts.append(element("line", x1=left, x2=width - right, y1=y, y2=y, class_="grid"))
        parts.append(text(left - 6, y + 4, number(mark), class_="axis", text_anchor="end"))
    if target is not None:
        _, y = place(first, target)
        parts.append(element("line", x1=left, x2=width - right, y1=y, y2=y, class_="target"))
        parts.append(text(left + 4, y - 5, target_label, class_="target-word"))
    for run in _runs(points):
        spots = [place(at, value) for at, value in run]
        parts.append(
            element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in spots), class_="line")
        )
    for at, value in known:
        x, y = place(at, value)
        hover = element("title", escape(f"{at.strftime(day)} · {number(value)}"))
        final = (at, value) == known[-1]
        parts.append(element("circle", hover, cx=x, cy=y, r=4 if final else 2.2, class_="spot"))
        if final:
            parts.append(text(x + 8, y + 4, number(value), class_="value"))
    if points:
        parts.append(text(left, height - 6, first.strftime(day), class_="axis"))
        if last != first:
            parts.append(
                text(width - right, height - 6, last.strftime(day), class_="axis", text_anchor="end")
            )
    return picture(title, description, width, height, parts, kind="lines")


def _runs(points: Sequence[tuple[date, float | None]]) -> list[list[tuple[date, float]]]:
    runs: list[list[tuple[date, float]]] = [[]]
    for at, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if len(run) > 1]


def bar_chart(
    title: str, description: str, bars: Sequence[Bar], *, number: Format, width: float = 560
) -> str:
    """Draw horizontal bars, one value each, in the order given."""
    left, right, step = 170.0, 60.0, 28.0
    highest = max((bar.values[0] for bar in bars), default=0) or 1
    parts = []
    for i, bar in enumerate(bars):
        y = i * step
        length = bar.values[0] / highest * (width - left - right)
        row = (
            text(0, y + 18, bar.label.text, room=left - 10, class_="axis"),
            element(
                "rect", x=left, y=y + 5, width=max(length, 1.0), height=18, rx=2, class_=f"fill-{bar.meaning}"
            ),
            text(left + length + 6, y + 18, number(bar.values[0]), class_="value"),
        )
        parts.append(linked(bar.label.url, element("g", *row)))
    return picture(title, description, width, max(len(bars), 1) * step, parts, kind="bars")


def stacked_bars(
    title: str,
    description: str,
    bars: Sequence[Bar],
    series: Sequence[Series],
    *,
    number: Format,
    width: float = 560,
) -> str:
    """Draw each bar to 100 % of its own total, split by series, with a key below."""
    left, right, step = 170.0, 60.0, 28.0
    room = width - left - right
    parts = []
    for i, bar in enumerate(bars):
        y, x, total = i * step, left, sum(bar.values)
        row = [text(0, y + 18, bar.label.text, room=left - 10, class_="axis")]
        for kind, value in zip(series, bar.values, strict=True):
            if value and total:
                hover = element("title", escape(f"{bar.label.text} · {kind.label} · {number(value)}"))
                length = value / total * room
                row.append(element("rect", hover, x=x, y=y + 5, width=length, height=18, **paint(kind)))
                x += length
        row.append(text(left + room + 6, y + 18, number(total), class_="value"))
        parts.append(linked(bar.label.url, element("g", *row)))
    height = len(bars) * step + 8
    x = left
    for kind in series:
        parts.append(element("rect", x=x, y=height + 3, width=14, height=12, rx=2, **paint(kind)))
        parts.append(text(x + 19, height + 13, kind.label, class_="axis"))
        x += 34 + 6.4 * len(kind.label)
        if x > width - 60:
            x, height = left, height + 18
    return picture(title, description, width, height + 22, parts, kind="stacked")


def paint(kind: Series) -> dict[str, str]:
    """Return the attributes that fill a shape with a series' meaning."""
    if kind.hatched:
        # By attribute: an address in a style sheet would be read from that sheet, not from the page.
        return {"fill": f"url(#hatch-{kind.meaning})", "class_": "hatched"}
    return {"class_": f"fill-{kind.meaning}"}


def share_bar(title: str, shares: Sequence[tuple[Series, float]], *, height: float = 10) -> str:
    """Draw one bar as wide as its place, split by share: the state of a directive's bodies, in a row."""
    total = sum(value for _, value in shares)
    parts, x = [], 0.0
    for kind, value in shares:
        if value and total:
            length = value / total * 100
            parts.append(element("rect", x=f"{x:.2f}%", width=f"{length:.2f}%", height="100%", **paint(kind)))
            x += length
    return element(
        "svg",
        element("title", escape(title)),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="drawing share",
        width="100%",
        height=height,
        role="img",
        aria_label=title,
    )


def spark(title: str, values: Sequence[float], *, width: float = 96, height: float = 22) -> str:
    """Draw how a value went, without axes, its present end marked."""
    highest, lowest = max(values, default=0), min(values, default=0)
    spread = (highest - lowest) or 1
    step = (width - 8) / max(len(values) - 1, 1)
    spots = [
        (3 + i * step, height - 4 - (value - lowest) / spread * (height - 8))
        for i, value in enumerate(values)
    ]
    parts = []
    if spots:
        parts.append(
            element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in spots), class_="line")
        )
        parts.append(element("circle", cx=spots[-1][0], cy=spots[-1][1], r=2.6, class_="spot"))
    return picture(title, "", width, height, parts, kind="spark")
