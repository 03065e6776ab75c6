"""What runs in each process of a hunt, whatever the engine: a part of Parquet to the rows of its findings.

Each event alone decides of its rules. Correlations follow events across parts, so what they need, the events
that their rules match, comes back and is correlated once, in the order of time (``gathering``).
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as arrow

from rempart.detection.findings import LEVELS, Finding, Origin, Reason, encoded
from rempart.detection.hunting.tables import Window, events_of
from rempart.detection.scan import Engines, Settings, Sought
from rempart.engines import logs, sigma
from rempart.spread.model import Step

FOUND: Final = arrow.schema(
    [
        ("kind", arrow.string()),  # finding, event (for correlations), problem, count
        ("place", arrow.int32()),
        ("row", arrow.int64()),
        ("rank", arrow.int32()),  # among those of one event
        ("record", arrow.large_binary()),  # JSON
    ]
)
_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Hunt:
    """Rules and indicators, and the times to look at; it goes to each process."""

    settings: Settings
    sought: Sought
    window: Window

    def start(self) -> Step:
        """The rules, compiled in this process."""
        return _Process(self).take

    @property
    def correlates(self) -> bool:
        """Whether some rule is a correlation."""
        return self.sought.rules is not None and bool(self.sought.rules.correlations)


class _Process:
    def __init__(self, hunt: Hunt) -> None:
        rules = hunt.sought.rules
        alone = replace(rules, correlations=[]) if rules is not None else None
        # Every level: a correlation may be of a higher one than its rules.
        settings = replace(hunt.settings, cache=_cache(hunt.settings.cache), level=LEVELS[0])
        self._engines = Engines(settings, replace(hunt.sought, rules=alone))
        self._window = hunt.window
        self._least = LEVELS.index(hunt.settings.level)
        self._followed = _followed(rules)
        self._silent = _silent(hunt)

    def take(self, part: arrow.RecordBatch) -> Iterator[arrow.RecordBatch]:
        """The rows of a part's findings, and at its end what was counted."""
        for each in part.to_pylist():
            problems: list[logs.Problem] = []
            rows: list[dict[str, Any]] = []
            events = 0
            for batch in events_of(each, self._window, problems):
                events += len(batch)
                rows += self._found(each["place"], batch)
                if len(rows) >= _ROWS:
                    yield arrow.RecordBatch.from_pylist(rows, schema=FOUND)
                    rows = []
            for problem in problems:
                told = {"source": problem.source, "reason": problem.reason, "record": problem.record}
                rows.append(_row("problem", each["place"], each["row"], 0, told))
            counted = {"events": events, "bytes": each["bytes"]}
            rows.append(_row("count", each["place"], each["row"], 0, counted))
            yield arrow.RecordBatch.from_pylist(rows, schema=FOUND)

    def _found(self, place: int, batch: list[tuple[int, logs.Event]]) -> list[dict[str, Any]]:
        # The engine tells findings by event: where an event stands in its batch is put in its place.
        events = [
            logs.Event(event.source, number, event.data, event.clock)
            for number, (_, event) in enumerate(batch)
        ]
        rows: list[dict[str, Any]] = []
        ranks: Counter[int] = Counter()
        followed: set[int] = set()
        for finding in self._engines.scan(events):
            number, origin = finding.index, finding.origin
            row, event = batch[number]
            if origin.id in self._followed and number not in followed:
                followed.add(number)
                rows.append(_row("event", place, row, 0, _whole(event)))
            finding.index = event.index
            if LEVELS.index(origin.level) >= self._least and origin.id not in self._silent:
                rows.append(_row("finding", place, row, ranks[number], _found(finding)))
                ranks[number] += 1
        return rows


def _whole(event: logs.Event) -> dict[str, Any]:
    return {"source": event.source, "index": event.index, "timestamp": event.timestamp, "data": event.data}


def _found(finding: Finding) -> dict[str, Any]:
    """The record of a finding, with what tells its rule from another of the same id."""
    return finding.record() | {"rule_digest": finding.origin.digest}


def _row(kind: str, place: int, row: int, rank: int, record: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "place": place, "row": row, "rank": rank, "record": encoded(record)}


def _followed(rules: sigma.Collection | None) -> frozenset[str]:
    """The ids of the rules that correlations refer to, by id or by name."""
    if rules is None:
        return frozenset()
    named = {name for each in rules.correlations for name in each.rules}
    return frozenset(rule.id for rule in rules.rules if rule.id in named or rule.name in named)


def _silent(hunt: Hunt) -> frozenset[str]:
    """The ids of the rules that are told through correlations alone."""
    rules = hunt.sought.rules
    if rules is None:
        return frozenset()
    followed = _followed(rules)
    few = replace(rules, rules=[rule for rule in rules.rules if rule.id in followed])
    return sigma.compile_rules(few, placeholders=hunt.settings.placeholders).only_correlated


def _cache(folder: Path | None) -> Path | None:
    """The cache of whoever hunts, where this process has it too; else one of this machine."""
    if folder is None or os.access(folder, os.W_OK):
        return folder
    own = Path(tempfile.gettempdir()) / f"rempart-rules-{os.getuid()}"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return own if own.stat().st_uid == os.getuid() else None


def finding_of(record: bytes) -> Finding:
    """The finding that a record of ``FOUND`` is."""
    given: dict[str, Any] = orjson.loads(record)
    origin = Origin(
        given["kind"],
        given["rule_id"],
        given["rule_title"],
        given["level"],
        tuple(given["tags"]),
        tuple(given["techniques"]),
        given["rule_digest"],
    )
    matched = tuple(
        Reason(one["field"], one["value"], one["pattern"], one["search"]) for one in given["matched"]
    )
    return Finding(
        origin,
        given["source"],
        given["event_index"],
        given["timestamp"],
        matched,
        given["event"],
        given["entity"]["host"],
        given["entity"]["user"],
    )
