"""Arch Linux packages (pacman, vercmp(8)): ``[epoch:]version[-release]``.

As RPM's order, but for what is left over: letters after the end of the other version make a pre-release
("1.0rc1" is before "1.0"), and "~" and "^" mean nothing.
"""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import number, word
from rempart.engines.versions.evr import Evr

_VERSION = re.compile(r"(?=[^0-9]*[0-9])(?:([0-9]+):)?([A-Za-z0-9._+]+)(?:-([0-9]+(?:\.[0-9]+)?))?")
_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+")
_LETTERS, _END, _DIGITS = b"\x01", b"\x02", b"\x03"


def _segments(text: str) -> bytes:
    return b"".join(
        _DIGITS + number(segment) if segment[0].isdigit() else _LETTERS + word(segment)
        for segment in _SEGMENT.findall(text)
    )


_ORDER = Evr(_VERSION, _segments, _END)
key, prefix_bounds = _ORDER.key, _ORDER.prefix_bounds
