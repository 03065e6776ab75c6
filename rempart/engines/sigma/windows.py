"""The state of one correlation for one group: what has come, within its timespan, and whether its condition
holds.
"""

from __future__ import annotations

import math
import operator
import statistics
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Event: TypeAlias = Mapping[str, object]
Condition: TypeAlias = tuple[tuple[str, float], ...]
#: Whether a condition is true once the rules of these places have matched.
Holds: TypeAlias = Callable[[Collection[object]], bool]

KEPT_EVENTS: Final = 100  # of those that contribute, the latest
MOST_ENTRIES: Final = 100_000  # counted in one group at once

_OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


def satisfied(condition: Condition, number: float) -> bool:
    """Whether every part of the condition holds."""
    return all(_OPERATORS[name](number, threshold) for name, threshold in condition)


def rising(condition: Condition) -> bool:
    """Whether the condition, once true, stays true as the number grows."""
    return all(name in ("gt", "gte") for name, _ in condition)


@dataclass(frozen=True, slots=True)
class Entry:
    """One contribution: when, by which of the correlation's rules (its place), with which value."""

    time: float
    rule: int
    value: str | float | tuple[str, ...] | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A condition that came true: the number that made it so, and what contributed."""

    number: float
    first: float
    last: float
    events: tuple[Event, ...]


class Sliding:
    """Counts over the last ``timespan`` seconds; what made the condition true is consumed."""

    __slots__ = ("_condition", "_distinct", "_entries", "_holds", "_kind", "_sum", "_timespan", "dropped")

    def __init__(self, kind: str, condition: Condition, timespan: float, holds: Holds | None = None) -> None:
        """``holds`` is asked of the rules that have matched, in place of the condition."""
        self._kind = kind
        self._condition = condition
        self._holds = holds
        self._timespan = timespan
        self._entries: deque[Entry] = deque()
        self._distinct: Counter[object] = Counter()
        self._sum = 0.0
        self.dropped = 0

    def add(self, entry: Entry) -> Outcome | None:
        """Take an entry (times never go back); the outcome when the condition becomes true."""
        while self._entries and entry.time - self._entries[0].time > self._timespan:
            self._leave()
        if len(self._entries) >= MOST_ENTRIES:
            self._leave()
            self.dropped += 1
        self._entries.append(entry)
        self._distinct[self._mark(entry)] += 1
        if isinstance(entry.value, float):
            self._sum += entry.value
        number = self._number()
        if not (satisfied(self._condition, number) if self._holds is None else self._holds(self._distinct)):
            return None
        outcome = _outcome(number, self._entries)
        self._entries.clear()
        self._distinct.clear()
        self._sum = 0.0
        return outcome

    def _leave(self) -> None:
        old = self._entries.popleft()
        mark = self._mark(old)
        self._distinct[mark] -= 1
        if not self._distinct[mark]:
            del self._distinct[mark]
        if isinstance(old.value, float):
            self._sum -= old.value

    def _mark(self, entry: Entry) -> object:
        return entry.rule if self._kind == "temporal" else entry.value

    def _number(self) -> float:
        if self._kind == "event_count":
            return len(self._entries)
        if self._kind == "value_sum":
            return self._sum
        return len(self._distinct)

    def expired(self, now: float) -> bool:
        """Whether nothing that it holds can count any more."""
        return not self._entries or now - self._entries[-1].time > self._timespan


class Ordered:
    """Chains of rules in their order; for each rule that may end one, the latest start of each length."""

    __slots__ = ("_chains", "_length", "_timespan", "dropped")

    def __init__(self, length: int, timespan: float) -> None:
        self._length = length
        self._timespan = timespan
        self._chains: dict[int, dict[int, tuple[Entry, ...]]] = {}
        self.dropped = 0

    def add(self, entry: Entry) -> Outcome | None:
        """Take an entry (times never go back); the outcome when a chain is long enough."""
        made: dict[int, tuple[Entry, ...]] = {1: (entry,)}
        for rule, chains in self._chains.items():
            if rule >= entry.rule:
                continue
            for length, chain in chains.items():
                if entry.time - chain[0].time > self._timespan:
                    continue
                best = made.get(length + 1)
                if best is None or chain[0].time > best[0].time:
                    made[length + 1] = (*chain, entry)
        if self._length in made:
            self._chains.clear()
            return _outcome(self._length, made[self._length])
        mine = self._chains.setdefault(entry.rule, {})
        for length, chain in made.items():
            if length not in mine or chain[0].time >= mine[length][0].time:
                mine[length] = chain
        return None

    def expired(self, now: float) -> bool:
        """Whether nothing that it holds can count any more."""
        return all(
            now - chain[0].time > self._timespan
            for chains in self._chains.values()
            for chain in chains.values()
        )


class Sequences:
    """Rules in one of several orders; for each beginning of one, the latest that it could start."""

    __slots__ = ("_begun", "_orders", "_timespan", "dropped")

    def __init__(self, orders: Sequence[tuple[int, ...]], timespan: float) -> None:
        """``orders`` are the places of rules that must match one after another, any of which is enough."""
        self._orders = orders
        self._timespan = timespan
        self._begun: dict[tuple[int, ...], tuple[Entry, ...]] = {}
        self.dropped = 0

    def add(self, entry: Entry) -> Outcome | None:
        """Take an entry (times never go back); the outcome when an order is complete."""
        grown: dict[tuple[int, ...], tuple[Entry, ...]] = {}
        for order in self._orders:
            if entry.rule not in order:
                continue
            place = order.index(entry.rule)
            before = self._begun.get(order[:place], ())
            if place and (not before or entry.time - before[0].time > self._timespan):
                continue
            grown[order[: place + 1]] = (*before, entry)
            if place + 1 == len(order):
                self._begun.clear()
                return _outcome(len(order), grown[order])
        self._begun |= grown
        return None

    def expired(self, now: float) -> bool:
        """Whether nothing that it holds can count any more."""
        return all(now - begun[0].time > self._timespan for begun in self._begun.values())


class Closing:
    """Everything from a first entry to the end of the timespan, judged when that time is over."""

    __slots__ = ("_condition", "_entries", "_holds", "_kind", "_percentile", "dropped", "end")

    def __init__(
        self,
        kind: str,
        condition: Condition,
        timespan: float,
        first: float,
        percentile: float | None,
        holds: Holds | None = None,
    ) -> None:
        """``holds`` is asked of the rules that have matched, in place of the condition."""
        self._holds = holds
        self._kind = kind
        self._condition = condition
        self._percentile = percentile
        self._entries: list[Entry] = []
        self.end = first + timespan
        self.dropped = 0

    def add(self, entry: Entry) -> None:
        """Take an entry of before the end."""
        if len(self._entries) < MOST_ENTRIES:
            self._entries.append(entry)
        else:
            self.dropped += 1

    def close(self) -> list[Outcome]:
        """What the window shows once it is over."""
        if self._kind == "value_percentile" and self._percentile is None:
            return self._shares()
        number = self._number()
        if self._holds is not None:
            true = self._holds({entry.rule for entry in self._entries})
        else:
            true = number is not None and satisfied(self._condition, number)
        if number is None or not true:
            return []
        return [_outcome(number, self._entries)]

    def _number(self) -> float | None:
        if self._kind == "event_count":
            return len(self._entries)
        if self._kind == "temporal":
            return len({entry.rule for entry in self._entries})
        if self._kind == "value_count":
            return len({entry.value for entry in self._entries})
        values = sorted(entry.value for entry in self._entries if isinstance(entry.value, float))
        if self._kind == "value_sum":
            return math.fsum(values)
        if not values:
            return None
        if self._kind == "value_avg":
            return math.fsum(values) / len(values)
        if self._kind == "value_median":
            return statistics.median(values)
        rank = math.ceil((self._percentile or 0) / 100 * len(values))  # nearest rank
        return values[max(rank, 1) - 1]

    def _shares(self) -> list[Outcome]:
        """The values whose share of all, in percent, satisfies the condition: one outcome each."""
        by_value: dict[object, list[Entry]] = {}
        for entry in self._entries:
            by_value.setdefault(entry.value, []).append(entry)
        outcomes = []
        for entries in by_value.values():
            share = 100 * len(entries) / len(self._entries)
            if satisfied(self._condition, share):
                outcomes.append(_outcome(share, entries))
        return outcomes


Window: TypeAlias = Sliding | Ordered | Sequences | Closing


def _outcome(number: float, entries: deque[Entry] | list[Entry] | tuple[Entry, ...]) -> Outcome:
    events = [event for entry in entries for event in entry.events]
    return Outcome(number, entries[0].time, entries[-1].time, tuple(events[-KEPT_EVENTS:]))
