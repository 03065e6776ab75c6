"""Logs through the rules and indicators, file after file, part after part (``processes``: in several of
them).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Final

from rempart.detection.findings import (
    LEVELS,
    Finding,
    Located,
    Met,
    Origin,
    of_correlation,
    of_indicator,
    origin_of,
    shown,
)
from rempart.detection.rulesets import rules_in
from rempart.detection.tally import Tally
from rempart.engines import logs, observables, sigma

#: Events taken through the rules at once, and bytes of a file given to a process at once: enough for
#: batches, and few enough that processes end nearly together.
BATCH: Final = 4096
PART: Final = 24 * 1024**2
_LEAST: Final = 6 * 1024**2
_SHARES: Final = 8  # parts of a file for each process
_FIRST: Final = 256  # events that tell which rules are wanted
#: Events in which indicators are looked for together.
_NEAR: Final = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """What to look for and how: folders of rules, files of indicators and of what is allowed."""

    rules: tuple[Path, ...] = ()
    indicators: tuple[Path, ...] = ()
    allowed: tuple[Path, ...] = ()
    placeholders: dict[str, list[str]] = field(default_factory=dict)
    mappings: Path | None = None
    keys: tuple[str, ...] = ()  # public keys whose packs are trusted
    cache: Path | None = None
    level: str = LEVELS[0]
    form: str = ""
    all_fields: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Part:
    """A file (None: standard input), or a part of one; ``first`` when it begins its file."""

    path: Path | None
    portion: tuple[int, int] | None = None
    form: str = ""
    first: bool = True

    @property
    def name(self) -> str:
        """How findings and problems call it."""
        return str(self.path) if self.path else logs.STANDARD_INPUT

    @property
    def is_stream(self) -> bool:
        """Whether its bytes come once (standard input, a pipe): it is read whole, once, by one process."""
        return self.path is None or not self.path.is_file()

    def size(self, whole: int) -> int:
        """Its bytes, of a file that has so many."""
        return self.portion[1] - self.portion[0] if self.portion else whole


@dataclass(slots=True)
class Step:
    """What was read and found since the last step; ``consumed`` counts bytes of the file."""

    findings: list[Finding] = field(default_factory=list)
    problems: list[logs.Problem] = field(default_factory=list)
    events: int = 0
    records: int = 0
    lines: int = 0
    consumed: int = 0
    form: str = ""
    counts: Tally | None = None  # of findings that are no more in ``findings``
    lines_at: Path | None = None  # their lines of JSON, when they were asked
    followed: list[logs.Event] = field(default_factory=list)  # events that correlations follow
    followed_at: Path | None = None  # the same, left by another process


@dataclass(frozen=True, slots=True)
class Sought:
    """What settings name, read from its files: it may go to a machine that does not have them."""

    rules: sigma.Collection | None = None
    mappings: sigma.Mappings | None = None
    indicators: tuple[observables.Table, observables.Table, observables.Loaded] | None = None


def sought(settings: Settings) -> Sought:
    """Read the rules and indicators. Raises ``BadMappings`` and ``IndicatorError``."""
    return Sought(
        rules_in(settings.rules, settings.keys, settings.now, settings.cache) if settings.rules else None,
        sigma.read_mappings(settings.mappings) if settings.mappings else None,
        _indicators(settings) if settings.indicators else None,
    )


def _indicators(settings: Settings) -> tuple[observables.Table, observables.Table, observables.Loaded]:
    return observables.load(settings.indicators, allow=settings.allowed, cache=settings.cache)


class Engines:
    """Rules and indicators ready to scan, and what was wrong with some of them.

    ``apart``, correlations are not decided as events come: those that they follow are put aside
    (``follows``, ``put_aside``), for ``correlating`` once all have come.
    """

    def __init__(self, settings: Settings, given: Sought | None = None, *, apart: bool = False) -> None:
        self.settings = settings
        given = given or sought(settings)
        self._given = given
        self._apart = apart
        self._followed: frozenset[str] = frozenset()
        self._silent: frozenset[str] = frozenset()
        self._aside: list[logs.Event] = []
        self.detector: sigma.Detector | None = None
        self.rule_count = self.correlation_count = 0
        self.defects: list[sigma.Defect] = []
        self.not_rules = 0
        self.loaded = observables.Loaded()
        self._matcher: observables.Matcher | None = None
        self._origins: dict[int, Origin] = {}
        self._least = LEVELS.index(settings.level)
        self._many = False  # whether most events of the last batch were found, and so needed once more
        if given.rules is not None:
            self._compile(given.rules, given.mappings)
        if given.indicators is not None:
            table, allowed, self.loaded = given.indicators
            self._matcher = observables.Matcher(table, allowed)

    def _compile(self, collection: sigma.Collection, mappings: sigma.Mappings | None) -> None:
        settings = self.settings
        self.detector = sigma.compile_rules(
            collection,
            mappings=mappings,
            placeholders=settings.placeholders,
            cache=settings.cache,
        )
        self.rule_count, self.correlation_count = len(collection.rules), len(collection.correlations)
        self.defects = [*collection.defects, *self.detector.defects]
        self.not_rules = len(collection.not_rules)
        if self._apart and collection.correlations:
            self._followed, self._silent = self.detector.followed, self.detector.only_correlated
            self.detector = sigma.compile_rules(
                replace(collection, correlations=[]),
                mappings=mappings,
                placeholders=settings.placeholders,
                cache=settings.cache,
            )

    @property
    def follows(self) -> bool:
        """Whether events are put aside for correlations."""
        return bool(self._followed)

    def put_aside(self) -> list[logs.Event]:
        """The events that correlations follow, since they were last asked, in order."""
        found, self._aside = self._aside, []
        return found

    def correlating(self) -> Engines:
        """What takes the events that were put aside, in the order of time, through the correlations."""
        rules = self._given.rules or sigma.Collection()
        few = replace(rules, rules=[rule for rule in rules.rules if rule.id in self._followed])
        return Engines(self.settings, replace(self._given, rules=few, indicators=None))

    def scan(self, events: Iterable[logs.Event]) -> list[Finding]:
        """The findings of a batch, by event, rules before indicators."""
        return self.take(events)[1]

    def take(self, events: Iterable[logs.Event]) -> tuple[int, list[Finding]]:
        """How many events a batch has, and its findings, by event, rules before indicators.

        Events that are made as they are asked for, and can be made once more, are not all held.
        """
        batch: list[logs.Event] = []
        met: dict[int, Met] = {}
        seen: list[tuple[int, observables.Sighting]] = []
        found: list[tuple[int, Finding]] = []
        if self.detector is not None:
            found = self._by_rules(self.detector, self._passing(events, batch), batch, met, seen)
        elif self._matcher is not None:
            self._by_indicators(self._matcher, events, batch, seen)
        else:
            batch += events
        for place, sighting in seen:
            origin, reason = of_indicator(sighting)
            if self._told(origin):
                known = self._met(met, place, batch[place], batch[place].data)
                found.append((place, known.finding(origin, (reason,))))
        if seen:
            found.sort(key=itemgetter(0))
        self._many = 2 * len(met) > len(batch)
        return len(batch), [finding for _, finding in found]

    def _passing(self, events: Iterable[logs.Event], batch: list[logs.Event]) -> Iterator[dict[str, Any]]:
        """The data of each event, which goes to ``batch``."""
        located, kept = self._located, self._many
        for event in events:
            batch.append(event)
            if located:
                data = Located(event)
                data["_time"] = event.timestamp
                yield data
            else:
                yield event.data
                if not kept:
                    event.forget()

    def _by_indicators(
        self,
        matcher: observables.Matcher,
        events: Iterable[logs.Event],
        batch: list[logs.Event],
        seen: list[tuple[int, observables.Sighting]],
    ) -> None:
        """Indicators alone, in events of which each goes to ``batch``."""
        given = iter(events)
        while near := list(islice(given, _NEAR)):
            first = len(batch)
            batch += near
            texts = [observables.text_of(event.data) for event in near]
            for suspect in matcher.suspects(texts):
                seen += self._sightings(matcher, batch, first + suspect)
            for event in near:
                event.forget()

    def _beside(
        self, batch: list[logs.Event], seen: list[tuple[int, observables.Sighting]]
    ) -> sigma.Beside | None:
        """Looks for the indicators in the values that the rules take."""
        matcher = self._matcher
        if matcher is None:
            return None

        def look(places: Sequence[int], names: Sequence[str], columns: Sequence[sigma.Part]) -> None:
            for row in matcher.suspect_rows(names, columns):
                seen.extend(self._sightings(matcher, batch, places[row]))

        return look

    def _sightings(
        self, matcher: observables.Matcher, batch: list[logs.Event], place: int
    ) -> Iterator[tuple[int, observables.Sighting]]:
        """Indicators in an event of the batch."""
        event, now = batch[place], self.settings.now
        for sighting in matcher.scan(event.data, partial(_moment, event, now)):
            yield place, sighting

    @property
    def _located(self) -> bool:
        """Whether correlations are told as events come, long after their batch."""
        return bool(self.correlation_count) and not self._apart

    def _told(self, origin: Origin) -> bool:
        return LEVELS.index(origin.level) >= self._least

    def _met(self, met: dict[int, Met], place: int, event: logs.Event, data: Mapping[str, Any]) -> Met:
        known = met.get(place)
        if known is None:
            known = met[place] = Met(event, data, self.settings.all_fields)
        return known

    def warm(self, part: Part) -> None:
        """Take the first events of a part through the rules, which are compiled for what comes, and forget
        what is found; nothing where correlations are told as events come.
        """
        if self._located or part.path is None or part.is_stream:
            return
        try:
            form = self.settings.form or part.form
            reading = logs.read(part.path, problems=lambda _: None, form=form, portion=part.portion)
        except OSError:  # as reading it will tell
            return
        self.take(islice(reading, _FIRST))
        self.put_aside()

    def finish(self) -> list[Finding]:
        """What the end of all events decides (correlations)."""
        found = self.detector.finish() if self.detector is not None else []
        findings = [self._shown(of_correlation(one, self._origin(one))) for one in found]
        return [one for one in findings if self._told(one.origin)]

    def _by_rules(
        self,
        detector: sigma.Detector,
        passing: Iterator[dict[str, Any]],
        batch: list[logs.Event],
        met: dict[int, Met],
        seen: list[tuple[int, observables.Sighting]],
    ) -> list[tuple[int, Finding]]:
        again = None if self._located else lambda place: batch[place].data
        found: list[tuple[int, Finding]] = []
        last = -1
        for one in detector.scan(passing, again=again, beside=self._beside(batch, seen)):
            place = one.index if one.index >= 0 else len(batch) - 1
            if one.rule.id in self._followed and place != last:
                self._aside.append(batch[place])
                last = place
            origin = self._origin(one)
            if one.rule.id in self._silent or not self._told(origin):
                continue
            if origin.kind == "correlation":
                found.append((place, self._shown(of_correlation(one, origin))))
            else:
                known = self._met(met, place, batch[place], one.event or {})
                found.append((place, known.finding(origin, tuple(one.matched))))
        return found

    def _origin(self, found: sigma.Detection) -> Origin:
        origin = self._origins.get(id(found.rule))
        if origin is None:
            origin = self._origins[id(found.rule)] = origin_of(found)
        return origin

    def _shown(self, finding: Finding) -> Finding:
        finding.event = shown(finding.event, self.settings.all_fields)
        return finding


def _moment(event: logs.Event, now: datetime) -> datetime:
    """The event's time; now when it has none."""
    text = event.timestamp
    try:
        return datetime.fromisoformat(text) if text else now
    except ValueError:
        return now


