"""Plain data of the engine: rules as they were read, what is wrong with some, and what a scan finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from rempart.engines.sigma.texts import DefectCode
from rempart.engines.sigma.tree import Node

#: Reserved keys of an event: the reader's hint of its log source, its time, and its line as it was.
LOGSOURCE_KEY: Final = "_logsource"
TIME_KEY: Final = "_time"
RAW_KEY: Final = "_raw"

LEVELS: Final = ("informational", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rule file may cost before it is refused; every excess is a defect of that file or rule."""

    file_bytes: int = 4 * 1024**2
    files: int = 100_000
    documents: int = 1_000  # in one file
    nodes: int = 500_000  # values in one file, aliases counted each time they are used
    depth: int = 64
    values: int = 100_000  # of one rule, after every modifier
    expansions: int = 10_000  # of one value, by windash or placeholders
    text: int = 65_536  # characters of one value


@dataclass(frozen=True, slots=True)
class Defect:
    """A document that cannot be used, wholly or in part, and why: in words, and by a code. ``path`` names the
    file, ``rule_id`` its id.
    """

    path: str
    rule_id: str | None
    reason: str
    code: DefectCode = "unusable"

    def __str__(self) -> str:
        return f"{self.path}{f' ({self.rule_id})' if self.rule_id else ''}: {self.reason}"


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where a rule looks; an attribute that is None is not asked."""

    product: str | None = None
    category: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        return "/".join(part or "*" for part in (self.product, self.category, self.service))


@dataclass(frozen=True, slots=True)
class Rule:
    """A Sigma detection rule. ``detection`` is its section as read; ``tree`` what it means (None:
    placeholders).
    """

    id: str
    title: str
    name: str | None
    level: str
    status: str | None
    description: str
    author: str
    references: tuple[str, ...]
    falsepositives: tuple[str, ...]
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    logsource: LogSource
    path: str
    detection: Mapping[str, Any] = field(repr=False)
    placeholders: frozenset[str]
    tree: Node | None = field(repr=False)

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK techniques, as ``T1059.001``."""
        return tuple(
            tag[7:].upper() for tag in self.tags if tag.startswith("attack.t") and tag[8:9].isdecimal()
        )


@dataclass(frozen=True, slots=True)
class Correlation:
    """A Sigma correlation rule; ``timespan`` in seconds, ``condition`` pairs of operator and threshold, or
    ``expression`` a tree over the names of its rules, as ``written``.
    """

    id: str
    title: str
    name: str | None
    level: str
    status: str | None
    description: str
    tags: tuple[str, ...]
    path: str
    type: str
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: float
    condition: tuple[tuple[str, float], ...]
    fields: tuple[str, ...]
    aliases: Mapping[str, Mapping[str, str]]
    generate: bool
    percentile: float | None = None
    expression: Node | None = field(default=None, repr=False)
    written: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK techniques, as ``T1059.001``."""
        return tuple(
            tag[7:].upper() for tag in self.tags if tag.startswith("attack.t") and tag[8:9].isdecimal()
        )

    @property
    def logsource(self) -> LogSource:
        """None of its own: the rules that it refers to have theirs."""
        return LogSource()


@dataclass(frozen=True, slots=True)
class Filter:
    """A Sigma filter: what is added to the condition of ``rules`` (empty: every rule of its log source)."""

    id: str
    title: str
    path: str
    logsource: LogSource
    rules: tuple[str, ...]
    detection: Mapping[str, Any] = field(repr=False)
    placeholders: frozenset[str]


@dataclass(slots=True)
class Collection:
    """Everything that a set of files holds, and what could not be used of it.

    ``not_rules``: the files of which no document says it is a rule, such as what describes test cases.
    """

    rules: list[Rule] = field(default_factory=list)
    correlations: list[Correlation] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    not_rules: list[str] = field(default_factory=list)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What compiling rules for one kind of event took time to find, from a sample of so many events.

    Frequent literals, and databases by field, each with the digest of the literals and numbers that it is
    made of.
    """

    sampled: int
    frequent: Mapping[str | None, frozenset[bytes]]
    databases: Mapping[str | None, tuple[bytes, bytes]]


class Matched(NamedTuple):
    """A value that made a rule match. ``field`` is "" for keywords' own field; ``search`` the identifier in
    the rule.
    """

    field: str
    value: Any
    pattern: str
    search: str = ""


class Detection:
    """A rule that an event of the batch matched, or a correlation that came true with it.

    ``index`` is the position in the batch (of the last contributing event for a correlation; -1 when a
    correlation was closed by time alone). ``group``, ``count``, ``events`` (contributing events, oldest
    first, bounded) and ``timespan`` (first and last instants, seconds since 1970) are of correlations.
    """

    __slots__ = (
        "_again", "_event", "_explain", "_matched", "count", "events", "group", "index", "rule", "timespan",
    )  # fmt: skip

    def __init__(
        self,
        rule: Rule | Correlation,
        index: int,
        event: Mapping[str, object] | None,
        explain: Callable[[Mapping[str, object]], list[Matched]] | None = None,
        again: Callable[[int], Mapping[str, object]] | None = None,
    ) -> None:
        self.rule = rule
        self.index = index
        self._event = event
        self.group: Mapping[str, str | None] | None = None
        self.count: float | None = None
        self.events: tuple[Mapping[str, object], ...] = ()
        self.timespan: tuple[float, float] | None = None
        self._explain = explain
        self._again = again
        self._matched: list[Matched] | None = None

    @property
    def event(self) -> Mapping[str, object] | None:
        """The event; made once more when it was not kept."""
        if self._event is None and self._again is not None:
            self._event = self._again(self.index)
        return self._event

    @property
    def matched(self) -> list[Matched]:
        """The values that matched, worked out when first asked."""
        if self._matched is None:
            event = self.event if self._explain is not None else None
            self._matched = self._explain(event) if event is not None else []  # type: ignore[misc]
        return self._matched

    def __repr__(self) -> str:
        return f"Detection({self.rule.id!r}, {self.index})"
