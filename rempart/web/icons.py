"""The few drawings that accompany words: 16 × 16, one stroke, the colour of the text around them."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_PATHS = {
    "alert": "M8 2 15 14H1ZM8 6v4M8 12v.5",
    "bell": "M4 11V7a4 4 0 0 1 8 0v4l1.5 2h-11ZM6.5 15h3",
    "check": "M2.5 8.5 6 12l7.5-8",
    "clock": "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 4.5V8l2.5 2",
    "columns": "M2 3h12v10H2ZM6 3v10M10 3v10",
    "cross": "M4 4l8 8M12 4l-8 8",
    "dash": "M3 8h10",
    "dot": "M8 6.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3Z",
    "down": "M4 6l4 4 4-4",
    "download": "M8 2v8M5 7l3 3 3-3M2.5 13.5h11",
    "eye": "M1 8s2.5-4.5 7-4.5S15 8 15 8s-2.5 4.5-7 4.5S1 8 1 8ZM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z",
    "hand": "M3 9l3 3 7-7M3 5l1 1",
    "key": "M10.5 2a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM8 8l-6 6v-2.5h2.5V9.5",
    "menu": "M2 4h12M2 8h12M2 12h12",
    "more": "M3 8h.5M7.75 8h.5M12.5 8h.5",
    "person": "M8 2a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM2 14.5c0-3 2.5-5 6-5s6 2 6 5",
    "search": "M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2ZM11 11l3.5 3.5",
    "send": "M14.5 1.5 1 7l5 2.5L9 15ZM6 9.5l8.5-8",
    "shield": "M8 1.5 14 4v4c0 3.5-2.5 5.5-6 6.5C4.5 13.5 2 11.5 2 8V4Z",
    "sort-up": "M8 12V4M5 7l3-3 3 3",
    "sort-down": "M8 4v8M5 9l3 3 3-3",
}


_DRAWN = {
    name: format_html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        mark_safe(path),  # noqa: S308 - a constant of this module
    )
    for name, path in _PATHS.items()
}


def icon(name: str) -> SafeString:
    """The drawing, hidden from screen readers: a word always stands beside it. Raises KeyError if unknown."""
    return _DRAWN[name]
