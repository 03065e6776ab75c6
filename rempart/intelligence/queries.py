"""Reading what is known of vulnerabilities. They belong to no body: who may read one reads all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from rempart.engines.exposure.model import Affected
from rempart.intelligence.commands.counts import batches
from rempart.intelligence.models import AffectedKey, AffectedProduct, Vulnerability
from rempart.intelligence.statements import unpack
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission

# Bound values of one query: below the limit of SQLite's oldest builds.
_CHUNK = 500


def vulnerabilities(actor: Actor) -> QuerySet[Vulnerability]:
    """Every vulnerability. Raises NotPermitted without the right to read intelligence."""
    actor.require(Permission.INTELLIGENCE_READ)
    return Vulnerability.objects.all()


def get_vulnerability(actor: Actor, cve_id: str) -> Vulnerability:
    """One vulnerability by its identifier; raises NotFound."""
    found = vulnerabilities(actor).filter(cve_id=cve_id).first()
    if found is None:
        raise NotFound("Cette vulnérabilité n’est pas connue.", field="cve_id", values={"cve_id": cve_id})
    return found


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
        raise NotFound("Cette vulnérabilité n’est pas connue.", field="vulnerability_id")
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
