"""Products' release cycles and the ends of their support, as endoflife.date states them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class End:
    """The end of a kind of support: a day, or only whether it is past. ``None`` in both: not stated."""

    on: date | None = None
    past: bool | None = None

    def reached(self, at: date) -> bool | None:
        """Whether it is past on a day: support lasts until the day before ``on``. None when not stated."""
        return at >= self.on if self.on is not None else self.past


@dataclass(frozen=True, slots=True)
class Cycle:
    """One release cycle ("8.0", "2019"): active support, corrections of security, then paid extension."""

    name: str
    label: str = ""
    codename: str = ""
    released: date | None = None
    active: End = End()
    security: End = End()
    extended: End = End()
    discontinued: End = End()
    latest: str = ""
    long_term: bool = False


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A product: its identifiers (purl, CPE, ``repology:name``) and its cycles, latest first."""

    slug: str
    title: str
    category: str
    identifiers: tuple[str, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    link: str = ""


class Standing(StrEnum):
    """Where a cycle stands on a day."""

    ACTIVE = "active"
    SECURITY = "security"  # corrections of security only
    EXTENDED = "extended"  # only for whoever pays for the extension
    ENDED = "ended"
    UNKNOWN = "unknown"
