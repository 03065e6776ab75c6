"""Which components concern which vulnerabilities, and the verdict of each pair, kept with its reason.

Affected and doubtful pairs are kept; "not affected" only where a finding was kept before, so that the
reader of a withdrawn exposure finds why. Millions of pairs that never concerned anyone are not.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

import orjson
from django.db import connection

from rempart.engines.exposure import Matcher, component_keys
from rempart.engines.exposure.model import Affected, Component, Verdict
from rempart.engines.exposure.uncollected import uncollected
from rempart.engines.exposure.verdicts import Decision
from rempart.exposure.commands.differences import Differences, Pair
from rempart.exposure.commands.inventory import Inventory, Names, load_components
from rempart.exposure.commands.reach import Reach, fetch, slices
from rempart.exposure.models import ComponentKey, Finding
from rempart.intelligence import queries as intelligence
from rempart.kernel import statistics
from rempart.kernel.time import now

# A component that nothing identifies has this key: it was looked at, and no vulnerability can find it.
UNIDENTIFIED = "-"
_FINDINGS = """
SELECT f.id, f.vulnerability_id, f.component_id, f.status, f.source, f."range", f.reason, f.confidence,
    CAST(f.detail AS text)
FROM exposure_finding f WHERE {where}
"""
_CVES = "SELECT id, cve_id FROM intelligence_vulnerability WHERE {where}"
_KEYS_AT_ONCE = 400
_IDS_AT_ONCE = 2_000


@dataclass(slots=True)
class Changes:
    """What a matching changed: counts of findings, and the vulnerabilities they are about."""

    findings_added: int = 0
    findings_changed: int = 0
    findings_removed: int = 0
    vulnerability_ids: set[int] = field(default_factory=set)

    def add(self, other: Changes) -> None:
        self.findings_added += other.findings_added
        self.findings_changed += other.findings_changed
        self.findings_removed += other.findings_removed
        self.vulnerability_ids |= other.vulnerability_ids


class _Row(NamedTuple):
    """A finding as it is kept; ``detail`` is its JSON."""

    id: int
    vulnerability_id: int
    component_id: int
    status: str
    source: str
    range: str
    reason: str
    confidence: float
    detail: str


_Said = tuple[str, str, str, str, float]
_Fetched = tuple[Any, ...]  # the columns of a ``_Row``, of which most are only looked at


def forget(component_ids: Sequence[int]) -> None:
    """Takes the keys of these components away; ``index`` writes them again, in the same transaction."""
    ComponentKey.objects.filter(component_id__in=component_ids).delete()


def index(component_ids: Sequence[int], names: Names) -> list[Component]:
    """Writes the keys of these components; returns them as the engine reads them."""
    components = load_components(component_ids)
    rows = []
    for component in components:
        resolved = names.aliases.resolve(component_keys(component)) or {UNIDENTIFIED: 0.0}
        rows += [
            ComponentKey(component_id=int(component.id), key=key[:300], confidence=confidence)
            for key, confidence in sorted(resolved.items())
        ]
    ComponentKey.objects.bulk_create(rows, batch_size=5_000, ignore_conflicts=True)
    statistics.grew(ComponentKey, len(rows))
    return components


def candidates(named: Mapping[int, Collection[str]], names: Names) -> tuple[list[int], list[int]]:
    """Those of these vulnerabilities that may concern an indexed component by a key of theirs, and those
    components.
    """
    published = {vulnerability_id: names.canonical(keys) for vulnerability_id, keys in named.items()}
    keys = set().union(*published.values())
    held: set[str] = set()
    found: set[int] = set()
    for part in slices(sorted(keys), _KEYS_AT_ONCE):
        for key, component_id in ComponentKey.objects.filter(key__in=part).values_list("key", "component_id"):
            held.add(key)
            found.add(component_id)
    return [one for one, each in published.items() if not held.isdisjoint(each)], sorted(found)


def match_vulnerabilities(
    vulnerability_ids: Sequence[int],
    names: Names,
    at: datetime,
    differences: Differences | None = None,
) -> Changes:
    """Matches these vulnerabilities with every indexed component, and keeps the verdicts."""
    matcher, components = _made_ready(intelligence.keys_for(vulnerability_ids), names)
    reach = Reach(vulnerability_ids=vulnerability_ids)
    return _keep(matcher, Inventory(names, components), reach, at, differences)


@uncollected
def differing(named: Mapping[int, Collection[str]]) -> set[int]:
    """Those of these vulnerabilities, given with the keys by which they name what is held, whose findings are
    not what matching says now. Reads only.

    What others write meanwhile may make one look different, never make a difference unseen: whoever changes
    a statement or a component matches it in the same breath, or in an event that follows.
    """
    names = Names()
    matcher, components = _made_ready(named, names)
    reach = Reach(vulnerability_ids=list(named))
    return _compared(matcher, Inventory(names, components), reach, now()).vulnerability_ids


def verdicts_of(vulnerability_ids: Sequence[int], names: Names) -> Iterator[Verdict]:
    """The verdicts of these vulnerabilities about every indexed component that they may concern."""
    matcher, components = _made_ready(intelligence.keys_for(vulnerability_ids), names)
    return matcher.match(components)


def _made_ready(named: Mapping[int, Collection[str]], names: Names) -> tuple[Matcher, list[Component]]:
    """What these vulnerabilities say, and the indexed components that they may concern.

    Most records name nothing that anyone holds: their statements are not even read.
    """
    concerned, component_ids = candidates(named, names)
    return _matcher(intelligence.statements_for(concerned), names), load_components(component_ids)


def labels(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, str]]:
    """What a reader calls these (vulnerability, component)."""
    ids = Reach(vulnerability_ids=sorted({vulnerability_id for vulnerability_id, _ in pairs}))
    cves = dict(fetch(_CVES, where=ids.where(vulnerability="id")))
    held = {int(one.id): one for one in load_components(sorted({component for _, component in pairs}))}
    return {
        (v, c): (cves[v], f"{held[c].vendor} {held[c].product} {held[c].version}".strip()) for v, c in pairs
    }


def with_findings(vulnerability_ids: Sequence[int]) -> list[int]:
    """Those of these vulnerabilities about which a finding is kept: no other has a live exposure."""
    rows = Finding.objects.filter(vulnerability_id__in=vulnerability_ids)
    return sorted(rows.values_list("vulnerability_id", flat=True).distinct())


def match_components(
    components: Sequence[Component], names: Names, at: datetime, differences: Differences | None = None
) -> Changes:
    """Matches these components with every vulnerability, and keeps the verdicts."""
    canonical: set[str] = set()
    for component in components:
        canonical.update(names.aliases.resolve(component_keys(component)))
    matcher = _matcher(intelligence.statements_for_keys(names.spellings(canonical)), names)
    reach = Reach(component_ids=[int(one.id) for one in components])
    return _keep(matcher, Inventory(names, components), reach, at, differences)


def _matcher(statements: Mapping[int, list[Affected]], names: Names) -> Matcher:
    matcher = Matcher(names.aliases, names.precedence)
    matcher.fill((str(vulnerability_id), affected) for vulnerability_id, affected in statements.items())
    return matcher


@dataclass(slots=True)
class _Compared:
    """What separates the findings that are kept from what matching says: (before, after) of each pair."""

    added: list[Finding] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)
    removed: list[Finding] = field(default_factory=list)

    @property
    def vulnerability_ids(self) -> set[int]:
        befores = (before for before, _ in self.changed if before is not None)
        return {one.vulnerability_id for one in (*self.added, *befores, *self.removed)}


def _compared(matcher: Matcher, inventory: Inventory, reach: Reach, at: datetime) -> _Compared:
    """Of the pairs kept before, those that are affected no more are asked anew: each keeps why."""
    known = _kept(reach)
    found = _Compared()
    for vulnerability_ids, decision, held in inventory.sweep(matcher):
        said, (opening, ending) = _said(decision), _written(decision.detail)
        told = [(one, version, f"{opening}{json.dumps(version)}{ending}") for one, version in held]
        for vulnerability_id in vulnerability_ids:
            for component_id, version, text in told:
                before = known.pop((vulnerability_id, component_id), None)
                if (
                    before is not None
                    and before[3:8] == said
                    and (before[8] == text or _details(before, decision.detail, version))
                ):
                    continue
                detail = {"version": version, **decision.detail}
                after = _finding(vulnerability_id, component_id, said, detail, at)
                if before is None:
                    found.added.append(after)
                else:
                    found.changed.append(_changed(before, after))
    found.changed += _asked_anew(matcher, inventory, known, at)
    found.removed = [_of_row(row) for row in known.values()]
    return found


def _keep(
    matcher: Matcher,
    inventory: Inventory,
    reach: Reach,
    at: datetime,
    differences: Differences | None = None,
) -> Changes:
    """Brings the findings within ``reach`` to the verdicts about these components; writes what differs."""
    found = _compared(matcher, inventory, reach, at)
    # In one order everywhere, so that two workers that write the same pairs never wait in a ring.
    rows = sorted(
        (*found.added, *(after for _, after in found.changed if after is not None)),
        key=lambda one: (one.vulnerability_id, one.component_id),
    )
    Finding.objects.bulk_create(
        rows,
        batch_size=2_000,
        update_conflicts=True,
        unique_fields=["vulnerability", "component"],
        update_fields=["status", "source", "range", "reason", "detail", "confidence", "last_changed_at"],
    )
    statistics.grew(Finding, len(found.added))
    for part in slices([one.pk for one in found.removed], _IDS_AT_ONCE):
        Finding.objects.filter(pk__in=part).delete()
    if differences is not None:
        new = ((None, one) for one in found.added)
        gone = ((one, None) for one in found.removed)
        differences.verdicts(chain(found.changed, new, gone), at)
    return Changes(len(found.added), len(found.changed), len(found.removed), found.vulnerability_ids)


def _kept(reach: Reach) -> dict[tuple[int, int], _Fetched]:
    where = reach.where("f.vulnerability_id", "f.component_id")
    return {(row[1], row[2]): row for row in fetch(_FINDINGS, where=where)}


def _said(one: Decision | Verdict) -> _Said:
    """What a row keeps of an answer, beside its detail."""
    return one.status.value, one.source[:120], one.range[:500], one.reason, one.confidence


def _written(detail: Mapping[str, str]) -> tuple[str, str]:
    """What stands before and after the version in the text that the database gives of a row's detail.

    A first look, quicker than reading the text: keys as they were given on SQLite, by length and then by
    letter on PostgreSQL.
    """
    whole = {"version": "", **detail}
    if connection.vendor == "postgresql":
        whole = {key: whole[key] for key in sorted(whole, key=lambda key: (len(key), key))}
    opening, _, ending = json.dumps(whole).partition('"version": ""')
    return f'{opening}"version": ', ending


def _details(before: _Fetched, detail: dict[str, str], version: str) -> bool:
    """Whether a kept row's detail is this one, however its text is written."""
    kept = orjson.loads(before[8])
    return bool(kept.pop("version", None) == version and kept == detail)


