"""CPE names: the 2.3 formatted string (NISTIR 7695, section 6.2) and the 2.2 URI (section 6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

_FIELDS = 11  # part to other
_MAX_LENGTH = 1024
_UNESCAPED_COLON = re.compile(r"((?:[^\\:]|\\.)*)(?::|$)")
_ESCAPE = re.compile(r"\\(.)")
_ANY, _NOT_APPLICABLE = "*", "-"


@dataclass(frozen=True, slots=True)
class Cpe:
    """The parts that identify software; empty text means "any" or "not applicable"."""

    part: str  # a (application), o (operating system), h (hardware)
    vendor: str
    product: str
    version: str
    update: str

    @property
    def full_version(self) -> str:
        """The version with its update ("9.0-sp1"); empty when the name states no version."""
        return f"{self.version}-{self.update}" if self.version and self.update else self.version


@lru_cache(maxsize=1 << 16)
def parse_cpe(text: str) -> Cpe | None:
    """A CPE name, unescaped and in lower case; None when it is not one, or names no product."""
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return None
    lowered = text.lower()
    if lowered.startswith("cpe:2.3:"):
        values = [_unescape(value) for value in _split(lowered[len("cpe:2.3:") :])]
        if len(values) != _FIELDS:
            return None
    elif lowered.startswith("cpe:/"):
        values = [unquote(value) for value in lowered[len("cpe:/") :].split(":")]
    else:
        return None
    part, vendor, product, version, update = (values + [""] * 5)[:5]
    if part not in {"a", "o", "h"} or not vendor or not product:
        return None
    return Cpe(part, vendor, product, version, update)


def _split(text: str) -> list[str]:
    values = []
    position = 0
    while position <= len(text):
        found = _UNESCAPED_COLON.match(text, position)
        if found is None:
            return []
        values.append(found.group(1))
        if found.end() == len(text) and not text.endswith(":", position):
            break
        position = found.end()
    return values


def _unescape(value: str) -> str:
    return "" if value in {_ANY, _NOT_APPLICABLE} else _ESCAPE.sub(r"\1", value)
