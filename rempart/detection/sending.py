"""``rempart detect --send``: what was found, grouped, given to a node of the platform.

Detections go at least once: a batch is sent again until it is answered, and each part of a detection has a
key made of its rule, entity, hour and first event, by which the node knows what it already has. A part that
grows after it was sent is sent again under its key with its whole count.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from rempart.detection.findings import Finding, Reason, encoded, moment_of
from rempart.detection.pseudonyms import KINDS, LEAST_KEY, group_key, hour_of, part_key, pseudonym
from rempart.kernel.nodes import PASSING, node_address, secret_of, token_of

if TYPE_CHECKING:  # a command that sends nothing starts sooner without it
    import httpx

BATCH: Final = 200
_GROUPS = 20_000  # held at once; past it, what is held is sent
_KNOWN = 100_000  # sent, and remembered so that their count can grow
_BYTES = 4 * 1024**2
_SECONDS = 60.0
_TRIES = 6
_LONGEST_WAIT = 30.0

# What the API takes (``detections_api``): within it, nothing is refused for its size.
SAMPLE_FIELDS: Final = 80
SAMPLE_TEXT: Final = 1_000
SAMPLE_BYTES: Final = 16_384
MATCHED: Final = 20
_NAME = 200
_TECHNIQUES = 20


class NotSent(Exception):
    """The node refused, or did not answer in time; the message says which."""


class Wait(Protocol):
    """Waits some seconds, or raises NotSent when there is no more reason to."""

    def __call__(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Destination:
    """Where detections go: the node's address, the body's code and token.

    With ``pseudonym_key``, no host, user nor event leaves: pseudonyms take their place. ``run`` is that of
    the hunt that found them.
    """

    node: str
    body: str
    token: str = field(repr=False)
    pseudonym_key: bytes | None = field(default=None, repr=False)
    run: int | None = None


def destination(
    node: str, body: str, token_file: Path | None, key_file: Path | None, *, listening: bool = False
) -> Destination:
    """The destination that the options name. Raises ValueError, with what to correct."""
    address = node_address(node, "--send")
    if not body:
        raise ValueError("--body CODE")
    if listening and token_file is None:
        raise ValueError("--listen, --send : --token-file FICHIER · FILE")
    token = token_of(token_file, "--token-file")
    key = None
    if key_file is not None:
        key = secret_of(key_file).strip()
        if len(key) < LEAST_KEY:
            raise ValueError(f"--pseudonym-key : {LEAST_KEY} octets au moins · {LEAST_KEY} bytes at least")
    return Destination(address, body, token, key)


@dataclass
class _Group:
    """Findings of one rule about one host and user in one hour, of one source."""

    first: Finding
    key: str
    count: int = 0
    answered: int = 0  # of ``count``, what the node has
    first_at: datetime | None = None
    last_at: datetime | None = None


class Outgoing:
    """Findings on their way to a node: ``add`` each, then ``flush``, which returns once all are answered."""

    def __init__(
        self,
        to: Destination,
        *,
        wait: Wait = time.sleep,
        tries: int | None = _TRIES,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        import httpx

        self._to = to
        self._wait = wait
        self._tries = tries
        self._client = httpx.Client(transport=transport, timeout=_SECONDS, follow_redirects=False)
        self._groups: dict[tuple[str, str], _Group] = {}
        self._past: dict[tuple[str, str], _Group] = {}
        self.sent = 0
        self.events = 0

    def add(self, finding: Finding) -> None:
        """Counts a finding with those of its rule, host, user, hour and source; sends when many are held."""
        at, last = moment_of(finding.timestamp), moment_of(finding.last)
        host, user = finding.host or "", finding.user or ""
        key = group_key(finding.origin.id, finding.origin.digest, host, user, hour_of(at))
        name = (key, finding.source)
        group = self._groups.get(name)
        if group is None and name in self._past:
            group = self._groups[name] = self._past.pop(name)
        if group is None:
            part = part_key(key, finding.event, finding.timestamp)
            group = self._groups[name] = _Group(finding, part, 0, 0, at, last or at)
        group.count += finding.count
        for moment_ in (at, last):
            if moment_ is not None:
                group.first_at = min(group.first_at or moment_, moment_)
                group.last_at = max(group.last_at or moment_, moment_)
        if len(self._groups) >= _GROUPS:
            self.flush()

    def known(self) -> None:
        """What is held was answered before, to a process that ended since: only what comes after is sent."""
        for name in list(self._groups):
            self._answered(name, self._groups.pop(name))

    def flush(self, *, patient: bool = True) -> None:
        """Sends what is held, and forgets it once it is answered; not ``patient``, each batch is tried once.

        Raises NotSent; what is held then stays.
        """
        while self._groups:
            taken: list[tuple[str, str]] = []
            items: list[dict[str, Any]] = []
            size = 0
            for name, group in self._groups.items():
                item = _item(group, self._to.pseudonym_key)
                size += len(encoded(item))
                if items and (len(items) == BATCH or size > _BYTES):
                    break
                taken.append(name)
                items.append(item)
            batch: dict[str, Any] = {"body": self._to.body, "detections": items}
            self._post(
                orjson.dumps(batch if self._to.run is None else batch | {"run": self._to.run}), patient
            )
            for name in taken:
                self._answered(name, self._groups.pop(name))

    def _answered(self, name: tuple[str, str], group: _Group) -> None:
        self.sent += not group.answered
        self.events += group.count - group.answered
        group.answered = group.count
        # The node keeps the event and what matched of the first time: only the count may still grow.
        group.first = replace(group.first, event={}, matched=(), indexes=[], places=[])
        self._past[name] = group
        if len(self._past) > _KNOWN:
            del self._past[next(iter(self._past))]

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _post(self, content: bytes, patient: bool) -> None:
        headers = {
            "Authorization": f"Bearer {self._to.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": hashlib.sha256(content).hexdigest(),
        }
        url = f"{self._to.node}/api/v1/detections/batches"
        tried = 0
        while True:
            tried += 1
            reason, pause = self._try(url, content, headers)
            if not reason:
                return
            if not patient or (self._tries is not None and tried >= self._tries):
                raise NotSent(reason)
            self._wait(min(pause or 2.0 ** (tried - 1), _LONGEST_WAIT))

    def _try(self, url: str, content: bytes, headers: dict[str, str]) -> tuple[str, float | None]:
        """("", None) once answered; else why not, and the seconds to wait that the node asks for."""
        import httpx

        try:
            answer = self._client.post(url, content=content, headers=headers)
        except httpx.HTTPError as error:
            return f"{self._to.node}: {error or type(error).__name__}", None
        if answer.is_success:
            return "", None
        told = f"{self._to.node}: {answer.status_code} {_reason(answer)}"
        # An identical batch being answered at this moment (409) is waited for, like a node that is busy.
        if answer.status_code not in PASSING and answer.status_code != httpx.codes.CONFLICT:
            raise NotSent(told)
        after = answer.headers.get("Retry-After", "")
        return told, float(after) if after.isdecimal() and len(after) < 6 else None


def _reason(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        return answer.reason_phrase
    if not isinstance(told, dict):
        return answer.reason_phrase
    errors = told.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return f"{errors[0].get('field')}: {errors[0].get('message')}"
    field_ = f"{told['field']}: " if told.get("field") else ""
    return f"{field_}{told.get('title') or answer.reason_phrase}"


def _item(group: _Group, key: bytes | None) -> dict[str, Any]:
    """A part of a detection as the API takes it."""
    finding, origin = group.first, group.first.origin
    item: dict[str, Any] = {
        "key": group.key,
        "rule_id": clean(origin.id, 300),
        "rule_title": clean(origin.title, 300),
        "rule_digest": origin.digest,
        "level": origin.level,
        "kind": origin.kind,
        "techniques": [clean(each, 12) for each in origin.techniques[:_TECHNIQUES]],
        "count": min(group.count, 10**9),
        "first_at": group.first_at.isoformat() if group.first_at else None,
        "last_at": group.last_at.isoformat() if group.last_at else None,
    }
    entities = {"host": finding.host, "user": finding.user}
    if key is not None:
        item |= {f"{kind}_pseudonym": pseudonym(key, kind, entities[kind]) for kind in KINDS}
        return item
    item |= {kind: clean(entities[kind] or "", 255) for kind in KINDS}
    if group.answered:
        return item
    item["source"] = clean(finding.source, 300)
    item["matched"] = [_matched(one) for one in finding.matched[:MATCHED]]
    item["sample"] = bounded(finding.event, [one.field for one in finding.matched])
    return item


def _matched(one: Reason) -> dict[str, str]:
    return {
        "field": clean(one.field, _NAME),
        "value": clean(one.value, SAMPLE_TEXT),
        "pattern": clean(one.pattern, SAMPLE_TEXT),
        "search": clean(one.search, _NAME),
    }


def bounded(event: dict[str, Any], first: list[str]) -> dict[str, Any]:
    """The event within what the API takes: flat, its texts cut, the fields named ``first`` before others."""
    roots = {name.split(".")[0] for name in first} | set(first)
    names = sorted(event, key=lambda name: str(name) not in roots)
    kept: dict[str, Any] = {}
    size = 2
    for name in names[:SAMPLE_FIELDS]:
        value = event[name]
        if not isinstance(value, bool | float | None) and not (isinstance(value, int) and abs(value) < 2**53):
            value = clean(value, SAMPLE_TEXT)
        key = clean(name, _NAME)
        size += len(encoded({key: value}))
        if size > SAMPLE_BYTES:
            break
        kept[key] = value
    return kept


def clean(value: Any, longest: int) -> str:
    """A value as text that any database keeps: no NUL, no lone surrogate, cut with an ellipsis."""
    text = value if isinstance(value, str) else encoded(value).decode("utf-8", "replace")
    text = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def until_stopped(stopped: Callable[[], bool], pause: Callable[[float], Any]) -> Wait:
    """A wait that gives up once the command is asked to end."""

    def wait(seconds: float, /) -> None:
        pause(seconds)
        if stopped():
            raise NotSent("arrêté · stopped")

    return wait
