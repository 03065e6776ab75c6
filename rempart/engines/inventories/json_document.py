"""JSON inventories: the bytes read once under limits, the fields read leniently and out loud.

A field of the wrong type counts as absent and is noted in ``problems``: one odd component must not
cost a body the other five thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rempart.engines.inventories.model import InventoryError, InventoryLimits, Problems, shown
from rempart.engines.records.fields import RecordError, clean
from rempart.engines.records.reading import Limits, parse_json


def read_json(source: Path | bytes, limits: InventoryLimits) -> dict[str, Any]:
    """The JSON object of a file; UTF-8, or UTF-16 with its mark. Raises ``InventoryError``."""
    raw = read_utf8(source, limits)
    try:
        return parse_json(raw, Limits(record_bytes=2 * limits.file_bytes, depth=limits.depth))
    except RecordError as problem:
        if problem.code == "too_deep":
            raise InventoryError("", "", "too_deep", limit=limits.depth) from None
        raise InventoryError("", "", "not_json", reason=problem.message) from None


def read_utf8(source: Path | bytes, limits: InventoryLimits) -> bytes:
    """The content as UTF-8, when it is UTF-16 with its mark too (what PowerShell writes)."""
    raw = read_bytes(source, limits)
    if not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw
    try:
        return raw.decode("utf-16").encode()
    except UnicodeError:
        raise InventoryError("", "", "unknown_encoding") from None


def read_bytes(source: Path | bytes, limits: InventoryLimits) -> bytes:
    """The whole content, refused past ``file_bytes``."""
    if isinstance(source, bytes):
        raw = source
    else:
        with source.open("rb") as stream:
            raw = stream.read(limits.file_bytes + 1)
    if len(raw) > limits.file_bytes:
        raise InventoryError("", "", "too_large", limit=limits.file_bytes)
    return raw


def text_of(owner: Mapping[str, Any], key: str, at: str, problems: Problems) -> str:
    """The text at ``key``, trimmed; absent is empty. A number is taken as it is written."""
    value = owner.get(key)
    if isinstance(value, str):
        return clean(value).strip()
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    problems.add(at, key, "wrong_type", expected="text", found=shown(value))
    return ""


def texts_of(owner: Mapping[str, Any], key: str, at: str, problems: Problems) -> tuple[str, ...]:
    """The texts of the list at ``key``; anything else in it is noted."""
    value = owner.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.add(at, key, "wrong_type", expected="a list", found=shown(value))
        return ()
    found: list[str] = []
    for position, item in enumerate(value):
        if isinstance(item, str):
            found.append(clean(item).strip())
        else:
            where = f"{at}.{key}[{position}]" if at else f"{key}[{position}]"
            problems.add(where, "", "wrong_type", expected="text", found=shown(item))
    return tuple(found)


def mapping_of(owner: Mapping[str, Any], key: str, at: str, problems: Problems) -> Mapping[str, Any]:
    """The object at ``key``, or an empty one."""
    value = owner.get(key)
    if isinstance(value, dict):
        return value
    if value is not None:
        problems.add(at, key, "wrong_type", expected="an object", found=shown(value))
    return {}


def list_of(
    owner: Mapping[str, Any], key: str, at: str, problems: Problems
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each object of the list at ``key`` with its path; anything else in it is noted."""
    value = owner.get(key)
    if value is None:
        return
    base = f"{at}.{key}" if at else key
    if not isinstance(value, list):
        problems.add(at, key, "wrong_type", expected="a list", found=shown(value))
        return
    for position, item in enumerate(value):
        path = f"{base}[{position}]"
        if isinstance(item, dict):
            yield item, path
        else:
            problems.add(path, "", "wrong_type", expected="an object", found=shown(item))


def moment_of(owner: Mapping[str, Any], key: str, at: str, problems: Problems) -> datetime | None:
    """The RFC 3339 time at ``key``, in UTC; what is no time is noted."""
    stamp = text_of(owner, key, at, problems)
    if not stamp:
        return None
    try:
        read = datetime.fromisoformat(stamp)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        problems.add(at, key, "bad_value", value=stamp)
        return None
