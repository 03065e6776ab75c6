"""NuGet versions (NuGet documentation, "Package versioning"): semantic versions with a fourth number.

Numbers may be missing or padded with zeros; letters of a pre-release are compared without case.
"""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number, word

_VERSION = re.compile(
    r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9a-z.-]+))?(?:\+[0-9a-z.-]*)?",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"[0-9]+(?:\.[0-9]+){0,3}")
_END, _NUMERIC, _ALPHANUMERIC = b"\x00", b"\x01", b"\x02"
_PRE_RELEASE, _RELEASE = b"\x01", b"\x02"


def key(text: str) -> bytes | None:
    """The key of a NuGet version; metadata has no rank."""
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        return None
    core = b"".join(number(part or "0") for part in found.group(1, 2, 3, 4))
    pre_release = found.group(5)
    if pre_release is None:
        return core + _RELEASE
    identifiers = pre_release.lower().split(".")
    if not all(identifiers):
        return None
    pieces = [_NUMERIC + number(one) if one.isdigit() else _ALPHANUMERIC + word(one) for one in identifiers]
    return core + _PRE_RELEASE + b"".join(pieces) + _END


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version whose numbers start with ``text``."""
    if _PREFIX.fullmatch(text) is None:
        return None
    low = b"".join(number(part) for part in text.split("."))
    return low, low + AFTER_ALL
