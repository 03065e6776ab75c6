"""One reading of a feed, from its start to its outcome: counts, quarantine, audit entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from rempart.engines.records.fields import RecordError, clean
from rempart.intelligence.commands.counts import LoadCounts
from rempart.intelligence.models import Feed, FeedRun, Quarantined
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.time import now

EXCERPT = 2000
INTERRUPTED = timedelta(hours=2)
# A feed that is wrong throughout must not fill the quarantine: beyond, rejections are only counted.
MOST_QUARANTINED = 5000

DEFAULT_FEEDS: dict[str, tuple[str, str, int]] = {
    # name: kind, location, minutes between two readings
    "kev": (
        "kev",
        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        60,
    ),
    "cve": ("cve", "https://api.github.com/repos/CVEProject/cvelistV5/releases", 60),
    "epss": ("epss", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz", 720),
    "endoflife": ("eol", "https://endoflife.date/api/v1/products/full", 1440),
    "osv": ("osv", "https://osv-vulnerabilities.storage.googleapis.com/all.zip", 1440),
    "vex": ("vex", "/var/lib/rempart/vex", 240),  # a folder that operators fill; or files sent by hand
    "csaf-cisa": ("csaf", "https://www.cisa.gov/sites/default/files/csaf/provider-metadata.json", 240),
}


def ensure_default_feeds() -> None:
    """Creates the public feeds that are missing, off: a person decides what reaches the network."""
    known = set(Feed.objects.filter(name__in=DEFAULT_FEEDS).values_list("name", flat=True))
    for name in DEFAULT_FEEDS.keys() - known:
        kind, location, minutes = DEFAULT_FEEDS[name]
        Feed.objects.get_or_create(
            name=name,
            defaults={"kind": kind, "location": location, "interval_minutes": minutes, "enabled": False},
        )


def feed_for(kind: str, feed: Feed | str | None) -> Feed:
    """The feed to which a reading of this kind belongs; without one, the public feed of that kind.

    Raises NotFound for an unknown name and Invalid for a feed of another kind.
    """
    if not feed:
        ensure_default_feeds()
        name = next(name for name, (of_kind, _location, _minutes) in DEFAULT_FEEDS.items() if of_kind == kind)
        feed = name
    found = feed if isinstance(feed, Feed) else Feed.objects.filter(name=feed).first()
    if found is None:
        raise NotFound(_("Cette source n’existe pas."), field="feed", values={"name": str(feed)})
    if found.kind != kind:
        raise Invalid(_("Cette source est d’une autre sorte."), field="feed", values={"kind": found.kind})
    return found


class Run:
    """A reading under way. Batches call ``accept``/``refuse`` and, inside their transaction, ``settle``."""

    def __init__(self, feed: Feed, row: FeedRun) -> None:
        self.feed = feed
        self.row = row
        self.counts = LoadCounts()
        self.started_at: datetime = row.started_at
        known = Quarantined.objects.filter(feed=feed).values_list("where", "record_id")
        self._places = {where for where, _record in known}
        self._records = {record for _where, record in known if record}
        self._well_places: list[str] = []
        self._well_records: list[str] = []
        self._refused: list[Quarantined] = []

    def accept(self, where: str, record_id: str) -> None:
        """A record was read well: whatever was kept of its earlier failure goes."""
        if where[:500] in self._places:
            self._well_places.append(where[:500])
        if record_id in self._records:
            self._well_records.append(record_id)

    def refuse(
        self, where: str, error: RecordError, document: dict[str, Any] | None = None, record_id: str = ""
    ) -> None:
        """Keeps an unreadable record's place, reason and beginning."""
        self.counts.rejected += 1
        if self.counts.rejected > MOST_QUARANTINED:
            return
        at = now()
        self._refused.append(
            Quarantined(
                feed=self.feed,
                where=clean(where)[:500],
                record_id=clean(record_id)[:200],
                field=clean(error.field)[:200],
                reason=clean(error.message)[:500],
                excerpt=excerpt_of(document),
                first_seen_at=at,
                last_seen_at=at,
            )
        )

    def settle(self) -> None:
        """Writes what was refused and removes what was read well since the last call."""
        if self._refused:
            latest = {row.where: row for row in self._refused}
            Quarantined.objects.bulk_create(
                latest.values(),
                update_conflicts=True,
                unique_fields=["feed", "where"],
                update_fields=["record_id", "field", "reason", "excerpt", "last_seen_at"],
            )
            self._refused.clear()
        if self._well_places:
            Quarantined.objects.filter(feed=self.feed, where__in=self._well_places).delete()
            self._well_places.clear()
        if self._well_records:
            Quarantined.objects.filter(feed=self.feed, record_id__in=self._well_records).delete()
            self._well_records.clear()

    def forget_unseen(self) -> None:
        """After a whole file was read: what it no longer holds leaves the quarantine."""
        Quarantined.objects.filter(feed=self.feed, last_seen_at__lt=self.started_at).delete()


def excerpt_of(document: dict[str, Any] | None) -> str:
    """The beginning of a document as JSON, at most ``EXCERPT`` characters."""
    if document is None:
        return ""
    try:
        return clean(orjson.dumps(document).decode("utf-8", "replace")[:EXCERPT])
    except TypeError:
        return ""


@contextmanager
def feed_run(actor: Actor, feed: Feed) -> Iterator[Run]:
    """Opens a FeedRun, and closes it as changed, unchanged or failed."""
    at = now()
    Feed.objects.filter(id=feed.id).update(last_attempt_at=at)
    # Left by a process that was killed.
    FeedRun.objects.filter(feed=feed, outcome="running", started_at__lt=at - INTERRUPTED).update(
        outcome="failed", finished_at=at, error="interrupted"
    )
    run = Run(feed, FeedRun.objects.create(feed=feed, started_at=at))
    try:
        yield run
    except BaseException as error:
        _finish(run, "failed", str(error)[:2000] or type(error).__name__)
        raise
    changed = bool(run.counts.added or run.counts.changed)
    with transaction.atomic():
        run.settle()
        _finish(run, "changed" if changed else "unchanged", "")
        if changed or run.counts.rejected:
            audit.record(actor, "intelligence.feed_loaded", feed, after=run.counts.as_dict())


def _finish(run: Run, outcome: str, error: str) -> None:
    at = now()
    FeedRun.objects.filter(id=run.row.id).update(
        finished_at=at, outcome=outcome, error=error, **run.counts.as_dict()
    )
    if outcome == "failed":
        Feed.objects.filter(id=run.feed.id).update(last_error=error)
        return
    dates = {"last_success_at": at, "last_error": "", "failures": 0}
    if outcome == "changed":
        dates["last_change_at"] = at
    Feed.objects.filter(id=run.feed.id).update(**dates)
