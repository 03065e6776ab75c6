"""Live updates: one poller per process watches what happened and tells open pages which topics changed.

A message names topics only ("directives board"); the page fetches its own fragments again, through its own
rights. A client hears of a topic when it may read it, and of a body's change when it may read that body.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import DatabaseError, close_old_connections, connections
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from rempart.kernel import outbox
from rempart.kernel.actors import Actor, actor_for
from rempart.kernel.edge import signed_in
from rempart.kernel.models import Job, OutboxEvent
from rempart.kernel.permissions import Permission
from rempart.web import sessions

log = logging.getLogger("rempart.live")

POLL = 1.0  # seconds between two looks
BEAT = 15.0  # seconds between two signs of life, and two checks of the session
PER_USER = 12
PER_PROCESS = 2000
# Two transactions may commit in the other order than their events' ids: look again at the last ones.
_LOOK_BACK = 200
_AT_ONCE = 500
# What a page shows may be this much older than its moment, and an event than the commit that shows it.
_OLDER = timedelta(seconds=15)

# What each event touches: its topics, and the right to know of it.
_TOPICS: dict[str, tuple[frozenset[str], Permission]] = {
    "alerts": (frozenset({"directives", "board"}), Permission.ALERT_READ),
    "assets": (frozenset({"assets"}), Permission.ASSET_READ),
    "detection": (frozenset({"detections", "hunts"}), Permission.SIGHTING_READ),
    "exposure": (frozenset({"exposures", "board"}), Permission.EXPOSURE_READ),
    "indicators": (frozenset({"indicators"}), Permission.INDICATOR_READ),
    "intelligence": (frozenset({"vulnerabilities"}), Permission.INTELLIGENCE_READ),
    "organisations": (frozenset({"organisations"}), Permission.ORGANISATION_READ),
}
_EVERYTHING = frozenset().union(*(topics for topics, _permission in _TOPICS.values())) | {"jobs"}

_database = ThreadPoolExecutor(1, "live")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One event as listeners need it: its topics, who may know, and the bodies it is about (None: any)."""

    id: int
    topics: frozenset[str]
    permission: Permission
    bodies: frozenset[int] | None


@dataclass(eq=False)
class Client:
    """An open page: what it still has to be told."""

    user_id: int
    actor: Actor
    pending: set[str] = field(default_factory=set)
    last_id: int = 0
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, topics: Iterable[str], event_id: int) -> None:
        self.last_id = max(self.last_id, event_id)
        self.pending |= set(topics)
        if self.pending:
            self.woken.set()


def _change(event_id: int, kind: str, payload: dict[str, Any]) -> Change | None:
    known = _TOPICS.get(kind.partition(".")[0])
    if known is None:
        return None
    bodies = payload.get("body_ids")
    if bodies is None and payload.get("body_id") is not None:
        bodies = [payload["body_id"]]
    return Change(event_id, *known, None if bodies is None else frozenset(bodies))


def audible(actor: Actor, change: Change) -> bool:
    """Whether this person may know that the change happened."""
    scope = actor.scope(change.permission)
    return bool(scope) if change.bodies is None or scope.everything else bool(scope.bodies & change.bodies)


class Watch:
    """What the poller has seen. Its methods query, and run on the one thread kept for it."""

    def __init__(self) -> None:
        self.newest = outbox.newest()
        self._seen: OrderedDict[int, None] = OrderedDict.fromkeys(self._recent())
        self._jobs = self._job_print()

    def _recent(self) -> list[int]:
        after = max(self.newest - _LOOK_BACK, 0)
        return list(
            OutboxEvent.objects.filter(id__gt=after).order_by("id").values_list("id", flat=True)[:_AT_ONCE]
        )

    @staticmethod
    def _job_print() -> tuple[Any, ...]:
        row = Job.objects.filter(finished_at__isnull=True).aggregate(
            count=Count("id"), done=Sum("progress_done"), started=Max("started_at")
        )
        return tuple(row.values())

    def look(self) -> tuple[list[Change], bool]:
        """The changes since the last look, and whether some job moved."""
        fresh = [each for each in self._recent() if each not in self._seen]
        changes = changes_of(OutboxEvent.objects.filter(id__in=fresh)) if fresh else []
        jobs = self._job_print()
        self._seen.update(OrderedDict.fromkeys(fresh))
        while len(self._seen) > 2 * _AT_ONCE:
            self._seen.popitem(last=False)
        self.newest = max([self.newest, *fresh])
        moved, self._jobs = jobs != self._jobs, jobs
        return changes, moved


def changes_of(events: Any) -> list[Change]:
    rows = events.order_by("id").values_list("id", "kind", "payload")
    return [change for row in rows if (change := _change(*row)) is not None]


