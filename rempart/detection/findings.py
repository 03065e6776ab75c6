"""What detection finds, as plain data: a rule or an indicator, the event, why, and whom it concerns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from rempart.engines.logs import Event
from rempart.engines.observables import Sighting
from rempart.engines.sigma import Correlation, Detection

LEVELS: Final = ("informational", "low", "medium", "high", "critical")

#: Attributes of a Windows event's envelope that say nothing of what happened.
_ENVELOPE: Final = frozenset(
    [
        "Provider_Guid",
        "Version",
        "Task",
        "Opcode",
        "Keywords",
        "Correlation",
        "Correlation_ActivityID",
        "Execution_ProcessID",
        "Execution_ThreadID",
        "Security_UserID",
    ]
)
_HOSTS: Final = (
    "Computer", "ComputerName", "hostname", "host.name", "host.hostname", "DeviceName", "devname", "dvchost",
    "node", "host", "agent.hostname",
)  # fmt: skip
_USERS: Final = (
    "User", "TargetUserName", "SubjectUserName", "user.name", "userIdentity.arn", "userIdentity.userName",
    "actor.alternateId", "userPrincipalName", "UserId", "user.username", "AUID", "acct", "cs-username",
    "suser", "usrName", "auid",
)  # fmt: skip
_OURS: Final = frozenset(["_logsource", "_time"])
_PLACES: Final = 100
_NOBODY: Final = frozenset(["", "-", "?", "unset", "4294967295"])


@dataclass(frozen=True, slots=True)
class Reason:
    """A value that made a rule match: its field, and what the rule looked for there."""

    field: str
    value: Any
    pattern: str
    search: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The rule (``sigma``, ``correlation``) or indicator (``indicator``) behind a finding.

    ``digest`` is of what the rule looks for: it stays when only its words change.
    """

    kind: str
    id: str
    title: str
    level: str
    tags: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    digest: str = ""


@dataclass(slots=True)
class Finding:
    """A rule or indicator that an event matched. ``index`` is the event's place in its source, from 0.

    ``count`` and ``last`` are of findings that were grouped or correlated; ``indexes`` of those grouped;
    ``group`` and ``places`` (source, index and time of the events that contributed) of correlations.
    """

    origin: Origin
    source: str
    index: int
    timestamp: str | None
    matched: tuple[Reason, ...]
    event: dict[str, Any]
    host: str | None = None
    user: str | None = None
    count: int = 1
    last: str | None = None
    indexes: list[int] = field(default_factory=list)
    group: dict[str, str | None] = field(default_factory=dict)
    places: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What tells this finding from any other, equal each time the same event is looked at again in its
        place: who receives it twice (a stream gives events at least once) keeps one.
        """
        made_of = (
            self.origin.kind,
            self.origin.id,
            self.source,
            self.index,
            self.timestamp,
            [(one.field, one.value) for one in self.matched],
            self.group,
            self.places,
        )
        return hashlib.blake2b(encoded(made_of), digest_size=16).hexdigest()

    def record(self) -> dict[str, Any]:
        """The finding as one object of JSON."""
        record: dict[str, Any] = {
            "id": self.id,
            "rule_id": self.origin.id,
            "rule_title": self.origin.title,
            "level": self.origin.level,
            "kind": self.origin.kind,
            "tags": self.origin.tags,
            "techniques": self.origin.techniques,
            "source": self.source,
            "event_index": self.index,
            "timestamp": self.timestamp,
            "entity": {"host": self.host, "user": self.user},
            "matched": [
                {"field": one.field, "value": one.value, "pattern": one.pattern, "search": one.search}
                for one in self.matched
            ],
            "event": self.event,
        }
        if self.count > 1:
            record["count"] = self.count
            record["last_timestamp"] = self.last
        if self.indexes:
            record["event_indexes"] = self.indexes
        if self.origin.kind == "correlation":
            record["group"] = self.group
            record["events"] = self.places
        return record


class Located(dict[str, Any]):
    """An event's data that knows where it stands: correlations tell of it long after its batch."""

    __slots__ = ("index", "source", "timestamp")

    def __init__(self, event: Event) -> None:
        super().__init__(event.data)
        self.source, self.index, self.timestamp = event.source, event.index, event.timestamp


