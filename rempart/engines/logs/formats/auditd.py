"""The Linux audit log: records of one event are joined by their serial, and encoded values decoded.

A joined event has in ``type`` every type of its records; a field that several records have keeps each value
in a list (a rule's value then matches any of them). ``Image``, ``CommandLine``, ``CurrentDirectory``… stand
beside, under the names that Sigma's Linux rules use.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from rempart.engines.logs.lines import lines
from rempart.engines.logs.model import LOGSOURCE, Event, LogSource, Source

RECORD: Final = re.compile(
    r"(?:node=(\S{1,255}) )?type=(\S{1,64}) (?:msg=)?audit\((\d{1,12})\.(\d{1,6}):(\d{1,20})\): ?"
)
_PAIR: Final = re.compile(r"""([A-Za-z_][\w-]{0,63}(?:\[\d{1,5}\])?)=("[^"]*+"|'[^']*+'|\S*+)""")
_HEX: Final = re.compile(r"(?:[0-9A-F]{2})+\Z")
_ARGUMENT: Final = re.compile(r"a(\d{1,5})(?:\[(\d{1,5})\])?\Z")
_DATA: Final[dict[str, Any]] = json.loads(
    files("rempart.engines.logs").joinpath("auditd.json").read_text("utf-8")
)
#: Fields that the kernel writes in hexadecimal when they hold a space, a quote or an unprintable byte.
_ENCODED: Final = frozenset(_DATA["encoded"])
#: Types whose event has several records; the others are events by themselves.
_JOINED: Final = frozenset(_DATA["joined"])
#: Names of system calls, by architecture (c000003e x86_64, c00000b7 aarch64) and number.
_SYSCALLS: Final[dict[str, dict[str, str]]] = _DATA["syscalls"]
_HINTS: Final = {
    "": LogSource(product="linux", service="auditd"),
    **{
        category: LogSource(product="linux", service="auditd", category=category)
        for category in ("process_creation", "file_event", "network_connection")
    },
}
_WAIT: Final = 2  # seconds after which an event gets no more records
_PENDING: Final = 256


@dataclass(slots=True)
class Record:
    """One line of the log: its type, event (node, time, serial) and fields, decoded."""

    kind: str
    key: tuple[str, str, str]
    clock: str
    second: int
    fields: dict[str, Any]


@dataclass(slots=True)
class _Joining:
    kinds: list[str]
    clock: str
    second: int
    data: dict[str, Any]
    arguments: dict[int, str] = field(default_factory=dict)
    count: int = 1
    complete: bool = False


def record_of(line: str) -> Record | None:
    """The record that a line holds (a header of syslog may stand before it); None when it holds none."""
    head = RECORD.search(line, 0, 1024)
    if not head:
        return None
    node, kind, second, fraction, serial = head.groups()
    body, _, enriched = line[head.end() :].partition("\x1d")
    fields: dict[str, Any] = {}
    if node:
        fields["node"] = node
    for name, value in _PAIR.findall(body):
        if value[:1] == "'" and name == "msg":
            fields.update((key, _decoded(key, inner, kind)) for key, inner in _PAIR.findall(value[1:-1]))
        else:
            fields[name] = _decoded(name, value, kind)
    for name, value in _PAIR.findall(enriched):
        fields[name] = value.strip('"')
    if kind == "SYSCALL" and "SYSCALL" not in fields:
        known = _SYSCALLS.get(fields.get("arch", ""), {}).get(fields.get("syscall", ""))
        if known:
            fields["SYSCALL"] = known
    if kind.startswith("UNKNOWN["):
        kind = kind[8:].rstrip("]")
    return Record(
        kind, (node or "", f"{second}.{fraction}", serial), f"{second}.{fraction}", int(second), fields
    )


def _decoded(name: str, value: str, kind: str) -> str:
    if value[:1] in "\"'" and len(value) > 1:
        return value[1:-1]
    encoded = name in _ENCODED or (kind == "EXECVE" and _ARGUMENT.match(name))
    if encoded and len(value) > 1 and _HEX.match(value):
        return bytes.fromhex(value).decode("utf-8", "replace").rstrip("\0").replace("\0", " ")
    return value


