"""Names of inventories that no published name meets, and the published ones like them: for a person to judge.

Only names of one vendor are compared, by the letters they share: the cost follows what inventories hold,
not what is published.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count

from rempart.engines.exposure.names import product_name, vendor_name
from rempart.engines.lifecycle.cycles import SOURCE, keys_of
from rempart.exposure.commands.inventory import Names
from rempart.exposure.models import ComponentKey, ProductAlias, ProductDifference
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission

_ALIKE = 0.45
_WITHIN = 0.7  # a name within another is often an edition of it, and often another product
_SHORTEST = 5
_MOST_HELD = 20_000
_MOST_COMPARED = 2_000
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """``key`` of an inventory resembles ``published``; how many components and vulnerabilities of each."""

    key: str
    published: str
    components: int
    vulnerabilities: int
    likeness: float


def alias_candidates(actor: Actor, limit: int = 100, text: str = "") -> list[Candidate]:
    """Inventory names that meet nothing published, beside the names like them; those that weigh most first.

    What a person decided, or refused, is left out. ``text`` keeps the names that contain it.
    """
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    names = Names()
    held = _held(text.strip().lower())
    by_vendor: dict[str, list[str]] = defaultdict(list)
    for key in held:
        by_vendor[_vendor(key)].append(key)
    published = _published(actor, list(by_vendor))
    met = {names.aliases.canonical(key)[0] for key in published}
    refused = set(ProductDifference.objects.values_list("key", "other"))
    found = []
    for vendor, keys in by_vendor.items():
        known = [(key, _letters(key)) for key in published if _vendor(key) == vendor][:_MOST_COMPARED]
        for key in keys:
            if key in met:
                continue
            best = _best(key, known, refused)
            if best is not None:
                other, likeness = best
                found.append(Candidate(key, other, held[key], published[other], round(likeness, 2)))
    found.sort(key=lambda one: (-one.likeness, -one.vulnerabilities, -one.components, one.key))
    return found[:limit]


def _held(text: str) -> dict[str, int]:
    """The names under which inventories hold components, that nobody decided about: how many of each."""
    rows = ComponentKey.objects.filter(key__gte="name:", key__lt="name;")
    if text:
        rows = rows.filter(key__contains=text)
    counted = rows.values_list("key").annotate(n=Count("component_id")).order_by("-n")[:_MOST_HELD]
    held = dict(counted)
    decided = ProductAlias.objects.exclude(decided_by__isnull=True, provenance=SOURCE)
    for key in decided.values_list("key", flat=True):
        held.pop(key, None)
    return held


def _published(actor: Actor, vendors: list[str]) -> dict[str, int]:
    """Names of these vendors' products: of records, of the KEV catalogue, of the support dates."""
    counted: dict[str, int] = dict(intelligence.named_by(vendors))
    wanted = set(vendors)
    entries = intelligence.vulnerabilities(actor).filter(kev_added_on__isnull=False)
    for vendor, product in entries.values_list("kev_vendor", "kev_product"):
        maker = vendor_name(vendor)
        name = product_name(product, maker) if maker in wanted else ""
        if name:
            counted.setdefault(f"name:{maker}/{name}", 1)
    for _id, product, _cycles in intelligence.lifecycles().values():
        for key in keys_of(product):
            if key.startswith("name:") and _vendor(key) in wanted:
                counted.setdefault(key, 0)
    return counted


def _best(
    key: str, known: list[tuple[str, frozenset[str]]], refused: set[tuple[str, str]]
) -> tuple[str, float] | None:
    letters = _letters(key)
    best: tuple[str, float] | None = None
    for other, theirs in known:
        likeness = _likeness(letters, theirs)
        if likeness < _ALIKE or (best is not None and likeness <= best[1]) or other == key:
            continue
        if tuple(sorted((key, other))) not in refused:
            best = other, likeness
    return best


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """What two names share of both, or most of it where one begins the other."""
    shared, shorter = len(one & other), min(len(one), len(other))
    of_both = shared / (len(one) + len(other) - shared)
    return max(of_both, _WITHIN * shared / shorter) if shorter >= _SHORTEST else of_both


def _vendor(key: str) -> str:
    return key.removeprefix("name:").partition("/")[0]


def _letters(key: str) -> frozenset[str]:
    """The groups of three letters of a product's name, its ends marked: what likeness is counted on."""
    name = f"^{key.partition('/')[2]}$"
    return frozenset(name[place : place + 3] for place in range(len(name) - 2))


def differences() -> list[ProductDifference]:
    """The pairs that people said are two products, latest first."""
    return list(
        ProductDifference.objects.select_related("decided_by").order_by("-decided_at", "-id")[:_AT_ONCE]
    )
