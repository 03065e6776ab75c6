"""Lists that leave as CSV or XLSX: the one way from rows to a file, bound by its marking."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse

from rempart.kernel import exports
from rempart.kernel.markings import Marking
from rempart.kernel.text import language_of_reader
from rempart.kernel.time import now

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_IN_MEMORY = 4 * 1024**2


def wanted(request: HttpRequest) -> bool:
    """Whether the address asks for a file rather than a page."""
    return request.GET.get("format") in {"csv", "xlsx"}


def file_of(
    request: HttpRequest,
    *,
    name: str,
    title: Any,
    headings: Iterable[Any],
    cells: Iterable[Sequence[Any]],
    marking: Marking,
    filters: str,
) -> HttpResponseBase:
    """Rows in the form that the address asks for, in the reader's language. ``headings`` are texts or
    ``exports.Column``; ``filters`` is the list's sentence.
    """
    export = exports.Export(
        columns=[
            heading if isinstance(heading, exports.Column) else exports.Column(str(heading))
            for heading in headings
        ],
        rows=cells,
        marking=marking,
        title=str(title),
        filters=filters,
        made_at=now(),
        language=language_of_reader(),
    )
    return saved(export, "xlsx" if request.GET.get("format") == "xlsx" else "csv", name)


def saved(export: exports.Export, form: str, name: str) -> HttpResponseBase:
    """An export as a file to save; ``form`` is csv or xlsx, ``name`` the file's name without its ending."""
    if form == "xlsx":
        target = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
        exports.write_xlsx(export, target)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=f"{name}.xlsx", content_type=_XLSX)
    response = StreamingHttpResponse(exports.csv_chunks(export), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
