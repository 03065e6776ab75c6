"""Arch Linux packages (pacman, vercmp(8)): ``[epoch:]version[-release]``.

As RPM's order, but for what is left over: letters after the end of the other version make a pre-release
("1.0rc1" is before "1.0"), and "~" and "^" mean nothing.
"""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number, word

_VERSION = re.compile(r"(?=[^0-9]*[0-9])(?:([0-9]+):)?([A-Za-z0-9._+]+)(?:-([0-9]+(?:\.[0-9]+)?))?")
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+")
_LETTERS, _END, _DIGITS = b"\x01", b"\x02", b"\x03"


def key(text: str) -> bytes | None:
    """The key of a version; no epoch is 0, no release sorts before any release."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    epoch, version, release = found.groups()
    tail = b"\x00" if release is None else b"\x01" + _segments(release) + _END
    return number(epoch or "0") + _segments(version) + _END + tail


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version that starts with the segments of ``text``."""
    found = _VERSION.fullmatch(text)
    if found is None or found.group(3) is not None:
        return None
    low = number(found.group(1) or "0") + _segments(found.group(2))
    return low, low + AFTER_ALL


def _segments(text: str) -> bytes:
    return b"".join(
        _DIGITS + number(segment) if segment[0].isdigit() else _LETTERS + word(segment)
        for segment in _SEGMENT.findall(text)
    )
