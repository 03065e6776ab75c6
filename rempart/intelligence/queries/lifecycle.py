"""Support dates as stored: for other slices to find components' cycles, and for who looks a product up."""

from __future__ import annotations

from django.db.models import QuerySet

from rempart.engines.lifecycle import Cycle, End, Lifecycle
from rempart.intelligence.models import LifecycleCycle, LifecycleProduct


def lifecycles() -> dict[str, tuple[int, Lifecycle, dict[str, int]]]:
    """Every product: slug → (id, product, ids of its cycles by name)."""
    cycles: dict[int, list[LifecycleCycle]] = {}
    for row in LifecycleCycle.objects.order_by("product_id", "position").iterator(chunk_size=2000):
        cycles.setdefault(row.product_id, []).append(row)
    found = {}
    for product in LifecycleProduct.objects.order_by("slug"):
        rows = cycles.get(product.pk, [])
        read = Lifecycle(
            product.slug, product.title, product.category, tuple(product.identifiers),
            tuple(as_cycle(row) for row in rows), product.link,
        )  # fmt: skip
        found[product.slug] = (product.pk, read, {row.name: row.pk for row in rows})
    return found


def lifecycle_products() -> QuerySet[LifecycleProduct]:
    """The products whose support dates are known, by title."""
    return LifecycleProduct.objects.order_by("title")


def as_cycle(row: LifecycleCycle) -> Cycle:
    """A stored cycle as the engine reads it."""
    return Cycle(
        row.name, row.label, row.codename, row.released_on,
        End(row.active_on, row.active_past), End(row.security_on, row.security_past),
        End(row.extended_on, row.extended_past), End(row.discontinued_on, row.discontinued_past),
        row.latest, row.long_term,
    )  # fmt: skip
