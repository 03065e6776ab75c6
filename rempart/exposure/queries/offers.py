"""Offers of reviewed statements, as the bodies with the same component see them; and statements as VEX."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from rempart.exposure.models import Exposure, Statement
from rempart.exposure.vex import Stated
from rempart.kernel import walls
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

_MOST_STATED = 20_000


def _offers() -> QuerySet[Statement]:
    in_time = Q(valid_until__isnull=True) | Q(valid_until__gt=now())
    rows = Statement.objects.filter(in_time, offered_at__isnull=False, state="accepted")
    return rows.select_related("vulnerability", "component").order_by("-offered_at", "-pk")


@walls.lifted()
def offers(actor: Actor) -> list[tuple[Statement, list[Any]]]:
    """The offers about open exposures that the actor may see, each with the bodies that may take it up."""
    mine = Exposure.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(state="open")
    same = mine.filter(vulnerability_id=OuterRef("vulnerability_id"), component_id=OuterRef("component_id"))
    rows = list(_offers().filter(Exists(same.exclude(body_id=OuterRef("body_id"))))[:100])
    wanted = Q()
    for one in rows:
        wanted |= Q(vulnerability_id=one.vulnerability_id, component_id=one.component_id)
    bodies: dict[tuple[int, int | None], dict[int, Any]] = {}
    for exposure in mine.filter(wanted).select_related("body") if rows else ():
        held = bodies.setdefault((exposure.vulnerability_id, exposure.component_id), {})
        held[exposure.body_id] = exposure.body
    found = []
    for one in rows:
        held = bodies.get((one.vulnerability_id, one.component_id), {})
        found.append((one, [body for body_id, body in sorted(held.items()) if body_id != one.body_id]))
    return found


@walls.lifted()
def offers_for(exposure: Exposure) -> list[Statement]:
    """The offers about one exposure: the same vulnerability and the same component, of another body."""
    if exposure.state != Exposure.State.OPEN:
        return []
    found = _offers().filter(vulnerability_id=exposure.vulnerability_id, component_id=exposure.component_id)
    return list(found.exclude(body_id=exposure.body_id)[:5])


def stated(actor: Actor, body_code: str = "") -> Iterator[Stated]:
    """The accepted statements that the actor may see, as VEX says them, with the components they cover."""
    rows = Statement.objects.visible_to(actor, Permission.EXPOSURE_READ).filter(state="accepted")
    if body_code:
        rows = rows.filter(body__code=body_code)
    rows = rows.select_related("vulnerability", "component", "body").order_by("pk")[:_MOST_STATED]
    for one in rows:
        components: Iterable[Any] = [one.component] if one.component is not None else _covered(one)
        for component in components:
            yield Stated(
                one.pk, one.vulnerability.cve_id, one.body.code, one.kind, one.justification,
                one.explanation,
                one.compensating_measure, one.valid_until, one.reviewed_at or one.made_at, component.pk,
                component.vendor, component.product, component.version, component.purl, component.cpe,
            )  # fmt: skip


def _covered(statement: Statement) -> list[Any]:
    rows = Exposure.objects.filter(body_id=statement.body_id, vulnerability_id=statement.vulnerability_id)
    found = {row.component_id: row.component for row in rows.select_related("component")}
    return [found[key] for key in sorted(found)]
