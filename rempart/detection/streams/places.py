"""Addresses of streams: ``nats://host:4222/STREAM?durable=NAME``, ``kafka://host:9092/TOPIC?group=NAME``.

An address never holds a secret: it is seen by whoever lists processes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from rempart.detection.streams.model import StreamError

_SCHEMES: Final = {
    "nats": ("nats", False),
    "nats+tls": ("nats", True),
    "kafka": ("kafka", False),
    "kafka+tls": ("kafka", True),
}
_PORTS: Final = {"nats": 4222, "kafka": 9092}
_KNOWN: Final = {
    "nats": frozenset({"durable", "subject", "from", "redeliver"}),
    "kafka": frozenset({"group", "from", "redeliver", "sasl"}),
}
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,200}\Z")
_SUBJECT: Final = re.compile(r"[^\s]{1,500}\Z")
_SASL: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a subscription that the broker does not know yet begins: the first message, the next to come,
    a sequence (or offset), or a time.
    """

    kind: str = "first"
    sequence: int = 0
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """An address, read."""

    kind: str
    servers: tuple[str, ...]
    name: str
    tls: bool = False
    group: str = "rempart"
    subject: str = ""
    start: Start = Start()
    redeliver: int = 30
    sasl: str = "SCRAM-SHA-512"

    @property
    def is_local(self) -> bool:
        """Whether every server is this machine."""
        return all(_is_loopback(server.rpartition(":")[0]) for server in self.servers)


def is_stream(place: str) -> bool:
    """Whether a place of logs is a stream's address."""
    return place.partition("://")[0] in _SCHEMES and "://" in place


def parse(address: str) -> Place:
    """Read an address. Raises ``StreamError`` with what is wrong, without repeating a secret."""
    scheme, _, rest = address.partition("://")
    kind, tls = _SCHEMES[scheme]
    if "@" in rest.partition("/")[0]:
        raise StreamError(f"{scheme}://…: no user or password in an address: REMPART_STREAM_USER, …")
    try:
        split = urlsplit(f"//{rest}")
        given = parse_qsl(split.query, keep_blank_values=True, strict_parsing=bool(split.query))
    except ValueError as error:
        raise StreamError(f"{scheme}://…: {error}") from None
    options = dict(given)
    unknown = sorted(set(options) - _KNOWN[kind])
    if unknown or len(options) < len(given):
        wrong = ", ".join(unknown) or "an option is given twice"
        raise StreamError(f"{scheme}://…: {wrong} ({', '.join(sorted(_KNOWN[kind]))})")
    name = unquote(split.path).strip("/")
    group = options.get("durable") or options.get("group") or "rempart"
    for what, value in (("stream", name), ("durable" if kind == "nats" else "group", group)):
        if not _NAME.match(value) or (kind == "nats" and "." in value):
            raise StreamError(f"{scheme}://…: {what}: {value or '?'}")
    subject = options.get("subject", "")
    if subject and not _SUBJECT.match(subject):
        raise StreamError(f"{scheme}://…: subject: {subject}")
    sasl = options.get("sasl", "SCRAM-SHA-512").upper()
    if sasl not in _SASL:
        raise StreamError(f"{scheme}://…: sasl: {sasl} ({', '.join(_SASL)})")
    return Place(
        kind,
        tuple(_server(one, _PORTS[kind], scheme) for one in split.netloc.split(",")),
        name,
        tls,
        group,
        subject,
        _start(options.get("from", "first"), scheme),
        _seconds(options.get("redeliver", "30"), scheme),
        sasl,
    )


def _server(text: str, port: int, scheme: str) -> str:
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?", text)
    if not found or not 0 < int(found[2] or port) < 65_536:
        raise StreamError(f"{scheme}://HOST:PORT/NAME: {text or '?'}")
    return f"{found[1]}:{found[2] or port}"


def _start(text: str, scheme: str) -> Start:
    if text in {"first", "new"}:
        return Start(text)
    if text.isdecimal() and len(text) < 19:
        return Start("sequence", int(text))
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign in a query is a space
    except ValueError:
        raise StreamError(f"{scheme}://…: from: {text} (first, new, 1234, 2026-01-02T03:04:05Z)") from None
    return Start("moment", moment=moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _seconds(text: str, scheme: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 3600:
        raise StreamError(f"{scheme}://…: redeliver: 1 … 3600 s")
    return int(text)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
