"""Windows: from its names, editions and builds to one product each, and back.

Microsoft publishes one product a release ("Windows 10 Version 22H2", "Windows Server 2019") with ranges of
builds (``10.0.19045.5011``). Inventories give an edition and a build ("Windows 10 Enterprise",
"10.0.19045.4170") or a release and no build. The release of a name that states none is read from the build.
Builds: Microsoft, "Windows 10/11 release information" and "Windows Server release information".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

FAMILY = "family:microsoft/windows"

# Build → release of the desktop systems, where a build is one release.
_DESKTOP = {
    7600: ("windows_7", ""),
    7601: ("windows_7", "sp1"),
    9200: ("windows_8", ""),
    9600: ("windows_8.1", ""),
    10240: ("windows_10", "1507"),
    10586: ("windows_10", "1511"),
    14393: ("windows_10", "1607"),
    15063: ("windows_10", "1703"),
    16299: ("windows_10", "1709"),
    17134: ("windows_10", "1803"),
    17763: ("windows_10", "1809"),
    18362: ("windows_10", "1903"),
    18363: ("windows_10", "1909"),
    19041: ("windows_10", "2004"),
    19042: ("windows_10", "20h2"),
    19043: ("windows_10", "21h1"),
    19044: ("windows_10", "21h2"),
    19045: ("windows_10", "22h2"),
    22000: ("windows_11", "21h2"),
    22621: ("windows_11", "22h2"),
    22631: ("windows_11", "23h2"),
    26100: ("windows_11", "24h2"),
    26200: ("windows_11", "25h2"),
}
_SERVER = {
    6002: "2008",
    6003: "2008",
    7600: "2008_r2",
    7601: "2008_r2",
    9200: "2012",
    9600: "2012_r2",
    14393: "2016",
    17763: "2019",
    20348: "2022",
    25398: "23h2",
    26100: "2025",
}
# Releases of the long-term editions, named after a year.
_LONG_TERM = {
    ("windows_10", "2015"): "1507",
    ("windows_10", "2016"): "1607",
    ("windows_10", "2019"): "1809",
    ("windows_10", "2021"): "21h2",
    ("windows_11", "2024"): "24h2",
}
_RENAMED = {"22h3": "23h2"}  # before its publication, in Microsoft's records
_NAME = re.compile(
    r"(?:microsoft )?windows(?: (?:(?P<server>server)(?:,? version)?(?: (?P<year>20\d\d(?: r2)?|\d\dh\d))?"
    r"|(?P<desktop>10|11|7|8 1|8|vista|xp|rt 8 1|rt)(?=\s|$)))?"
    r"(?P<rest>(?: .*)?)"
)
_RELEASE = re.compile(r"\b(1507|1511|1607|1703|1709|180[39]|190[39]|2004|2[0-9]h[0-9])\b")
_YEAR = re.compile(r"\b(2015|2016|2019|2021|2024)\b")
_BUILD = re.compile(r"(?:10\.0\.|6\.[0-3]\.)?(\d{4,5})(?:\.(\d{1,6}))?(?=\D|$)")
# Words that tell no two products apart: editions, languages of the edition, processors, kinds of install.
_QUIET_TEXT = """
    standard datacenter enterprise entreprise essentials foundation pro professional professionnel education
    home famille edition evaluation ltsc ltsb iot n kn business single language workstations for server core
    installation version release os operating system x64 x86 64 32 bit bits arm64 based systems based azure
    microsoft azuredatacenter multi session et azureedition hotpatch
