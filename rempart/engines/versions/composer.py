"""Composer versions (Composer documentation, "Versions and constraints"; PHP's ``version_compare``).

Up to four numbers, then a stability (dev < alpha < beta < RC < none < patch) with its number. A branch
("dev-main", "1.x-dev") has no place in the order.
"""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number

_VERSION = re.compile(
    r"v?([0-9]+(?:\.[0-9]+){0,3})(?:[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?[0-9]+)*))?)?"
    r"([.-]?dev)?(?:\+[^\s]*)?",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"v?([0-9]+(?:\.[0-9]+){0,3})", re.IGNORECASE)
_RANK = {
    "alpha": b"\x02", "a": b"\x02", "beta": b"\x03", "b": b"\x03", "rc": b"\x04", "stable": b"\x05",
    "": b"\x05", "patch": b"\x06", "pl": b"\x06", "p": b"\x06",
}  # fmt: skip
_DEV = b"\x01"


def key(text: str) -> bytes | None:
    """The key of a version; None for a branch."""
    found = _VERSION.fullmatch(text.strip())
    if found is None or text.rstrip().endswith((".", "-", "_")):
        return None
    numbers, stability, counted, dev = found.groups()
    parts = (numbers.split(".") + ["0"] * 4)[:4]
    pieces = [b"".join(number(part) for part in parts)]
    if dev and not stability:
        return pieces[0] + _DEV
    pieces.append(_RANK[(stability or "").lower()])
    pieces += [b"\x02" + number(part) for part in re.findall(r"[0-9]+", counted or "")]
    pieces.append(b"\x00" if dev else b"\x01")
    return b"".join(pieces)


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version whose numbers start with ``text``."""
    found = _PREFIX.fullmatch(text)
    if found is None:
        return None
    low = b"".join(number(part) for part in found.group(1).split("."))
    return low, low + AFTER_ALL
