"""Product statements for the matching of exposures: internal to the platform, no actor asks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import itemgetter

import orjson
from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast

from rempart.engines.exposure.model import Affected
from rempart.intelligence.commands.counts import batches
from rempart.intelligence.models import AffectedKey, AffectedProduct
from rempart.intelligence.statements import unpack

# Bound values of one query: below the limit of SQLite's oldest builds.
_CHUNK = 500

_Placed = dict[int, list[tuple[int, int, Affected]]]  # by vulnerability: position, identifier, statement


def statements_for(vulnerability_ids: Collection[int]) -> dict[int, list[Affected]]:
    """The product statements of these vulnerabilities, in their sources' order. A rejected one has none."""
    found: _Placed = {}
    for chunk in batches(vulnerability_ids, _CHUNK):
        rows = AffectedProduct.objects.filter(vulnerability_id__in=chunk, vulnerability__state="PUBLISHED")
        _gather(found, rows)
    return _in_order(found)


def statements_for_keys(keys: Iterable[str]) -> dict[int, list[Affected]]:
    """The statements that name a product by one of these keys, by vulnerability; rejected ones excepted.

    In their sources' order: of two that say the same, the first is quoted, whichever way they were found.
    """
    found: _Placed = {}
    seen: set[int] = set()
    for chunk in batches(dict.fromkeys(keys), _CHUNK):
        named = AffectedKey.objects.filter(key__in=chunk, vulnerability__state="PUBLISHED")
        fresh = set(named.values_list("affected_id", flat=True)) - seen
        seen |= fresh
        for part in batches(sorted(fresh), _CHUNK):
            _gather(found, AffectedProduct.objects.filter(id__in=part))
    return _in_order(found)


def keys_for(vulnerability_ids: Collection[int]) -> dict[int, set[str]]:
    """The identity keys under which these vulnerabilities name products; none for a rejected one."""
    found: dict[int, set[str]] = {}
    for chunk in batches(vulnerability_ids, _CHUNK):
        rows = AffectedKey.objects.filter(vulnerability_id__in=chunk, vulnerability__state="PUBLISHED")
        for vulnerability_id, key in rows.values_list("vulnerability_id", "key"):
            found.setdefault(vulnerability_id, set()).add(key)
    return found


def keys_among(keys: Iterable[str]) -> dict[int, list[str]]:
    """The vulnerabilities that name a product by any of these keys, each with those keys in order."""
    found: dict[int, list[str]] = {}
    for chunk in batches(dict.fromkeys(sorted(keys)), _CHUNK):
        rows = AffectedKey.objects.filter(key__in=chunk, vulnerability__state="PUBLISHED")
        for vulnerability_id, key in rows.order_by("key").values_list("vulnerability_id", "key"):
            named = found.setdefault(vulnerability_id, [])
            if key not in named:
                named.append(key)
    return found


def _gather(found: _Placed, rows: QuerySet[AffectedProduct]) -> None:
    """Takes these rows in. Records come in series that say the same of a product: that is read once."""
    text = Cast("statement", TextField())
    known: dict[str, Affected] = {}
    read = rows.order_by().values_list("vulnerability_id", "position", "id", text)
    for vulnerability_id, position, identifier, packed in read.iterator(chunk_size=2000):
        statement = known.get(packed)
        if statement is None:
            statement = known[packed] = unpack(orjson.loads(packed))
        found.setdefault(vulnerability_id, []).append((position, identifier, statement))


def _in_order(found: _Placed) -> dict[int, list[Affected]]:
    return {
        one: [said for _, _, said in sorted(placed, key=itemgetter(0, 1))] for one, placed in found.items()
    }


def contested(most: int) -> list[int]:
    """The vulnerabilities of which more than one source states products, at most so many of them."""
    rows = AffectedProduct.objects.filter(vulnerability__state="PUBLISHED").values("vulnerability_id")
    several = rows.annotate(sources=Count("source", distinct=True)).filter(sources__gt=1)
    return list(several.order_by("vulnerability_id").values_list("vulnerability_id", flat=True)[:most])


def named_by(vendors: Collection[str]) -> dict[str, int]:
    """The name keys of these vendors' products (in one spelling) in records, and their statements' counts."""
    counted: dict[str, int] = {}
    for chunk in batches(dict.fromkeys(vendors), 50):
        wanted = Q()
        for vendor in chunk:
            # "0" follows "/": the index answers for the keys that begin so.
            wanted |= Q(key__gte=f"name:{vendor}/", key__lt=f"name:{vendor}0")
        counted.update(
            AffectedKey.objects.filter(wanted).values_list("key").annotate(n=Count("id")).order_by()
        )
    return counted


def counted_by_key(keys: Collection[str]) -> dict[str, int]:
    """How many vulnerabilities name a product by each of these keys; those that none does are left out."""
    counted: dict[str, int] = {}
    for chunk in batches(dict.fromkeys(keys), _CHUNK):
        rows = AffectedKey.objects.filter(key__in=chunk).values_list("key")
        counted.update(rows.annotate(n=Count("vulnerability_id", distinct=True)).order_by())
    return counted


def concerned_by(keys: Collection[str]) -> int:
    """How many vulnerabilities name a product by any of these keys."""
    found: set[int] = set()
    for chunk in batches(dict.fromkeys(keys), _CHUNK):
        found.update(AffectedKey.objects.filter(key__in=chunk).values_list("vulnerability_id", flat=True))
    return len(found)
