"""Typed access to the fields of a parsed JSON record: a wrong shape becomes a ``RecordError``.

Paths follow the JSON: ``containers.cna.affected[3].vendor``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

import orjson

Json: TypeAlias = Mapping[str, Any]

_CONTROLS = re.compile("[\x00\ud800-\udfff]")


class RecordError(ValueError):
    """A record that cannot be read: ``field`` is the path, ``code`` a stable word for the interface.

    Codes: ``missing``, ``wrong_type``, ``bad_value``, ``not_json``, ``too_large``, ``too_deep``,
    ``too_many``, ``ratio``, ``truncated``, ``unreadable``, ``duplicate``, ``mismatch``.
    """

    def __init__(self, field: str, message: str, code: str = "bad_value") -> None:
        super().__init__(field, message, code)
        self.field = field
        self.message = message
        self.code = code

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def clean(value: str) -> str:
    """The text without what databases and UTF-8 refuse (NUL, lone surrogates), marked U+FFFD."""
    if value.isascii() and "\x00" not in value:
        return value
    return _CONTROLS.sub("�", value)


def join(at: str, key: str) -> str:
    """The path of ``key`` inside ``at``."""
    return f"{at}.{key}" if at else key


def shown(value: object) -> str:
    """A short quotation of an unexpected value for a message."""
    text = clean(repr(value)) if not isinstance(value, dict | list) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


def obj(owner: Json, key: str, at: str) -> Json:
    """The object at ``key``; an absent one raises."""
    value = owner.get(key)
    if isinstance(value, dict):
        return value
    if value is None:
        raise RecordError(join(at, key), "required object is missing", "missing")
    raise RecordError(join(at, key), f"expected an object, found {shown(value)}", "wrong_type")


def optional_obj(owner: Json, key: str, at: str) -> Json:
    """The object at ``key``, or an empty one."""
    return obj(owner, key, at) if owner.get(key) is not None else {}


def objects(owner: Json, key: str, at: str) -> Iterator[tuple[Json, str]]:
    """Each object of the optional list at ``key`` with its own path."""
    value = owner.get(key)
    if value is None:
        return
    base = join(at, key)
    if not isinstance(value, list):
        raise RecordError(base, f"expected a list, found {shown(value)}", "wrong_type")
    for position, item in enumerate(value):
        path = f"{base}[{position}]"
        if not isinstance(item, dict):
            raise RecordError(path, f"expected an object, found {shown(item)}", "wrong_type")
        yield item, path


def texts(owner: Json, key: str, at: str) -> tuple[str, ...]:
    """The optional list of texts at ``key``."""
    value = owner.get(key)
    if value is None:
        return ()
    base = join(at, key)
    if not isinstance(value, list):
        raise RecordError(base, f"expected a list, found {shown(value)}", "wrong_type")
    for position, item in enumerate(value):
        if not isinstance(item, str):
            raise RecordError(f"{base}[{position}]", f"expected text, found {shown(item)}", "wrong_type")
    return tuple(clean(item) for item in value)


def text(owner: Json, key: str, at: str) -> str:
    """The optional text at ``key``; absent or null is empty."""
    value = owner.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordError(join(at, key), f"expected text, found {shown(value)}", "wrong_type")
    return clean(value)


def required(owner: Json, key: str, at: str) -> str:
    """The text at ``key``; absent or empty raises."""
    value = text(owner, key, at)
    if not value:
        raise RecordError(join(at, key), "required text is missing", "missing")
    return value


def number(owner: Json, key: str, at: str, low: float, high: float) -> float:
    """The number at ``key``, between ``low`` and ``high`` inclusive."""
    value = owner.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        code = "missing" if value is None else "wrong_type"
        raise RecordError(join(at, key), f"expected a number, found {shown(value)}", code)
    if not low <= value <= high:
        raise RecordError(join(at, key), f"{shown(value)} is not between {low:g} and {high:g}")
    return float(value)


def moment(owner: Json, key: str, at: str) -> datetime | None:
    """The optional RFC 3339 time at ``key``, in UTC; one without a zone is taken as UTC.

    "+00:00Z", which a database of Python advisories writes, names UTC twice and means it.
    """
    value = text(owner, key, at)
    if not value:
        return None
    try:
        read = datetime.fromisoformat(value.removesuffix("Z") if value.endswith("+00:00Z") else value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RecordError(join(at, key), f"{shown(value)} is not a date and time") from None


def day(owner: Json, key: str, at: str) -> date | None:
    """The optional ISO 8601 date at ``key``."""
    value = text(owner, key, at)
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise RecordError(join(at, key), f"{shown(value)} is not a date") from None


def digest(document: Json) -> str:
    """SHA-256 (hex) of the record's canonical bytes (keys sorted), whatever its layout on disk.

    Raises ``RecordError`` for a document that JSON cannot hold.
    """
    try:
        return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except TypeError as problem:
        raise RecordError("", f"the record is not plain JSON: {problem}", "not_json") from None