"""
_QUIET = frozenset(_QUIET_TEXT.split())
_PACK = re.compile(r"\bservice pack (\d)\b|\bsp(\d)\b")
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class WindowsName:
    """One Windows as named: ``product`` in the CPE dictionary's spelling, or empty when it stays unsaid.

    ``families`` are the wider names it belongs to ("Windows 10", "Windows").
    """

    product: str
    families: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"cpe:o:microsoft:{self.product}" if self.product else ""

    @property
    def any_release(self) -> str:
        """The key of a statement about every release of Windows 10 or 11; empty for another system."""
        system = self.families[-1].rpartition("/")[2]
        return f"cpe:o:microsoft:{system}" if system in {"windows_10", "windows_11"} else ""


def read_windows(name: str, version: str = "") -> WindowsName | None:
    """The Windows named by a product's name, its build deciding the release that the name leaves out.

    None when the name is of something else ("Windows Admin Center", "Outlook for Windows").
    """
    words = " ".join(_WORD.findall(_plain(name)))
    found = _NAME.fullmatch(words)
    if found is None:
        return None
    rest = _PACK.sub(" ", found["rest"])
    release = _RELEASE.search(rest)
    year = _YEAR.search(rest)
    for part in (release, year):
        if part is not None:
            rest = rest.replace(part.group(0), " ", 1)
    if any(word not in _QUIET for word in rest.split()):
        return None
    build, _revision = build_of(version)
    if found["server"]:
        stated = release.group(1) if release else (found["year"] or "").replace(" ", "_")
        stated = stated or _SERVER.get(build, "")
        families = (FAMILY, f"{FAMILY}_server")
        return WindowsName(f"windows_server_{stated}" if stated else "", families)
    desktop = (found["desktop"] or "").replace("rt 8 1", "rt_8.1").replace("8 1", "8.1")
    if not desktop:
        return _from_build(build) if not (release or year) else None
    return _desktop(f"windows_{desktop}", release.group(1) if release else "", year, version)


def _desktop(system: str, release: str, year: re.Match[str] | None, version: str) -> WindowsName:
    families = (FAMILY, f"family:microsoft/{system}")
    if system not in {"windows_10", "windows_11"}:
        return WindowsName(system, families)
    version = version.strip().lower()
    by_build = _DESKTOP.get(build_of(version)[0], ("", ""))
    if by_build[0] == system:
        release = by_build[1]
    elif not release and _RELEASE.fullmatch(version):
        release = version
    if not release and year is not None:
        release = _LONG_TERM.get((system, year.group(1)), "")
    release = _RENAMED.get(release, release)
    return WindowsName(f"{system}_{release}" if release else "", families)


def _from_build(build: int) -> WindowsName:
    """ "Microsoft Windows" alone: only a build that no server shares says which."""
    system, release = _DESKTOP.get(build, ("", ""))
    if system and build not in _SERVER:
        return WindowsName(f"{system}_{release}", (FAMILY, f"family:microsoft/{system}"))
    return WindowsName("", (FAMILY,))


def build_of(version: str) -> tuple[int, int | None]:
    """Build and revision of a version ("10.0.17763.5576", "10.0.19045 N/A Build 19045"); 0 when none."""
    found = _BUILD.match(version.strip())
    if found is None:
        return 0, None
    build, revision = int(found.group(1)), found.group(2)
    known = build in _DESKTOP or build in _SERVER
    return (build, int(revision) if revision else None) if known else (0, None)


def windows_of_cpe(product: str, version: str) -> WindowsName | None:
    """The Windows that a CPE names: "windows_10" with version "1809", "windows_server_2022_23h2"."""
    if not product.startswith("windows"):
        return None
    text = product.replace("_", " ")
    release = version if _RELEASE.fullmatch(version) or version == "r2" else ""
    return read_windows(f"{text} {release}", version)


def lacks_revision(key: str, version: str) -> bool:
    """Whether a Windows' version stops before its monthly revision: no range of builds can then decide."""
    if not key.startswith("cpe:o:microsoft:windows_") or not version:
        return False
    build, revision = build_of(version)
    return revision is None if build else bool(_RELEASE.fullmatch(version.strip().lower()))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text[:300].casefold())
    return "".join(character for character in folded if not unicodedata.combining(character))
