"""Product statements for the matching of exposures: internal to the platform, no actor asks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from rempart.engines.exposure.model import Affected
from rempart.intelligence.commands.counts import batches
from rempart.intelligence.models import AffectedKey, AffectedProduct
from rempart.intelligence.statements import unpack

# Bound values of one query: below the limit of SQLite's oldest builds.
_CHUNK = 500


def statements_for(vulnerability_ids: Collection[int]) -> dict[int, list[Affected]]:
    """The product statements of these vulnerabilities, in their sources' order. A rejected one has none."""
    found: dict[int, list[Affected]] = {}
    for chunk in batches(vulnerability_ids, _CHUNK):
        rows = AffectedProduct.objects.filter(vulnerability_id__in=chunk, vulnerability__state="PUBLISHED")
        _gather(found, rows)
    return found


def statements_for_keys(keys: Iterable[str]) -> dict[int, list[Affected]]:
    """The statements that name a product by one of these keys, by vulnerability; rejected ones excepted."""
    found: dict[int, list[Affected]] = {}
    seen: set[int] = set()
    for chunk in batches(dict.fromkeys(keys), _CHUNK):
        named = AffectedKey.objects.filter(key__in=chunk, vulnerability__state="PUBLISHED")
        fresh = set(named.values_list("affected_id", flat=True)) - seen
        seen |= fresh
        for part in batches(fresh, _CHUNK):
            _gather(found, AffectedProduct.objects.filter(id__in=part))
    return found


def keys_for(vulnerability_ids: Collection[int]) -> dict[int, set[str]]:
    """The identity keys under which these vulnerabilities name products; none for a rejected one."""
    found: dict[int, set[str]] = {}
    for chunk in batches(vulnerability_ids, _CHUNK):
        rows = AffectedKey.objects.filter(vulnerability_id__in=chunk, vulnerability__state="PUBLISHED")
        for vulnerability_id, key in rows.values_list("vulnerability_id", "key"):
            found.setdefault(vulnerability_id, set()).add(key)
    return found


def _gather(found: dict[int, list[Affected]], rows: QuerySet[AffectedProduct]) -> None:
    ordered = rows.order_by("vulnerability_id", "position", "id").values_list("vulnerability_id", "statement")
    for vulnerability_id, statement in ordered.iterator(chunk_size=2000):
        found.setdefault(vulnerability_id, []).append(unpack(statement))
