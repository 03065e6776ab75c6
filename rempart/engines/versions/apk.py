"""Alpine packages (apk-tools, "version" in apk-package(5)): ``1.2.3a_rc1-r4``.

Numbers, one letter, suffixes, a commit, a build. A number after the first that starts with a zero is a
fraction: "1.01" is before "1.1".
"""

from __future__ import annotations

import re

from rempart.engines.versions.encoding import AFTER_ALL, number, word

_VERSION = re.compile(
    r"([0-9]+(?:\.[0-9]+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*)"
    r"(?:~([0-9a-f]+))?(?:-r([0-9]+))?"
)
_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")
_PREFIX = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_RANK = {
    "alpha": b"\x01", "beta": b"\x02", "pre": b"\x03", "rc": b"\x04",
    "cvs": b"\x06", "svn": b"\x07", "git": b"\x08", "hg": b"\x09", "p": b"\x0a",
}  # fmt: skip
_NO_SUFFIX = b"\x05"
_FRACTION, _NUMBER = b"\x01", b"\x02"


def key(text: str) -> bytes | None:
    """The key of an Alpine version; an absent build is ``-r0``."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    numbers, letter, suffixes, commit, build = found.groups()
    pieces = [_numbers(numbers), b"\x00", letter.encode() or b"\x00"]
    pieces += [_RANK[name] + number(digits or "0") for name, digits in _SUFFIX.findall(suffixes)]
    pieces += [_NO_SUFFIX, word(commit or ""), number(build or "0")]
    return b"".join(pieces)


def prefix_bounds(text: str) -> tuple[bytes, bytes] | None:
    """Lowest key and the key above every version whose numbers start with ``text``."""
    if _PREFIX.fullmatch(text) is None:
        return None
    low = _numbers(text)
    return low, low + AFTER_ALL


def _numbers(text: str) -> bytes:
    first, *others = text.split(".")
    pieces = [_NUMBER + number(first)]
    for part in others:
        if part.startswith("0"):
            pieces.append(_FRACTION + word(part))  # compared digit by digit, as text
        else:
            pieces.append(_NUMBER + number(part))
    return b"".join(pieces)
