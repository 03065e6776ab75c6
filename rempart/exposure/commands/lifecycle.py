"""Keeping in step what is installed and until when it is supported.

Distinct components are located once; bodies' holdings follow from them in one statement each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models import QuerySet

from rempart.engines.exposure import Aliases
from rempart.engines.exposure.model import Component
from rempart.engines.lifecycle import End, index
from rempart.engines.lifecycle.cycles import SOURCE, Index, aliases_from
from rempart.exposure.commands.aliases import rename_components
from rempart.exposure.commands.inventory import Names, load_components
from rempart.exposure.commands.matching import tell
from rempart.exposure.commands.reach import fetch, hold, run, slices
from rempart.exposure.models import ComponentSupport, ProductAlias
from rempart.intelligence import queries as intelligence
from rempart.kernel import outbox

CHANGED = "exposure.support_changed"
_AT_ONCE = 2_000
_NOT_LOCATED = """
SELECT DISTINCT i.component_id FROM assets_install i WHERE i.body_id = %s AND i.removed_at IS NULL
AND NOT EXISTS (SELECT 1 FROM exposure_componentsupport s WHERE s.component_id = i.component_id)
ORDER BY i.component_id
"""
_FORGET = "DELETE FROM exposure_supportholding WHERE {body}"
_HOLD = """
INSERT INTO exposure_supportholding
    (body_id, component_id, product_id, cycle_id, ends_on, past, extended_on, assets, internet, criticality)
SELECT i.body_id, i.component_id, s.product_id, s.cycle_id, s.ends_on, s.past, s.extended_on,
    COUNT(DISTINCT i.asset_id),
    COUNT(DISTINCT CASE WHEN a.network_exposure = 'internet' THEN i.asset_id END), MAX(a.criticality)
FROM exposure_componentsupport s
JOIN assets_install i ON i.component_id = s.component_id AND i.removed_at IS NULL
JOIN assets_asset a ON a.id = i.asset_id AND a.retired_at IS NULL
WHERE s.product_id IS NOT NULL AND {body}
GROUP BY i.body_id, i.component_id, s.product_id, s.cycle_id, s.ends_on, s.past, s.extended_on
"""
_BODY_LOCK = 7_303


class Located:
    """Where components are in the published cycles: read once, asked many times."""

    def __init__(self, names: Names) -> None:
        self._known = intelligence.lifecycles()
        self._index: Index = index((read for _id, read, _cycles in self._known.values()), names.aliases)

    def row(self, component: Component) -> ComponentSupport:
        found = self._index.locate(component)
        if found is None:
            return ComponentSupport(component_id=int(component.id))
        product_id, _read, cycles = self._known[found.slug]
        cycle = found.cycle
        end = End()
        if cycle is not None:
            end = cycle.security if cycle.security != End() else cycle.discontinued
        return ComponentSupport(
            component_id=int(component.id),
            product_id=product_id,
            cycle_id=cycles[cycle.name] if cycle is not None else None,
            ends_on=end.on,
            past=end.past,
            extended_on=cycle.extended.on if cycle is not None else None,
            confidence=found.confidence,
            key=found.key[:300],
        )


def locate_components(ids: Iterable[int], located: Located) -> None:
    """Writes where these components are in the cycles, in place of what was written before."""
    for part in slices(sorted(ids), _AT_ONCE):
        rows = [located.row(component) for component in load_components(part)]
        with transaction.atomic():
            ComponentSupport.objects.filter(component_id__in=part).delete()
            ComponentSupport.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


def hold_support(body_id: int) -> int:
    """Brings one body's holdings to its inventory; returns how many of its components have known support."""
    waiting = [row[0] for row in fetch(_NOT_LOCATED, [body_id])]
    if waiting:
        locate_components(waiting, Located(Names()))
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_BODY_LOCK, body_id % 2**31])
        run(_FORGET, body=f"body_id = {int(body_id)}")
        count = run(_HOLD, body=f"i.body_id = {int(body_id)}")
        outbox.publish(CHANGED, f"body:{body_id}", {"body_id": body_id})
    return count


def relocate_all() -> int:
    """Locates every component anew, then rewrites every holding: after the support dates changed.

    The names that the source joins come first. Returns how many components have a product.
    """
    _take_aliases()
    ids = [row[0] for row in fetch("SELECT id FROM assets_component ORDER BY id")]
    locate_components(ids, Located(Names()))
    with transaction.atomic():
        run(_FORGET, body="1 = 1")
        run(_HOLD, body="1 = 1")
        outbox.publish(CHANGED, "exposure", {"body_id": None})
    return ComponentSupport.objects.filter(product__isnull=False).count()


@transaction.atomic
def _take_aliases() -> None:
    """The joins of the source's identifiers, below any person's decision; those it no longer makes go."""
    products = [read for _id, read, _cycles in intelligence.lifecycles().values()]
    decided = ProductAlias.objects.exclude(provenance=SOURCE, decided_by__isnull=True)
    kept = set(decided.values_list("key", flat=True))
    wanted = {row.key: row for row in aliases_from(products, Aliases.builtin()) if row.key not in kept}
    stored = ProductAlias.objects.filter(provenance=SOURCE, decided_by__isnull=True)
    before = dict(stored.values_list("key", "canonical"))
    gone = before.keys() - wanted.keys()
    changed = [row for key, row in wanted.items() if before.get(key) != row.canonical]
    if not gone and not changed:
        return
    hold(alone=True)
    _delete(stored, sorted(gone | {row.key for row in changed}))
    ProductAlias.objects.bulk_create(
        [
            ProductAlias(key=row.key, canonical=row.canonical, confidence=row.confidence, provenance=SOURCE)
            for row in changed
        ],
        batch_size=200,
        ignore_conflicts=True,
    )
    touched = {row.key for row in changed} | {row.canonical for row in changed} | gone
    touched |= {before[key] for key in gone}
    effect = rename_components(touched, Names())
    tell(effect.matched.exposures, "alias")


def _delete(stored: QuerySet[ProductAlias], keys: Sequence[str]) -> None:
    for part in slices(keys, 500):
        stored.filter(key__in=part).delete()
