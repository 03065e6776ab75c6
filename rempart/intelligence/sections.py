"""What later slices add to this one's pages, without being called from here by name.

Exposure adds exposed bodies and the filter "touches us"; alerts add the directive and its timeline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from rempart.intelligence.models import Vulnerability
from rempart.kernel.actors import Actor
from rempart.kernel.listing import Filter

# Gives HTML already safe (a rendered template), or None when the section has nothing to say to this reader.
Render = Callable[[HttpRequest, Vulnerability], str | None]
FilterFactory = Callable[[Actor], Filter]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a vulnerability's page, shown in ``order``. ``title``: lazily translated."""

    order: int
    title: Any
    render: Render


_sections: list[Section] = []
_filters: dict[str, FilterFactory] = {}


def register_section(order: int, title: Any, render: Render) -> None:
    """Adds a section to every vulnerability's page; registering the same function again replaces it."""
    _sections[:] = sorted(
        [*(each for each in _sections if each.render != render), Section(order, title, render)],
        key=lambda section: section.order,
    )


def sections_for(request: HttpRequest, vulnerability: Vulnerability) -> list[tuple[Any, str]]:
    """(title, HTML) of the sections that have something to say."""
    rendered = ((section.title, section.render(request, vulnerability)) for section in _sections)
    return [(title, html) for title, html in rendered if html]


def register_filter(key: str, factory: FilterFactory) -> None:
    """Adds a filter to the list of vulnerabilities; ``factory`` makes it for its reader."""
    _filters[key] = factory


def filters_for(actor: Actor) -> tuple[Filter, ...]:
    """The filters that other slices add, for this reader."""
    return tuple(factory(actor) for factory in _filters.values())
