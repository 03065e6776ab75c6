"""Reading a feed from its address: only what changed, from where the last reading stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from rempart.engines.records.fields import RecordError
from rempart.intelligence.commands.counts import LoadCounts, Progress
from rempart.intelligence.commands.csaf import BATCH, Document, load_documents
from rempart.intelligence.commands.cve import load_cve
from rempart.intelligence.commands.folder import LOADERS
from rempart.intelligence.commands.runs import feed_run
from rempart.intelligence.models import Feed, FeedRun
from rempart.intelligence.sources.client import feed_client, folder_of
from rempart.intelligence.sources.csaf_provider import Entry, Provider
from rempart.intelligence.sources.cve_releases import archives_since
from rempart.kernel.actors import Actor
from rempart.kernel.errors import DomainError, NotFound
from rempart.kernel.http import FetchState, HttpFailure, HttpUnavailable, SafeClient
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

# A provider that refuses this many documents in a row is down: the rest waits for the next reading.
_SILENCES = 5
_MOST_RETRIES = 500


class FeedUnavailable(DomainError):
    """The feed's address gave nothing usable; ``values`` holds the reason, kept on the feed's page."""

    status = 503


def sync_feed(actor: Actor, name: str, progress: Progress | None = None) -> LoadCounts:
    """Reads what is new at a feed's address (or path), and returns what it changed.

    A failure is recorded, and doubles the wait before the next scheduled reading. Raises NotPermitted,
    NotFound, FeedUnavailable.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    feed = Feed.objects.filter(name=name).first()
    if feed is None:
        raise NotFound(_("Cette source n’existe pas."), field="name", values={"name": name})
    started = now()
    try:
        return _sync(actor, feed, progress)
    except (HttpFailure, RecordError, OSError) as error:
        _failed(feed, started, str(error))
        raise FeedUnavailable(
            _("La source n’a pas pu être lue."),
            field="name",
            values={"name": name, "reason": str(error)[:500]},
        ) from error


def _sync(actor: Actor, feed: Feed, progress: Progress | None) -> LoadCounts:
    if urlsplit(feed.location).scheme not in {"http", "https"}:
        return LOADERS[feed.kind](actor, Path(feed.location), feed=feed, progress=progress)
    with feed_client() as client:
        if feed.kind == Feed.Kind.CSAF:
            return _sync_provider(actor, feed, client, progress)
        if feed.kind == Feed.Kind.CVE and urlsplit(feed.location).path.rstrip("/").endswith("/releases"):
            return _sync_releases(actor, feed, client, progress)
        return _sync_file(actor, feed, client, progress)


def _sync_file(actor: Actor, feed: Feed, client: SafeClient, progress: Progress | None) -> LoadCounts:
    """One file at one address, fetched only when it changed."""
    target = folder_of(feed.name) / _file_name(feed.location)
    fetched = client.fetch(feed.location, target, FetchState.from_dict(feed.http_state))
    if fetched.not_modified:
        _unchanged(feed)
        return LoadCounts()
    counts = LOADERS[feed.kind](actor, target, feed=feed, progress=progress)
    # Only now: a load that fails must find the file again.
    Feed.objects.filter(id=feed.id).update(http_state=fetched.state.as_dict(), records_as_of=now())
    target.unlink(missing_ok=True)
    return counts


def _file_name(location: str) -> str:
    name = urlsplit(location).path.rsplit("/", 1)[-1]
    kept = "".join(sign for sign in name if sign.isalnum() or sign in "._-").lstrip(".")
    return kept[-100:] or "download"


def _sync_releases(actor: Actor, feed: Feed, client: SafeClient, progress: Progress | None) -> LoadCounts:
    """The CVE list: each archive read moves the cursor, so an interruption loses one at most."""
    cursor = dict(feed.cursor)
    archives = archives_since(client, feed.location, str(cursor.get("published") or ""))
    total = LoadCounts()
    if not archives:
        _unchanged(feed)
        return total
    for archive in archives:
        target = folder_of(feed.name) / _file_name(archive.url)
        client.fetch(archive.url, target)
        total += load_cve(actor, target, feed=feed, progress=progress)
        target.unlink(missing_ok=True)
        if archive.published:
            cursor["published"] = archive.published
            Feed.objects.filter(id=feed.id).update(
                cursor=cursor, records_as_of=datetime.fromisoformat(archive.published).astimezone(UTC)
            )
    return total


def _sync_provider(actor: Actor, feed: Feed, client: SafeClient, progress: Progress | None) -> LoadCounts:
    """A CSAF provider: the documents changed since the cursor, oldest first, and those that failed before."""
    provider = Provider(client, feed.location)
    until = str(feed.cursor.get("until") or "")
    again = set(feed.cursor.get("again") or [])
    wanted = [
        entry
        for entry in provider.entries()
        if entry.url in again or entry.updated is None or entry.updated.isoformat() > until
    ]
    with feed_run(actor, feed) as run:
        for start in range(0, len(wanted), BATCH):
            part = wanted[start : start + BATCH]
            missed: list[str] = []
            load_documents(run, _fetched(provider, part, missed))
            if progress:
                progress(start + len(part), len(wanted))
            until = max([until, *(entry.updated.isoformat() for entry in part if entry.updated)])
            again = (again - {entry.url for entry in part}) | set(missed)
            Feed.objects.filter(id=feed.id).update(
                cursor={"until": until, "again": sorted(again)[:_MOST_RETRIES]}, records_as_of=now()
            )
    return run.counts


def _fetched(provider: Provider, entries: list[Entry], missed: list[str]) -> Iterator[Document]:
    silences = 0
    for entry in entries:
        try:
            document = provider.document(entry)
            silences = 0
        except HttpUnavailable as error:
            silences += 1
            if silences >= _SILENCES:
                raise
            document = Document(entry.url, error=RecordError("", str(error), "unreadable"), url=entry.url)
        if document.error is not None:
            missed.append(entry.url)
        yield document


@transaction.atomic
def _unchanged(feed: Feed) -> None:
    at = now()
    FeedRun.objects.create(feed=feed, started_at=at, finished_at=at, outcome="unchanged")
    Feed.objects.filter(id=feed.id).update(
        last_attempt_at=at, last_success_at=at, last_error="", failures=0, records_as_of=at
    )


@transaction.atomic
def _failed(feed: Feed, started: datetime, reason: str) -> None:
    at = now()
    if not FeedRun.objects.filter(feed=feed, started_at__gte=started, outcome="failed").exists():
        FeedRun.objects.create(
            feed=feed, started_at=started, finished_at=at, outcome="failed", error=reason[:2000]
        )
    Feed.objects.filter(id=feed.id).update(
        last_attempt_at=at, last_error=reason[:2000], failures=F("failures") + 1
    )
