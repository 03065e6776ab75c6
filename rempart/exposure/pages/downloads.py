"""Lists that leave as CSV or XLSX."""

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
    name: str,
    title: str,
    headings: Iterable[Any],
    cells: Iterable[Sequence[Any]],
    shown: Page,
) -> HttpResponseBase:
    """The rows as a file. Who is exposed to what stays in the government: TLP:AMBER+STRICT."""
    return file_of(
        request,
        name=name,
        title=title,
        headings=headings,
        cells=cells,
        marking=Marking.AMBER_STRICT,
        filters=shown.sentence,
    )
