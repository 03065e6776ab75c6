"""On what a statement's product runs, and on what an installed one does: two of a kind must agree.

CPE names say it as ``target_sw``, CVE JSON as ``platforms``, a package URL by its type. Operating systems
are one kind, the hosts of extensions and packages (WordPress, Node.js) another: "for Windows" does not
contradict "for Node.js". A word of neither kind constrains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from rempart.engines.exposure.cpe import ANY, NOT_APPLICABLE, parse_cpe
from rempart.engines.exposure.model import Affected

# Name of a target → its family. The families of one table exclude each other.
_SYSTEMS: Final = {
    "windows": "windows", "windows_server": "windows",
    "linux": "linux", "linux_kernel": "linux",
    "macos": "macos", "mac_os": "macos", "mac_os_x": "macos", "mac os": "macos", "mac os x": "macos",
    "android": "android",
    "ios": "ios", "iphone_os": "ios", "ipad_os": "ios", "ipados": "ios",
    "aix": "aix", "hp-ux": "hp-ux", "solaris": "solaris",
}  # fmt: skip
_HOSTS: Final = {
    "wordpress": "wordpress", "drupal": "drupal", "joomla": "joomla", "joomla!": "joomla",
    "prestashop": "prestashop", "jenkins": "jenkins",
    "node.js": "node.js", "nodejs": "node.js", "python": "python", "ruby": "ruby", "rust": "rust", "go": "go",
}  # fmt: skip
_KINDS: Final = (frozenset(_SYSTEMS.values()), frozenset(_HOSTS.values()))
_OF_PURL: Final = {
    "deb": "linux", "rpm": "linux", "apk": "linux", "alpm": "linux",
    "npm": "node.js", "pypi": "python", "gem": "ruby", "cargo": "rust", "golang": "go",
    "wordpress-plugin": "wordpress", "wordpress-theme": "wordpress",
}  # fmt: skip
_WINDOWS: Final = re.compile(r"windows\b.*", re.IGNORECASE)
_LONGEST: Final = 200
_EDITION: Final = "edition "  # before an edition's name (CPE's ``sw_edition``) among the families
_OPEN: Final[frozenset[str]] = frozenset()


def family_of(name: str) -> str:
    """The family that a platform's name belongs to; empty when it constrains nothing."""
    folded = name.strip().casefold()
    if _WINDOWS.fullmatch(folded) or folded.startswith("windows_"):
        return "windows"
    return _SYSTEMS.get(folded) or _HOSTS.get(folded, "")


def targets_of(affected: Affected) -> frozenset[str]:
    """The families that a statement is about; empty when one of its names leaves it open."""
    cpes = [cpe for text in affected.cpes if (cpe := parse_cpe(text)) is not None]
    stated = [cpe.target_sw for cpe in cpes]
    editions = {_edition(cpe.sw_edition) for cpe in cpes}
    editions = set() if "" in editions else editions
    names: Iterable[str] = stated
    if not stated or any(name in {ANY, NOT_APPLICABLE} for name in stated):
        names = [name for name in affected.platforms if not name.startswith(("cpe:", "not cpe:"))]
    families = {family_of(name) for name in names} or _demanded(affected.platforms)
    found = families if "" not in families else set()
    return frozenset(found | editions) if found or editions else _OPEN


def _demanded(platforms: Iterable[str]) -> set[str]:
    """The systems of which a configuration demands one (``cpeApplicability``, AND)."""
    cpes = [cpe for name in platforms if name.startswith("cpe:") and (cpe := parse_cpe(name)) is not None]
    systems = [cpe.product for cpe in cpes if cpe.part == "o"]
    return {family_of(name) for name in systems if not name.endswith("_firmware")}


def _edition(name: str) -> str:
    return "" if name in {"", ANY, NOT_APPLICABLE} else f"{_EDITION}{name}"


def target_of(purl_type: str, cpe: str) -> frozenset[str]:
    """The families that an installed component shows by its CPE name and its package URL's type."""
    found = set()
    name = parse_cpe(cpe) if cpe else None
    if name is not None and name.target_sw not in {ANY, NOT_APPLICABLE}:
        found.add(family_of(name.target_sw))
    if name is not None:
        found.add(_edition(name.sw_edition))
    found.add(_OF_PURL.get(purl_type, ""))
    return frozenset(found - {""})


def is_elsewhere(stated: frozenset[str], shown: frozenset[str]) -> bool:
    """Whether a statement about some families cannot be about a component that shows others of their kind."""
    if not stated or not shown:  # nearly always, and asked for every cell of every curve
        return False
    for kind in _KINDS:
        about, held = stated & kind, shown & kind
        if about and held and about == stated - _editions(stated) and not about & held:
            return True
    about, held = _editions(stated), _editions(shown)
    return bool(about and held and not about & held)


def _editions(families: frozenset[str]) -> frozenset[str]:
    return frozenset(one for one in families if one.startswith(_EDITION))


def condition_of(affected: Affected) -> str:
    """What else a configuration demands (hardware, an operating system), which no inventory line shows."""
    named = [name for name in affected.platforms if name.startswith(("cpe:", "not cpe:"))]
    return ", ".join(named)[:_LONGEST]
