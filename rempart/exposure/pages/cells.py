"""What a row of the list of exposures shows."""

from __future__ import annotations

from django.utils.translation import gettext as _

from rempart.exposure.models import Exposure
from rempart.kernel.addresses import address
from rempart.kernel.showing import Ago, Badge, Cells, Left, Link, Styled, When


def exposure_row(row: Exposure) -> Cells:
    number = Link(row.vulnerability.cve_id, address("exposure", row.pk), "nowrap")
    exploited = row.vulnerability.kev_added_on is not None
    return {
        "vulnerability": [number, " ", Styled("KEV", "small critical-text")] if exploited else number,
        "priority": Badge(row.priority),
        "due": Left(row.due_at) if row.state == "open" else When(row.due_at),
        "asset": Link(row.asset.name, address("asset", row.body.code, row.asset.key)),
        "component": str(row.component),
        "body": row.body.name,
        "state": Badge(row.state),
        "criticality": row.criticality,
        "certainty": _("Touché") if row.certainty == "affected" else _("À trancher"),
        "opened": Ago(row.opened_at),
        "closed": Ago(row.closed_at),
    }
