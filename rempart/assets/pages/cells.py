"""What a row of the list of assets shows."""

from __future__ import annotations

from rempart.assets.models import Asset
from rempart.kernel.addresses import address
from rempart.kernel.showing import Ago, Badge, Cells, Link, Styled


def asset_row(row: Asset) -> Cells:
    public = row.network_exposure == "internet"
    levels = (row.availability, row.integrity, row.confidentiality)
    return {
        "name": Link(row.name, address("asset", row.body.code, row.key)),
        "key": Styled(row.key, "mono"),
        "body": row.body.name,
        "kind": row.kind_word,
        "criticality": row.criticality or None,
        "cia": Styled(" · ".join(str(level or "–") for level in levels), "nowrap") if any(levels) else None,
        "exposure": Badge("internet", row.exposure_word, "warn") if public else row.exposure_word,
        "location": row.location.name if row.location else None,
        "jurisdiction": row.location.jurisdiction if row.location else None,
        "owner": row.owner.name if row.owner else None,
        "seen": Ago(row.last_seen_at),
        "source": row.source,
    }
