"""Correlations: what rules matched, put in the order of time, grouped, and taken through windows.

Matches wait until no earlier one can come any more: ``lateness`` seconds behind the latest time seen. One
that comes later than that is counted as late and takes no part. Memory is bounded: matches that wait, groups
of a correlation, entries of a group; what a bound costs is counted.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rempart.engines.sigma import expressions
from rempart.engines.sigma.model import Correlation, Defect, Detection, Rule
from rempart.engines.sigma.tree import Node
from rempart.engines.sigma.values import lookup, number_of, texts_of, time_of
from rempart.engines.sigma.windows import (
    Closing,
    Entry,
    Event,
    Holds,
    Ordered,
    Outcome,
    Sequences,
    Sliding,
    Window,
    rising,
    satisfied,
)

_WAITING: Final = 200_000  # matches
_GROUPS: Final = 50_000  # of one correlation
_SWEPT: Final = 4_096  # groups between two looks for those that are over

GroupKey = tuple[str | None, ...]


@dataclass(slots=True)
class Counters:
    """What bounds and clocks cost, for a report: nothing is left out in silence."""

    late: int = 0  # matches older than the watermark
    untimed: int = 0  # matches of events without a readable time, taken as of the latest time seen
    crowded: int = 0  # matches taken before their time because too many waited
    groups: int = 0  # groups forgotten because too many were open
    entries: int = 0  # entries forgotten because a group had too many
    unusable: int = 0  # matches without the number that a correlation sums


@dataclass(frozen=True, slots=True)
class _Match:
    """A match that waits: of which rule or correlation, its event, and where that stood."""

    source: Rule | Correlation
    event: Event
    events: tuple[Event, ...]
    batch: int
    index: int


@dataclass(slots=True)
class _State:
    """A correlation, the places of its rules by id, and its groups."""

    rule: Correlation
    places: dict[str, int]
    names: dict[str, frozenset[str]]
    holds: Holds | None = None
    orders: tuple[tuple[int, ...], ...] = ()
    groups: OrderedDict[GroupKey, tuple[Window, GroupKey]] = field(default_factory=OrderedDict)
    taken: int = 0


class Correlator:
    """The correlations of a detector and their state."""

    def __init__(self, correlations: Sequence[Correlation], rules: Sequence[Rule], lateness: float) -> None:
        self.defects: list[Defect] = []
        self.counters = Counters()
        self._lateness = lateness
        self._latest = -math.inf
        self._reached = -math.inf
        self._batch = 0
        self._sequence = 0
        self._waiting: list[tuple[float, int, _Match]] = []
        self._closings: list[tuple[float, int, _State, GroupKey]] = []
        self._outer: dict[str, list[_State]] = {}
        self.states: list[_State] = []
        self._resolve(correlations, rules)
        kept = {state.rule.id: state.rule for state in self.states}
        told = {id_ for state in self.states if state.rule.generate for id_ in state.places}
        #: Ids of rules and correlations that are only told through a correlation (``generate`` is not true).
        self.only_correlated = frozenset(id_ for state in self.states for id_ in state.places) - told
        self._told = {id_ for id_ in kept if id_ not in self.only_correlated}

    def _resolve(self, correlations: Sequence[Correlation], rules: Sequence[Rule]) -> None:
        """Find what each correlation refers to, those within others first; what is not found is a defect."""
        known: dict[str, Rule | Correlation] = {}
        every: list[Rule | Correlation] = [*rules, *correlations]
        bearers = Counter(each.name for each in every if each.name)
        ids = {each.id for each in every}
        unclear = {name for name, count in bearers.items() if count > 1 and name not in ids}
        for rule in rules:
            known.setdefault(rule.id, rule)
            if rule.name:
                known.setdefault(rule.name, rule)
        waiting = []
        for each in correlations:
            twice = [name for name in each.rules if name in unclear]
            if twice:
                reason = f"correlation: several rules bear the name {', '.join(twice)}"
                self.defects.append(Defect(each.path, each.id, reason))
            else:
                waiting.append(each)
        while waiting:
            left = []
            for each in waiting:
                missing = [name for name in each.rules if name not in known]
                if missing:
                    left.append(each)
                    continue
                self._admit(each, [known[name] for name in each.rules])
                known.setdefault(each.id, each)
                if each.name:
                    known.setdefault(each.name, each)
            if len(left) == len(waiting):
                for each in left:
                    names = ", ".join(name for name in each.rules if name not in known)
                    reason = f"correlation: refers to what is absent, unusable or in a circle: {names}"
                    self.defects.append(Defect(each.path, each.id, reason, "absent"))
                return
            waiting = left

    def _admit(self, rule: Correlation, members: Sequence[Rule | Correlation]) -> None:
        numbers = range(1, len(members) + 1)
        if rule.type in TEMPORAL and not any(satisfied(rule.condition, number) for number in numbers):
            reason = "correlation: its condition can never be true of so many rules"
            self.defects.append(Defect(rule.path, rule.id, reason, "never"))
            return
        places = {member.id: place for place, member in enumerate(members)}
        if rule.type in TEMPORAL and len(places) < len(members):
            self.defects.append(Defect(rule.path, rule.id, "correlation: it names a rule twice"))
            return
        names = {member.id: frozenset(filter(None, (member.id, member.name))) for member in members}
        state = _State(rule, places, names)
        if rule.expression is not None:
            state.holds, state.orders = _asked(rule, rule.expression)
        self.states.append(state)
        for id_ in places:
            self._outer.setdefault(id_, []).append(state)

    def wants(self, rule_id: str) -> bool:
        """Whether a correlation refers to this rule."""
        return rule_id in self._outer

    def feed(self, matches: Iterable[tuple[Rule, int, Event]]) -> list[Detection]:
        """Take the matches of a batch (rule, position, event); what correlations tell by them."""
        self._batch += 1
        for rule, index, event in matches:
            time = time_of(event)
            if time is None:
                self.counters.untimed += 1
                time = self._latest if self._latest > -math.inf else 0.0
            self._latest = max(self._latest, time)
            if time < self._reached:
                self.counters.late += 1
                continue
            self._sequence += 1
            match = _Match(rule, event, (event,), self._batch, index)
            heapq.heappush(self._waiting, (time, self._sequence, match))
        return self._advance(self._latest - self._lateness)

    def finish(self) -> list[Detection]:
        """Take what still waits and close every window; what comes next begins anew."""
        self._batch += 1
        found = self._advance(math.inf)
        self._latest = self._reached = -math.inf
        for state in self.states:
            self.counters.entries += sum(window.dropped for window, _ in state.groups.values())
            state.groups.clear()
        return found

    def _advance(self, until: float) -> list[Detection]:
        found: list[Detection] = []
        while self._waiting and (self._waiting[0][0] <= until or len(self._waiting) > _WAITING):
            time, _, match = heapq.heappop(self._waiting)
            self.counters.crowded += time > until
            self._close(time, found)
            self._reached = max(self._reached, time)
            self._take(time, match, found)
        if until > self._reached:
            self._close(until, found)
            self._reached = until
        return found

    def _close(self, now: float, found: list[Detection]) -> None:
        """Judge the windows that are over before ``now``."""
        while self._closings and (self._closings[0][0] < now or now == math.inf):
            end, _, state, key = heapq.heappop(self._closings)
            window, shown = state.groups.pop(key, (None, key))
            if isinstance(window, Closing):
                self.counters.entries += window.dropped
                for outcome in window.close():
                    self._tell(state, shown, outcome, end, None, found)

    def _take(self, time: float, match: _Match, found: list[Detection]) -> None:
        for state in self._outer.get(match.source.id, ()):
            value = self._value(state, match)
            if value is _UNUSABLE:
                self.counters.unusable += 1
                continue
            shown = tuple(self._text(state, name, match) for name in state.rule.group_by)
            key = tuple(text.casefold() if text is not None else None for text in shown)
            window, shown = self._window(state, key, shown, time)
            entry = Entry(time, state.places[match.source.id], value, match.events)  # type: ignore[arg-type]
            outcome = window.add(entry)
            if outcome is not None:
                self._tell(state, shown, outcome, time, match, found)

    def _window(self, state: _State, key: GroupKey, shown: GroupKey, time: float) -> tuple[Window, GroupKey]:
        held = state.groups.get(key)
        if held is not None:
            state.groups.move_to_end(key)
            return held
        state.taken += 1
        if state.taken % _SWEPT == 0:
            over = [k for k, (w, _) in state.groups.items() if not isinstance(w, Closing) and w.expired(time)]
            for each in over:
                self.counters.entries += state.groups.pop(each)[0].dropped
        if len(state.groups) >= _GROUPS:
            state.groups.popitem(last=False)
            self.counters.groups += 1
        window = _new_window(state, time)
        if isinstance(window, Closing):
            self._sequence += 1
            heapq.heappush(self._closings, (window.end, self._sequence, state, key))
        state.groups[key] = (window, shown)
        return window, shown

    def _field(self, state: _State, name: str, match: _Match) -> str:
        """The field that a name stands for in the events of a rule, by the correlation's aliases."""
        names = state.names[match.source.id]
        return next(
            (target for rule, target in state.rule.aliases.get(name, {}).items() if rule in names), name
        )

    def _text(self, state: _State, name: str, match: _Match) -> str | None:
        texts = texts_of(lookup(match.event, self._field(state, name, match)))
        return ", ".join(texts) if texts else None

    def _value(self, state: _State, match: _Match) -> object:
        rule = state.rule
        if not rule.fields or rule.type not in _VALUED:
            return None
        texts = [self._text(state, name, match) for name in rule.fields]
        if rule.type == "value_count" or (rule.type == "value_percentile" and rule.percentile is None):
            if None in texts:
                return _UNUSABLE
            return tuple(text.casefold() for text in texts if text is not None)
        number = number_of(texts[0]) if texts[0] is not None else None
        return _UNUSABLE if number is None else number

    def _tell(
        self,
        state: _State,
        shown: GroupKey,
        outcome: Outcome,
        time: float,
        match: _Match | None,
        found: list[Detection],
    ) -> None:
        rule = state.rule
        group: Mapping[str, str | None] = dict(zip(rule.group_by, shown, strict=True))
        last = outcome.events[-1]
        if rule.id in self._told:
            index = match.index if match is not None and match.batch == self._batch else -1
            told = Detection(rule, index, last)
            told.group = group
            told.count = outcome.number
            told.events = outcome.events
            told.timespan = (outcome.first, outcome.last)
            found.append(told)
        if rule.id in self._outer:
            batch, index = (match.batch, match.index) if match is not None else (0, -1)
            self._take(time, _Match(rule, {**last, **group}, outcome.events, batch, index), found)


