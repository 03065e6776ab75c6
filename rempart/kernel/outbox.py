"""Events: written with the change they tell of, dispatched by the worker, in order per aggregate.

``publish`` adds a row in the caller's transaction. Each slice's ``reactions.py`` registers functions with
``reacts_to``. A reaction runs in a transaction that also marks it as done for that event, so a worker that
dies at any point neither loses a reaction nor runs it twice.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from rempart.kernel import leases
from rempart.kernel.models import OutboxEvent, ReactionDone
from rempart.kernel.prepared import Prepared
from rempart.kernel.time import now

log = logging.getLogger("rempart.outbox")

MAX_FAILURES = 8


@dataclass(frozen=True)
class Event:
    """What a reaction receives."""

    id: int
    kind: str
    aggregate: str
    payload: dict[str, Any]
    at: datetime


Reaction = Callable[[Event], None]
_reactions: dict[str, list[Reaction]] = {}


def reacts_to(*kinds: str) -> Callable[[Reaction], Reaction]:
    """Registers a function to run, once, for each event of these kinds."""

    def register(reaction: Reaction) -> Reaction:
        for kind in kinds:
            _reactions.setdefault(kind, []).append(reaction)
        return reaction

    return register


_newest = Prepared(lambda: OutboxEvent.objects.order_by("-id").values_list("id")[:1])


def newest() -> int:
    """The number of the latest event, 0 before any: what was read before it may have changed since."""
    found = _newest.first()
    return int(found[0]) if found else 0


def publish(kind: str, aggregate: str, payload: dict[str, Any] | None = None) -> None:
    """Tells that something happened. Must be called inside the transaction that made it happen."""
    if not connection.in_atomic_block:
        raise RuntimeError("outbox.publish needs the transaction of the change it tells of")
    OutboxEvent.objects.create(kind=kind, aggregate=aggregate, payload=payload or {}, created_at=now())


def _claim() -> OutboxEvent | None:
    """Takes the oldest event that is due and has no older undispatched event of its aggregate."""
    at = now()
    older = OutboxEvent.objects.filter(
        aggregate=OuterRef("aggregate"), dispatched_at__isnull=True, parked=False, id__lt=OuterRef("id")
    )
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=at)
    due = (
        OutboxEvent.objects.filter(free, dispatched_at__isnull=True, parked=False)
        .filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=at))
        .exclude(Exists(older))
        .order_by("id")
    )
    for event in due[:5]:
        taken = OutboxEvent.objects.filter(
            free, id=event.id, dispatched_at__isnull=True, parked=False
        ).update(claimed_until=at + leases.LEASE, attempts=F("attempts") + 1)
        if taken:
            event.attempts += 1
            return event
    return None


def _run(event: OutboxEvent, reaction: Reaction) -> None:
    name = f"{reaction.__module__}.{reaction.__qualname__}"
    with transaction.atomic():
        try:
            with transaction.atomic():
                ReactionDone.objects.create(event=event, reaction=name, at=now())
        except IntegrityError:
            return  # done already, here before a crash or by another worker
        reaction(Event(event.id, event.kind, event.aggregate, event.payload, event.created_at))


def dispatch_one() -> bool:
    """Dispatches one due event to its reactions; False when there is none."""
    event = _claim()
    if event is None:
        return False

    def renew() -> None:
        OutboxEvent.objects.filter(id=event.id, dispatched_at__isnull=True, attempts=event.attempts).update(
            claimed_until=now() + leases.LEASE
        )

    try:
        leases.refuse_deadly(event.attempts, event.failures)
        with leases.kept(renew):
            for reaction in _reactions.get(event.kind, []):
                _run(event, reaction)
    except Exception as error:
        log.exception("event %s (%s) failed", event.id, event.kind)
        failures = event.failures + 1
        wait = timedelta(seconds=min(2**failures, 3600))
        OutboxEvent.objects.filter(id=event.id, attempts=event.attempts).update(
            claimed_until=None,
            next_attempt_at=now() + wait,
            error="".join(traceback.format_exception_only(error)).replace("\x00", "")[:2000],
            failures=failures,
            parked=failures >= MAX_FAILURES or isinstance(error, leases.Deadly),
        )
    else:
        OutboxEvent.objects.filter(id=event.id).update(dispatched_at=now(), claimed_until=None, error="")
    return True


def happened_since(at: datetime, kinds: Iterable[str]) -> bool:
    """Whether an event of these kinds was published after that moment."""
    return OutboxEvent.objects.filter(created_at__gt=at, kind__in=list(kinds)).exists()


def drain(limit: int = 10_000) -> int:
    """Dispatches until nothing is due; returns how many events were handled."""
    done = 0
    while done < limit and dispatch_one():
        done += 1
    return done


def release_claims() -> int:
    """Frees the claims of a worker known to be dead (a single-process platform that restarts)."""
    return OutboxEvent.objects.filter(dispatched_at__isnull=True, claimed_until__isnull=False).update(
        claimed_until=None
    )
