"""What a row of the list of vulnerabilities shows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from rempart.intelligence.models import Vulnerability
from rempart.kernel.addresses import address
from rempart.kernel.showing import Ago, Badge, Cells, Day, Link, Number, Share, Styled


def vulnerability_row(row: Vulnerability) -> Cells:
    number = Link(row.cve_id, address("vulnerability", row.cve_id), "nowrap")
    rejected = row.state == "REJECTED"
    return {
        "cve": [number, " ", Styled(_("rejetée"), "quiet")] if rejected else number,
        "title": row.title or row.kev_name,
        "kev": Day(row.kev_added_on),
        "exploitation": _exploitation(row.exploitation),
        "cvss": Number(row.cvss_score, 1),
        "epss": Share(row.epss, 1),
        "published": Ago(row.published_at),
        "seen": Ago(row.first_seen_at),
    }


def _exploitation(code: str) -> Any:
    if code == "active":
        return Badge("open", _("exploitée activement"), "critical")
    return _("preuve de concept") if code == "poc" else None
