"""Criticality flows from public services to what they stand on; recomputed where it may have changed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from rempart.assets.models import Asset, Dependency
from rempart.engines.graph import propagate
from rempart.kernel import outbox, walls
from rempart.kernel.staging import execute, load, temporary_table

_MAX_IDS = 500  # beyond, the event names the body alone

Label = tuple[int, int | None, int | None]  # criticality, source, via
_NO_LABEL: Label = (0, None, None)


@transaction.atomic
@walls.lifted()
def recompute_criticality(body_ids: Iterable[int] | None = None) -> int:
    """Brings criticality up to date in these bodies and those downstream of them; everywhere by default.

    Bodies upstream are not touched: what flows in from them is taken as stored. Only rows that change are
    written, in one statement. Publishes ``assets.criticality_changed`` per body; returns how many changed.
    """
    bodies = None if body_ids is None else _with_downstream(set(body_ids))
    if bodies is not None and not bodies:
        return 0
    current = _labels(bodies)
    wanted = _propagated(bodies)
    changed = {
        asset_id: wanted.get(asset_id, _NO_LABEL)
        for asset_id in current.keys() | wanted.keys()
        if current.get(asset_id, _NO_LABEL) != wanted.get(asset_id, _NO_LABEL)
    }
    if changed:
        _store(changed)
        _tell(changed)
    return len(changed)


def _live_edges() -> QuerySet[Any]:
    return Dependency.objects.filter(dependent__retired_at__isnull=True, dependency__retired_at__isnull=True)


def _with_downstream(bodies: set[int]) -> set[int]:
    """The bodies and every body that their assets stand on, directly or not."""
    crossing: dict[int, set[int]] = {}
    pairs = (
        _live_edges()
        .exclude(dependent__body_id=F("dependency__body_id"))
        .values_list("dependent__body_id", "dependency__body_id")
        .distinct()
    )
    for above, below in pairs:
        crossing.setdefault(above, set()).add(below)
    found, waiting = set(bodies), list(bodies)
    while waiting:
        for below in crossing.get(waiting.pop(), ()):
            if below not in found:
                found.add(below)
                waiting.append(below)
    return found


def _of(queryset: QuerySet[Any], path: str, bodies: set[int] | None) -> QuerySet[Any]:
    return queryset if bodies is None else queryset.filter(**{f"{path}__in": sorted(bodies)})


def _labels(bodies: set[int] | None) -> dict[int, Label]:
    """The stored labels that say something."""
    labelled = Asset.objects.filter(
        Q(criticality__gt=0) | Q(criticality_source__isnull=False) | Q(criticality_via__isnull=False)
    )
    rows = _of(labelled, "body_id", bodies).values_list(
        "id", "criticality", "criticality_source_id", "criticality_via_id"
    )
    return {asset_id: (level, source, via) for asset_id, level, source, via in rows.iterator(20_000)}


def _propagated(bodies: set[int] | None) -> dict[int, Label]:
    live = Asset.objects.filter(retired_at__isnull=True)
    nodes: dict[int, int] = dict(
        _of(live.filter(own_criticality__gt=0), "body_id", bodies)
        .values_list("id", "own_criticality")
        .iterator(20_000)
    )
    edges = list(
        _of(_live_edges(), "dependency__body_id", bodies)
        .values_list("dependent_id", "dependency_id")
        .iterator(20_000)
    )
    border: dict[int, int | None] = {}
    if bodies is not None:
        upstream = (
            _of(_live_edges(), "dependency__body_id", bodies)
            .exclude(dependent__body_id__in=sorted(bodies))
            .filter(dependent__criticality__gt=0)
            .values_list("dependent_id", "dependent__criticality", "dependent__criticality_source_id")
            .distinct()
        )
        for asset_id, level, source in upstream:
            nodes[asset_id] = level
            border[asset_id] = source
    reached = propagate(nodes, edges)
    return {
        asset_id: (label.criticality, border.get(label.source) or label.source, label.via)
        for asset_id, label in reached.items()
        if asset_id not in border
    }


def _store(changed: dict[int, Label]) -> None:
    columns = "asset_id bigint PRIMARY KEY, criticality smallint, source_id bigint, via_id bigint"
    with temporary_table("stage_criticality", columns) as stage:
        rows = ((asset_id, *label) for asset_id, label in changed.items())
        load(stage, ("asset_id", "criticality", "source_id", "via_id"), rows)
        execute(
            f"""UPDATE {Asset._meta.db_table} AS a
                SET criticality = s.criticality, criticality_source_id = s.source_id,
                    criticality_via_id = s.via_id
                FROM {stage} AS s WHERE a.id = s.asset_id"""  # noqa: S608 - our own names
        )


def _tell(changed: dict[int, Label]) -> None:
    by_body: dict[int, list[int]] = {}
    waiting = iter(sorted(changed))
    while batch := list(islice(waiting, 10_000)):
        for asset_id, body_id in Asset.objects.filter(id__in=batch).values_list("id", "body_id"):
            by_body.setdefault(body_id, []).append(asset_id)
    for body_id, asset_ids in sorted(by_body.items()):
        payload: dict[str, Any] = {"body_id": body_id}
        if len(asset_ids) <= _MAX_IDS:
            payload["asset_ids"] = asset_ids
        outbox.publish("assets.criticality_changed", f"body:{body_id}", payload)
