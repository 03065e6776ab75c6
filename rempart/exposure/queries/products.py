"""Products as inventories and records name them: every key of one, on whose word, and what it concerns."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _

from rempart.engines.exposure.aliases import BUILTIN_ALIASES
from rempart.exposure.commands.findings import UNIDENTIFIED
from rempart.exposure.commands.inventory import Names
from rempart.exposure.commands.reach import fetch
from rempart.exposure.models import ComponentKey, Finding, ProductAlias, SupportHolding
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.organisations import queries as organisations

_HOLDERS = """
SELECT i.body_id, COUNT(*) FROM exposure_componentkey k
JOIN assets_install i ON i.component_id = k.component_id AND i.removed_at IS NULL
WHERE k.key = %s GROUP BY i.body_id
"""
_MOST = 60
_MOST_BODIES = 50


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A product by its canonical key, and how many distinct components are of it."""

    key: str
    components: int


@dataclass(frozen=True, slots=True)
class Spelling:
    """A key of a product: who says so and how surely, and what is published under it."""

    key: str
    confidence: float
    provenance: str
    by: str
    published: int


@dataclass(frozen=True, slots=True)
class ProductView:
    """All that is known of one product."""

    key: str
    spellings: tuple[Spelling, ...]
    components: int
    versions: tuple[tuple[str, int], ...]
    bodies: tuple[tuple[str, str, int], ...]
    vulnerabilities: int
    findings: dict[str, int]
    support: str


def products(actor: Actor, text: str = "", limit: int = _MOST) -> list[ProductLine]:
    """The products that inventories hold, most held first; ``text``: those of which a key contains it."""
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    rows = ComponentKey.objects.exclude(key=UNIDENTIFIED).exclude(key__startswith="packaged:")
    words = text.strip().lower().split()[:4]
    if words:
        joined = "".join(words)
        wanted = Q(key__contains=joined) | Q(key__contains="_".join(words))
        named = {row.canonical for row in BUILTIN_ALIASES if joined in row.key}
        named |= set(
            ProductAlias.objects.filter(key__contains=joined).values_list("canonical", flat=True)[:500]
        )
        rows = rows.filter(wanted | Q(key__in=sorted(named)[:500]))
    counted = rows.values_list("key").annotate(n=Count("component_id")).order_by("-n", "key")
    return [ProductLine(key, count) for key, count in counted[:limit]]


def product(actor: Actor, key: str) -> ProductView:
    """One product by any of its keys. Raises NotFound when neither inventories nor aliases know it."""
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    names = Names()
    canonical = names.aliases.canonical(key)[0]
    keys = names.spellings([canonical])
    held = ComponentKey.objects.filter(key=canonical)
    components = held.count()
    published = intelligence.counted_by_key(keys)
    if not components and not published and len(keys) < 2:
        raise NotFound(_("Aucun inventaire ni aucun dossier ne nomme ce produit."), field="key")
    versions = held.values_list("component__version").annotate(n=Count("component_id")).order_by("-n")[:12]
    ids = held.values("component_id")
    statuses = Finding.objects.filter(component_id__in=ids).values_list("status").annotate(n=Count("id"))
    return ProductView(
        canonical,
        _spellings(keys, canonical, published),
        components,
        tuple((version or "—", count) for version, count in versions),
        _bodies(actor, canonical),
        intelligence.concerned_by(keys),
        dict(statuses.order_by("status")),
        next(iter(_support(canonical)), ""),
    )


def _spellings(keys: list[str], canonical: str, published: dict[str, int]) -> tuple[Spelling, ...]:
    stored = {row.key: row for row in ProductAlias.objects.filter(key__in=keys).select_related("decided_by")}
    builtin = {row.key: row for row in BUILTIN_ALIASES if row.key in set(keys)}
    found = []
    for key in keys:
        row = stored.get(key) or builtin.get(key)
        provenance = row.provenance if row is not None else ""
        by = str(stored[key].decided_by or "") if key in stored else ""
        confidence = row.confidence if row is not None else 1.0
        found.append(Spelling(key, confidence, provenance, by, published.get(key, 0)))
    return tuple(sorted(found, key=lambda one: (one.key != canonical, one.key)))


def _bodies(actor: Actor, canonical: str) -> tuple[tuple[str, str, int], ...]:
    """The bodies that hold the product, those with most of it first: code, name, installs."""
    counted = dict(fetch(_HOLDERS, [canonical]))
    rows = organisations.bodies(actor, Permission.EXPOSURE_READ).filter(pk__in=list(counted))
    named = [(row.code, row.name, counted[row.pk]) for row in rows]
    return tuple(sorted(named, key=lambda one: (-one[2], one[0]))[:_MOST_BODIES])


def _support(canonical: str) -> list[str]:
    ids = ComponentKey.objects.filter(key=canonical).values("component_id")
    named = SupportHolding.objects.filter(Exists(ids.filter(component_id=OuterRef("component_id"))))
    return list(named.values_list("product__title", flat=True).distinct()[:1])
