"""Which components concern which vulnerabilities, and the verdict of each pair, kept with its reason.

Affected and doubtful pairs are kept; "not affected" only where a finding was kept before, so that the
reader of a withdrawn exposure finds why. Millions of pairs that never concerned anyone are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from rempart.engines.exposure import Aliases, AliasRow, Matcher, component_keys
from rempart.engines.exposure.aliases import BUILTIN_ALIASES
from rempart.engines.exposure.model import Affected, Component, Status, Verdict
from rempart.exposure.commands import order
from rempart.exposure.commands.differences import Differences, Pair
from rempart.exposure.commands.reach import Reach, fetch, slices
from rempart.exposure.models import ComponentKey, Finding, ProductAlias
from rempart.intelligence import queries as intelligence
from rempart.kernel import statistics

# A component that nothing identifies has this key: it was looked at, and no vulnerability can find it.
UNIDENTIFIED = "-"
_COMPONENTS = "SELECT id, vendor, product, version, purl, cpe FROM assets_component WHERE {where} ORDER BY id"
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


class Names:
    """The aliases in force, in both directions, and the order in which sources are believed."""

    def __init__(self) -> None:
        self.precedence = order.in_force()
        stored = ProductAlias.objects.order_by("id").values_list(
            "key", "canonical", "confidence", "provenance"
        )
        corrections = [AliasRow(*row) for row in stored]
        self.aliases = Aliases.builtin(corrections)
        self._spellings: dict[str, list[str]] = {}
        for key in dict.fromkeys(row.key for row in (*BUILTIN_ALIASES, *corrections)):
            self._spellings.setdefault(self.aliases.canonical(key)[0], []).append(key)

    def spellings(self, canonical: Iterable[str]) -> list[str]:
        """Every key that resolves to one of these."""
        wanted = set(canonical)
        return sorted(wanted.union(*(self._spellings.get(key, ()) for key in wanted)))

    def canonical(self, keys: Iterable[str]) -> set[str]:
        return {self.aliases.canonical(key)[0] for key in keys}


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


def load_components(component_ids: Sequence[int]) -> list[Component]:
    """The components of these ids, in the order of the ids."""
    found: list[Component] = []
    for part in slices(sorted(component_ids), _IDS_AT_ONCE):
        rows = fetch(_COMPONENTS, where=Reach(component_ids=part).where(component="id"))
        found += [Component(str(row[0]), *row[1:]) for row in rows]
    return found


def candidates(vulnerability_ids: Sequence[int], names: Names) -> tuple[list[int], list[int]]:
    """Those of these vulnerabilities that may concern an indexed component, and those components."""
    published = {
        vulnerability_id: names.canonical(keys)
        for vulnerability_id, keys in intelligence.keys_for(vulnerability_ids).items()
    }
    keys = set().union(*published.values())
    held: set[str] = set()
    found: set[int] = set()
    for part in slices(sorted(keys), _KEYS_AT_ONCE):
        for key, component_id in ComponentKey.objects.filter(key__in=part).values_list("key", "component_id"):
            held.add(key)
            found.add(component_id)
    return [one for one, named in published.items() if not held.isdisjoint(named)], sorted(found)


def match_vulnerabilities(
    vulnerability_ids: Sequence[int], names: Names, at: datetime, differences: Differences | None = None
) -> Changes:
    """Matches these vulnerabilities with every indexed component, and keeps the verdicts.

    Most records name nothing that anyone holds: their statements are not even read.
    """
    verdicts = verdicts_of(vulnerability_ids, names)
    return _keep(verdicts, Reach(vulnerability_ids=vulnerability_ids), at, differences)


def verdicts_of(vulnerability_ids: Sequence[int], names: Names) -> Iterator[Verdict]:
    """The verdicts of these vulnerabilities about every indexed component that they may concern."""
    concerned, component_ids = candidates(vulnerability_ids, names)
    matcher = _matcher(intelligence.statements_for(concerned), names)
    return matcher.match(load_components(component_ids))


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
    return _keep(matcher.match(components), reach, at, differences)


def _matcher(statements: Mapping[int, list[Affected]], names: Names) -> Matcher:
    matcher = Matcher(names.aliases, names.precedence)
    for vulnerability_id, affected in statements.items():
        matcher.add(str(vulnerability_id), affected)
    return matcher


def _keep(
    verdicts: Iterable[Verdict], reach: Reach, at: datetime, differences: Differences | None = None
) -> Changes:
    """Brings the findings within ``reach`` to these verdicts, writing only what differs."""
    before = Finding.objects.all()
    if reach.vulnerability_ids is not None:
        before = before.filter(vulnerability_id__in=reach.vulnerability_ids)
    if reach.component_ids is not None:
        before = before.filter(component_id__in=reach.component_ids)
    known = {(one.vulnerability_id, one.component_id): one for one in before}
    added, changed = [], []
    pairs: list[Pair] = []
    for verdict in verdicts:
        pair = (int(verdict.vulnerability_id), int(verdict.component_id))
        finding = known.pop(pair, None)
        if finding is None:
            if verdict.status is not Status.NOT_AFFECTED:
                added.append(Finding(vulnerability_id=pair[0], component_id=pair[1], **_values(verdict, at)))
        elif _differs(finding, verdict):
            values = {**_values(verdict, at), "first_found_at": finding.first_found_at}
            changed.append(Finding(vulnerability_id=pair[0], component_id=pair[1], **values))
            pairs.append((finding, changed[-1]))
    # In one order everywhere, so that two workers that write the same pairs never wait in a ring.
    rows = sorted((*added, *changed), key=lambda one: (one.vulnerability_id, one.component_id))
    Finding.objects.bulk_create(
        rows,
        batch_size=2_000,
        update_conflicts=True,
        unique_fields=["vulnerability", "component"],
        update_fields=["status", "source", "range", "reason", "detail", "confidence", "last_changed_at"],
    )
    statistics.grew(Finding, len(added))
    for part in slices([one.pk for one in known.values()], _IDS_AT_ONCE):
        Finding.objects.filter(pk__in=part).delete()
    if differences is not None:
        differences.verdicts(
            chain(pairs, ((None, one) for one in added), ((one, None) for one in known.values())), at
        )
    touched = {one.vulnerability_id for one in (*rows, *known.values())}
    return Changes(len(added), len(changed), len(known), touched)


def _values(verdict: Verdict, at: datetime) -> dict[str, object]:
    return {
        "status": verdict.status.value,
        "source": verdict.source[:120],
        "range": verdict.range[:500],
        "reason": verdict.reason,
        "detail": verdict.detail,
        "confidence": verdict.confidence,
        "first_found_at": at,
        "last_changed_at": at,
    }


def _differs(finding: Finding, verdict: Verdict) -> bool:
    return (
        finding.status,
        finding.source,
        finding.range,
        finding.reason,
        finding.detail,
        finding.confidence,
    ) != (
        verdict.status.value,
        verdict.source[:120],
        verdict.range[:500],
        verdict.reason,
        verdict.detail,
        verdict.confidence,
    )
