"""The public services that exposed assets can bring down: up the dependencies, any number of steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from rempart.exposure import facets
from rempart.exposure.commands.reach import Reach, fetch
from rempart.exposure.models import Exposure
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.scoping import condition

# From each exposed asset to all that need it. UNION drops what was already reached, which ends cycles.
_BY_BODY = """
WITH RECURSIVE reached(exposed_body, asset_id) AS (
    SELECT DISTINCT e.body_id, e.asset_id FROM exposure_exposure e
    WHERE e.state = 'open' AND e.certainty = 'affected' AND {where}
    UNION
    SELECT r.exposed_body, d.dependent_id FROM reached r
    JOIN assets_dependency d ON d.dependency_id = r.asset_id
)
SELECT r.exposed_body, COUNT(DISTINCT a.id), MAX(CASE WHEN a.essential THEN 1 ELSE 0 END)
FROM reached r JOIN assets_asset a ON a.id = r.asset_id
WHERE a.kind = 'service' AND a.retired_at IS NULL GROUP BY r.exposed_body
"""
_CERTAIN = ", ".join(map(str, facets.numbers(state="open", certainty="affected")))
_EXPOSED = f"""
SELECT DISTINCT e.asset_id FROM exposure_exposure e
WHERE e.state = 'open' AND e.facet IN ({_CERTAIN}) AND {{where}}
"""  # noqa: S608 - numbers of ours
# Of every body and vulnerability at once: one look for each asset, instead of millions of exposures.
_EXPOSED_AT_ALL = """
SELECT one.id FROM assets_asset one WHERE EXISTS (
    SELECT 1 FROM exposure_exposure e
    WHERE e.asset_id = one.id AND e.state = 'open' AND e.certainty = 'affected'
)
"""
_SERVICES = """
WITH RECURSIVE reached(asset_id) AS (
    {exposed}
    UNION
    SELECT d.dependent_id FROM reached r JOIN assets_dependency d ON d.dependency_id = r.asset_id
)
SELECT a.id, a.body_id, a.key, a.name_fr, a.name_en, a.essential, a.criticality
FROM assets_asset a
WHERE a.id IN (SELECT asset_id FROM reached) AND a.kind = 'service' AND a.retired_at IS NULL
ORDER BY a.essential DESC, a.criticality DESC, a.id
"""


_UNDER = """
WITH RECURSIVE below(asset_id) AS (
    SELECT id FROM assets_asset WHERE kind = 'service' AND {which}
    UNION
    SELECT d.dependency_id FROM below b JOIN assets_dependency d ON d.dependent_id = b.asset_id
)
SELECT asset_id FROM below
"""


@dataclass(frozen=True, slots=True)
class ExposedService:
    """A public service that depends on an exposed asset."""

    id: int
    body_id: int
    key: str
    name_fr: str
    name_en: str
    essential: bool
    criticality: int


def services_by_body(vulnerability_id: int) -> dict[int, tuple[int, bool]]:
    """For each exposed body: how many services its exposed assets hold up, and whether one is essential."""
    where = Reach(vulnerability_ids=[vulnerability_id]).exposures
    return {body: (count, bool(essential)) for body, count, essential in fetch(_BY_BODY, where=where)}


def exposed_services(vulnerability_ids: Iterable[int] | None, actor: Actor) -> list[ExposedService]:
    """The services that open exposures reach, of these vulnerabilities or of all, that the actor may see.

    A service is seen by whoever may see the exposed asset: it may belong to another body.
    """
    scope = actor.scope(Permission.EXPOSURE_READ)
    if not scope:
        return []
    if vulnerability_ids is None and scope.everything:
        exposed = _EXPOSED_AT_ALL
    else:
        ids = None if vulnerability_ids is None else sorted(vulnerability_ids)
        where = Reach(vulnerability_ids=ids).exposures
        where += f" AND {condition(scope, 'e.body_id')}"
        exposed = _EXPOSED.format(where=where)
    rows = fetch(_SERVICES, exposed=exposed)
    return [ExposedService(*row[:5], bool(row[5]), row[6]) for row in rows]


def under_service(rows: QuerySet[Exposure], service: str) -> QuerySet[Exposure]:
    """Keeps the exposures of what a service (its number or its key) stands on, any number of steps down."""
    numbered = service.isdecimal() and len(service) < 19
    sql = _UNDER.format(which="id = %s" if numbered else "key = %s")
    return rows.filter(asset_id__in=RawSQL(sql, [int(service) if numbered else service]))  # noqa: S611