def auditd(source: Source) -> Iterator[Event]:
    """Events in the order of their first record, joined over records that others come between."""
    pending: dict[tuple[str, str, str], _Joining] = {}
    for raw in lines(source):
        line = source.text(raw)
        record = record_of(line)
        if record is None:
            source.problem(
                "not a record of the audit log; kept as text", line=source.lines, record=source.records
            )
            yield from _emitted(source, pending, all_of_them=True)
            yield _numbered(source, {"message": line, LOGSOURCE: _HINTS[""]}, None)
            continue
        joining = pending.get(record.key)
        if joining and joining.count < source.limits.joined_records:
            if record.kind != "EOE":
                _join(joining, record)
            joining.complete = record.kind == "EOE"
        elif record.kind != "EOE":
            started = _Joining([record.kind], record.clock, record.second, dict(record.fields))
            started.complete = record.kind not in _JOINED
            if record.kind == "EXECVE":
                _arguments(started, record.fields)
            if joining:  # past the limit of its records: the rest is an event of its own
                yield _numbered(source, _finished(joining), float(joining.clock))
            pending[record.key] = started
        yield from _emitted(source, pending, second=record.second)
    yield from _emitted(source, pending, all_of_them=True)


def _emitted(
    source: Source,
    pending: dict[tuple[str, str, str], _Joining],
    *,
    second: int = 0,
    all_of_them: bool = False,
) -> Iterator[Event]:
    while pending:
        key = next(iter(pending))
        first = pending[key]
        late = second - first.second > _WAIT or len(pending) > _PENDING
        if not (first.complete or late or all_of_them):
            return
        del pending[key]
        yield _numbered(source, _finished(first), float(first.clock))


def _numbered(source: Source, data: dict[str, Any], clock: float | None) -> Event:
    index = source.records
    source.records += 1
    return Event(source.name, index, data, clock)


def _join(joining: _Joining, record: Record) -> None:
    joining.count += 1
    if record.kind not in joining.kinds:
        joining.kinds.append(record.kind)
    if record.kind == "EXECVE":
        _arguments(joining, record.fields)
    data = joining.data
    for name, value in record.fields.items():
        present = data.get(name)
        if present is None:
            data[name] = value
        elif type(present) is list:
            if value not in present:
                present.append(value)
        elif present != value:
            data[name] = [present, value]


def _arguments(joining: _Joining, fields: dict[str, Any]) -> None:
    """The arguments of ``execve``, those cut into pieces put together again."""
    for name in [name for name in fields if _ARGUMENT.match(name)]:
        found = _ARGUMENT.match(name)
        if found:
            place = int(found[1])
            if found[2] is None:
                joining.arguments[place] = str(fields[name])
            else:
                joining.arguments[place] = joining.arguments.get(place, "") + str(fields.pop(name))
                fields[f"a{place}"] = joining.arguments[place]


def _finished(joining: _Joining) -> dict[str, Any]:
    data = joining.data
    data["type"] = joining.kinds if len(joining.kinds) > 1 else joining.kinds[0]
    data[LOGSOURCE] = _HINTS[""]
    if joining.arguments:
        data["CommandLine"] = " ".join(joining.arguments[place] for place in sorted(joining.arguments))
        data[LOGSOURCE] = _HINTS["process_creation"]
    elif "proctitle" in data:
        data["CommandLine"] = data["proctitle"]
    for name, own in (
        ("Image", "exe"),
        ("CurrentDirectory", "cwd"),
        ("ProcessId", "pid"),
        ("ParentProcessId", "ppid"),
    ):
        if own in data:
            data[name] = data[own]
    if "SYSCALL" in joining.kinds and "nametype" in data and "CREATE" in data["nametype"]:
        data["TargetFilename"] = data.get("name")
        data[LOGSOURCE] = _HINTS["file_event"]
    address = data.get("saddr")
    if type(address) is str and data.get("SYSCALL") == "connect":
        _connection(data, address)
    return data


def _connection(data: dict[str, Any], address: str) -> None:
    """The destination in a ``sockaddr`` of IPv4 or IPv6, as ``connect`` was given it."""
    try:
        raw = bytes.fromhex(address)
    except ValueError:
        return
    family = int.from_bytes(raw[:2], "little")
    if family == 2 and len(raw) >= 8:
        host: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.IPv4Address(raw[4:8])
    elif family == 10 and len(raw) >= 24:
        host = ipaddress.IPv6Address(raw[8:24])
    else:
        return
    data.update(DestinationIp=str(host), DestinationPort=int.from_bytes(raw[2:4], "big"), Initiated="true")
    data[LOGSOURCE] = _HINTS["network_connection"]
