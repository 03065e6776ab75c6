"""Everything known of one host or user of a body, in time: for its own people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum
from django.urls import reverse

from rempart.assets import queries as assets
from rempart.detection.models import Detection, Level
from rempart.detection.queries.detections import detections
from rempart.exposure import queries as exposure
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission

LATEST = 200
_EXPOSURES = 50
_BESIDE = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. ``kind``: detection, exposure_opened, exposure_closed or response."""

    at: datetime
    kind: str
    what: Any
    url: str = ""
    detail: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Days:
    """The latest detections of a host or user, what else happened to it, and its counts over all time."""

    total: int
    events: int
    first_at: datetime | None
    last_at: datetime | None
    by_level: list[tuple[int, int]]
    beside: list[tuple[str, int]]
    asset: Any = None
    open_exposures: int = 0
    entries: list[Entry] = field(default_factory=list)


def entity_timeline(actor: Actor, found: Detection, kind: str) -> Days:
    """What is known of the host or user (``kind``) that a detection names, latest first.

    Exposures are those of the body's asset of that name, where there is one that the actor may see.
    """
    key = getattr(found, f"{kind}_key")
    mine = detections(actor).filter(body_id=found.body_id, **{f"{kind}_key": key})
    counts = mine.order_by().aggregate(
        total=Count("pk"), events=Sum("count"), first=Min("seen_at"), last=Max("seen_at"),
        **{level.name: Count("pk", filter=Q(level=level)) for level in Level},
    )  # fmt: skip
    other = "user" if kind == "host" else "host"
    beside = mine.exclude(**{other: ""}).order_by().values_list(other).annotate(n=Count("pk"))
    entries = [
        Entry(one.seen_at, "detection", one, reverse("detection", args=[one.pk]))
        for one in mine.defer("sample", "matched").order_by("-seen_at", "-pk")[:LATEST]
    ]
    asset = _asset(actor, found) if kind == "host" else None
    opened, open_now = [], 0
    if asset is not None:
        rows = exposure.of_asset(actor, asset.pk).filter(certainty="affected")
        opened = list(rows.order_by("-opened_at", "-pk")[:_EXPOSURES])
        open_now = rows.filter(state="open").count()
    entries += [one for row in opened for one in _of_exposure(row)]
    entries.sort(key=lambda one: one.at, reverse=True)
    return Days(
        counts["total"], counts["events"] or 0, counts["first"], counts["last"],
        [(int(level), counts[level.name]) for level in sorted(Level, reverse=True) if counts[level.name]],
        list(beside.order_by("-n", other)[:_BESIDE]), asset, open_now,
        entries,
    )  # fmt: skip


def _asset(actor: Actor, found: Detection) -> Any:
    """The body's asset of the host's name, whole or without its domain."""
    if not actor.may(Permission.ASSET_READ, found.body_id):
        return None
    names = {found.host_key, found.host_key.split(".")[0]}
    wanted = Q()
    for name in names:
        wanted |= Q(key__iexact=name) | Q(name_fr__iexact=name)
    rows = assets.assets(actor).filter(wanted, body_id=found.body_id)
    return rows.order_by("-last_seen_at", "pk").first()


def _of_exposure(row: Any) -> list[Entry]:
    url = reverse("exposure", args=[row.pk])
    name = row.vulnerability.cve_id
    found = [Entry(row.opened_at, "exposure_opened", name, url, str(row.component), "warn")]
    if row.closed_at:
        found.append(Entry(row.closed_at, "exposure_closed", name, url, str(row.component), "ok"))
    return found
