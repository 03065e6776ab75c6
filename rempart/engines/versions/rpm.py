"""RPM versions: ``[epoch:]version[-release]``, each part compared as rpmvercmp does (rpm-version(7))."""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number, word

_VERSION = re.compile(r"(?=[^0-9]*[0-9])(?:([0-9]+):)?([A-Za-z0-9._+~^]+)(?:-([A-Za-z0-9._+~^]+))?")
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+|~|\^")
# "~" sorts before the end of the text; "^" just after it and before any other continuation.
_TILDE, _END, _CARET, _LETTERS, _DIGITS = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"


def key(text: str) -> bytes | None:
    """The key of an epoch-version-release; no epoch is 0, no release sorts before any release."""
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
    pieces = []
    for segment in _SEGMENT.findall(text):
        if segment == "~":
            pieces.append(_TILDE)
        elif segment == "^":
            pieces.append(_CARET)
        elif segment[0].isdigit():
            pieces.append(_DIGITS + number(segment))
        else:
            pieces.append(_LETTERS + word(segment))
    return b"".join(pieces)
