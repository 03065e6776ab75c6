"""Semantic Versioning 2.0.0 (semver.org, clauses 2, 9 and 11), and npm's lenient reading of it."""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number, word

_NUMBER = r"(?:0|[1-9][0-9]*)"
_VERSION = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_IDENTIFIER = re.compile(r"0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*")
_PREFIX = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{0,2}}")

_END, _NUMERIC, _ALPHANUMERIC = b"\x00", b"\x01", b"\x02"
_PRE_RELEASE, _RELEASE = b"\x01", b"\x02"


def key(text: str) -> bytes | None:
    """The key of a strict semantic version; build metadata has no rank (clause 10)."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    core = b"".join(number(part) for part in found.group(1, 2, 3))
    pre_release = found.group(4)
    if pre_release is None:
        return core + _RELEASE
    pieces = [core, _PRE_RELEASE]
    for identifier in pre_release.split("."):
        if _IDENTIFIER.fullmatch(identifier) is None:
            return None
        if identifier.isdigit():
            pieces.append(_NUMERIC + number(identifier))
        else:
            pieces.append(_ALPHANUMERIC + word(identifier))
    pieces.append(_END)
    return b"".join(pieces)


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version whose numbers start with ``text`` ("1", "1.2")."""
    if _PREFIX.fullmatch(text) is None:
        return None
    low = b"".join(number(part) for part in text.split("."))
    return low, low + AFTER_ALL


def _without_v(text: str) -> str:
    return text.strip().lstrip("=").lstrip().removeprefix("v").removeprefix("V")


def npm_key(text: str) -> bytes | None:
    """As ``key``, accepting the "v" and "=" that npm and Go write before the numbers."""
    return key(_without_v(text))


def npm_prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """As ``prefix_bounds``, accepting the "v" and "=" that npm and Go write before the numbers."""
    return prefix_bounds(_without_v(text))
