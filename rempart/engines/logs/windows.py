"""Windows events in one flat form, from the shapes in which tools write them.

``System`` gives ``EventID`` (a number), ``Channel``, ``Provider_Name``, ``Computer`` and the others under
their own names (an attribute as ``Element_Attribute``); the fields of ``EventData`` and ``UserData`` stand
beside them. Where a name is in both, the four above are of ``System`` (the other is kept as
``EventData_<name>``); for the rest the event's own data prevails.
"""

from __future__ import annotations

from typing import Any, Final

from rempart.engines.logs.model import LOGSOURCE, LogSource

_KEPT: Final = frozenset({"EventID", "Channel", "Provider_Name", "Computer", LOGSOURCE})
_ATTRIBUTES: Final = ("#attributes", "@attributes")
_NESTED: Final = frozenset([dict, list])
_TEXT: Final = ("#text", "$", "_")
_DEPTH: Final = 8
HINT: Final = LogSource(product="windows")
_LINUX_CHANNEL: Final = "Linux-Sysmon/Operational"
_LINUX: Final = LogSource(product="linux", service="sysmon")
_RPC_CHANNEL: Final = "RPCFW"
_RPC: Final = LogSource(product="rpc_firewall", category="application")
#: Sysmon for Linux, by the identifiers of its events.
_ON_LINUX: Final = {
    number: LogSource(product="linux", service="sysmon", category=category)
    for number, category in (
        (1, "process_creation"), (3, "network_connection"), (5, "process_termination"), (11, "file_event"),
        (23, "file_delete"),
    )
}  # fmt: skip


#: Elements of ``System`` that never have attributes.
_PLAIN: Final = frozenset(
    ["Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID", "Channel", "Computer"]
)

_USUAL: Final = frozenset(["System", "EventData", "#attributes"])


