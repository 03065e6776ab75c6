"""How fresh and how complete the bodies' inventories are: figures for the indicators."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Value

from rempart.assets.models import Asset, Install, InventoryImport
from rempart.assets.queries.assets import CATEGORISED


@dataclass(slots=True)
class InventoryMeasures:
    """One body's figures; live assets and present installs only."""

    assets: int = 0
    categorised: int = 0
    without_owner: int = 0
    without_location: int = 0
    installs: int = 0
    installs_without_version: int = 0
    last_inventory_at: datetime | None = None


def inventory_measures(body_ids: Collection[int] | None = None) -> dict[int, InventoryMeasures]:
    """The figures of each body (all of them by default) that has any, in three queries."""
    found: dict[int, InventoryMeasures] = {}

    def of(rows: QuerySet[Any]) -> QuerySet[Any]:
        return (
            (rows if body_ids is None else rows.filter(body_id__in=list(body_ids)))
            .order_by()
            .values("body_id")
        )

    live = of(Asset.objects.filter(retired_at__isnull=True)).annotate(
        assets=Count("id"),
        categorised=Count("id", filter=CATEGORISED),
        without_owner=Count("id", filter=Q(owner__isnull=True)),
        without_location=Count("id", filter=Q(location__isnull=True)),
    )
    present = Install.objects.filter(removed_at__isnull=True)
    # Counted apart: joining every install with its component would read them all.
    installs = of(present).annotate(which=Value("installs"), count=Count("id"))
    bare = of(present.filter(component__version="")).annotate(
        which=Value("installs_without_version"), count=Count("id")
    )
    applied = of(InventoryImport.objects.filter(state=InventoryImport.State.APPLIED)).annotate(
        last_inventory_at=Max("observed_at")
    )
    for row in installs.union(bare, all=True):
        setattr(found.setdefault(row["body_id"], InventoryMeasures()), row["which"], row["count"])
    for rows in (live, applied):
        for row in rows:
            body = found.setdefault(row.pop("body_id"), InventoryMeasures())
            for name, value in row.items():
                setattr(body, name, value)
    return found
