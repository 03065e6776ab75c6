"""What a JSON object or a row is: a Windows event, one of a known product, or any event with a time.

The products' signatures, log sources (in Sigma's taxonomy) and names of fields are data, in
``logsources.json``: an object is of a product when it has all the ``keys``; ``by`` and ``values`` tell its
services apart; ``fields`` gives Sigma's name beside the product's own, with its ``endings`` after the value,
or the value that ``words`` has for it; ``pairs`` are lists of names and values, whose names become fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import Any, Final

from rempart.engines.logs import windows
from rempart.engines.logs.model import LOGSOURCE, LogSource

_CLOCKS: Final = (
    "@timestamp", "timestamp", "eventTime", "CreationTime", "published", "time", "ts", "datetime", "date",
    "TimeGenerated", "TimeCreated", "UtcTime", "EventTime", "created_at", "_time",
    "Timestamp", "event.created",
)  # fmt: skip

#: Names before dots of an object that exporters flatten: Winlogbeat's.
_FLATTENED: Final = "winlog."
_DEPTH: Final = 16  # parts of a name that are followed
#: Members that hold the value beside its name, in lists of pairs.
_PAIRED: Final = (
    "value", "boolValue", "intValue", "multiValue", "multiIntValue", "multiStrValue", "messageValue",
    "multiMessageValue",
)  # fmt: skip
#: Members under which tools put the event itself when they export it.
_ENVELOPES: Final = ("_source", "result")


@dataclass(frozen=True, slots=True)
class Signature:
    """A product's events: how they are known, and the log source, time and fields they give."""

    name: str
    keys: frozenset[str]
    logsource: LogSource
    clock: tuple[str, ...] = _CLOCKS
    by: str = ""
    values: dict[str, LogSource] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    endings: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    pairs: tuple[str, ...] = ()


def _sources(one: dict[str, Any]) -> dict[str, Any]:
    values = {name: LogSource(source) for name, source in one.get("values", {}).items()}
    return {"logsource": LogSource(one["logsource"]), "values": values}


def _load() -> tuple[Signature, ...]:
    text = files("rempart.engines.logs").joinpath("logsources.json").read_text("utf-8")
    return tuple(
        Signature(
            **{
                **one,
                "keys": frozenset(one["keys"]),
                "clock": (*one["clock"], *_CLOCKS),
                "pairs": tuple(one.get("pairs", ())),
                **_sources(one),
            }
        )
        for one in json.loads(text)
    )


SIGNATURES: Final = _load()
BY_NAME: Final = {one.name: one for one in reversed(SIGNATURES)}
_BY_KEYS: Final = tuple(one for one in SIGNATURES if one.keys)


def value_at(data: dict[str, Any], name: str) -> Any:
    """The value under a name or a dotted path, through lists; None when absent."""
    if name in data:
        return data[name]
    value: Any = data
    for part in name.split("."):
        if type(value) is list:
            found = [item.get(part) for item in value if type(item) is dict]
            value = [item for item in found if item is not None] or None
        elif type(value) is dict:
            value = value.get(part)
        else:
            return None
    return value


_Shaped = tuple[dict[str, Any], Any]
_Shape = Callable[[dict[str, Any]], _Shaped]