TEMPORAL: Final = frozenset({"temporal", "temporal_ordered"})
_VALUED: Final = frozenset({"value_count", "value_sum", "value_avg", "value_percentile", "value_median"})
_UNUSABLE: Final = object()


def _asked(rule: Correlation, expression: Node) -> tuple[Holds, tuple[tuple[int, ...], ...]]:
    """What tells of the places of rules whether an expression is true, and the orders that make it so."""

    def holds(places: Collection[object]) -> bool:
        return expressions.holds(
            expression, {rule.rules[place] for place in places if isinstance(place, int)}
        )

    orders = []
    if rule.type == "temporal_ordered":
        places = {name: place for place, name in enumerate(rule.rules)}
        orders = [tuple(sorted(places[name] for name in each)) for each in expressions.least_sets(expression)]
    return holds, tuple(sorted(orders))


def _new_window(state: _State, time: float) -> Window:
    rule, members = state.rule, len(state.places)
    if state.orders:
        return Sequences(state.orders, rule.timespan)
    if rule.expression is not None:
        if expressions.rising(rule.expression):
            return Sliding(rule.type, (), rule.timespan, state.holds)
        return Closing(rule.type, (), rule.timespan, time, None, state.holds)
    if rule.type == "temporal_ordered":
        return Ordered(
            next(n for n in range(1, members + 1) if satisfied(rule.condition or (("gte", members),), n)),
            rule.timespan,
        )
    condition = rule.condition or (("gte", float(members)),)
    if rule.type in ("value_avg", "value_percentile", "value_median") or not rising(condition):
        return Closing(rule.type, condition, rule.timespan, time, rule.percentile)
    return Sliding(rule.type, condition, rule.timespan)
