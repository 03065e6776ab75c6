"""Unsupported software: who holds what, until when it is supported, now and in two years."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Case, Count, DateField, F, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from rempart.engines.lifecycle import Cycle, Lifecycle, Support, support_of
from rempart.engines.lifecycle.cycles import cycle_of
from rempart.exposure.models import SupportHolding
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.scoping import ScopedQuerySet
from rempart.kernel.time import today

_MOST_FOUND = 12
_VERSION = re.compile(r"\s+v?(\d[\w.+~:-]{0,40})$")


def months_after(day: date, months: int) -> date:
    """The same day of a later month; the last of the month where it has no such day."""
    year, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError(day)


def ended(at: date) -> Q:
    """No longer supported on a day."""
    return Q(ends_on__lte=at) | Q(ends_on__isnull=True, past=True)


def periods(at: date) -> dict[str, Q]:
    """When support ends, as lists filter it; each holding is in one of them."""
    year, two_years = months_after(at, 12), months_after(at, 24)
    return {
        "now": ended(at),
        "12": Q(ends_on__gt=at, ends_on__lte=year),
        "24": Q(ends_on__gt=year, ends_on__lte=two_years),
        "later": Q(ends_on__gt=two_years) | Q(ends_on__isnull=True, past=False),
        "unknown": Q(ends_on__isnull=True, past__isnull=True),
    }


def end_for_sorting() -> Coalesce:
    """The end of support, an end past without a day before all others, and no end after them."""
    undated = Case(When(past=True, then=Value(date(1, 1, 1))), default=Value(date(9999, 12, 31)))
    return Coalesce(F("ends_on"), undated, output_field=DateField())


def holdings(actor: Actor) -> ScopedQuerySet:
    """The software whose support is known of, as the bodies that the actor may see hold it."""
    return SupportHolding.objects.visible_to(actor, Permission.EXPOSURE_READ).select_related(
        "body", "component", "product", "cycle"
    )


def support_totals(rows: QuerySet[SupportHolding]) -> dict[str, dict[str, int]]:
    """For each period: software (of one body), assets and bodies, in one query."""
    counts: dict[str, Count | Sum] = {}
    for name, condition in periods(today()).items():
        counts[f"held_{name}"] = Count("id", filter=condition)
        counts[f"assets_{name}"] = Sum("assets", filter=condition)
        counts[f"bodies_{name}"] = Count("body_id", filter=condition, distinct=True)
    found = rows.order_by().aggregate(**counts)
    return {
        name: {part: found[f"{part}_{name}"] or 0 for part in ("held", "assets", "bodies")}
        for name in periods(today())
    }


def unsupported_products(rows: QuerySet[SupportHolding], limit: int = 10) -> list[dict[str, object]]:
    """The products most held without support, with the bodies and assets that hold them."""
    found = (
        rows.filter(ended(today()))
        .order_by()
        .values(slug=F("product__slug"), title=F("product__title"))
        .annotate(total=Sum("assets"), places=Count("body_id", distinct=True), highest=Max("criticality"))
    )
    return list(found.order_by("-total", "slug")[:limit])


def supported_shares(at: date) -> Mapping[int, tuple[float, float]]:
    """Of each body: holdings still supported, and holdings whose support is known; for the indicators."""
    known = SupportHolding.objects.filter(Q(ends_on__isnull=False) | Q(past__isnull=False)).order_by()
    rows = known.values("body_id").annotate(total=Count("id"), over=Count("id", filter=ended(at)))
    return {row["body_id"]: (float(row["total"] - row["over"]), float(row["total"])) for row in rows}


@dataclass(frozen=True, slots=True)
class Checked:
    """A product whose support dates are known, the cycle of the version asked for, and where each stands."""

    product: Lifecycle
    version: str
    cycle: Cycle | None
    support: Support | None
    cycles: tuple[tuple[Cycle, Support], ...]


def product_choices() -> list[tuple[str, str]]:
    """(slug, title) of the products whose support dates are known."""
    return list(intelligence.lifecycle_products().values_list("slug", "title"))


def check_support(actor: Actor, text: str, version: str = "") -> list[Checked]:
    """Until when what a person writes ("PostgreSQL 13") is supported: the products whose names match it.

    An exact name goes alone. Raises NotPermitted, Invalid (too short), NotFound (no such product).
    """
    actor.require(Permission.EXPOSURE_READ)
    name = text.strip()[:200]
    found = _VERSION.search(name)
    if not version and found is not None:
        name, version = name[: found.start()], found.group(1)
    version = version.strip()[:60]
    words = [word for word in name.casefold().split() if word]
    if not words or len("".join(words)) < 2:
        raise Invalid(_("Écrivez le nom d’un produit."), field="product")
    known = intelligence.lifecycles()
    whole = name.casefold()
    exact = [read for _id, read, _cycles in known.values() if whole in {read.slug, read.title.casefold()}]
    named = exact or [
        read
        for _id, read, _cycles in known.values()
        if all(word in read.title.casefold() or word in read.slug for word in words)
    ]
    if not named:
        raise NotFound(_("Aucun produit de ce nom dans les dates de soutien."), field="product")
    named.sort(key=lambda one: (len(one.title), one.title))
    return [_checked(one, version) for one in named[:_MOST_FOUND]]


def _checked(product: Lifecycle, version: str) -> Checked:
    at = today()
    cycle = cycle_of(product, version) if version else None
    return Checked(
        product,
        version,
        cycle,
        support_of(cycle, at) if cycle is not None else None,
        tuple((one, support_of(one, at)) for one in product.cycles),
    )
