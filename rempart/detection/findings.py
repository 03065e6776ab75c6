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
from rempart.engines.sigma import Correlation, Detection, Matched

#: A value that made a rule match: its field, and what the rule looked for there.
Reason = Matched
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
_UNSAID: Final = _OURS | _ENVELOPE
_PLACES: Final = 100
_NOBODY: Final = frozenset(["", "-", "?", "unset", "4294967295"])


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
            [one[:2] for one in self.matched],
            self.group,
            self.places,
        )
        return hashlib.blake2b(encoded(made_of), digest_size=16).hexdigest()

    def record(self, event: Any = None) -> dict[str, Any]:
        """The finding as one object of JSON; ``event`` is its event already made JSON."""
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
            "matched": [one._asdict() for one in self.matched],
            "event": self.event if event is None else event,
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


class Met:
    """An event in which something is found: what its findings share is worked out once."""

    __slots__ = ("event", "host", "shown", "timestamp", "user")

    def __init__(self, event: Event, data: Mapping[str, Any], everything: bool) -> None:
        self.event = event
        self.timestamp = event.timestamp
        self.shown = shown(data, everything)
        self.host, self.user = entity(data)

    def finding(self, origin: Origin, matched: tuple[Reason, ...]) -> Finding:
        """What a rule or an indicator says of the event."""
        event = self.event
        return Finding(
            origin, event.source, event.index, self.timestamp, matched, self.shown, self.host, self.user
        )


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
        looked += (rule.written,) if rule.written else ()
    else:
        kind, looked = "sigma", (rule.logsource, rule.detection)
    digest = hashlib.blake2b(repr(looked).encode("utf-8", "replace"), digest_size=16).hexdigest()
    return Origin(kind, rule.id, rule.title, rule.level, tuple(rule.tags), tuple(rule.techniques), digest)


def of_indicator(seen: Sighting) -> tuple[Origin, Reason]:
    """The origin of an indicator that was seen, and where it was."""
    indicator = seen.indicator
    details = indicator.details
    identifier = details.id or f"{indicator.kind}:{indicator.value}"
    name = f" ({details.name})" if details.name else ""
    origin = Origin(
        "indicator", identifier, f"{indicator.kind} {indicator.value}{name}", seen.level, details.labels
    )
    return origin, Reason(seen.field, seen.observed, indicator.value, details.source)


def entity(event: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The host and the user that an event concerns, where one of the usual fields names them."""
    return _first(event, _HOST_PATHS), _first(event, _USER_PATHS)


_Paths = tuple[tuple[str, tuple[str, ...]], ...]


def _paths(names: tuple[str, ...]) -> _Paths:
    """Each name, and its parts when it has dots."""
    return tuple((name, tuple(name.split(".")) if "." in name else ()) for name in names)


_HOST_PATHS: Final = _paths(_HOSTS)
_USER_PATHS: Final = _paths(_USERS)


def _first(event: Mapping[str, Any], paths: _Paths) -> str | None:
    for name, path in paths:
        value: Any = event.get(name)
        if value is None:
            if not path or path[0] not in event:
                continue
            value = event
            for part in path:
                value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str | int) and str(value) not in _NOBODY:
            return str(value)
    return None


def shown(event: Mapping[str, Any], everything: bool) -> dict[str, Any]:
    """The event as it is given out: without our own members and, unless ``everything``, what says nothing."""
    given = dict(event)
    for name in (_OURS if everything else _UNSAID) & given.keys():
        del given[name]
    values = given.values()
    if not everything and (None in values or "" in values):
        return {name: value for name, value in given.items() if value not in (None, "")}
    return given


def moment_of(timestamp: str | None) -> datetime | None:
    """The moment of an event, UTC, as is one that names no zone; None when it has none."""
    try:
        found = datetime.fromisoformat(timestamp) if timestamp else None
        return found and (found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


class Encoder:
    """Makes findings lines of JSON; the event that several share is made JSON once."""

    def __init__(self) -> None:
        self._event: dict[str, Any] | None = None
        self._written: orjson.Fragment | None = None

    def line(self, finding: Finding) -> bytes:
        """The finding as one line, without its break."""
        if finding.event is not self._event:
            self._event = finding.event
            self._written = _fragment(finding.event)
        if self._written is not None:
            try:
                return orjson.dumps(finding.record(self._written), default=_plain)
            except (orjson.JSONEncodeError, RecursionError):  # what is strange stands beside the event
                pass
        return encoded(finding.record())


def _fragment(event: dict[str, Any]) -> orjson.Fragment | None:
    """The event as JSON; None when it is too strange to be a part of what is made JSON later."""
    try:
        return orjson.Fragment(orjson.dumps(event, default=_plain, option=orjson.OPT_NON_STR_KEYS))
    except (orjson.JSONEncodeError, RecursionError):
        return None


def encoded(document: Any) -> bytes:
    """One line of JSON for what events hold, however strange (numbers beyond 64 bits, lone surrogates)."""
    try:
        return orjson.dumps(document, default=_plain)
    except (orjson.JSONEncodeError, RecursionError):
        pass
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
