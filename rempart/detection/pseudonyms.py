"""What makes two detections the same one, and how a host or a user is named outside their body.

Nothing here needs Django: whoever sends detections computes the same keys as whoever receives them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from rempart.detection.findings import encoded

KINDS: Final = ("host", "user")
LEAST_KEY: Final = 16
_DIGEST = 10  # bytes: 16 characters in base 32
PSEUDONYM: Final = re.compile(r"(host|user)-[a-z2-7]{16}")


def pseudonym(key: bytes, kind: str, value: str | None) -> str:
    """The name of a host or user for whoever has not the key: ``host-`` and 16 characters; "" for none.

    HMAC-SHA256 (RFC 2104) under the body's key, of the kind and of the value without its case or width, cut
    to 80 bits. The same entity has the same name as long as the key lasts; two bodies name it differently.
    Raises ValueError for another kind, or a key under 16 bytes.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is neither a host nor a user")
    if len(key) < LEAST_KEY:
        raise ValueError(f"the key has {len(key)} bytes: expected {LEAST_KEY} or more")
    said = canonical(value)
    if not said:
        return ""
    digest = hmac.new(key, f"{kind}\0{said}".encode(), hashlib.sha256).digest()
    return f"{kind}-{base64.b32encode(digest[:_DIGEST]).decode().lower()}"


def canonical(value: str | None) -> str:
    """An entity's name whatever its case, width and spaces around it."""
    text = (value or "").encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()


def hour_of(moment: datetime | None) -> str:
    """The hour, in UTC, in which detections of one rule and entity count together; "" without a time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H") if moment else ""


def group_key(rule_id: str, rule_digest: str, host: str, user: str, hour: str) -> str:
    """The key of a detection in its body: a rule, as it then was, about one host and user, in an hour."""
    return _digest([rule_id, rule_digest, canonical(host), canonical(user), hour])


def part_key(group: str, event: Mapping[str, Any], timestamp: str | None) -> str:
    """The key of a part of a detection: the first of its events, wherever a copy of it was read."""
    return _digest([group, timestamp, hashlib.sha256(encoded(dict(sorted(event.items())))).hexdigest()])


def _digest(parts: list[Any]) -> str:
    clean = [part.encode("utf-8", "replace").decode() if isinstance(part, str) else part for part in parts]
    return hashlib.sha256(orjson.dumps(clean)).hexdigest()
