"""What later slices add to a page of an earlier one, which calls none of them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.http import HttpRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Section(Generic[T]):
    order: int
    title: Any
    render: Callable[[HttpRequest, T], str | None]


class Sections(Generic[T]):
    """The added parts of one kind of page, about a ``T``."""

    def __init__(self) -> None:
        self._known: list[_Section[T]] = []

    def register(self, order: int, title: Any, render: Callable[[HttpRequest, T], str | None]) -> None:
        """Adds a part, shown in ``order``; registering the same function again replaces it.

        ``title`` is lazily translated. ``render`` gives HTML already safe (a rendered template), or None when
        it has nothing to say to this reader.
        """
        others = (each for each in self._known if each.render != render)
        self._known = sorted([*others, _Section(order, title, render)], key=lambda section: section.order)

    def shown(self, request: HttpRequest, about: T) -> list[tuple[Any, str]]:
        """(title, HTML) of the parts that have something to say."""
        rendered = ((section.title, section.render(request, about)) for section in self._known)
        return [(title, html) for title, html in rendered if html]
