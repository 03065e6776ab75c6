"""What was read or computed for a scope, kept a while: many people of one centre look at the same things."""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_MOST = 64

_every: weakref.WeakSet[Kept[Any]] = weakref.WeakSet()


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
    """Values by key, each good while ``newest`` (an event's id) has not moved, and for ``seconds`` at most.

    One thread computes a key at a time; those that wait take its result when it is recent enough.

    ``share``: what takes long to compute is kept at least so many times as long, whatever happens, and those
    who come while it is computed anew are given what was kept, when that is not much older than it may be.
    Whoever changes something must not then be shown what was before: none, unless the page asks again.
    """

    def __init__(self, seconds: float, share: int = 0) -> None:
        self._seconds = seconds
        self._share = share
        self._entries: OrderedDict[Hashable, _Entry[T]] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()
        _every.add(self)

    def get(self, key: Hashable, compute: Callable[[], T], newest: int = 0) -> T:
        found = self._fresh(key, newest)
        if found is None:
            with self._lock:
                lock = self._locks.setdefault(key, threading.Lock())
            late = self._late(key)
            if not lock.acquire(blocking=late is None):
                return late.value  # type: ignore[union-attr] - the lock is always had when there is none
            try:
                found = self._fresh(key, newest)
                if found is None:
                    start = time.monotonic()
                    value, end = compute(), time.monotonic()
                    found = _Entry(value, newest, end, end - start)
                    self._keep(key, found)
            finally:
                lock.release()
        return found.value

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
        """What is kept, if it is at most three times as old as it may be."""
        entry = self._entries.get(key)
        if entry is None or not self._share:
            return None
        oldest = 3 * max(self._share * entry.took, self._seconds)
        return entry if time.monotonic() - entry.made <= oldest else None

    def _keep(self, key: Hashable, entry: _Entry[T]) -> None:
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > _MOST:
                oldest, _value = self._entries.popitem(last=False)
                self._locks.pop(oldest, None)
