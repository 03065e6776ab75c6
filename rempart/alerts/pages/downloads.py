"""Lists that leave as CSV or XLSX, marked as the most restrictive of what they hold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import get_language

from rempart.kernel import exports
from rempart.kernel.listing import Listing
from rempart.kernel.markings import Marking
from rempart.kernel.time import now

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_IN_MEMORY = 4 * 1024**2


def wanted(request: HttpRequest) -> bool:
    """Whether the address asks for a file rather than a page."""
    return request.GET.get("format") in {"csv", "xlsx"}


def download(
    request: HttpRequest,
    listing: Listing,
    title: str,
    cells: Iterable[Sequence[Any]],
    marking: Marking,
) -> HttpResponseBase:
    """The rows of a list as a file: one cell per column of the list, in their order."""
    filters, _sort = listing.read(request.GET)
    words = {each.key: str(each.label) for each in listing.filters}
    export = exports.Export(
        columns=[exports.Column(str(column.label)) for column in listing.columns],
        rows=cells,
        marking=marking,
        title=title,
        filters=", ".join(f"{words[key]} : {value}" for key, value in filters.items()),
        made_at=now(),
        language="en" if (get_language() or "fr").startswith("en") else "fr",
    )
    if request.GET.get("format") == "xlsx":
        target = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
        exports.write_xlsx(export, target)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=f"{listing.key}.xlsx", content_type=_XLSX)
    response = StreamingHttpResponse(exports.csv_chunks(export), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{listing.key}.csv"'
    return response