def parts_of(places: list[Path | str], form: str, jobs: int) -> list[Part]:
    """The parts to read, in order: whole files for one process, cut where the format allows for several."""
    parts: list[Part] = []
    for place in places:
        if isinstance(place, str):
            parts.append(Part(None))
            continue
        if jobs == 1 or not place.is_file():
            parts.append(Part(place))
            continue
        try:
            share = place.stat().st_size // (_SHARES * jobs)
            known, portions = logs.portions(place, min(PART, max(_LEAST, share)), form=form)
        except OSError:
            parts.append(Part(place))
            continue
        whole = len(portions) == 1
        parts.extend(
            Part(place, None if whole else portion, known, first=number == 0)
            for number, portion in enumerate(portions)
        )
    return parts


def steps_of(engines: Engines, part: Part, stream: BinaryIO | None = None) -> Iterator[Step]:
    """A part read and scanned, batch after batch; a file that cannot be opened is a problem of its step."""
    settings = engines.settings
    problems: list[logs.Problem] = []
    try:
        reading = logs.read(
            stream or part.path or sys.stdin.buffer,
            problems=problems.append,
            name=part.name,
            form=settings.form or part.form,
            now=_written_at(part.path) or settings.now,
            portion=part.portion,
        )
    except OSError as problem:
        yield Step(problems=[logs.Problem(part.name, f"cannot be opened: {problem.strerror or problem}")])
        return
    records = lines = 0
    for first in reading:
        count, findings = engines.take(chain((first,), islice(reading, BATCH - 1)))
        yield Step(
            findings,
            problems[:],
            count,
            reading.records - records,
            reading.lines - lines,
            reading.consumed,
            reading.format,
            followed=engines.put_aside(),
        )
        records, lines = reading.records, reading.lines
        problems.clear()
    yield Step(
        [], problems, 0, reading.records - records, reading.lines - lines, reading.consumed, reading.format
    )


def _written_at(path: Path | None) -> datetime | None:
    """When a file was last written: the year of dates that have none."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else None
    except (OSError, ValueError, OverflowError):
        return None


def tally_of(engines: Engines, files: int) -> Tally:
    """The counts of a run that begins."""
    return Tally(
        files=files,
        rules=engines.rule_count,
        correlations=engines.correlation_count,
        defects=len(engines.defects) + engines.loaded.defect_count,
        not_rules=engines.not_rules,
        indicators=sum(engines.loaded.counts.values()),
    )
