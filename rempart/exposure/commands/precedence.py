"""In which order sources are believed about one vulnerability and one product: kept, previewed, edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.engines.exposure.model import Status, Verdict
from rempart.engines.exposure.verdicts import PRECEDENCE
from rempart.exposure.commands import findings, order
from rempart.exposure.commands.inventory import Names
from rempart.exposure.commands.priorities import LIVE_SQL
from rempart.exposure.commands.reach import fetch, hold, slices
from rempart.exposure.models import Finding, SourceRank
from rempart.intelligence import queries as intelligence
from rempart.kernel import audit, jobs
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission

# What a preview goes through at most, and what it names of what would change.
MOST = 20_000
_SHOWN = 50
_AT_ONCE = 500

_LIVE = """
SELECT e.vulnerability_id, e.component_id, e.body_id, COUNT(*) FROM exposure_exposure e
WHERE e.state IN {live} AND e.vulnerability_id IN ({ids}) GROUP BY 1, 2, 3
"""
_INSTALLED = """
SELECT i.component_id, i.body_id, COUNT(DISTINCT i.asset_id) FROM assets_install i
JOIN assets_asset a ON a.id = i.asset_id AND a.retired_at IS NULL
WHERE i.removed_at IS NULL AND i.component_id IN ({ids}) GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A pair that another order would judge otherwise; a source is empty where nothing was kept."""

    cve_id: str
    component: str
    before: str
    before_source: str
    after: str
    after_source: str


@dataclass(slots=True)
class OrderPreview:
    """What an order would change: verdicts, exposures closed and opened, bodies; ``partial``: counted so far.

    ``shown`` are the first of the verdicts.
    """

    verdicts: int = 0
    closed: int = 0
    opened: int = 0
    bodies: set[int] = field(default_factory=set)
    partial: bool = False
    shown: list[Change] = field(default_factory=list)


def parse_order(kinds: Sequence[str]) -> tuple[str, ...]:
    """Every kind of source once. Raises Invalid."""
    if sorted(kinds) != sorted(PRECEDENCE):
        raise Invalid(
            _("Chaque sorte de source a une place et une seule."),
            field="order",
            values={"kinds": list(PRECEDENCE)},
        )
    return tuple(kinds)


def preview_order(actor: Actor, kinds: Sequence[str]) -> OrderPreview:
    """Judges anew, by that order, what several sources speak of; changes nothing."""
    actor.require_everywhere(Permission.PRIORITY_EDIT)
    wanted = parse_order(kinds)
    preview = OrderPreview()
    names = Names()
    names.precedence = wanted
    contested = intelligence.contested(MOST + 1)
    preview.partial = len(contested) > MOST
    for part in slices(contested[:MOST], _AT_ONCE):
        _preview_part(part, names, preview)
    return preview


def _preview_part(ids: list[int], names: Names, preview: OrderPreview) -> None:
    known = {(one.vulnerability_id, one.component_id): one for one in _known(ids)}
    moved: list[tuple[tuple[int, int], Verdict]] = []
    for verdict in findings.verdicts_of(ids, names):
        pair = (int(verdict.vulnerability_id), int(verdict.component_id))
        before = known.get(pair)
        if (before.status if before else Status.NOT_AFFECTED) != verdict.status:
            moved.append((pair, verdict))
    if not moved:
        return
    preview.verdicts += len(moved)
    _count_exposures(moved, preview)
    room = _SHOWN - len(preview.shown)
    labels = findings.labels([pair for pair, _ in moved[:room]])
    for pair, verdict in moved[:room]:
        before = known.get(pair)
        status, source = (before.status, before.source) if before else (Status.NOT_AFFECTED.value, "")
        preview.shown.append(Change(*labels[pair], status, source, verdict.status.value, verdict.source))


def _known(ids: list[int]) -> Sequence[Finding]:
    return Finding.objects.filter(vulnerability_id__in=ids).only(
        "vulnerability_id", "component_id", "status", "source"
    )


def _count_exposures(moved: list[tuple[tuple[int, int], Verdict]], preview: OrderPreview) -> None:
    closing = {pair for pair, verdict in moved if verdict.status is Status.NOT_AFFECTED}
    opening = [pair for pair, _ in moved if pair not in closing]
    live: set[tuple[int, int, int]] = set()
    ids = ", ".join(str(one) for one in sorted({pair[0] for pair, _ in moved}))
    for vulnerability_id, component_id, body_id, count in fetch(_LIVE, live=LIVE_SQL, ids=ids):
        live.add((vulnerability_id, component_id, body_id))
        if (vulnerability_id, component_id) in closing:
            preview.closed += count
            preview.bodies.add(body_id)
    held: dict[int, list[tuple[int, int]]] = {}
    if opening:
        ids = ", ".join(str(one) for one in sorted({pair[1] for pair in opening}))
        for component_id, body_id, count in fetch(_INSTALLED, ids=ids):
            held.setdefault(component_id, []).append((body_id, count))
    for pair in opening:
        for body_id, count in held.get(pair[1], ()):
            if (*pair, body_id) not in live:
                preview.opened += count
                preview.bodies.add(body_id)


@transaction.atomic
def edit_order(actor: Actor, *, kinds: Sequence[str], reason: str = "") -> bool:
    """Keeps another order; a job matches everything anew by it. False when it is the one in force already."""
    actor.require_everywhere(Permission.PRIORITY_EDIT)
    wanted = parse_order(kinds)
    hold(alone=True)
    before = order.in_force()
    if wanted == before:
        return False
    SourceRank.objects.all().delete()
    SourceRank.objects.bulk_create([SourceRank(kind=kind, rank=rank) for rank, kind in enumerate(wanted)])
    from rempart.exposure.jobs import rematch_all

    jobs.enqueue_once(rematch_all, "exposure.rematch", "precedence")
    audit.record(
        actor,
        "precedence.edited",
        object_type="exposure.sourcerank",
        object_id="order",
        label="order",
        before={"order": list(before)},
        after={"order": list(wanted)},
        reason=reason.strip()[:2000],
    )
    return True