def flat(document: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The flat event and its time, from ``{"Event": {"System": …, "EventData" or "UserData": …}}``."""
    event = document["Event"]
    system, payload = event["System"], event.get("EventData")
    simple = type(payload) is dict and _NESTED.isdisjoint(map(type, payload.values()))
    if simple and _KEPT.isdisjoint(payload):
        data = {**system, **payload}
        for name in [name for name in system if name not in _PLAIN]:
            value = system[name]
            if type(value) is dict:
                if name not in payload:
                    del data[name]
                _element(data, name, value)
            elif name[-11:] == "_attributes":
                _apart(data, name, value)
    else:
        data = {}
        for name, value in system.items():
            if type(value) is not dict:
                data[name] = value
            elif name[-11:] == "_attributes":
                _apart(data, name, value)
            else:
                _element(data, name, value)
        _payload(data, payload)
    identifier = data.get("EventID")
    if type(identifier) is str and identifier.isdecimal() and len(identifier) < 10:
        data["EventID"] = int(identifier)
    if not event.keys() <= _USUAL:
        _beside(data, event)
    data[LOGSOURCE] = _source_of(data)
    return data, data.get("TimeCreated_SystemTime")


def _source_of(data: dict[str, Any]) -> LogSource:
    """The log source of an event: Windows', but for channels whose rules are of another product."""
    channel = data.get("Channel")
    if channel == _LINUX_CHANNEL:
        return on_linux(data.get("EventID"))
    if channel == _RPC_CHANNEL:
        data.setdefault("EventLog", channel)
        return _RPC
    return HINT


def on_linux(identifier: object) -> LogSource:
    """The log source of an event of Sysmon for Linux, which are written as Windows' are."""
    number = int(identifier) if isinstance(identifier, int | str) and str(identifier).isdecimal() else 0
    return _ON_LINUX.get(number, _LINUX)


def _beside(data: dict[str, Any], event: dict[str, Any]) -> None:
    """What stands beside ``System`` and ``EventData``: ``UserData`` and what it holds, the message
    rendered.
    """
    for name, value in event.items():
        if name in ("System", "EventData") or type(value) is not dict or name[:1] in "#@":
            continue
        if name == "RenderingInfo":
            if "Message" in value:
                data.setdefault("Message", value["Message"])
        else:
            _leaves(data, value, _DEPTH)


def _apart(data: dict[str, Any], name: str, value: Any) -> None:
    """Attributes that the parser wrote apart from their element, as ``Provider_attributes``."""
    data.pop(name, None)
    if type(value) is dict:
        for attribute, text in value.items():
            data[f"{name[:-11]}_{attribute}"] = text


def _element(data: dict[str, Any], name: str, value: dict[str, Any]) -> None:
    """An element of ``System``: its text under its name, its attributes beneath."""
    for key, item in value.items():
        if key in _ATTRIBUTES and type(item) is dict:
            for attribute, text in item.items():
                data[f"{name}_{attribute}"] = text
        elif key in _TEXT:
            data[name] = item
        else:
            data[f"{name}_{key.lstrip('@')}"] = item


def _payload(data: dict[str, Any], payload: Any) -> None:
    """The members of ``EventData``: named ones by name; those without a name as the list ``Data``."""
    if type(payload) is not dict:
        if payload is not None:
            data["Data"] = payload
        return
    for name, value in payload.items():
        if type(value) is dict:
            if name not in _ATTRIBUTES:
                data[f"EventData_{name}" if name in _KEPT else name] = _text_of(value)
            continue
        if type(value) is list and name == "Data" and any(type(item) is dict for item in value):
            _pairs(data, value)
            continue
        if name in _KEPT:
            data[f"EventData_{name}"] = value
        else:
            data[name] = value


def _pairs(data: dict[str, Any], items: list[Any]) -> None:
    """``<Data Name="…">`` as lists of objects (``@Name`` and ``#text``), the way XML converters write
    them.
    """
    unnamed = []
    for item in items:
        name = (item.get("@Name") or item.get("Name")) if type(item) is dict else None
        if type(name) is str:
            data[f"EventData_{name}" if name in _KEPT else name] = _text_of(item)
        else:
            unnamed.append(_text_of(item) if type(item) is dict else item)
    if unnamed:
        data["Data"] = unnamed


def _text_of(value: dict[str, Any]) -> Any:
    for key in _TEXT:
        if key in value:
            return value[key]
    if set(value) <= {"@Name", "Name", *_ATTRIBUTES}:
        return None
    return value


def _leaves(data: dict[str, Any], value: dict[str, Any], depth: int) -> None:
    """The innermost values of ``UserData`` (its elements differ with each provider), by their own names."""
    for name, item in value.items():
        if name in _ATTRIBUTES or name.startswith(("@", "xmlns")):
            continue
        text = _text_of(item) if type(item) is dict and depth else item
        if type(text) is dict and depth:
            _leaves(data, text, depth - 1)
        else:
            data[f"UserData_{name}" if name in _KEPT else name] = text


def from_winlogbeat(document: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The same form from ``winlog`` (Winlogbeat, Elastic Agent); the document's own members stay beside."""
    winlog = document["winlog"]
    data = dict(document)
    identifier = winlog.get("event_id")
    if type(identifier) is dict:
        identifier = identifier.get("id")
    data["EventID"] = int(identifier) if str(identifier).isdecimal() else identifier
    data["Channel"] = winlog.get("channel")
    data["Provider_Name"] = winlog.get("provider_name")
    data["Computer"] = winlog.get("computer_name")
    _payload(data, winlog.get("event_data"))
    user_data = winlog.get("user_data")
    if type(user_data) is dict:
        _leaves(data, user_data, _DEPTH)
    if type(document.get("message")) is str:
        data.setdefault("Message", document["message"])
    data[LOGSOURCE] = _source_of(data)
    return data, document.get("@timestamp")


#: Names that exporters give to the four, by order of preference.
_SYNONYMS: Final = {
    "EventID": ("EventId", "event_id", "EventCode", "Id"),
    "Channel": ("LogName", "log_name", "channel"),
    "Provider_Name": ("SourceName", "ProviderName", "Provider", "source_name", "Source"),
    "Computer": ("MachineName", "ComputerName", "Hostname", "computer_name", "host"),
}
_CLOCKS: Final = (
    "TimeCreated_SystemTime", "SystemTime", "@timestamp", "TimeCreated", "EventTime",
    "TimeGenerated", "UtcTime", "timestamp", "Timestamp", "_time", "time",
)  # fmt: skip


def looks_flat(data: dict[str, Any]) -> bool:
    """Whether a flat object is a Windows event: an identifier, and a channel or a provider."""
    return _has(data, "EventID") and (_has(data, "Channel") or _has(data, "Provider_Name"))


def _has(data: dict[str, Any], name: str) -> bool:
    return name in data or any(synonym in data for synonym in _SYNONYMS[name])


def completed(data: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """A flat event with the four names, whatever its exporter called them."""
    for name, synonyms in _SYNONYMS.items():
        if name not in data:
            for synonym in synonyms:
                if synonym in data:
                    data[name] = data[synonym]
                    break
    identifier = data.get("EventID")
    if type(identifier) is str and identifier.isdecimal() and len(identifier) < 10:
        data["EventID"] = int(identifier)
    if LOGSOURCE not in data:
        data[LOGSOURCE] = _source_of(data)
    return data, next((data[name] for name in _CLOCKS if data.get(name)), None)