async def _query(function: Callable[..., T], *arguments: Any) -> T:
    def clean() -> T:
        close_old_connections()
        return function(*arguments)

    return await sync_to_async(clean, thread_sensitive=False, executor=_database)()


class Hub:
    """The clients of this process's event loop, and the poller that lives as long as there are some."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self._poller: asyncio.Task[None] | None = None
        self._watching = asyncio.Event()

    def room_for(self, user_id: int) -> bool:
        held = Counter(client.user_id for client in self.clients)
        return len(self.clients) < PER_PROCESS and held[user_id] < PER_USER

    async def join(self, client: Client) -> None:
        """Counts the client in; what happens once this returns will be told to it."""
        self.clients.add(client)
        if self._poller is None:
            # In a context of its own: the request's ends with the request.
            self._poller = asyncio.get_running_loop().create_task(self._poll(), context=contextvars.Context())
        await self._watching.wait()

    def leave(self, client: Client) -> None:
        self.clients.discard(client)

    async def _poll(self) -> None:
        watch: Watch | None = None
        try:
            while self.clients:
                try:
                    if watch is None:
                        watch = await _query(Watch)
                        self._watching.set()
                    changes, moved = await _query(watch.look)
                    self._spread(changes, moved, watch.newest)
                except DatabaseError as error:
                    log.warning("live updates wait for the database: %s", error)
                await asyncio.sleep(POLL)
        finally:
            # Whoever joins while the connection closes starts a poller anew.
            self._poller = None
            self._watching.clear()
            await _query(connections.close_all)

    def _spread(self, changes: list[Change], moved: bool, newest: int) -> None:
        for client in self.clients:
            for change in changes:
                if audible(client.actor, change):
                    client.tell(change.topics, change.id)
            client.tell({"jobs"} if moved else (), newest)


_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = id(asyncio.get_running_loop())
    return _hubs.setdefault(loop, Hub())


def missed(actor: Actor, last_id: int) -> set[str]:
    """The topics that changed since the event that a page saw last."""
    newer = OutboxEvent.objects.filter(id__gt=last_id)
    if newer.order_by().count() > _AT_ONCE:
        return set(_EVERYTHING)
    return {topic for change in changes_of(newer) if audible(actor, change) for topic in change.topics}


def missed_since(actor: Actor, moment: datetime) -> set[str]:
    """The topics that may have changed since a page was made at this moment."""
    newest = OutboxEvent.objects.order_by("-id").values_list("id", "created_at")[: _AT_ONCE + 1]
    newer = [event_id for event_id, created_at in newest if created_at >= moment - _OLDER]
    return missed(actor, min(newer) - 1) if newer else set()


def renewed(session_key: str) -> Actor | None:
    """The actor behind a session with the rights of now; None once the session is over."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not user.is_authenticated or sessions.is_over(request.session):
        return None
    return actor_for(user)


def _number(text: str, *, digits: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


@signed_in
async def events(request: HttpRequest) -> HttpResponseBase:
    """The stream of a page: ``changed`` with topics, signs of life, ``ended`` with the session.

    It starts with what changed since ``Last-Event-ID``, or else ``since`` the page was made (seconds of the
    epoch): nothing is lost between the page and its stream.
    """
    user = await request.auser()
    if not user.is_authenticated:
        return HttpResponse(status=401)
    here = hub()
    if not here.room_for(user.pk):
        return HttpResponse(status=429, headers={"Retry-After": "30"})
    session_key = request.session.session_key or ""
    actor = await _query(actor_for, user)
    client = Client(user.pk, actor)
    seen = _number(request.headers.get("Last-Event-ID", ""), digits=18)
    made = _number(request.GET.get("since", ""), digits=11)

    async def catch_up() -> None:
        if seen is not None:
            client.tell(await _query(missed, actor, seen), seen)
        elif made is not None:
            client.tell(await _query(missed_since, actor, datetime.fromtimestamp(made, UTC)), 0)

    return StreamingHttpResponse(
        _stream(here, client, session_key, catch_up),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(
    here: Hub, client: Client, session_key: str, catch_up: Callable[[], Awaitable[None]]
) -> AsyncIterator[str]:
    try:
        yield "retry: 3000\n: ready\n\n"
        await here.join(client)
        await catch_up()
        checked = asyncio.get_running_loop().time()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(client.woken.wait(), BEAT)
            if asyncio.get_running_loop().time() - checked >= BEAT:
                checked = asyncio.get_running_loop().time()
                actor = await _query(renewed, session_key)
                if actor is None:
                    yield "event: ended\ndata: session\n\n"
                    return
                client.actor = actor
            client.woken.clear()
            topics, client.pending = sorted(client.pending), set()
            if topics:
                yield f"id: {client.last_id}\nevent: changed\ndata: {' '.join(topics)}\n\n"
            else:
                yield ": beat\n\n"
    finally:
        here.leave(client)
