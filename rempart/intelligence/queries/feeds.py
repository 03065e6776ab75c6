"""How the feeds do: when each last worked, what it brought, what it could not read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from rempart.intelligence.commands.feeds import wait_of
from rempart.intelligence.models import Feed, FeedRun, Quarantined
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission
from rempart.kernel.prepared import Prepared
from rempart.kernel.time import now

# A feed is late once three of its intervals, and at least two hours, went by without a success.
_INTERVALS, _LEAST = 3, timedelta(hours=2)


@dataclass(frozen=True)
class FeedStatus:
    """A feed and what its page says of it. ``state``: inactive, unknown, failed, late or successful."""

    feed: Feed
    last_run: FeedRun | None
    rejected: int
    state: str
    lag: timedelta | None
    next_at: datetime | None

    @property
    def pk(self) -> int:
        return self.feed.pk


def feed_statuses(actor: Actor) -> list[FeedStatus]:
    """Every feed with its state. Raises NotPermitted without the right to read operations."""
    actor.require(Permission.OPERATIONS_READ)
    feeds = list(Feed.objects.annotate(rejected=Count("quarantine")).order_by("kind", "name"))
    runs: dict[int, FeedRun] = {}
    for feed in feeds:
        last = FeedRun.objects.filter(feed=feed).order_by("-started_at").first()
        if last is not None:
            runs[feed.pk] = last
    return [_status(feed, runs.get(feed.pk)) for feed in feeds]


def _status(feed: Feed, last_run: FeedRun | None) -> FeedStatus:
    at = now()
    lag = at - feed.last_success_at if feed.last_success_at else None
    late = lag is not None and lag > max(_LEAST, timedelta(minutes=feed.interval_minutes) * _INTERVALS)
    state = (
        "inactive"
        if not feed.enabled
        else "failed"
        if feed.failures
        else "unknown"
        if lag is None
        else "late"
        if late
        else "successful"
    )
    next_at = feed.last_attempt_at + wait_of(feed) if feed.enabled and feed.last_attempt_at else None
    return FeedStatus(feed, last_run, feed.rejected, state, lag, next_at)  # type: ignore[attr-defined]


def feed_runs(actor: Actor) -> QuerySet[FeedRun]:
    """Every reading of every feed."""
    actor.require(Permission.OPERATIONS_READ)
    return FeedRun.objects.select_related("feed")


def quarantined(actor: Actor) -> QuerySet[Quarantined]:
    """Every record that could not be read."""
    actor.require(Permission.OPERATIONS_READ)
    return Quarantined.objects.select_related("feed")


def feed_exists(name: str) -> bool:
    """Whether a feed has this name."""
    return Feed.objects.filter(name=name).exists()


def vex_feed(actor: Actor, name: str) -> Feed:
    """A feed of VEX statements. Raises NotFound."""
    actor.require(Permission.OPERATIONS_READ)
    found = Feed.objects.filter(name=name, kind=Feed.Kind.VEX).first()
    if found is None:
        raise NotFound(_("Cette source n’existe pas."), field="name", values={"name": name})
    return found


def feed_names(actor: Actor) -> list[str]:
    """The names of the feeds, for choices."""
    actor.require(Permission.OPERATIONS_READ)
    return list(Feed.objects.order_by("name").values_list("name", flat=True))


_failing = Prepared(lambda: Feed.objects.filter(failures__gt=0, enabled=True).values_list("id"))


def waiting(actor: Actor) -> dict[str, int]:
    """The number beside the menu's line: feeds that fail."""
    if not actor.may(Permission.OPERATIONS_READ):
        return {}
    count = len(_failing.rows())
    return {"feed_list": count} if count else {}


def stale_feeds() -> list[str]:
    """The enabled feeds that fail or are late: what the platform's health check tells."""
    return [
        feed.name
        for feed in Feed.objects.filter(enabled=True)
        if feed.failures
        or (
            feed.last_success_at is not None
            and now() - feed.last_success_at
            > max(_LEAST, timedelta(minutes=feed.interval_minutes) * _INTERVALS)
        )
    ]
