"""Writing product statements and their identity keys, in bulk: the part of a load that costs most."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q, QuerySet

from rempart.engines.exposure.identity import affected_keys
from rempart.engines.exposure.model import Affected
from rempart.engines.exposure.unread import unread_ranges
from rempart.intelligence.commands import bulk
from rempart.intelligence.commands.counts import Progress, batches
from rempart.intelligence.models import AffectedKey, AffectedProduct, UnreadRange
from rempart.intelligence.statements import unpack

KEV_SOURCE = "kev"
# Places in a vulnerability's list of statements: the CVE record's, then advisories', then the catalogue's.
CVE_PLACES, CSAF_PLACES, KEV_PLACE = 0, 10_000, 30_000
MOST_STATEMENTS = 5_000
_LONGEST_KEY = 300
_IDENTIFIED_AT_ONCE = 2_000

FROM_RECORD = Q(advisory__isnull=True) & ~Q(source=KEV_SOURCE)
FROM_CATALOGUE = Q(advisory__isnull=True, source=KEV_SOURCE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement on its way to the tables."""

    vulnerability_id: int
    position: int
    packed: dict[str, Any]
    affected: Affected
    advisory_id: int | None = None


def kev_statement(vendor: str, product: str) -> Affected:
    """What the catalogue says of a product: its name, and nothing of its versions."""
    return Affected(source=KEV_SOURCE, vendor=vendor, product=product)


def digest_of(packed: Sequence[dict[str, Any]]) -> str:
    """SHA-256 (hex) of packed statements in their order: equal digests, nothing to match again."""
    return hashlib.sha256(orjson.dumps(packed, option=orjson.OPT_SORT_KEYS)).hexdigest() if packed else ""


def remove(vulnerability_ids: Collection[int], which: Q) -> None:
    """Removes statements with their keys."""
    _remove(AffectedProduct.objects.filter(which, vulnerability_id__in=vulnerability_ids))


def remove_advisories(advisory_ids: Collection[int]) -> None:
    """Removes the statements of these advisories with their keys."""
    _remove(AffectedProduct.objects.filter(advisory_id__in=advisory_ids))


def _remove(doomed: QuerySet[AffectedProduct]) -> None:
    """By identifiers read first: joined, the plan would hang on what the planner believes of the tables."""
    for part in batches(list(doomed.values_list("id", flat=True))):
        keys = AffectedKey.objects.filter(affected_id__in=part)
        keys._raw_delete(keys.db)
        unread = UnreadRange.objects.filter(affected_id__in=part)
        unread._raw_delete(unread.db)
        products = AffectedProduct.objects.filter(id__in=part)
        products._raw_delete(products.db)


_PRODUCT_COLUMNS = (
    "id", "vulnerability_id", "position", "source", "vendor", "product", "statement", "advisory_id",
)  # fmt: skip
_KEY_COLUMNS = ("key", "vulnerability_id", "affected_id")
_UNREAD_COLUMNS = ("reason", "text", "vulnerability_id", "affected_id")


def add(statements: Sequence[Statement]) -> set[int]:
    """Adds statements and their keys; returns the vulnerabilities of which some product is identified.

    The caller's transaction has written already.
    """
    if not statements:
        return set()
    products: list[tuple[Any, ...]] = []
    keys: list[tuple[str, int, int]] = []
    unread: list[tuple[str, str, int, int]] = []
    identifiers = bulk.reserve_ids(AffectedProduct, len(statements))
    for identifier, statement in zip(identifiers, statements, strict=True):
        affected = statement.affected
        products.append(
            (
                identifier,
                statement.vulnerability_id,
                statement.position,
                affected.source[:120],
                affected.vendor[:300],
                (affected.product or affected.package_name)[:500],
                orjson.dumps(statement.packed).decode(),
                statement.advisory_id,
            )
        )
        keys.extend((key, statement.vulnerability_id, identifier) for key in keys_of(affected))
        unread.extend((*one, statement.vulnerability_id, identifier) for one in unread_ranges(affected))
    bulk.insert(AffectedProduct, _PRODUCT_COLUMNS, products)
    bulk.insert(AffectedKey, _KEY_COLUMNS, keys)
    bulk.insert(UnreadRange, _UNREAD_COLUMNS, unread)
    return {vulnerability_id for _key, vulnerability_id, _identifier in keys}


def identify_anew(progress: Progress | None = None) -> int:
    """Works out the keys of every statement again, and what stays unread of it: after an upgrade.

    2,000 statements to a transaction; stopped, it is run again. Returns how many statements have other keys.
    """
    changed = done = last = 0
    total = AffectedProduct.objects.count() if progress else 0
    while page := list(AffectedProduct.objects.filter(id__gt=last).order_by("id")[:_IDENTIFIED_AT_ONCE]):
        last, done = page[-1].pk, done + len(page)
        with transaction.atomic():
            changed += _identify(page)
            _read_anew(page)
        if progress:
            progress(done, total)
    return changed


def _identify(page: Sequence[AffectedProduct]) -> int:
    known: dict[int, set[str]] = {}
    held = AffectedKey.objects.filter(affected_id__in=[one.pk for one in page])
    for affected_id, key in held.values_list("affected_id", "key"):
        known.setdefault(affected_id, set()).add(key)
    named = {one.pk: set(keys_of(unpack(one.statement))) for one in page}
    other = [one for one in page if named[one.pk] != known.get(one.pk, set())]
    if other:
        stale = AffectedKey.objects.filter(affected_id__in=[one.pk for one in other])
        stale._raw_delete(stale.db)
        rows = [(key, one.vulnerability_id, one.pk) for one in other for key in sorted(named[one.pk])]
        bulk.insert(AffectedKey, _KEY_COLUMNS, rows)
    return len(other)


def _read_anew(page: Sequence[AffectedProduct]) -> None:
    stale = UnreadRange.objects.filter(affected_id__in=[one.pk for one in page])
    stale._raw_delete(stale.db)
    rows = [
        (*unread, one.vulnerability_id, one.pk)
        for one in page
        for unread in unread_ranges(unpack(one.statement))
    ]
    bulk.insert(UnreadRange, _UNREAD_COLUMNS, rows)


def keys_of(affected: Affected) -> tuple[str, ...]:
    """The identity keys that fit the index; a longer one is no product's name."""
    return tuple(key for key, _confidence in affected_keys(affected) if len(key) <= _LONGEST_KEY)
