"""Ruby gems (RubyGems, ``Gem::Version``): segments of digits or letters; letters make a pre-release."""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number, without_zeros, word

_VERSION = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_PREFIX = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_SEGMENT = re.compile(r"[0-9]+|[a-z]+", re.IGNORECASE)
# A text sorts before a number; a missing segment counts as 0.
_TEXT, _END, _NUMBER = b"\x01", b"\x02", b"\x03"


def key(text: str) -> bytes | None:
    """The key of a gem's version; zeros at the end, and before letters, do not count."""
    plain = text.strip().removeprefix("v")
    if _VERSION.fullmatch(plain) is None:
        return None
    return b"".join(without_zeros(_pieces(plain.replace("-", ".pre.")), _NUMBER)) + _END


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version that starts with the numbers of ``text``."""
    plain = text.strip().removeprefix("v")
    if _PREFIX.fullmatch(plain) is None:
        return None
    pieces = _pieces(plain)
    return b"".join(without_zeros(pieces, _NUMBER)), b"".join(pieces) + AFTER_ALL


def _pieces(text: str) -> list[bytes]:
    return [
        _NUMBER + number(segment) if segment.isdigit() else _TEXT + word(segment)
        for segment in _SEGMENT.findall(text)
    ]
