"""Loading support dates (endoflife.date)."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import orjson
from django.db import transaction

from rempart.engines.lifecycle import End, Lifecycle, read_lifecycles
from rempart.engines.lifecycle.reading import MAX_BYTES
from rempart.engines.records.fields import RecordError
from rempart.intelligence.commands.counts import LoadCounts, Progress, batches
from rempart.intelligence.commands.runs import Run, feed_for, feed_run
from rempart.intelligence.models import Feed, LifecycleCycle, LifecycleProduct
from rempart.kernel import outbox
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

CHANGED = "intelligence.lifecycle_changed"
_ENDS = ("active", "security", "extended", "discontinued")
_FIELDS = ("title", "category", "link", "identifiers", "digest", "read_at")
_AT_ONCE = 100


def load_lifecycle(
    actor: Actor, path: Path | str, feed: Feed | str | None = None, progress: Progress | None = None
) -> LoadCounts:
    """Reads a file of products. A product that it no longer holds goes, unless something could not be read,
    or half of them would go. Raises FileNotFoundError, NotPermitted, NotFound, Invalid.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    source = feed_for(Feed.Kind.EOL, feed)
    with feed_run(actor, source) as run:
        products: dict[str, Lifecycle] = {}
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        for slug, read in read_lifecycles(content):
            run.counts.read += 1
            if isinstance(read, RecordError):
                run.refuse(slug or "?", read, record_id=slug)
                continue
            run.accept(slug, slug)
            products[slug] = read
        for number, batch in enumerate(batches(sorted(products), _AT_ONCE), start=1):
            with transaction.atomic():
                _load_batch(run, [products[slug] for slug in batch])
                run.settle()
            if progress:
                progress(min(number * _AT_ONCE, len(products)), len(products))
        if not run.counts.rejected:
            _forget_absent(run, set(products))
            run.forget_unseen()
        if run.counts.added or run.counts.changed:
            with transaction.atomic():
                outbox.publish(CHANGED, "intelligence", {})
    return run.counts


def _load_batch(run: Run, products: list[Lifecycle]) -> None:
    at = now()
    known = {
        row.slug: row for row in LifecycleProduct.objects.filter(slug__in=[one.slug for one in products])
    }
    written: list[tuple[LifecycleProduct, Lifecycle]] = []
    for product in products:
        digest = hashlib.sha256(orjson.dumps(asdict(product))).hexdigest()
        row = known.get(product.slug)
        if row is not None and row.digest == digest:
            run.counts.unchanged += 1
            continue
        run.counts.changed += row is not None
        run.counts.added += row is None
        row = row or LifecycleProduct(slug=product.slug)
        row.title, row.category, row.link = product.title, product.category[:60], product.link[:300]
        row.identifiers, row.digest, row.read_at = list(product.identifiers), digest, at
        written.append((row, product))
    LifecycleProduct.objects.bulk_create(
        [row for row, _product in written],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=_FIELDS,
    )
    ids = dict(
        LifecycleProduct.objects.filter(slug__in=[row.slug for row, _product in written]).values_list(
            "slug", "id"
        )
    )
    for row, product in written:
        _write_cycles(ids[row.slug], product)


def _write_cycles(product_id: int, product: Lifecycle) -> None:
    """Updates cycles in place: what stands on one (a body's software) keeps its place."""
    rows = []
    for position, cycle in enumerate(product.cycles):
        ends: dict[str, object] = {}
        for name in _ENDS:
            end: End = getattr(cycle, name)
            ends |= {f"{name}_on": end.on, f"{name}_past": end.past}
        rows.append(
            LifecycleCycle(
                product_id=product_id, name=cycle.name, label=cycle.label, codename=cycle.codename,
                position=position, released_on=cycle.released, latest=cycle.latest, long_term=cycle.long_term,
                **ends,
            )
        )  # fmt: skip
    rows = list({row.name: row for row in rows}.values())
    fields = [
        "label", "codename", "position", "released_on", "latest", "long_term",
        *(f"{name}_{part}" for name in _ENDS for part in ("on", "past")),
    ]  # fmt: skip
    LifecycleCycle.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["product", "name"], update_fields=fields, batch_size=500
    )
    LifecycleCycle.objects.filter(product_id=product_id).exclude(name__in=[row.name for row in rows]).delete()


def _forget_absent(run: Run, present: set[str]) -> None:
    listed = set(LifecycleProduct.objects.values_list("slug", flat=True))
    absent = listed - present
    if not absent or len(absent) * 2 > len(listed):
        return
    with transaction.atomic():
        LifecycleProduct.objects.filter(slug__in=absent).delete()
        run.counts.changed += len(absent)
