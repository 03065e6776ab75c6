"""What was read or computed for a scope, kept a while: many people of one centre look at the same things."""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Subquery

from rempart.kernel import outbox
from rempart.kernel.models import AuditHead, OutboxEvent
from rempart.kernel.prepared import Prepared

T = TypeVar("T")
Later = Callable[[Callable[[], object]], object]

_LONG = 0.5  # seconds: what takes less is computed while its reader waits

_last = Prepared(
    lambda: AuditHead.objects.filter(id=1).values_list(
        "seq", Subquery(OutboxEvent.objects.order_by("-id").values("id")[:1])
    )
)

_every: weakref.WeakSet[Kept[Any]] = weakref.WeakSet()


def changes() -> int:
    """Grows with whatever people or the platform do (the audit trail, the outbox): ``newest`` of what is kept
    for those who may have changed it themselves.
    """
    found = _last.first()
    return sum(each or 0 for each in found) if found else outbox.newest()


def forget() -> None:
    """Drops all that this process keeps."""
    for kept in list(_every):
        kept.clear()


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    value: T
    newest: int
    made: float
    took: float


class Kept(Generic[T]):
    """Values by key, the ``most`` last computed, each good while ``newest`` (the last event's number, or
    ``changes()``) has not moved, and for ``seconds`` at most.

    One thread computes a key at a time; those that wait take its result when it is recent enough.

    ``share``: what takes long to compute is kept at least so many times as long, whatever happens. Whoever
    changes something must not then be shown what was before: none, unless the page asks again by itself.
    """

    def __init__(self, seconds: float, share: int = 0, most: int = 64) -> None:
        self._seconds = seconds
        self._share = share
        self._most = most
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        _every.add(self)

    def get(self, key: Hashable, compute: Callable[[], T], newest: int = 0, later: Later | None = None) -> T:
        """The value of a key. ``later`` is given what to do once the reader has been answered: who comes when
        what takes long is no longer good, but not much older, has it at once, and it is computed then.
        """
        found = self._fresh(key, newest)
        if found is not None:
            return found.value
        if later is not None and (late := self._late(key)) is not None:
            later(lambda: self._renew(key, compute, newest))
            return late.value
        with self._lock_of(key):
            return self._computed(key, compute, newest).value

    def _renew(self, key: Hashable, compute: Callable[[], T], newest: int) -> None:
        """Computes the value of a key anew, unless some thread is at it."""
        lock = self._lock_of(key)
        if lock.acquire(blocking=False):
            try:
                self._computed(key, compute, newest)
            finally:
                lock.release()

    def _lock_of(self, key: Hashable) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(key, threading.Lock())

    def _computed(self, key: Hashable, compute: Callable[[], T], newest: int) -> _Entry[T]:
        """The key's entry, its lock being held: what another thread just computed, or computed now."""
        found = self._fresh(key, newest)
        if found is None:
            start = time.monotonic()
            value, end = compute(), time.monotonic()
            found = _Entry(value, newest, end, end - start)
            self._keep(key, found)
        return found

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def _fresh(self, key: Hashable, newest: int) -> _Entry[T] | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        age = time.monotonic() - entry.made
        if age < self._share * entry.took or (entry.newest >= newest and age <= self._seconds):
            return entry
        return None

    def _late(self, key: Hashable) -> _Entry[T] | None:
        """What is kept, if it takes long to compute and is at most three times as old as it may be."""
        entry = self._entries.get(key)
        if entry is None or entry.took < _LONG:
            return None
        oldest = 3 * max(self._share * entry.took, self._seconds)
        return entry if time.monotonic() - entry.made <= oldest else None

    def _keep(self, key: Hashable, entry: _Entry[T]) -> None:
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                oldest, _value = self._entries.popitem(last=False)
                self._locks.pop(oldest, None)