class Shaper:
    """Gives objects the form that detection expects; what depends on names alone is settled once for a
    set.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Shape] = {}

    def shape(self, document: dict[str, Any], columns: tuple[str, ...] | None = None) -> _Shaped:
        """The event's data, with its log source where known, and its time as it was written.

        ``columns`` are the names of a table, which a row tells only in part.
        """
        names = columns or tuple(document)
        try:
            shape = self._known[names]
        except KeyError:
            shape = self._settle(dict.fromkeys(columns) if columns else document)
            dotted = tuple(name for name in names if "." in name)
            if dotted:
                shape = partial(self._dotted, dotted, shape)
            if len(self._known) < 50_000:
                self._known[names] = shape
        return shape(document)

    def _settle(self, document: dict[str, Any]) -> _Shape:
        if "Event" in document:
            return _event
        if "winlog" in document:
            return _winlog
        if len(document) <= 12 and any(name in document for name in _ENVELOPES):
            return self._envelope
        if "System" in document and ("EventData" in document or "UserData" in document):
            return _bare
        if windows.looks_flat(document):
            return windows.completed
        names = set(document)
        for name, value in document.items():
            if type(value) is dict:
                names.update(f"{name}.{key}" for key in value)
        signature = next((one for one in _BY_KEYS if one.keys <= names), None)
        if "_path" in document and signature is not None and signature.name.startswith("zeek"):
            return _zeek
        return partial(_signed, signature) if signature else _any

    def _dotted(self, dotted: tuple[str, ...], shape: _Shape, document: dict[str, Any]) -> _Shaped:
        """A document with dots in some names: objects under such names go where their paths lead."""
        paths = [
            name
            for name in dotted
            if type(document.get(name)) is dict or (name in document and name.startswith(_FLATTENED))
        ]
        moved = [name for name in paths if _move(document, name)]
        return self.shape(document) if moved else shape(document)

    def _envelope(self, document: dict[str, Any]) -> _Shaped:
        inner = next((document[name] for name in _ENVELOPES if type(document.get(name)) is dict), None)
        return self.shape(inner) if inner is not None else _any(document)


def _move(document: dict[str, Any], name: str) -> bool:
    """Put the value under ``a.b`` in the object ``a``, made when absent; whether there was room for it."""
    *parents, last = name.split(".")
    if len(parents) > _DEPTH:
        return False
    place: Any = document
    for parent in parents:
        place = place.get(parent, {})
        if type(place) is not dict:
            return False
    if last in place:
        return False
    place = document
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = document.pop(name)
    return True


def _event(document: dict[str, Any]) -> _Shaped:
    event = document["Event"]
    if type(event) is dict and type(event.get("System")) is dict:
        return windows.flat(document)
    return _any(document)


def _bare(document: dict[str, Any]) -> _Shaped:
    return windows.flat({"Event": document}) if type(document["System"]) is dict else _any(document)


def _winlog(document: dict[str, Any]) -> _Shaped:
    return windows.from_winlogbeat(document) if type(document["winlog"]) is dict else _any(document)


def _zeek(document: dict[str, Any]) -> _Shaped:
    """A row of Zeek's that says of which table it is."""
    path = document["_path"]
    signature = BY_NAME.get(f"zeek-{path}", BY_NAME["zeek"])
    if signature.name == "zeek" and type(path) is str and path:
        document.setdefault(LOGSOURCE, LogSource(product="zeek", service=path))
    return _signed(signature, document)


def _signed(signature: Signature, document: dict[str, Any]) -> _Shaped:
    return dress(document, signature), first_of(document, signature.clock)


def _any(document: dict[str, Any]) -> _Shaped:
    return document, first_of(document, _CLOCKS)


def dress(document: dict[str, Any], signature: Signature) -> dict[str, Any]:
    """The document with the product's log source, and Sigma's names of fields beside its own."""
    hint = signature.logsource
    if signature.by:
        value = value_at(document, signature.by)
        hint = signature.values.get(value, hint) if type(value) is str else hint
    for name, own in signature.fields.items():
        if name not in document:
            value = value_at(document, own)
            if value is not None:
                ending = signature.endings.get(name)
                document[name] = f"{value}{ending}" if ending else value
                words = signature.words.get(name)
                if words and type(value) is str:
                    document[name] = words.get(value, value)
    for path in signature.pairs:
        _name_pairs(document, value_at(document, path))
    if hint:
        document.setdefault(LOGSOURCE, hint)
    return document


def _name_pairs(document: dict[str, Any], items: Any) -> None:
    """Give the values of ``[{"name": …, "value": …}]``, in lists or not, the names that they have there.

    A name that comes several times has all its values; one that the document has already keeps its own.
    """
    found: dict[str, list[Any]] = {}
    waiting = [items]
    while waiting:
        item = waiting.pop()
        if type(item) is list:
            waiting += reversed(item)
        elif type(item) is dict and type(item.get("name")) is str and item["name"] not in document:
            value = next((item[key] for key in _PAIRED if key in item), None)
            if value is not None:
                found.setdefault(item["name"], []).append(value)
    for name, values in found.items():
        document[name] = values if len(values) > 1 else values[0]


def first_of(document: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The first of these members that holds a value: an event's time, as it was written."""
    for name in names:
        value = document.get(name)
        if value is None and "." in name:
            value = value_at(document, name)
        if value is not None and type(value) is not dict:
            return value
    return None
