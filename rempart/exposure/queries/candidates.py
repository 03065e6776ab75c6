"""Names of inventories that may be those of exploited products: what a person should look at."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.db.models import Count

from rempart.engines.exposure.names import product_name, vendor_name
from rempart.exposure.commands.findings import Names
from rempart.exposure.models import ComponentKey, ProductAlias
from rempart.intelligence import queries as intelligence
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission

_ALIKE = 0.72
_BUCKET = 4  # only names that begin alike are compared: the cost stays near linear
_MOST_COMPARED = 200
_MOST_NAMES = 50_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """``key`` of an inventory resembles ``published``, a product of the catalogue; how many of each."""

    key: str
    published: str
    components: int
    vulnerabilities: int
    likeness: float


def alias_candidates(actor: Actor, limit: int = 100) -> list[Candidate]:
    """Exploited products that no component has, and the inventory names like them; likeliest first.

    A key about which a person decided is left out.
    """
    actor.require_everywhere(Permission.INTELLIGENCE_MANAGE)
    names = Names()
    published = _published(actor, names)
    held = dict(
        ComponentKey.objects.filter(key__startswith="name:")
        .values_list("key")
        .annotate(n=Count("component_id"))
        .order_by("-n")[:_MOST_NAMES]
    )
    for key in ComponentKey.objects.filter(key__in=list(published)).values_list("key", flat=True).distinct():
        published.pop(key, None)
    for key in ProductAlias.objects.values_list("key", flat=True):
        held.pop(key, None)
    by_start: dict[str, list[str]] = defaultdict(list)
    for key in held:
        by_start[_product(key)[:_BUCKET]].append(key)
    found = []
    for key, count in published.items():
        for other in by_start.get(_product(key)[:_BUCKET], ())[:_MOST_COMPARED]:
            likeness = _likeness(key, other)
            if likeness >= _ALIKE:
                found.append(Candidate(other, key, held[other], count, round(likeness, 2)))
    found.sort(key=lambda one: (-one.likeness, -one.vulnerabilities, -one.components, one.key))
    return found[:limit]


def _published(actor: Actor, names: Names) -> Counter[str]:
    """The products of the KEV catalogue by their name key, with how many entries each has."""
    counted: Counter[str] = Counter()
    entries = intelligence.vulnerabilities(actor).filter(kev_added_on__isnull=False)
    for vendor, product in entries.values_list("kev_vendor", "kev_product"):
        maker = vendor_name(vendor)
        name = product_name(product, maker) if maker else ""
        if name:
            key = f"name:{maker}/{name}"
            if names.aliases.canonical(key)[0] == key:
                counted[key] += 1
    return counted


def _product(key: str) -> str:
    return key.partition("/")[2]


def _likeness(one: str, other: str) -> float:
    """Product names count for most; the same vendor adds to it."""
    product = SequenceMatcher(None, _product(one), _product(other)).ratio()
    vendor = SequenceMatcher(None, one.partition("/")[0], other.partition("/")[0]).ratio()
    return 0.75 * product + 0.25 * vendor
