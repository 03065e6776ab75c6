"""Lines for people that hold events: syslog (RFC 3164 and 5424), CEF, LEEF, web servers' access logs, any
text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from rempart.engines.logs.documents import parse
from rempart.engines.logs.formats.appliances import message_of
from rempart.engines.logs.formats.auditd import record_of
from rempart.engines.logs.lines import lines
from rempart.engines.logs.model import LOGSOURCE, Event, LogSource, Source
from rempart.engines.logs.shapes import BY_NAME, Shaper, dress, first_of
from rempart.engines.logs.times import with_year

RFC5424: Final = re.compile(
    r"<(\d{1,3})>1 (\S{1,64}) (\S{1,255}) (\S{1,255}) (\S{1,128}) (\S{1,64}) "
    r"(-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: (.*))?\Z",
    re.DOTALL,
)
RFC3164: Final = re.compile(
    r"(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\S{8,24})"
    r" (\S{1,255}) (.*)\Z",
    re.DOTALL,
)
_TAG: Final = re.compile(r"([\w./()@-]{1,96}?)(?:\[(\d{1,10})\])?: ?(.*)\Z", re.DOTALL)
_PARAMETER: Final = re.compile(r'([^\s="\]]{1,64})="((?:[^"\\]|\\.)*)"')
_ELEMENT: Final = re.compile(r"\[((?:[^\]\\]|\\.)*)\]")
_CISCO: Final = re.compile(
    r"%([A-Z][A-Z0-9_]{1,39}(?:-[A-Z][A-Z0-9_]{0,39}){0,3})-(\d)-([A-Z0-9_]{2,60}): ?(.*)\Z", re.DOTALL
)
_HUAWEI: Final = re.compile(r"%%\d\d[A-Z][A-Z0-9_]{1,39}/\d/[A-Z]")
#: Commands typed on a router. Of other messages, rules of any service of the product may be.
_CISCO_COMMANDS: Final = frozenset({"PARSER", "AAA"})
_PAIR: Final = re.compile(r'([A-Za-z_][\w.-]{0,63})=("(?:[^"\\]|\\.)*"|[^\s"]*+)')
_SUDO: Final = re.compile(r"([A-Z]+)=((?:(?! ; [A-Z]+=).)*)")
CEF: Final = re.compile(r"CEF: ?\d+\|")
LEEF: Final = re.compile(r"LEEF: ?[12](?:\.\d)?\|")
_BAR: Final = re.compile(r"((?:[^|\\]|\\.)*)\|", re.DOTALL)
_KEY: Final = re.compile(r"(?:^|\s)([A-Za-z0-9_.\[\]-]{1,128})=")
ACCESS: Final = re.compile(
    r'(?:(\S+:\d+) )?(\S+) (\S+) (\S+|"[^"]*+") \[([^\]]{10,60})\] "((?:[^"\\]|\\.)*)" (\d{3}|-) (\d+|-)'
    r'(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?(?: (.*))?\Z'
)
#: Web servers that write to syslog. Other programs are of ``linux`` without a service: one message may
#: concern the rules of several (``sshd``, ``auth`` and ``syslog``).
_SERVERS: Final = {"nginx": "nginx", "apache2": "apache", "httpd": "apache"}
_CISCO_HINT: Final = LogSource(product="cisco")
_CISCO_COMMAND: Final = LogSource(product="cisco", service="aaa")
_FIREWALLS: Final = frozenset({"ASA", "FTD"})  # their messages have a number and a form of their own
_HUAWEI_HINT: Final = LogSource(product="huawei")
_JUNIPER_HINT: Final = LogSource(product="juniper")
#: Programs of Junos.
_JUNIPER: Final = frozenset({"rpd", "mgd", "/kernel", "jsrpd", "dcd", "chassisd", "RT_FLOW"})
_LINUX: Final = LogSource(product="linux")
_SERVER_HINTS: Final = {name: LogSource(product="linux", service=name) for name in _SERVERS.values()}
_AUDIT: Final = LogSource(product="linux", service="auditd")


def syslog(source: Source) -> Iterator[Event]:
    """Messages of syslog with their header as fields and what they carry (CEF, LEEF, JSON, audit) as fields
    too.
    """
    shaper = Shaper()
    for raw in lines(source):
        index = source.records
        source.records += 1
        line = source.text(raw)
        data, clock = syslog_message(line, source, shaper)
        yield Event(source.name, index, data, clock)


def syslog_message(line: str, source: Source, shaper: Shaper) -> tuple[dict[str, Any], Any]:
    """One message of either form; a line of neither is kept whole as ``message``."""
    found = RFC5424.match(line)
    if found:
        priority, clock, host, program, process, kind, elements, text = found.groups()
        data = _header(priority, host, program, process)
        if kind != "-":
            data["msgid"] = kind
        for element in _ELEMENT.findall(elements) if elements != "-" else ():
            identifier = element.partition(" ")[0]
            for name, value in _PARAMETER.findall(element):
                data[f"{identifier}.{name}"] = re.sub(r"\\([\\\"\]])", r"\1", value)
        return _body(data, (text or "").removeprefix("\ufeff"), clock, source, shaper)
    found = RFC3164.match(line)
    if found:
        priority, clock, host, text = found.groups()
        tag = None if CEF.match(text) or LEEF.match(text) else _TAG.match(text)
        data = _header(priority, host, tag[1] if tag else "-", tag[2] if tag else None)
        if not clock[0].isdigit():
            clock = with_year(clock, source.now)
        return _body(data, tag[3] if tag else text, clock, source, shaper)
    bare = re.match(r"<(\d{1,3})>", line)
    data = _header(bare[1], "-", "-", None) if bare else {}
    return _body(data, line[bare.end() :] if bare else line, None, source, shaper)


def _header(priority: str | None, host: str, program: str, process: str | None) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if priority is not None:
        data["facility"], data["severity"] = divmod(int(priority), 8)
    if host != "-":
        data["hostname"] = host
    if program != "-":
        data["program"] = program
    if process and process != "-":
        data["pid"] = int(process) if process.isdecimal() and len(process) < 10 else process
    return data


def _body(
    data: dict[str, Any], text: str, clock: Any, source: Source, shaper: Shaper
) -> tuple[dict[str, Any], Any]:
    """What the message carries; its text is always kept, for rules that look for words."""
    data["message"] = text
    carried = text.removeprefix("@cee:").lstrip()
    if carried.startswith("{"):
        try:
            document = parse(carried.encode("utf-8", "replace"), source)
        except ValueError:
            document = None
        if type(document) is dict:
            inner, own = shaper.shape(document)
            return {**data, **inner}, own or clock
    for marker, reader in ((CEF, _cef), (LEEF, _leef)):
        found = marker.search(text, 0, 4096)
        if found:
            inner, own = reader(text[found.start() :])
            return {**data, **inner}, clock or own
    cisco = _CISCO.search(text, 0, 4096)
    if cisco and cisco[1] not in _FIREWALLS:
        data.update(facility_code=cisco[1], mnemonic=cisco[3], text=cisco[4])
        data[LOGSOURCE] = _CISCO_COMMAND if cisco[1] in _CISCO_COMMANDS else _CISCO_HINT
        return data, clock
    record = record_of(text) if "audit(" in text[:200] else None
    if record:
        data.update(record.fields, type=record.kind)
        data[LOGSOURCE] = _AUDIT
        return data, clock or record.clock
    if text.startswith(("date=", "devname=", "logver=", "devid=")):
        data.update((name, value.strip('"')) for name, value in _PAIR.findall(text[:65536]))
        inner, own = shaper.shape(data)
        return inner, f"{data['date']} {data['time']}" if "date" in data and "time" in data else own or clock
    own = str(data.get("program", ""))
    program = own.rpartition("/")[2].lower()
    known = message_of(program, text)
    if known:
        return {**data, **known}, clock or known.get("timestamp")
    if own in _JUNIPER or _HUAWEI.search(text, 0, 4096):
        data[LOGSOURCE] = _JUNIPER_HINT if own in _JUNIPER else _HUAWEI_HINT
        return data, clock
    if program == "sudo":
        data.update((name, value.strip()) for name, value in _SUDO.findall(text[:65536]))
    data[LOGSOURCE] = _SERVER_HINTS[_SERVERS[program]] if program in _SERVERS else _LINUX
    return data, clock


def event_format(source: Source) -> Iterator[Event]:
    """CEF or LEEF, with or without the header of syslog before it."""
    shaper = Shaper()
    for raw in lines(source):
        index = source.records
        source.records += 1
        line = source.text(raw)
        if line.startswith(("CEF:", "LEEF:")):
            data, clock = (_cef if line[0] == "C" else _leef)(line)
        else:
            data, clock = syslog_message(line, source, shaper)
        yield Event(source.name, index, data, clock)


def _bars(text: str, count: int) -> tuple[list[str], str]:
    """The first ``count`` parts between bars (escaped bars undone), and what follows."""
    parts: list[str] = []
    place = 0
    while len(parts) < count:
        found = _BAR.match(text, place)
        if not found:
            parts.append(text[place:])
            place = len(text)
            break
        parts.append(found[1].replace("\\|", "|").replace("\\\\", "\\"))
        place = found.end()
    return parts + [""] * (count - len(parts)), text[place:]


def _cef(text: str) -> tuple[dict[str, Any], Any]:
    parts, extension = _bars(text.partition(":")[2], 7)
    names = ("deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "cefSeverity")
    data: dict[str, Any] = dict(zip(names, parts[1:], strict=True))
    marks = list(_KEY.finditer(extension))
    marks = [mark for mark in marks if not extension[: mark.end() - 1].endswith("\\")]
    for place, mark in enumerate(marks):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(extension)
        value = extension[mark.end() : end]
        if "\\" in value:
            value = re.sub(r"\\(.)", lambda one: {"n": "\n", "r": "\r"}.get(one[1], one[1]), value)
        data[mark[1]] = value.strip()
    for name in [name for name in data if name.endswith("Label")]:
        if name[:-5] in data and data[name]:
            data.setdefault(str(data[name]), data[name[:-5]])
    return dress(data, BY_NAME["cef"]), first_of(data, ("rt", "end", "start", "deviceReceiptTime"))


def _leef(text: str) -> tuple[dict[str, Any], Any]:
    version2 = text.partition(":")[2].lstrip().startswith("2")
    parts, body = _bars(text.partition(":")[2], 6 if version2 else 5)
    data: dict[str, Any] = dict(
        zip(("deviceVendor", "deviceProduct", "deviceVersion", "eventId"), parts[1:5], strict=True)
    )
    separator = parts[5] if version2 and parts[5] else "\t"
    if re.fullmatch(r"(?:0?x)[0-9A-Fa-f]{2,4}", separator):
        separator = chr(int(separator.lstrip("0").lstrip("x"), 16))
    for pair in body.split(separator):
        name, equals, value = pair.partition("=")
        if equals:
            data[name.strip()] = value
    return dress(data, BY_NAME["leef"]), first_of(data, ("devTime", "startTime"))


def access(source: Source) -> Iterator[Event]:
    """Access logs of Apache and Nginx (common, combined, with a virtual host before)."""
    signature = BY_NAME["access"]
    for raw in lines(source):
        index = source.records
        source.records += 1
        line = source.text(raw)
        found = ACCESS.match(line)
        if not found:
            source.problem("not the form of an access log; kept as text", line=source.lines, record=index)
            yield Event(source.name, index, {"message": line, LOGSOURCE: signature.logsource})
            continue
        site, address, _, user, clock, request, status, size, referer, agent, rest = found.groups()
        data: dict[str, Any] = {"c-ip": address, "request": request}
        method, _, target = request.partition(" ")
        uri, _, version = target.rpartition(" ") if " HTTP/" in target else (target, "", "")
        if uri:
            stem, mark, query = uri.partition("?")
            data.update({"cs-method": method, "cs-uri": uri, "c-uri": uri, "cs-uri-stem": stem})
            if mark:
                data["cs-uri-query"] = query
            if version:
                data["cs-version"] = version
        optional = {
            "cs-username": user,
            "cs-referer": referer,
            "cs-user-agent": agent,
            "cs-host": site,
            "extra": rest,
        }
        data.update((name, value) for name, value in optional.items() if value and value != "-")
        for name, value in (("sc-status", status), ("sc-bytes", size)):
            if value != "-":
                data[name] = int(value)
        yield Event(source.name, index, dress(data, signature), clock)


def text_lines(source: Source) -> Iterator[Event]:
    """Any text: each line is the ``message`` of an event, for rules that look for words."""
    shaper = Shaper()
    for raw in lines(source):
        index = source.records
        source.records += 1
        data, clock = _body({}, source.text(raw), None, source, shaper)
        if data.get(LOGSOURCE) is _LINUX:
            del data[LOGSOURCE]
        yield Event(source.name, index, data, clock)
