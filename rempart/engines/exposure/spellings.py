"""Products that write one version in several ways: one spelling for inventories and for records.

- Java: its own commands print ``1.8.0_202``, Windows lists ``8.0.2020.8``, CPE names say ``1.8.0`` with
  ``update202``; Oracle's records say ``8u202``.
- vCenter Server and ESXi: ``7.0.3`` is ``7.0 U3``; which patch of it ("U3s") the numbers do not tell.
- Python's installer for Windows writes 3.11.3 as ``3.11.3150.0``: a thousand times the third number, then
  the stage (15, a release) and its serial number.
- Zoom's installer writes 5.14.5 (15287) as ``5.14.15287``: the third number is lost.
- FortiOS prints its build after its version, and IOS what kind of image it is; no record states either.
- NetScaler prints "NS13.1: Build 49.15.nc" for the patch 49.15 of its branch 13.1, ``13.1-49.15`` in records.
- Go's own library: ``go1.21rc3`` is 1.21.0-rc.3 in Go's vulnerability database.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SPEAKERS = tuple(
    (speech, re.compile(pattern, re.IGNORECASE))
    for speech, pattern in (
        ("java", r"\boracle\b.*\b(?:java|jdk|jre)\b|:(?:oracle|sun|openjdk):(?:jdk|jre|java_se|openjdk):"),
        ("vsphere", r"\b(?:vcenter|esxi)\b|:vcenter_server:"),
        ("python", r"\bpython software foundation\b.*\bpython\b"),
        ("zoom", r"\bzoom\b"),
        ("fortinet", r"\bfortinet\b|\bforti[a-z]{2,12}\b"),
        ("ios", r"\bcisco\b"),
        ("netscaler", r"netscaler"),
        ("go", r"pkg:golang/(?:stdlib|toolchain)\b"),
    )
)
# A word that every one of them has: nearly all products are told apart by it at once.
_ANY = re.compile(
    r"java|jdk|jre|vcenter|esxi|python software|zoom|forti|cisco|netscaler|golang/(?:std|tool)",
    re.IGNORECASE,
)
_JAVA = re.compile(
    r"1\.([1-9])\.0(?:[_.-]{0,2}(?:(?:u|update)[_ ]?)?0*([0-9]{1,3}))?(?:-b[0-9]{1,3})?", re.IGNORECASE
)
_JAVA_ON_WINDOWS = re.compile(r"([5-9])\.0\.([0-9]{1,3})0(?:\.[0-9]{1,3})?")
_VSPHERE = re.compile(r"([0-9]\.[0-9])[ .-]?(?:u|update)[ _]?([0-9]{1,2})([a-z]{0,2})", re.IGNORECASE)
_VSPHERE_NUMBERS = re.compile(r"([0-9]\.[0-9]\.[0-9]{1,2})(?:\.[0-9]{4,6})?")
_PYTHON = re.compile(r"([0-9]+\.[0-9]+)\.([0-9]{3,6})\.0")
_STAGES = {10: "a", 11: "b", 12: "rc", 15: ""}
_ZOOM = re.compile(r"([0-9]+\.[0-9]+)\.[0-9]{4,6}")
_FORTINET = re.compile(r"v?([0-9]+(?:\.[0-9]+)+)[ ,_-]{1,3}\(?build.{0,60}", re.IGNORECASE)
_IOS = re.compile(r"(.{1,60}?),? RELEASE SOFTWARE.{0,40}", re.IGNORECASE)
_NETSCALER = re.compile(
    r"(?:netscaler )?(?:ns ?)?([0-9]{2}\.[0-9])(?:: |[ :.-])(?:build )?([0-9]{1,3}\.[0-9]{1,3})(?:\.nc)?",
    re.IGNORECASE,
)
_GO = re.compile(r"(?:go)?v?([0-9]+\.[0-9]+)(\.[0-9]+)?(?:(rc|beta)([0-9]+))?")
_ABOVE_EVERY_PATCH = "zz"
_ABOVE_EVERY_NUMBER = ".999999"


class Spelled(NamedTuple):
    """``version`` in the records' spelling; ``last``: the last one meant, where the text leaves it open."""

    version: str
    last: str = ""


@lru_cache(maxsize=1 << 16)
def speech_of(vendor: str, product: str, names: str = "") -> str:
    """By which product's habits a version is written; empty for most. ``names``: CPE names, a package URL."""
    text = f"{vendor[:200]} {product[:200]} {names[:400]}"
    if _ANY.search(text) is None:
        return ""
    return next((speech for speech, pattern in _SPEAKERS if pattern.search(text)), "")


def published(speech: str, text: str) -> str:
    """A text of a record in the one spelling."""
    if speech == "java":
        return _java(text)
    if speech == "vsphere":
        return _VSPHERE.sub(r"\1.\2\3", text) if _VSPHERE.fullmatch(text) else text
    return text


def installed_as(speech: str, text: str) -> Spelled:
    """A version of an inventory in the one spelling; what the inventory leaves open stays open."""
    if speech == "java":
        return Spelled(_java(text))
    if speech == "vsphere":
        numbers = _VSPHERE_NUMBERS.fullmatch(text)
        if numbers is not None:
            return Spelled(numbers.group(1), numbers.group(1) + _ABOVE_EVERY_PATCH)
        return Spelled(published(speech, text))
    if speech == "python":
        return Spelled(_python(text))
    if speech == "zoom" and (found := _ZOOM.fullmatch(text)) is not None:
        return Spelled(found.group(1), found.group(1) + _ABOVE_EVERY_NUMBER)
    if speech == "go" and (found := _GO.fullmatch(text)) is not None:
        core, patch, stage, serial = found.groups()
        return Spelled(f"{core}{patch or '.0'}{f'-{stage}.{serial}' if stage else ''}")
    if speech == "netscaler" and (found := _NETSCALER.fullmatch(text)) is not None:
        return Spelled("-".join(found.groups()))
    pattern = {"fortinet": _FORTINET, "ios": _IOS}.get(speech)
    found = pattern.fullmatch(text) if pattern is not None else None
    return Spelled(found.group(1) if found is not None else text)


def _java(text: str) -> str:
    found = _JAVA.fullmatch(text) or _JAVA_ON_WINDOWS.fullmatch(text)
    if found is None:
        return text
    major, update = found.groups()
    return f"{major}u{int(update)}" if update and int(update) else major


def _python(text: str) -> str:
    found = _PYTHON.fullmatch(text)
    if found is None:
        return text
    third, rest = divmod(int(found.group(2)), 1000)
    stage, serial = divmod(rest, 10)
    if stage not in _STAGES:
        return text
    return f"{found.group(1)}.{third}{f'{_STAGES[stage]}{serial}' if _STAGES[stage] else ''}"
