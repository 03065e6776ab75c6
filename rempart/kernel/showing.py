"""What a list's row shows, without its look: slices say it, ``web.showing`` draws it.

A cell is a text, a whole number, nothing (shown as a dash), one of the kinds below, or a list of these, one
after another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple


class Link(NamedTuple):
    """A text that leads somewhere."""

    text: Any
    address: str
    css: str = ""


class Styled(NamedTuple):
    """A text in one of the design system's classes."""

    text: Any
    css: str


class Badge(NamedTuple):
    """A priority or a state, in its word and colour; ``label`` and ``meaning`` replace these."""

    value: str
    label: Any = ""
    meaning: str = ""


class Number(NamedTuple):
    """A number with so many digits after its separator."""

    value: float | None
    decimals: int = 0


class Share(NamedTuple):
    """A ratio, as a percentage with so many digits after its separator."""

    value: float | None
    decimals: int = 0


class Day(NamedTuple):
    """A date."""

    at: date | None


class Ago(NamedTuple):
    """How long ago, or in how long."""

    at: datetime | None


class When(NamedTuple):
    """The exact moment."""

    at: datetime | None


class Left(NamedTuple):
    """What is left before a deadline."""

    due: datetime | None


class Progress(NamedTuple):
    """How far the bodies that a directive binds have come."""

    verified: int
    declared: int
    acknowledged: int
    silent: int


class Tlp(NamedTuple):
    """A TLP (PFC) marking."""

    value: str


# What a row shows, by the key of its column.
Cells = Mapping[str, Any]
CellsOf = Callable[[Any], Cells]
