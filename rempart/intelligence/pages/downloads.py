"""Lists that leave as CSV or XLSX, bound by the most restrictive marking of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from rempart.kernel.downloads import file_of, wanted
from rempart.kernel.listing import Page
from rempart.kernel.markings import Marking

__all__ = ["download", "wanted"]


def download(
    request: HttpRequest,
    page: Page,
    name: str,
    title: Any,
    headings: Iterable[Any],
    cells: Iterable[Sequence[Any]],
    marking: Marking,
) -> HttpResponseBase:
    """The rows as a file that says its marking and the filters it was made with."""
    return file_of(
        request,
        name=name,
        title=title,
        headings=headings,
        cells=cells,
        marking=marking,
        filters=page.sentence,
    )
