"""Lists that leave as CSV or XLSX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from rempart.kernel.downloads import file_of, wanted
from rempart.kernel.markings import Marking

__all__ = ["download", "wanted"]


def download(
    request: HttpRequest,
    name: str,
    title: Any,
    headings: Iterable[Any],
    cells: Iterable[Sequence[Any]],
    filters: str,
) -> HttpResponseBase:
    """The rows as a file; inventories are for the government and its suppliers: TLP:AMBER."""
    return file_of(
        request,
        name=name,
        title=title,
        headings=headings,
        cells=cells,
        marking=Marking.AMBER,
        filters=filters,
    )
