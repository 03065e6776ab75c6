"""What reading one record gives, the limits it obeys, and the one way bytes become a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from rempart.engines.records.fields import RecordError, clean


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a file may hold; sizes in bytes, ``ratio`` decompressed over compressed.

    Below ``ratio_floor`` a high ratio harms nobody (a short file of spaces compresses a thousandfold).
    """

    record_bytes: int = 16 * 1024**2
    total_bytes: int = 8 * 1024**3
    depth: int = 64
    ratio: int = 200
    ratio_floor: int = 16 * 1024**2
    members: int = 2_000_000


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Reading:
    """One record of a source: ``where`` is ``file:line`` or ``archive!member``; a document or an error."""

    where: str
    document: dict[str, Any] | None = None
    error: RecordError | None = None


def parse_json(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The JSON object in ``raw`` (UTF-8, a byte order mark allowed), NUL characters marked U+FFFD.

    Raises ``RecordError`` (``too_large``, ``not_json``, ``too_deep``, ``wrong_type``).
    """
    if len(raw) > limits.record_bytes:
        raise RecordError("", f"the record exceeds {limits.record_bytes} bytes", "too_large")
    try:
        document: Any = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as problem:
        code = "too_deep" if "depth limit" in problem.msg else "not_json"
        raise RecordError("", f"not JSON: {problem}", code) from None
    if not isinstance(document, dict):
        raise RecordError("", f"expected an object, found a {type(document).__name__}", "wrong_type")
    _refuse_depth(raw, document, limits.depth)
    if b"\\u0000" in raw:
        return _mapping_without_nul(document)
    return document


def _refuse_depth(raw: bytes, document: dict[str, Any], depth: int) -> None:
    """Raise when the nesting exceeds ``depth``.

    An indented dump shows depth as leading spaces, and no JSON text holds a raw line break, so one
    search in compiled code replaces a walk over every value.
    """
    if raw.count(b"{") + raw.count(b"[") <= depth:
        return
    try:
        deep = b"\n" + b"  " * depth in orjson.dumps(document, option=orjson.OPT_INDENT_2)
    except orjson.JSONEncodeError:  # its own recursion limit, above any depth allowed here
        deep = True
    if deep:
        raise RecordError("", f"nested deeper than {depth} levels", "too_deep")


def _mapping_without_nul(document: dict[str, Any]) -> dict[str, Any]:
    """The same document without NUL, which PostgreSQL cannot store; depth is already bounded."""
    return {clean(key): _without_nul(item) for key, item in document.items()}


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return _mapping_without_nul(value)
    return value
