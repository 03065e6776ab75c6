"""Keeping findings and exposures in step with what is installed and what is published.

Each command is idempotent and may run in several workers at once. Each change is told by ``exposure.changed``
{"vulnerability_ids", "body_ids", "cause", "import_id"?}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from rempart.exposure.commands import findings, opening, priorities
from rempart.exposure.commands.differences import Differences
from rempart.exposure.commands.findings import Changes
from rempart.exposure.commands.inventory import Names
from rempart.exposure.commands.looking import Named, looked_at
from rempart.exposure.commands.opening import Movement
from rempart.exposure.commands.reach import Reach, fetch, hold, slices
from rempart.exposure.models import MatchRun
from rempart.intelligence import commands as intelligence
from rempart.intelligence import queries as intelligence_queries
from rempart.kernel import outbox, sql
from rempart.kernel.time import now

VULNERABILITIES_AT_ONCE = 100
REMATCHED_AT_ONCE = 500
# What a part of a re-match may have to settle: on SQLite, nobody else writes while it lasts.
EXPOSURES_AT_ONCE = 5_000
COMPONENTS_AT_ONCE = 1_000
_TOLD_AT_ONCE = 500

_EXPOSED = """
SELECT e.vulnerability_id, COUNT(*) FROM exposure_exposure e WHERE {where} GROUP BY e.vulnerability_id
"""
# What is rejected keeps its place after its findings are gone: a re-match begun again has the same groups.
_FOUND = """
SELECT v.id FROM intelligence_vulnerability v
WHERE EXISTS (SELECT 1 FROM exposure_finding f WHERE f.vulnerability_id = v.id)
    OR EXISTS (SELECT 1 FROM exposure_exposure e WHERE e.vulnerability_id = v.id)
