"""Lists that leave as CSV or XLSX."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import get_language

from rempart.kernel import exports
from rempart.kernel.listing import Page
from rempart.kernel.markings import Marking
from rempart.kernel.time import now

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_IN_MEMORY = 4 * 1024**2


def wanted(request: HttpRequest) -> bool:
    """Whether the address asks for a file rather than a page."""
    return request.GET.get("format") in {"csv", "xlsx"}


def download(
    request: HttpRequest,
    name: str,
    title: str,
    headings: Iterable[Any],
    cells: Iterable[Sequence[Any]],
    shown: Page,
) -> HttpResponseBase:
    """The rows as a file. Who is exposed to what stays in the government: TLP:AMBER+STRICT."""
    export = exports.Export(
        columns=[exports.Column(str(heading)) for heading in headings],
        rows=cells,
        marking=Marking.AMBER_STRICT,
        title=title,
        filters=", ".join(f"{each.label} : {value}" for each, value, _address in shown.active()),
        made_at=now(),
        language="en" if (get_language() or "fr").startswith("en") else "fr",
    )
    if request.GET.get("format") == "xlsx":
        target = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
        exports.write_xlsx(export, target)
        target.seek(0)
        return FileResponse(target, as_attachment=True, filename=f"{name}.xlsx", content_type=_XLSX)
    response = StreamingHttpResponse(exports.csv_chunks(export), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
