"""Debian package versions (Debian Policy, section 5.6.12)."""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number

_VERSION = re.compile(r"(?:([0-9]+):)?([0-9][A-Za-z0-9.+:~-]*?)(?:-([A-Za-z0-9+.~]+))?")
_PART = re.compile(r"([^0-9]*)([0-9]*)")
_TILDE, _END = 0x01, 0x02  # "~" sorts before the end, which sorts before everything else


def key(text: str) -> bytes | None:
    """The key of ``[epoch:]upstream[-revision]``; an absent epoch or revision counts as 0."""
    found = _VERSION.fullmatch(text)
    if found is None or (found.group(1) is None and ":" in found.group(2)) or text.endswith("-"):
        return None  # dpkg refuses an empty revision
    epoch, upstream, revision = found.groups()
    return number(epoch or "0") + _string(upstream) + _string(revision or "")


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version whose upstream part starts with ``text``."""
    found = _VERSION.fullmatch(text)
    if found is None or found.group(3) is not None or ":" in found.group(2):
        return None
    low = number(found.group(1) or "0") + b"".join(_parts(found.group(2)))
    return low, low + AFTER_ALL


def _string(text: str) -> bytes:
    parts = _parts(text)
    end = bytes((_END,)) + number("0")
    if parts and parts[-1] == end:  # "0" alone: equal to nothing at all
        parts.pop()
    return b"".join(parts) + end


def _parts(text: str) -> list[bytes]:
    return [
        bytes(_rank(character) for character in letters) + bytes((_END,)) + number(digits)
        for letters, digits in _PART.findall(text)
        if letters or digits
    ]


def _rank(character: str) -> int:
    if character == "~":
        return _TILDE
    return ord(character) if character.isalpha() else ord(character) + 0x80
