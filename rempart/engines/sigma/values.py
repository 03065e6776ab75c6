"""How the values of events are read: as text, numbers, parts of a date, addresses, by dotted names."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

_NUMBER: Final = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\Z", re.ASCII)
_DATE: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?"
    r"\s*(Z|z|UTC|[+-]\d\d:?\d\d)?(?: UTC)?\Z",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DEPTH: Final = 32  # beneath which the values of an event are not looked for by keywords

#: Keys that readers add to an event for the engine, in which nothing is looked for.
OURS: Final = frozenset({"_logsource", "_time"})

#: Fields that hold an event's time, in the order in which they are tried.
TIME_FIELDS: Final = (
    "_time",
    "UtcTime",
    "TimeCreated_SystemTime",
    "SystemTime",
    "@timestamp",
    "timestamp",
    "eventTime",
    "TimeCreated",
    "TimeGenerated",
    "time",
    "ts",
    "published",
)


def text_of(value: Any) -> str:
    """The text by which a scalar is compared: ``true``/``false``, whole numbers without a point, else
    ``str``.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:  # Python bounds the digits of a conversion
            return hex(value)
    return str(value)


def lookup(event: Mapping[str, object], name: str) -> object:
    """The value of ``name``: a key of that name, else by dots into nested objects; lists are gone through."""
    if name in event:
        return event[name]
    if "." not in name:
        return None
    path = name.split(".")
    return _beneath(event, path) if path[0] in event else None


def _beneath(value: Any, path: list[str]) -> Any:
    for position, step in enumerate(path):
        if isinstance(value, list):
            found = [_beneath(item, path[position:]) for item in value]
            return [item for item in found if item is not None] or None
        if not isinstance(value, Mapping):
            return None
        rest = ".".join(path[position:])
        if rest in value:
            return value[rest]
        if step not in value:
            size = _joined(value, path[position:])
            return (
                _beneath(value[".".join(path[position : position + size])], path[position + size :])
                if size
                else None
            )
        value = value[step]
    return value


def _joined(value: Mapping[str, Any], path: list[str]) -> int:
    """How many steps of a path are one key, with dots of its own; 0 when none are."""
    return next((size for size in range(2, len(path)) if ".".join(path[:size]) in value), 0)


def exists(event: Mapping[str, object], name: str) -> bool:
    """Whether the event has the field, even null or empty."""
    if name in event:
        return True
    path = name.split(".")
    return len(path) > 1 and path[0] in event and _has(event, path)


def _has(value: Any, path: list[str]) -> bool:
    if not path:
        return True
    if isinstance(value, list):
        return any(_has(item, path) for item in value)
    if not isinstance(value, Mapping):
        return False
    if ".".join(path) in value:
        return True
    size = 1 if path[0] in value else _joined(value, path)
    return size > 0 and _has(value[".".join(path[:size])], path[size:])


def texts_of(value: Any) -> tuple[str, ...]:
    """Every text of a value: none for null, one for a scalar, those of its items for a list or an object."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple | Mapping):
        found: list[str] = []
        _gather(value, found, _DEPTH)
        return tuple(found)
    return (text_of(value),)


def every_text(event: Mapping[str, object]) -> tuple[str, ...]:
    """Every text of an event, for keywords: its values and raw line, without the reader's own keys."""
    found: list[str] = []
    for name, value in event.items():
        if name not in OURS:
            _gather(value, found, _DEPTH)
    return tuple(found)


def _gather(value: Any, found: list[str], depth: int) -> None:
    if value is None or depth < 0:
        return
    if isinstance(value, Mapping):
        for item in value.values():
            _gather(item, found, depth - 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _gather(item, found, depth - 1)
    else:
        found.append(text_of(value))


def number_of(text: str) -> float | None:
    """The number that a text writes in decimal, else None."""
    text = text.strip()
    if len(text) > 64 or not _NUMBER.match(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def part_of_date(text: str, part: str) -> int | None:
    """A part of a date (ISO 8601 week) as its text writes it, without any change of zone; None when not a
    date.
    """
    found = _DATE.match(text.strip()) if len(text) < 64 else None
    if found is None:
        return None
    year, month, day, hour, minute = (int(each or 0) for each in found.groups()[:5])
    try:
        written = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    if part == "week":
        return date(year, month, day).isocalendar().week
    return int(getattr(written, part))


@lru_cache(maxsize=65_536)
def address_of(text: str) -> tuple[int, int] | None:
    """The version and number of an IP address; IPv6 that maps an IPv4 address is that address. None: not
    one.
    """
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)


def seconds_of(value: Any) -> float | None:
    """Seconds since 1970, from a number of seconds or milliseconds or from ISO 8601 (UTC unless said)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        if not math.isfinite(value) or not 0 <= value < 1e17:
            return None
        return value / 1e3 if value >= 1e11 else float(value)
    if isinstance(value, datetime):
        return ((value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH).total_seconds()
    if not isinstance(value, str) or len(value) > 64:
        return None
    found = _DATE.match(value.strip())
    if found is None:
        number = number_of(value)
        return seconds_of(number) if number is not None else None
    try:
        moment = datetime(*(int(each or 0) for each in found.groups()[:6]), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    fraction = float(f"0.{found[7]}") if found[7] else 0.0
    return (moment - _EPOCH).total_seconds() + fraction - _offset(found[8])


def _offset(zone: str | None) -> float:
    if not zone or zone[0] not in "+-":
        return 0.0
    digits = zone[1:].replace(":", "")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:])).total_seconds()
    return -shift if zone[0] == "-" else shift


def time_of(event: Mapping[str, object]) -> float | None:
    """The instant of an event, by the first of its known time fields that can be read."""
    for name in TIME_FIELDS:
        value = event.get(name)
        if value is not None:
            seconds = seconds_of(value)
            if seconds is not None:
                return seconds
    return None
