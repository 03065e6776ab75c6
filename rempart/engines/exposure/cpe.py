"""CPE names: the 2.3 formatted string (NISTIR 7695, section 6.2) and the 2.2 URI (section 6.1).

The two logical values stay apart: ``*`` (ANY, also an empty field of a URI) and ``-`` (NA). An unquoted
``*`` or ``?`` inside a value is a wildcard (NISTIR 7696, section 6.3); quoted, it is the character.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

ANY: Final = "*"
NOT_APPLICABLE: Final = "-"

_FIELDS = 11  # part to other
_MAX_LENGTH = 1024
_UNESCAPED_COLON = re.compile(r"((?:[^\\:]|\\.)*)(?::|$)")
_ESCAPE = re.compile(r"\\(.)")
_YEAR = re.compile(r"20[0-9]{2}")
_WILDCARD = re.compile(r"(?<!\\)[*?]")
# The URI packs edition, sw_edition, target_sw, target_hw and other into one field (section 6.1.2.1).
_PACKED = 5


@dataclass(frozen=True, slots=True)
class Cpe:
    """The parts of a name, unescaped. ``version`` and ``update`` are empty for both logical values.

    ``logical_version`` and ``logical_update`` are ``*``, ``-``, or empty when there is a value;
    ``wildcards`` says that the version's value holds some. ``target_sw``, ``target_hw``, ``edition`` and
    ``sw_edition`` keep ``*`` and ``-`` as they are.
    """

    part: str  # a (application), o (operating system), h (hardware)
    vendor: str
    product: str
    version: str
    update: str
    logical_version: str = ANY
    logical_update: str = ANY
    wildcards: bool = False
    edition: str = ANY
    sw_edition: str = ANY
    target_sw: str = ANY
    target_hw: str = ANY

    @property
    def full_version(self) -> str:
        """The version with its update ("9.0-sp1"); empty when the name states no version.

        A version that ends with a wildcard is a branch ("2.1.*"); another wildcard cannot be compared.
        """
        if self.wildcards:
            head = self.version.removesuffix("*").rstrip(".")
            return f"{head}.*" if self.version.endswith("*") and not set("*?") & set(head) else self.version
        return f"{self.version}-{self.update}" if self.version and self.update else self.version


@lru_cache(maxsize=1 << 16)
def parse_cpe(text: str) -> Cpe | None:
    """A CPE name in lower case; None when it is not one, or names no product."""
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return None
    lowered = text.lower()
    if lowered.startswith("cpe:2.3:"):
        raw = _split(lowered[len("cpe:2.3:") :])
        if len(raw) != _FIELDS:
            return None
    elif lowered.startswith("cpe:/"):
        raw = _of_uri(lowered[len("cpe:/") :])
    else:
        return None
    part, vendor, product, version, update, edition, _language, sw_edition, target_sw, target_hw, _ = raw
    if part not in {"a", "o", "h"} or not _value(vendor) or not _value(product):
        return None
    return Cpe(
        part, _value(vendor), _value(product), _value(version), _value(update),
        logical_version=version if version in {ANY, NOT_APPLICABLE} else "",
        logical_update=update if update in {ANY, NOT_APPLICABLE} else "",
        wildcards=bool(_value(version)) and _WILDCARD.search(version) is not None,
        edition=_unescape(edition), sw_edition=_unescape(sw_edition),
        target_sw=_unescape(target_sw), target_hw=_unescape(target_hw),
    )  # fmt: skip


def year_of(cpe: Cpe) -> str:
    """The year by which Microsoft names the product ("sharepoint_server:2019"), which is no version of it.

    Its records count in builds ("16.0.10412"). Empty for any other name.
    """
    named = cpe.vendor == "microsoft" and cpe.part == "a" and _YEAR.fullmatch(cpe.version)
    return cpe.version if named else ""


def _of_uri(text: str) -> list[str]:
    """The eleven fields of a URI, in the order of the formatted string, with its escapes."""
    fields = text.split(":")[:7]
    fields += [""] * (7 - len(fields))
    packed = fields[_PACKED].split("~")
    edition, sw_edition, target_sw, target_hw, other = fields[_PACKED], "", "", "", ""
    if len(packed) > 1:  # "~edition~sw_edition~target_sw~target_hw~other"
        _, edition, sw_edition, target_sw, target_hw, other = (packed + [""] * 6)[:6]
    ordered = [*fields[:_PACKED], edition, fields[6], sw_edition, target_sw, target_hw, other]
    return [_quoted(value) for value in ordered]


def _quoted(value: str) -> str:
    """A URI's value as the formatted string writes it: %01 is ``?``, %02 is ``*``, the rest is literal."""
    if value in {"", ANY}:
        return ANY
    if value == NOT_APPLICABLE:
        return value
    found = []
    for piece in re.split(r"(%0[12])", value):
        if piece in {"%01", "%02"}:
            found.append("?" if piece == "%01" else "*")
        else:
            found.append(re.sub(r"([*?\\])", r"\\\1", unquote(piece)))
    return "".join(found)


def _split(text: str) -> list[str]:
    if "\\" not in text:
        return text.split(":")
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


def _value(value: str) -> str:
    return "" if value in {ANY, NOT_APPLICABLE} else _unescape(value)


def _unescape(value: str) -> str:
    return _ESCAPE.sub(r"\1", value) if "\\" in value else value
