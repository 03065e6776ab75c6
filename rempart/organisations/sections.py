"""What later slices add to an organisation's page, without being called from here by name.

Assets add what the body runs, exposure where it is exposed, alerts what it was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from rempart.organisations.models import Organisation

# Gives HTML already safe (a rendered template), or None when the section has nothing to say to this reader.
Render = Callable[[HttpRequest, Organisation], str | None]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an organisation's page, shown in ``order``. ``title``: lazily translated."""

    order: int
    title: Any
    render: Render


_sections: list[Section] = []


def register_section(order: int, title: Any, render: Render) -> None:
    """Adds a section to every organisation's page; registering the same function again replaces it."""
    _sections[:] = sorted(
        [*(each for each in _sections if each.render != render), Section(order, title, render)],
        key=lambda section: section.order,
    )


def sections_for(request: HttpRequest, organisation: Organisation) -> list[tuple[Any, str]]:
    """(title, HTML) of the sections that have something to say."""
    rendered = ((section.title, section.render(request, organisation)) for section in _sections)
    return [(title, html) for title, html in rendered if html]
