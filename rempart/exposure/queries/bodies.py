"""Which bodies are exposed to a vulnerability: what directives address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.db.models import Count, Min

from rempart.engines.priority import Outcome
from rempart.exposure import facets
from rempart.exposure.models import Exposure
from rempart.exposure.queries.services import services_by_body


@dataclass(frozen=True, slots=True)
class ExposedBody:
    """A body with exposures open for certain: how many, its most urgent priority, its first due date."""

    body_id: int
    assets: int
    services: int
    essential: bool
    priority: str
    due_at: datetime | None


def exposed_bodies(vulnerability_id: int) -> list[ExposedBody]:
    """The bodies that hold an affected component now, by id. For the platform's own routing: not scoped."""
    open_rows = Exposure.objects.filter(
        vulnerability_id=vulnerability_id, state=Exposure.State.OPEN, certainty="affected"
    )
    found: dict[int, ExposedBody] = {}
    urgency = {outcome.value: outcome.rank for outcome in Outcome}
    by_priority = open_rows.values_list("body_id", "priority").annotate(due=Min("due_at")).order_by()
    assets = dict(open_rows.values_list("body_id").annotate(n=Count("asset_id", distinct=True)).order_by())
    services = services_by_body(vulnerability_id)
    for body_id, priority, due in by_priority:
        before = found.get(body_id)
        dues = [at for at in (due, before.due_at if before else None) if at is not None]
        if before is not None and urgency[before.priority] > urgency[priority]:
            priority = before.priority  # noqa: PLW2901 - the more urgent of the two
        count, essential = services.get(body_id, (0, False))
        found[body_id] = ExposedBody(
            body_id, assets[body_id], count, essential, priority, min(dues) if dues else None
        )
    return [found[body_id] for body_id in sorted(found)]


def exposing(vulnerability_ids: Iterable[int] | None, at_least: str) -> set[int]:
    """Those of these vulnerabilities (of all, when None) to which some body is exposed for certain, at this
    priority or above.
    """
    urgent = [outcome.value for outcome in Outcome if outcome.rank >= Outcome(at_least).rank]
    wanted = [facets.numbers(state="open", certainty="affected", priority=each) for each in urgent]
    rows = Exposure.objects.filter(state=Exposure.State.OPEN, facet__in=[*chain.from_iterable(wanted)])
    if vulnerability_ids is not None:
        rows = rows.filter(vulnerability_id__in=list(vulnerability_ids))
    return set(rows.values_list("vulnerability_id", flat=True).distinct())


def bodies_exposed_to(vulnerability_ids: Iterable[int]) -> int:
    """How many bodies any of these vulnerabilities exposes for certain."""
    certain = facets.numbers(state="open", certainty="affected")
    rows = Exposure.objects.filter(
        state=Exposure.State.OPEN, facet__in=certain, vulnerability_id__in=list(vulnerability_ids)
    )
    return rows.values("body_id").distinct().count()


def open_counts(vulnerability_id: int, body_ids: Iterable[int]) -> dict[int, int]:
    """For each of these bodies, how many exposures for certain are open: 0 where none is left."""
    wanted = dict.fromkeys(body_ids, 0)
    rows = Exposure.objects.filter(
        vulnerability_id=vulnerability_id,
        state=Exposure.State.OPEN,
        certainty="affected",
        body_id__in=list(wanted),
    )
    return wanted | dict(rows.values_list("body_id").annotate(n=Count("id")).order_by())


def state_counts(vulnerability_id: int, body_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """For each of these bodies that has any, how many exposures for certain are in each state."""
    found: dict[int, dict[str, int]] = {}
    rows = Exposure.objects.filter(
        vulnerability_id=vulnerability_id, certainty="affected", body_id__in=list(body_ids)
    )
    for body_id, state, count in rows.values_list("body_id", "state").annotate(n=Count("id")).order_by():
        found.setdefault(body_id, {})[state] = count
    return found
