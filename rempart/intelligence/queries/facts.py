"""What the platform itself says of a vulnerability, in directives and messages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from rempart.intelligence.commands.counts import batches
from rempart.intelligence.models import FeedRun, Vulnerability
from rempart.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Facts:
    """What a directive says of a vulnerability. ``product_label`` is "vendor product", or empty."""

    cve_id: str
    title: str
    product_label: str
    kev_added_on: date | None
    kev_due_on: date | None
    kev_action: str
    published_at: datetime | None
    first_seen_at: datetime
    kev_seen_at: datetime | None


def facts(vulnerability_id: int) -> Facts:
    """The facts of one vulnerability, for the platform's own words: not scoped. Raises NotFound."""
    found = Vulnerability.objects.filter(id=vulnerability_id).first()
    if found is None:
        raise NotFound(_("Cette vulnérabilité n’est pas connue."), field="vulnerability_id")
    vendor, product = found.kev_vendor, found.kev_product
    if not product:
        named = (
            found.affected.exclude(product="")
            .order_by("position", "id")
            .values_list("vendor", "product")
            .first()
        )
        vendor, product = named or ("", "")
    label = product if product.casefold().startswith(vendor.casefold()) else f"{vendor} {product}"
    return Facts(
        found.cve_id, found.title, label.strip(), found.kev_added_on, found.kev_due_on, found.kev_action,
        found.published_at, found.first_seen_at, found.kev_seen_at,
    )  # fmt: skip


def standing(vulnerability_ids: Collection[int]) -> dict[int, tuple[datetime, str]]:
    """When the platform learnt of each of these vulnerabilities, and its record's state: not scoped."""
    found: dict[int, tuple[datetime, str]] = {}
    for part in batches(vulnerability_ids):
        rows = Vulnerability.objects.filter(id__in=part).values_list("id", "first_seen_at", "state")
        found.update({row[0]: (row[1], row[2]) for row in rows})
    return found


def reading(feed_run_id: int) -> tuple[str, datetime] | None:
    """The source of a feed's reading, and when it began; None when the reading is no longer kept."""
    rows = FeedRun.objects.filter(id=feed_run_id).values_list("feed__name", "started_at")
    return rows.first()
