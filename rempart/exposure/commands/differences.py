"""What a matching changed, written beside the change itself: verdicts with the cause, then exposures by body.

One run for each reading of a feed and each re-match of all. Both tables are bounded: ``MOST`` verdicts a run
(what is beyond is counted), ``RUNS`` runs, ``KEPT_FOR`` at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction

from rempart.exposure.commands.priorities import LIVE_SQL
from rempart.exposure.commands.reach import Reach, run
from rempart.exposure.models import ExposureMove, Finding, MatchRun, VerdictChange
from rempart.intelligence import queries as intelligence
from rempart.kernel.time import now

MOST = 50_000
RUNS = 200
KEPT_FOR = timedelta(days=180)

Pair = tuple[Finding | None, Finding | None]

_INTO = """
INSERT INTO exposure_exposuremove (run_id, body_id, vulnerability_id, component_id, move, n, exposure_id,
    verdict_id)
"""
_MORE = """
ON CONFLICT (run_id, body_id, vulnerability_id, component_id, move)
DO UPDATE SET n = exposure_exposuremove.n + excluded.n
"""
_VERDICT = "c.run_id = {run} AND c.vulnerability_id = e.vulnerability_id AND c.component_id = e.component_id"
_MOVE = """
CASE WHEN e.state IN ('withdrawn', 'verified') THEN e.state
    WHEN e.closed_at = e.changed_at THEN 'stated'
    WHEN e.opened_at = e.changed_at AND e.reopened > 0 THEN 'reopened'
    WHEN e.opened_at = e.changed_at THEN 'opened' ELSE 'revised' END
"""
_MOVED = """
{into} SELECT {run}, e.body_id, e.vulnerability_id, e.component_id, {move} AS move, COUNT(*), MIN(e.id),
    MIN(c.id)
FROM exposure_exposure e LEFT JOIN exposure_verdictchange c ON {verdict}
WHERE e.changed_at = %s AND {where}
GROUP BY e.body_id, e.vulnerability_id, e.component_id, {move}
ORDER BY e.vulnerability_id, e.component_id, e.body_id LIMIT {room} {more}
"""
_RESTATED = """
{into} SELECT {run}, e.body_id, e.vulnerability_id, e.component_id, 'restated', COUNT(*), MIN(e.id), c.id
FROM exposure_verdictchange c JOIN exposure_exposure e ON {verdict}
WHERE c.run_id = {run} AND c.changed_at = %s AND e.changed_at <> %s AND e.state IN {live} AND {where}
GROUP BY e.body_id, e.vulnerability_id, e.component_id, c.id
ORDER BY e.vulnerability_id, e.component_id, e.body_id LIMIT {room} {more}
"""


class Differences:
    """The writer of one run. Each call belongs to the transaction of the change that it tells of."""

    def __init__(self, of: MatchRun) -> None:
        self.run = of
        self._since: datetime = of.started_at

    @classmethod
    def open(cls, kind: str) -> Differences:
        """The run of a re-match that begins now."""
        return cls(MatchRun.objects.create(kind=kind, started_at=now()))

    @classmethod
    def of_reading(cls, feed_run_id: int | None) -> Differences | None:
        """The run of a feed's reading, made when its first effects come; None when no reading is known."""
        read = intelligence.reading(feed_run_id) if feed_run_id is not None else None
        if read is None:
            return None
        name, began = read
        made, _created = MatchRun.objects.get_or_create(
            feed_run_id=feed_run_id,
            defaults={"kind": MatchRun.Kind.FEED, "feed": name, "started_at": began},
        )
        return cls(made)

    def close(self) -> None:
        """The run came to its end, or to the end of what is known of it so far."""
        MatchRun.objects.filter(pk=self.run.pk).update(finished_at=now())

    def verdicts(self, pairs: Iterable[Pair], at: datetime) -> None:
        """Keeps what became of these pairs. A pair that changes again in one run keeps its first "before"."""
        waiting = iter(pairs)
        kept = list(islice(waiting, max(0, MOST - self.run.kept)))
        left_out = sum(1 for _ in waiting)
        if not kept and not left_out:
            return
        ids = {one.vulnerability_id for pair in kept for one in pair if one is not None}
        standing = intelligence.standing(ids)
        VerdictChange.objects.bulk_create(
            [self._change(pair, standing, at) for pair in kept],
            batch_size=1_000,
            update_conflicts=True,
            unique_fields=["run", "vulnerability", "component"],
            update_fields=["cause", "after", "changed_at"],
        )
        self.run.kept += len(kept)
        self.run.left_out += left_out
        MatchRun.objects.filter(pk=self.run.pk).update(kept=self.run.kept, left_out=self.run.left_out)

    def _change(self, pair: Pair, standing: dict[int, tuple[datetime, str]], at: datetime) -> VerdictChange:
        before, after = pair
        one: Any = after or before
        seen, state = standing.get(one.vulnerability_id, (self._since, ""))
        return VerdictChange(
            run=self.run,
            component_id=one.component_id,
            vulnerability_id=one.vulnerability_id,
            cause=self._cause(before, after, is_new=seen >= self._since, rejected=state == "REJECTED"),
            before=_said(before),
            after=_said(after),
            changed_at=at,
        )

    def _cause(self, before: Finding | None, after: Finding | None, *, is_new: bool, rejected: bool) -> str:
        if self.run.kind == MatchRun.Kind.IDENTITY:
            return "identity"
        if before is None:
            return "new_record" if is_new else "named"
        if after is None:
            return "rejected" if rejected else "unnamed"
        if before.source != after.source:
            return "precedence" if self.run.kind == MatchRun.Kind.PRECEDENCE else "source"
        if before.detail.get("identity") != after.detail.get("identity"):
            return "identity"
        if before.range != after.range:
            return "range"
        return "reading" if (before.status, before.reason) != (after.status, after.reason) else "detail"

    def moves(self, reach: Reach, at: datetime) -> None:
        """Keeps what became of the exposures within reach that changed at ``at``, or whose verdict did."""
        room = MOST - ExposureMove.objects.filter(run=self.run).count()
        if room <= 0:
            return
        stamp = connection.ops.adapt_datetimefield_value(at)
        parts = {
            "into": _INTO,
            "more": _MORE,
            "run": str(int(self.run.pk)),
            "verdict": _VERDICT.format(run=int(self.run.pk)),
            "move": _MOVE,
            "where": reach.exposures,
            "live": LIVE_SQL,
            "room": str(room),
        }
        run(_MOVED, [stamp], **parts)
        run(_RESTATED, [stamp, stamp], **parts)


def _said(finding: Finding | None) -> dict[str, Any]:
    if finding is None:
        return {}
    return {name: getattr(finding, name) for name in ("status", "source", "range", "reason")}


def forget_old_runs() -> int:
    """Forgets the runs beyond those kept, the oldest first, one to a transaction; returns how many."""
    newest = MatchRun.objects.order_by("-started_at", "-id").values_list("id", flat=True)
    doomed = set(newest[RUNS:])
    doomed |= set(newest.filter(started_at__lt=now() - KEPT_FOR))
    for one in sorted(doomed):
        with transaction.atomic():
            for lines in (ExposureMove.objects.filter(run_id=one), VerdictChange.objects.filter(run_id=one)):
                lines._raw_delete(lines.db)
            MatchRun.objects.filter(pk=one).delete()
    return len(doomed)
