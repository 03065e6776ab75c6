"""Sets the report as an accessible PDF: tagged, titled, each page in its language, fonts embedded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typst

from rempart.indicators.report.content import MARKING, gather, may_read, page
from rempart.kernel.actors import Actor
from rempart.kernel.time import now

if TYPE_CHECKING:
    from rempart.organisations.models import Organisation

__all__ = ["MARKING", "report_pdf"]

_TEMPLATE = Path(__file__).with_name("report.typ")


def report_pdf(actor: Actor, where: Organisation) -> bytes:
    """The report on a place as PDF (PDF/UA-1, ISO 14289-1). Raises NotPermitted."""
    may_read(actor, where)
    at = now()
    found = gather(actor, where, at)
    data = {"pages": [page(found, language) for language in ("fr", "en")]}
    return bytes(
        typst.compile(
            _TEMPLATE,
            root=_TEMPLATE.parent,
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            timestamp=int(at.timestamp()),
            pdf_standards="ua-1",
        )
    )
