"""Who is exposed to a vulnerability, as a table by body and as a picture: bodies → services → assets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q
from django.utils.translation import ngettext

from rempart.engines.priority import Outcome
from rempart.exposure.commands.reach import fetch
from rempart.exposure.models import Exposure
from rempart.exposure.queries.rows import centres
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.sql import ids
from rempart.kernel.text import in_language

MOST_NODES = 40

_UP = """
WITH RECURSIVE up(exposed, asset_id) AS (
    SELECT id, id FROM assets_asset WHERE id IN ({ids})
    UNION
    SELECT u.exposed, d.dependent_id FROM up u JOIN assets_dependency d ON d.dependency_id = u.asset_id
)
SELECT u.exposed, a.id, a.name_fr, a.name_en, a.essential FROM up u JOIN assets_asset a ON a.id = u.asset_id
WHERE a.kind = 'service' AND a.retired_at IS NULL ORDER BY u.exposed, a.id
"""


@dataclass(frozen=True, slots=True)
class BodyLine:
    """One body and its exposures to a vulnerability, by state; ``open`` counts those for certain."""

    id: int
    code: str
    name: str
    assets: int
    open: int
    in_doubt: int
    verified: int
    set_aside: int  # accepted, stated not affected, or withdrawn
    priority: str
    due_at: datetime | None


@dataclass(slots=True)
class Picture:
    """Nodes {key: {label, query, note, meaning}}, edges, columns of keys; ``query``: filters of the list."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    layers: list[list[str]] = field(default_factory=lambda: [[], [], []])

    def add(self, layer: int, key: str, label: str, query: dict[str, Any], note: str, meaning: str) -> None:
        if key not in self.nodes:
            self.nodes[key] = {"label": label, "query": query, "note": note, "meaning": meaning}
            self.layers[layer].append(key)

    def join(self, one: str, other: str) -> None:
        if (one, other) not in self.edges:
            self.edges.append((one, other))


def body_lines(actor: Actor, vulnerability_id: int) -> list[BodyLine]:
    """One line per body that is or was exposed, the most urgent first. Two queries."""
    rows = Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(
        vulnerability_id=vulnerability_id
    )
    sure = Q(state=Exposure.State.OPEN, certainty="affected")
    worst: dict[int, str] = {}
    for body_id, priority in rows.filter(sure).values_list("body_id", "priority").distinct():
        if body_id not in worst or Outcome(priority).rank > Outcome(worst[body_id]).rank:
            worst[body_id] = priority
    grouped = (
        rows.values("body_id", "body__code", "body__name_fr", "body__name_en")
        .annotate(
            assets=Count("asset_id", filter=sure, distinct=True),
            open=Count("id", filter=sure),
            in_doubt=Count("id", filter=Q(state=Exposure.State.OPEN) & ~Q(certainty="affected")),
            verified=Count("id", filter=Q(state=Exposure.State.VERIFIED)),
            set_aside=Count("id", filter=Q(state__in=["accepted", "not_affected", "withdrawn"])),
            due=Min("due_at", filter=sure),
        )
        .order_by()
    )
    lines = [
        BodyLine(
            one["body_id"], one["body__code"], in_language(one["body__name_fr"], one["body__name_en"]),
            one["assets"], one["open"], one["in_doubt"], one["verified"], one["set_aside"],
            worst.get(one["body_id"], ""), one["due"],
        )
        for one in grouped
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (-_rank(line.priority), -line.open, line.code))


def _rank(priority: str) -> int:
    return Outcome(priority).rank if priority else -1


def picture(actor: Actor, vulnerability_id: int, lines: list[BodyLine]) -> Picture | None:
    """The picture of what is open; grouped when it would hold more than ``MOST_NODES`` nodes."""
    exposed = [line for line in lines if line.open]
    if not exposed:
        return None
    assets = sum(line.assets for line in exposed)
    if len(exposed) + assets <= MOST_NODES:
        whole = _whole(actor, vulnerability_id)
        if len(whole.nodes) <= MOST_NODES:
            return whole
    if 2 * len(exposed) <= MOST_NODES:
        return _by_body(exposed)
    return _by_centre(actor, exposed)


def _whole(actor: Actor, vulnerability_id: int) -> Picture:
    rows = (
        Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ)
        .filter(vulnerability_id=vulnerability_id, state=Exposure.State.OPEN, certainty="affected")
        .select_related("asset", "body")
        .order_by("body__code", "asset__key")
    )
    drawn = Picture()
    body_of: dict[int, str] = {}
    for one in rows:
        body, asset = f"b{one.body_id}", f"a{one.asset_id}"
        body_of[one.asset_id] = body
        meaning = "critical" if one.priority == "act_now" else "warn"
        drawn.add(0, body, one.body.name, {"body": one.body.code}, "", "calm")
        drawn.add(2, asset, one.asset.name, {"asset": one.asset_id}, one.asset.key, meaning)
    reached = fetch(_UP, ids=ids(sorted(body_of)))
    served = set()
    for exposed, service_id, name_fr, name_en, essential in reached:
        if service_id in body_of:
            continue  # the service itself carries the software: it is already drawn
        service = f"s{service_id}"
        meaning = "critical" if essential else "warn"
        drawn.add(1, service, in_language(name_fr, name_en), {"service": service_id}, "", meaning)
        drawn.join(body_of[exposed], service)
        drawn.join(service, f"a{exposed}")
        served.add(exposed)
    for asset_id, body in body_of.items():
        if asset_id not in served:
            drawn.join(body, f"a{asset_id}")
    return drawn


def _assets_label(count: int) -> str:
    return ngettext("%(count)d actif", "%(count)d actifs", count) % {"count": count}


def _exposures_label(count: int) -> str:
    return ngettext("%(count)d exposition", "%(count)d expositions", count) % {"count": count}


def _by_body(lines: list[BodyLine]) -> Picture:
    drawn = Picture()
    for line in lines:
        meaning = "critical" if line.priority == "act_now" else "warn"
        drawn.add(0, f"b{line.id}", line.name, {"body": line.code}, "", "calm")
        drawn.add(1, f"a{line.id}", _assets_label(line.assets), {"body": line.code}, "", meaning)
        drawn.join(f"b{line.id}", f"a{line.id}")
    drawn.layers = [layer for layer in drawn.layers if layer]
    return drawn


def _by_centre(actor: Actor, lines: list[BodyLine]) -> Picture:
    drawn = Picture()
    by_id = {line.id: line for line in lines}
    for centre_id, centre in centres(actor).items():
        members = [by_id[body_id] for body_id in centre["bodies"] if body_id in by_id]
        if not members:
            continue
        count = len(members)
        meaning = "critical" if any(line.priority == "act_now" for line in members) else "warn"
        label = ngettext("%(count)d organisme", "%(count)d organismes", count) % {"count": count}
        query = {"centre": centre["code"], "certainty": "affected"}
        drawn.add(0, f"c{centre_id}", centre["name"], query, "", "calm")
        # It leads to exposures: the second line says how many rows will be there.
        drawn.add(
            1, f"n{centre_id}", label, query, _exposures_label(sum(one.open for one in members)), meaning
        )
        drawn.add(2, f"a{centre_id}", _assets_label(sum(line.assets for line in members)), query, "", meaning)
        drawn.join(f"c{centre_id}", f"n{centre_id}")
        drawn.join(f"n{centre_id}", f"a{centre_id}")
    return drawn
