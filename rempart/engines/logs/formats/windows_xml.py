"""Windows events as XML: what ``wevtutil`` and the Event Viewer export, and Sysmon for Linux writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from rempart.engines.logs import windows
from rempart.engines.logs.model import LOGSOURCE, Event, Source

_START: Final = re.compile(rb"<Event[\s>]")
_END: Final = b"</Event>"


def events(source: Source) -> Iterator[Event]:
    """Each ``<Event>``, whatever stands around it (a root, nothing, lines of syslog)."""
    for offset, raw in _elements(source):
        index = source.records
        source.records += 1
        try:
            document = element(source.text(raw))
        except (ParseError, DefusedXmlException, ValueError) as problem:
            source.problem(f"an event cannot be read: {problem}", offset=offset, record=index)
            continue
        data, clock = windows.flat(document)
        if str(data.get("Provider_Name", "")).startswith("Linux-Sysmon"):
            data[LOGSOURCE] = windows.on_linux(data.get("EventID"))
        yield Event(source.name, index, data, clock)


def element(text: str) -> dict[str, Any]:
    """One event as ``{"Event": {"System": …, "EventData": …}}``; raises ``ParseError`` and ``ValueError``."""
    root = fromstring(text, forbid_dtd=True)
    event: dict[str, Any] = {}
    for child in root:
        name = _local(child)
        if name == "EventData":
            event[name] = _payload(child)
        else:
            event[name] = _tree(child, 0)
    if not isinstance(event.get("System"), dict):
        raise ValueError("no System element")
    return {"Event": event}


def _payload(child: Element) -> dict[str, Any]:
    named: dict[str, Any] = {}
    unnamed: list[Any] = []
    for item in child:
        name = item.get("Name")
        if name:
            named[name] = item.text or ""
        elif _local(item) == "Data":
            unnamed.append(item.text or "")
        else:
            named[_local(item)] = item.text or ""
    if unnamed:
        named["Data"] = unnamed if len(unnamed) > 1 else unnamed[0]
    return named


def _tree(node: Element, depth: int) -> Any:
    if depth > 16:
        return None
    if len(node) == 0 and not node.attrib:
        return node.text
    tree: dict[str, Any] = {_local(child): _tree(child, depth + 1) for child in node}
    if node.attrib:
        tree["#attributes"] = dict(node.attrib)
    if node.text and node.text.strip():
        tree["#text"] = node.text
    return tree


def _local(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _elements(source: Source) -> Iterator[tuple[int, bytes]]:
    """The bytes of each event, with its place; one past the limit is reported and left."""
    buffer, base, limit = b"", 0, source.limits.record_bytes
    while chunk := source.stream.read(1 << 18):
        buffer += chunk
        at = 0
        while (end := buffer.find(_END, at)) >= 0:
            start = _START.search(buffer, at, end)
            if start:
                yield base + start.start(), buffer[start.start() : end + len(_END)]
            at = end + len(_END)
        base, buffer = base + at, buffer[at:]
        if len(buffer) > limit:
            source.problem(f"more than {limit} bytes without the end of an event", offset=base)
            base, buffer = base + len(buffer) - len(_END), buffer[-len(_END) :]
    if _START.search(buffer):
        source.problem("the last event is cut", offset=base, record=source.records)