def _asked_anew(
    matcher: Matcher, inventory: Inventory, known: dict[tuple[int, int], _Fetched], at: datetime
) -> Iterator[Pair]:
    """What becomes of kept pairs that are not affected, or not any more; each is taken out of ``known``."""
    if not known:
        return
    for verdict in inventory.asked(matcher, {component_id for _, component_id in known}):
        pair = (int(verdict.vulnerability_id), int(verdict.component_id))
        before = known.pop(pair, None)
        if before is None:
            continue
        said = _said(verdict)
        if before[3:8] != said or orjson.loads(before[8]) != verdict.detail:
            yield _changed(before, _finding(*pair, said, verdict.detail, at))


def _finding(
    vulnerability_id: int,
    component_id: int,
    said: _Said,
    detail: dict[str, str],
    at: datetime,
) -> Finding:
    status, source, quote, reason, confidence = said
    return Finding(
        vulnerability_id=vulnerability_id, component_id=component_id, status=status, source=source,
        range=quote, reason=reason, confidence=confidence, detail=detail, first_found_at=at,
        last_changed_at=at,
    )  # fmt: skip


def _changed(before: _Fetched, after: Finding) -> Pair:
    return _of_row(before), after


def _of_row(fetched: _Fetched) -> Finding:
    values = _Row(*fetched)._asdict()
    values["detail"] = orjson.loads(values["detail"])
    return Finding(**values)
