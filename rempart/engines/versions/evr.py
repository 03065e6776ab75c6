"""``[epoch:]version[-release]``, the form that RPM and pacman share, each with its own segments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rempart.engines.versions.encoding import AFTER_ALL, number


@dataclass(frozen=True, slots=True)
class Evr:
    """``pattern`` has the groups epoch, version, release; ``end`` marks where a part ends."""

    pattern: re.Pattern[str]
    segments: Callable[[str], bytes]
    end: bytes

    def key(self, text: str) -> bytes | None:
        """The key of a version; no epoch is 0, no release sorts before any release."""
        found = self.pattern.fullmatch(text)
        if found is None:
            return None
        epoch, version, release = found.groups()
        tail = b"\x00" if release is None else b"\x01" + self.segments(release) + self.end
        return number(epoch or "0") + self.segments(version) + self.end + tail

    def prefix_bounds(self, text: str) -> tuple[bytes, bytes] | None:
        """Lowest key and the key above every version that starts with the segments of ``text``."""
        found = self.pattern.fullmatch(text)
        if found is None or found.group(3) is not None:
            return None
        low = number(found.group(1) or "0") + self.segments(found.group(2))
        return low, low + AFTER_ALL