"""
_UNINDEXED = """
SELECT c.id FROM assets_component c WHERE {where}
AND NOT EXISTS (SELECT 1 FROM exposure_componentkey k WHERE k.component_id = c.id) ORDER BY c.id
"""
_UNINDEXED_OF_BODY = """
SELECT DISTINCT i.component_id FROM assets_install i WHERE i.body_id = %s AND i.removed_at IS NULL
AND NOT EXISTS (SELECT 1 FROM exposure_componentkey k WHERE k.component_id = i.component_id)
ORDER BY i.component_id
"""
_HOLDING = "SELECT DISTINCT asset_id FROM assets_install WHERE {where} AND removed_at IS NULL"

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Matched:
    """The outcome of a matching: what changed among findings and among exposures."""

    findings: Changes = field(default_factory=Changes)
    exposures: Movement = field(default_factory=Movement)

    def add(self, other: Matched) -> None:
        self.findings.add(other.findings)
        self.exposures.add(other.exposures)

    def summary(self) -> dict[str, int]:
        moved = self.exposures
        return {
            "findings_added": self.findings.findings_added,
            "findings_changed": self.findings.findings_changed,
            "findings_removed": self.findings.findings_removed,
            "exposures_opened": moved.opened,
            "exposures_reopened": moved.reopened,
            "exposures_verified": moved.verified,
            "exposures_withdrawn": moved.withdrawn,
            "exposures_stated": moved.stated,
            "exposures_lapsed": moved.lapsed,
            "exposures_revised": moved.revised,
            "vulnerabilities": len(moved.vulnerability_ids),
            "bodies": len(moved.body_ids),
        }


def tell(movement: Movement, cause: str, **more: Any) -> None:
    """Publishes what moved; nothing when nothing did."""
    bodies = sorted(movement.body_ids)
    for part in slices(sorted(movement.vulnerability_ids), _TOLD_AT_ONCE):
        payload = {"vulnerability_ids": part, "body_ids": bodies, "cause": cause, **more}
        outbox.publish("exposure.changed", "exposure", payload)


def index_components(ids: Iterable[int] | None = None, differences: Differences | None = None) -> Matched:
    """Takes in the components not yet indexed (among ``ids``, or all): keys, findings and exposures."""
    if ids is None:
        waiting = [row[0] for row in fetch(_UNINDEXED, where="1 = 1")]
    else:
        waiting = [
            row[0]
            for part in slices(sorted(set(ids)), COMPONENTS_AT_ONCE)
            for row in fetch(_UNINDEXED, where=Reach(component_ids=part).where(component="c.id"))
        ]
    total = Matched()
    for part in slices(waiting, COMPONENTS_AT_ONCE):
        total.add(_take_in_and_settle(part, "components", differences))
    return total


def rematch_vulnerabilities(ids: Iterable[int], feed_run_id: int | None = None) -> Matched:
    """Matches these vulnerabilities anew: after their records, statements or state changed.

    What that changes is kept under the feed's reading that brought it, where there is one.
    """
    total, differences = Matched(), Differences.of_reading(feed_run_id)
    for part in slices(sorted(set(ids)), VULNERABILITIES_AT_ONCE):
        total.add(_rematch(part, "vulnerability", differences))
    if differences is not None:
        differences.close()
    return total


def groups_of_all(names: Names) -> Iterator[Named]:
    """Every vulnerability that concerns anyone, by product, so many at once.

    The others name nothing that is held, and nothing is kept about them: whoever takes in a component of
    theirs matches it with them.
    """
    held = [row[0] for row in fetch("SELECT DISTINCT key FROM exposure_componentkey")]
    named = intelligence_queries.keys_among(names.spellings(held))
    for (vulnerability_id,) in fetch(_FOUND):
        named.setdefault(vulnerability_id, [])
    for part in slices(sorted(named, key=lambda one: (named[one][:1], one)), REMATCHED_AT_ONCE):
        yield {one: named[one] for one in part}


def _parts(groups: Iterable[Sequence[int]]) -> Iterator[list[int]]:
    """These vulnerabilities in parts that a transaction settles quickly."""
    part: list[int] = []
    weight = 0
    for group in groups:
        exposures = dict(fetch(_EXPOSED, where=Reach(vulnerability_ids=group).exposures)) if group else {}
        for vulnerability_id in group:
            weighs = exposures.get(vulnerability_id, 0)
            if part and (weight + weighs > EXPOSURES_AT_ONCE or len(part) == VULNERABILITIES_AT_ONCE):
                yield part
                part, weight = [], 0
            part.append(vulnerability_id)
            weight += weighs
    if part:
        yield part


@transaction.atomic
def _rematch(vulnerability_ids: Sequence[int], cause: str, differences: Differences | None) -> Matched:
    """Findings, then the exposures where one changed.

    Installs that changed have an event of their own, which reconciles their body.
    """
    hold(alone=True)
    at = now()
    result = Matched(findings.match_vulnerabilities(vulnerability_ids, Names(), at, differences))
    if result.findings.vulnerability_ids:
        changed = Reach(vulnerability_ids=sorted(result.findings.vulnerability_ids))
        result.exposures = opening.settle(changed, at)
    concerned = findings.with_findings(vulnerability_ids)
    if result.exposures.reopened or result.exposures.lapsed:  # settled just now, priorities too
        concerned = [one for one in concerned if one not in result.findings.vulnerability_ids]
    if concerned:
        reach = Reach(vulnerability_ids=concerned)
        result.exposures.revised += priorities.prioritise(reach, at)
        opening.touched(reach, at, result.exposures)
    if differences is not None and (result.findings.vulnerability_ids or result.exposures.total):
        differences.moves(Reach(vulnerability_ids=vulnerability_ids), at)
    tell(result.exposures, cause)
    return result


@transaction.atomic
def reconcile_body(
    body_id: int, import_id: int | None = None, asset_ids: Sequence[int] | None = None
) -> Matched:
    """Brings one body's exposures to its inventory: new components are matched, absent ones proved gone.

    ``asset_ids``: those of its assets where anything moved (None: any). The others are not read, unless they
    hold a component that nobody has matched yet.
    """
    hold(alone=False, body_id=body_id)
    result = Matched()
    names = Names()
    waiting = [row[0] for row in fetch(_UNINDEXED_OF_BODY, [body_id])]
    at = now()
    moved = None if asset_ids is None else set(asset_ids)
    for part in slices(waiting, COMPONENTS_AT_ONCE):
        result.add(_take_in(part, names, at))
        if moved is not None:
            held = Reach(component_ids=part, body_id=body_id)
            where = held.where(component="component_id", body="body_id")
            moved.update(row[0] for row in fetch(_HOLDING, where=where))
    reach = Reach(asset_ids=None if moved is None else sorted(moved), body_id=body_id)
    result.exposures = opening.settle(reach, at, import_id)
    tell(result.exposures, "inventory", **({"import_id": import_id} if import_id is not None else {}))
    return result


@transaction.atomic
def reprioritise(
    *,
    vulnerability_ids: Sequence[int] | None = None,
    body_id: int | None = None,
    asset_ids: Sequence[int] | None = None,
    cause: str,
    feed_run_id: int | None = None,
) -> Matched:
    """Applies the decision table anew to the live exposures of these vulnerabilities, body or assets."""
    hold(alone=True)
    at = now()
    reach = Reach(vulnerability_ids=vulnerability_ids, asset_ids=asset_ids, body_id=body_id)
    result = Matched()
    result.exposures.revised = priorities.prioritise(reach, at)
    opening.touched(reach, at, result.exposures)
    if result.exposures.total and (differences := Differences.of_reading(feed_run_id)) is not None:
        differences.moves(reach, at)
        differences.close()
    tell(result.exposures, cause)
    return result


def rematch_all(
    progress: Progress | None = None, kind: str = MatchRun.Kind.REMATCH, processes: int | None = None
) -> Matched:
    """Matches everything anew: components not yet indexed, then every vulnerability that concerns anyone.

    Each group is looked at without keeping anyone out; where findings say otherwise, it is matched again and
    settled, part by part, each a transaction of its own: stopped, it is run again. Exposures follow findings
    and installs in the transactions that change these, and are not read where none changed
    (``reconcile_all`` reads them). What it changes is kept as a run of that kind. ``processes`` look at once
    (default: ``REMPART_MATCHING_PROCESSES``); one writes.
    """
    differences = Differences.open(kind)
    total = index_components(differences=differences)
    groups = list(groups_of_all(Names()))
    done, everything = 0, sum(map(len, groups))

    def pause() -> None:
        if progress is not None:
            progress(done, everything)

    def differing() -> Iterator[list[int]]:
        nonlocal done
        for group, found in looked_at(groups, processes or settings.MATCHING_PROCESSES, pause):
            yield [one for one in group if one in found]
            done += len(group)
            pause()

    with sql.room_to_write():
        for part in _parts(differing()):
            total.add(_rematch(part, "rematch", differences))
            pause()
    differences.close()
    return total


def reconcile_all(progress: Progress | None = None) -> Matched:
    """Brings every body's exposures to its inventory, one transaction per body.

    Changes nothing, unless rows were changed by other hands than the platform's.
    """
    total = Matched()
    bodies = [row[0] for row in fetch("SELECT DISTINCT body_id FROM assets_asset ORDER BY body_id")]
    for number, body_id in enumerate(bodies, start=1):
        total.add(reconcile_body(body_id))
        if progress is not None:
            progress(number, len(bodies))
    return total


def identify_anew(progress: Progress | None = None) -> Matched:
    """Names every published product and every component anew, and matches them: after an upgrade.

    Statements first, then components, each part with its match in one transaction. Exposures keep their ids.
    """
    intelligence.identify_anew()
    ids = [row[0] for row in fetch("SELECT id FROM assets_component ORDER BY id")]
    total, differences = Matched(), Differences.open(MatchRun.Kind.IDENTITY)
    for number, part in enumerate(slices(ids, COMPONENTS_AT_ONCE)):
        total.add(_take_in_and_settle(part, "identities", differences))
        if progress is not None:
            progress(min((number + 1) * COMPONENTS_AT_ONCE, len(ids)), len(ids))
    differences.close()
    return total


def reprioritise_all(progress: Progress | None = None) -> Matched:
    """Applies the decision table to every live exposure, one transaction per body."""
    total = Matched()
    bodies = [row[0] for row in fetch("SELECT DISTINCT body_id FROM exposure_exposurecount ORDER BY body_id")]
    for number, body_id in enumerate(bodies, start=1):
        total.add(reprioritise(body_id=body_id, cause="priority"))
        if progress is not None:
            progress(number, len(bodies))
    return total


@transaction.atomic
def _take_in_and_settle(component_ids: Sequence[int], cause: str, differences: Differences | None) -> Matched:
    """Names and matches these components, whatever they were named before, and what follows from it."""
    hold(alone=True)
    findings.forget(component_ids)
    at = now()
    result = _take_in(component_ids, Names(), at, differences)
    result.exposures = opening.settle(Reach(component_ids=component_ids), at)
    if differences is not None:
        differences.moves(Reach(component_ids=component_ids), at)
    tell(result.exposures, cause)
    return result


def _take_in(
    component_ids: Sequence[int], names: Names, at: datetime, differences: Differences | None = None
) -> Matched:
    """Indexes components and matches them with every vulnerability: never one without the other."""
    components = findings.index(component_ids, names)
    return Matched(findings.match_components(components, names, at, differences))
