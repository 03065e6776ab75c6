"""Lists that leave as CSV or XLSX, marked as the most restrictive of what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from rempart.kernel.downloads import file_of, wanted
from rempart.kernel.listing import Listing
from rempart.kernel.markings import Marking

__all__ = ["download", "wanted"]


def download(
    request: HttpRequest,
    listing: Listing,
    title: str,
    cells: Iterable[Sequence[Any]],
    marking: Marking,
) -> HttpResponseBase:
    """The rows of a list as a file: one cell per column of the list, in their order."""
    return file_of(
        request,
        name=listing.key,
        title=title,
        headings=[column.label for column in listing.columns],
        cells=cells,
        marking=marking,
        filters=listing.sentence(request.GET),
    )
