"""Python versions (PEP 440, "Summary of permitted suffixes and relative ordering")."""

from __future__ import annotations

import re

from packaging.version import InvalidVersion, Version

from rempart.engines.versions.encoding import AFTER_ALL, number, word

_PREFIX = re.compile(r"v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)", re.IGNORECASE)
_RANK = {"a": b"\x01", "b": b"\x02", "rc": b"\x03"}
_DEV_ONLY, _FINAL = b"\x00", b"\x04"


def key(text: str) -> bytes | None:
    """The key of a version that PEP 440 permits, local part included."""
    try:
        version = Version(text)
    except InvalidVersion:
        return None
    pieces = [number(str(version.epoch)), _release(version.release), b"\x00"]
    if version.pre is not None:
        pieces.append(_RANK[version.pre[0]] + number(str(version.pre[1])))
    else:
        dev_only = version.post is None and version.dev is not None
        pieces.append(_DEV_ONLY if dev_only else _FINAL)
    pieces.append(b"\x00" if version.post is None else b"\x01" + number(str(version.post)))
    pieces.append(b"\x01" if version.dev is None else b"\x00" + number(str(version.dev)))
    pieces.extend(
        b"\x02" + number(segment) if segment.isdigit() else b"\x01" + word(segment)
        for segment in (version.local.split(".") if version.local else ())
    )
    pieces.append(b"\x00")
    return b"".join(pieces)


def _release(numbers: tuple[int, ...]) -> bytes:
    end = len(numbers)
    while end and numbers[end - 1] == 0:
        end -= 1
    return b"".join(b"\x01" + number(str(part)) for part in numbers[:end])


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version whose release starts with ``text`` ("1.2")."""
    found = _PREFIX.fullmatch(text)
    if found is None:
        return None
    numbers = tuple(int(part) for part in found.group(2).split("."))
    epoch = number(found.group(1) or "0")
    whole = b"".join(b"\x01" + number(str(part)) for part in numbers)
    return epoch + _release(numbers), epoch + whole + AFTER_ALL
