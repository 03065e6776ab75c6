"""Loading FIRST's EPSS scores: applied to the CVEs known here, kept packed for those that come later.

A file scores some 360,000 CVEs and changes every day; a row for each would be rewritten daily for nothing.
The scores of each year's CVEs are one compressed value, opened when a new vulnerability of that year arrives.
EPSS is not in the decision table: no event is published.
"""

from __future__ import annotations

import zlib
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from django.db import connection, transaction

from rempart.engines.records.epss import read_epss
from rempart.engines.records.fields import RecordError
from rempart.intelligence.commands.counts import LoadCounts, Progress, batches
from rempart.intelligence.commands.runs import feed_for, feed_run
from rempart.intelligence.models import EpssYear, Feed, Vulnerability
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import today

_MOST_BYTES = 256 * 1024**2

Score = tuple[float | None, float | None, date | None]


class EpssScores:
    """The last scores kept, opened year by year as they are asked for."""

    def __init__(self) -> None:
        self._years: dict[str, tuple[dict[str, list[float]], date | None]] = {}

    def of(self, cve_id: str) -> Score:
        """(score, percentile, day of the scores), or three times None when the CVE has no score."""
        parts = cve_id.split("-")
        if len(parts) != 3 or not parts[1].isdigit():
            return None, None, None
        if parts[1] not in self._years:
            self._years[parts[1]] = self._open(int(parts[1]))
        scores, on = self._years[parts[1]]
        found = scores.get(parts[2])
        return (found[0], found[1], on) if found else (None, None, None)

    @staticmethod
    def _open(year: int) -> tuple[dict[str, list[float]], date | None]:
        row = EpssYear.objects.filter(year=year).first() if year < 32_000 else None
        if row is None:
            return {}, None
        return orjson.loads(zlib.decompressobj().decompress(bytes(row.packed), _MOST_BYTES)), row.scored_on


def load_epss(
    actor: Actor, path: Path | str, feed: Feed | str | None = None, progress: Progress | None = None
) -> LoadCounts:
    """Reads a file of scores. One older than those held changes nothing.

    Counted as changed: the vulnerabilities known here whose score changed; the other scores are unchanged.
    Raises FileNotFoundError, NotPermitted, NotFound, Invalid.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    source = feed_for(Feed.Kind.EPSS, feed)
    with feed_run(actor, source) as run:
        years: dict[int, dict[str, list[float]]] = {}
        try:
            scored_on, scores = read_epss(path, on_error=lambda error: run.refuse(error.field, error))
            if scored_on > today():
                raise RecordError("line 1", f"the scores are of a day to come, {scored_on}")
            for score in scores:
                _prefix, year, number = score.cve_id.split("-")
                years.setdefault(int(year), {})[number] = [score.score, score.percentile]
                run.counts.read += 1
                if progress and run.counts.read % 20_000 == 0:
                    progress(run.counts.read, 0)
        except RecordError as error:
            run.refuse(error.field, error)
            return _closed(run)
        run.counts.read += run.counts.rejected
        newest = EpssYear.objects.order_by("-scored_on").values_list("scored_on", flat=True).first()
        if newest is None or scored_on >= newest:
            with transaction.atomic():
                run.counts.changed = _apply(years, scored_on, complete=not run.counts.rejected)
                _keep(years, scored_on)
                run.settle()
                run.forget_unseen()
        return _closed(run)


def _closed(run: Any) -> LoadCounts:
    counts: LoadCounts = run.counts
    # A score that left the file counts as changed, and has no row.
    counts.unchanged = max(0, counts.read - counts.rejected - counts.changed)
    return counts


def _apply(years: dict[int, dict[str, list[float]]], scored_on: date, complete: bool) -> int:
    """Writes the scores of the vulnerabilities known; returns how many changed.

    A score absent from a ``complete`` file was withdrawn; from another, it may be a row that was not read.
    """
    written: list[tuple[float | None, float | None, date | None, int]] = []
    known = Vulnerability.objects.filter(cve_id__startswith="CVE-").values_list(
        "id", "cve_id", "epss", "epss_percentile", "epss_on"
    )
    changed = 0
    for identifier, cve_id, score, percentile, on in known.iterator(chunk_size=10_000):
        parts = cve_id.split("-")
        found = years.get(int(parts[1]), {}).get(parts[2]) if len(parts) == 3 and parts[1].isdigit() else None
        if found is None and not complete:
            continue
        new = (found[0], found[1], scored_on) if found else (None, None, None)
        if new != (score, percentile, on):
            written.append((*new, identifier))
            changed += new[:2] != (score, percentile)
    table = connection.ops.quote_name(Vulnerability._meta.db_table)
    with connection.cursor() as cursor:
        for batch in batches(written, 5_000):
            cursor.executemany(
                f"UPDATE {table} SET epss = %s, epss_percentile = %s, epss_on = %s WHERE id = %s",  # noqa: S608
                [(a, b, connection.ops.adapt_datefield_value(c), i) for a, b, c, i in batch],
            )
    return changed


def _keep(years: dict[int, dict[str, list[float]]], scored_on: date) -> None:
    rows = [
        EpssYear(year=year, scored_on=scored_on, packed=zlib.compress(orjson.dumps(scores), 6))
        for year, scores in years.items()
        if year < 32_000
    ]
    EpssYear.objects.exclude(year__in=years).delete()
    EpssYear.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["year"], update_fields=["scored_on", "packed"]
    )
