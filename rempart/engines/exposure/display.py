"""Windows' own names for installed programs, and the identifiers of its package manager.

The list of installed programs writes maker, product, version, processor and language in one text
("Mozilla Firefox 115.0.2 (x64 fr)"); winget writes ``Publisher.Package``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_LONGEST = 300
# "(x64 fr)", "(64-bit)", "(x64 en-US)", "- fr-fr", "(remove only)", "x64": nothing of the product.
_TAIL = re.compile(
    r"\s*(?:\((?:(?:x64|x86|x86_64|amd64|arm64|aarch64|32[- ]bits?|64[- ]bits?|user|machine|"
    r"edition|remove only|[a-z]{2}(?:-[a-z]{2,4})?)[\s,]*)+\)"
    r"|\s-\s(?:[a-z]{2}-[a-z]{2}|français|english|multilingual|x64|x86)"
    r"|\s(?:x64|x86|amd64|arm64|64-bit|32-bit))\s*$",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"[\s_-]+(?:-\s*)?(?:v|version\s+|release\s+)?(\d{1,6}(?:\.\d{1,10}){1,5}(?:[a-z]\d{0,3}|-I?\d{1,4}|\+\w{1,12})?)"
    r"(?P<esr>\s+ESR)?$",
    re.IGNORECASE,
)
_JAVA = re.compile(
    r"Java (?:SE )?(?:Runtime Environment |Development Kit |Kit |\(TM\) SE )?(\d{1,2}) Update (\d{1,3})", re.I
)
# "Apache Tomcat 9.0 Tomcat9 (remove only)": the name of its service at the end.
_SERVICE = re.compile(r"^(Apache Tomcat \d{1,2}\.\d{1,2}) \w{1,40}(?= \(|$)")
_WINGET = re.compile(r"[A-Za-z0-9][\w+-]{0,60}(?:\.[A-Za-z0-9+][\w+-]{0,60}){1,6}\+{0,2}")
_OFFICE = re.compile(
    r"(?:microsoft )?office(?: (?P<ltsc>ltsc))?"
    r"(?: (?:professional|professionnel|standard|home and (?:business|student)|"
    r"famille et (?:petite entreprise|entreprise|etudiant|étudiant))(?: plus)?)?(?: plus)? "
    r"(?P<year>2010|2013|2016|2019|2021|2024)(?: (?:volume|retail))?",
    re.IGNORECASE,
)
_APPS = re.compile(
    r"(?:microsoft )?(?:(?:office )?365 (?:proplus|business|apps(?: for (?:enterprise|business))?)"
    r"|365 - |applications? microsoft 365.*|365 apps pour .*|365 pour .*|365 famille.*|365 personnel.*)",
    re.IGNORECASE,
)
_SERVER = re.compile(
    r"(?:microsoft )?(?P<name>(?P<kind>sql|exchange) server (?P<year>20\d\d))"
    # What tells a branch: its builds do, and no inventory says it otherwise than by them.
    r"(?: (?:for|x64-based systems|32-bit systems|\(64-bit\)|azure connect feature pack"
    r"|\(?(?:gdr|cu(?: ?\d{1,2})?|sp ?\d|cumulative update \d{1,2}|service pack \d)\)?))*",
    re.IGNORECASE | re.ASCII,
)

# Programs whose name on Windows carries no maker, and that no other program bears: name → maker, product.
_MAKERS = {
    "7-zip": ("7-zip", "7-zip"),
    "notepad++": ("notepad-plus-plus", "notepad++"),
    "vlc media player": ("videolan", "vlc media player"),
    "winrar": ("rarlab", "winrar"),
    "putty": ("putty", "putty"),
    "winscp": ("winscp", "winscp"),
    "filezilla": ("filezilla", "filezilla client"),
    "filezilla client": ("filezilla", "filezilla client"),
    "gimp": ("gimp", "gimp"),
    "inkscape": ("inkscape", "inkscape"),
    "libreoffice": ("libreoffice", "libreoffice"),
    "wireshark": ("wireshark", "wireshark"),
    "keepass password safe": ("keepass", "keepass"),
    "node.js": ("nodejs", "node.js"),
    "teamviewer": ("teamviewer", "teamviewer"),
    "anydesk": ("anydesk", "anydesk"),
    "greenshot": ("greenshot", "greenshot"),
    "irfanview": ("irfanview", "irfanview"),
    "pdf24 creator": ("pdf24", "pdf24 creator"),
    "pdfcreator": ("pdfforge", "pdfcreator"),
    "audacity": ("audacityteam", "audacity"),
    "tortoisegit": ("tortoisegit", "tortoisegit"),
    "tortoisesvn": ("tortoisesvn", "tortoisesvn"),
    "virtualbox": ("oracle", "vm virtualbox"),
    "zoom workplace": ("zoom", "workplace"),
}


@dataclass(frozen=True, slots=True)
class DisplayName:
    """What a display name says: its maker when the name alone tells it, product and version."""

    maker: str
    product: str
    version: str


class ServerName(NamedTuple):
    """A server that Microsoft corrects in branches: "SQL Server 2019", its kind ("sql", "exchange"), year."""

    name: str
    kind: str
    year: str


@lru_cache(maxsize=1 << 15)
def read_display_name(text: str) -> DisplayName | None:
    """The parts of a program's name as Windows lists it; None when it is a product's name alone."""
    if len(text) > _LONGEST:
        return None
    java = _JAVA.match(text.strip())
    if java is not None:
        return DisplayName("oracle", "java se", f"{java.group(1)}u{java.group(2)}")
    product, previous = _SERVICE.sub(r"\1", text.strip()), ""
    while product != previous:
        previous, product = product, _TAIL.sub("", product).strip()
    found = _VERSION.search(product)
    version = found.group(1) if found is not None else ""
    if found is not None:
        product = product[: found.start()].rstrip(" -_") + (" ESR" if found["esr"] else "")
        product = _TAIL.sub("", product).strip()
    if product == text.strip() or not product:
        return None
    maker, known = _MAKERS.get(product.casefold(), ("", product)) if version else ("", product)
    return DisplayName(maker, known, version)


def office_product(product: str) -> str:
    """One name for the editions and channels of Microsoft Office; empty for anything else."""
    while product != (shorter := _TAIL.sub("", product).strip()):
        product = shorter
    if _APPS.fullmatch(product) or _APPS.match(product + " "):
        return "365 apps for enterprise"
    found = _OFFICE.fullmatch(product)
    if found is None:
        return ""
    ltsc = found["ltsc"] or (found["year"] in {"2021", "2024"} and "plus" in product.casefold())
    return f"office ltsc {found['year']}" if ltsc else f"office {found['year']}"


def read_server(product: str) -> ServerName | None:
    """The parts of a name of SQL Server or Exchange, of whatever branch; None when it is another's."""
    found = _SERVER.fullmatch(product.strip()) if len(product) <= _LONGEST else None
    return ServerName(found["name"], found["kind"].casefold(), found["year"]) if found is not None else None


def read_winget(identifier: str) -> tuple[str, str] | None:
    """Publisher and package of a winget identifier ("Mozilla.Firefox"); None when it is not one."""
    if not _WINGET.fullmatch(identifier):
        return None
    publisher, _dot, package = identifier.partition(".")
    if not publisher[:1].isupper() and not publisher[:1].isdigit():
        return None
    return (publisher, package.replace(".", " ")) if package[:1].isalnum() else None
