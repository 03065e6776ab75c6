"""RPM versions: ``[epoch:]version[-release]``, each part compared as rpmvercmp does (rpm-version(7))."""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import number, word
from rempart.engines.versions.evr import Evr

_VERSION = re.compile(r"(?=[^0-9]*[0-9])(?:([0-9]+):)?([A-Za-z0-9._+~^]+)(?:-([A-Za-z0-9._+~^]+))?")
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+|~|\^")
# "~" sorts before the end of the text; "^" just after it and before any other continuation.
_TILDE, _END, _CARET, _LETTERS, _DIGITS = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"


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


_ORDER = Evr(_VERSION, _segments, _END)
key, prefix_bounds = _ORDER.key, _ORDER.prefix_bounds