def of_rule(found: Detection, origin: Origin, event: Event) -> Finding:
    """The finding of a rule's detection; ``event`` is still whole."""
    data = dict(found.event or {})
    matched = tuple(Reason(one.field, one.value, one.pattern, one.search) for one in found.matched)
    return Finding(origin, event.source, event.index, event.timestamp, matched, data, *entity(data))


def of_correlation(found: Detection, origin: Origin) -> Finding:
    """The finding of a correlation: its last event, the values of its group, and where its events stand."""
    located = [one for one in found.events if isinstance(one, Located)]
    group = dict(found.group or {})
    matched = tuple(Reason(name, value, "group-by") for name, value in group.items())
    data = dict(located[-1]) if located else dict(found.event or {})
    finding = Finding(origin, "", -1, None, matched, data, *entity(data))
    finding.group = group
    finding.count = max(1, int(found.count or 1))
    if located:
        last = located[-1]
        finding.source, finding.index = last.source, last.index
        finding.timestamp = finding.last = last.timestamp
    finding.places = [
        {"source": one.source, "event_index": one.index, "timestamp": one.timestamp}
        for one in located[:_PLACES]
    ]
    return finding


def origin_of(found: Detection) -> Origin:
    """The origin of a detection: a rule, or a correlation of rules."""
    rule = found.rule
    looked: tuple[Any, ...]
    if isinstance(rule, Correlation):
        kind, looked = "correlation", (rule.type, rule.rules, rule.group_by, rule.timespan, rule.condition)
    else:
        kind, looked = "sigma", (rule.logsource, rule.detection)
    digest = hashlib.blake2b(repr(looked).encode("utf-8", "replace"), digest_size=16).hexdigest()
    return Origin(kind, rule.id, rule.title, rule.level, tuple(rule.tags), tuple(rule.techniques), digest)


def of_indicator(seen: Sighting, event: Event) -> Finding:
    """The finding of an indicator seen in an event."""
    indicator = seen.indicator
    details = indicator.details
    identifier = details.id or f"{indicator.kind}:{indicator.value}"
    name = f" ({details.name})" if details.name else ""
    origin = Origin(
        "indicator", identifier, f"{indicator.kind} {indicator.value}{name}", seen.level, details.labels
    )
    reason = Reason(seen.field, seen.observed, indicator.value, details.source)
    data = dict(event.data)
    return Finding(origin, event.source, event.index, event.timestamp, (reason,), data, *entity(data))


def entity(event: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The host and the user that an event concerns, where one of the usual fields names them."""
    return _first(event, _HOSTS), _first(event, _USERS)


def _first(event: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value: Any = event.get(name)
        if value is None and "." in name:
            value = event
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str | int) and str(value) not in _NOBODY:
            return str(value)
    return None


def shown(event: Mapping[str, Any], everything: bool) -> dict[str, Any]:
    """The event as it is given out: without our own members and, unless ``everything``, what says nothing."""
    if everything:
        return {name: value for name, value in event.items() if name not in _OURS}
    return {
        name: value
        for name, value in event.items()
        if name not in _OURS and name not in _ENVELOPE and value not in (None, "")
    }


def moment_of(timestamp: str | None) -> datetime | None:
    """The moment of an event, UTC, as is one that names no zone; None when it has none."""
    try:
        found = datetime.fromisoformat(timestamp) if timestamp else None
        return found and (found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def encoded(document: Any) -> bytes:
    """One line of JSON for what events hold, however strange (numbers beyond 64 bits, lone surrogates)."""
    try:
        return orjson.dumps(document, default=_plain, option=orjson.OPT_NON_STR_KEYS)
    except (orjson.JSONEncodeError, RecursionError):
        return json.dumps(document, default=_plain, skipkeys=True).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)
