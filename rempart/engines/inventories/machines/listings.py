"""Listings of packages as a person prints them: ``dpkg -l``, ``rpm -qa``, ``apk info -v``, ``pip freeze``…

Such a text does not say which distribution it comes from, nor from which sources a package was built, and
``rpm -qa`` leaves epochs out. A package's own mark says it of that package ("+deb12u2", "ubuntu0.22.04.1");
of the others the package URL has no namespace, and a distribution's advisory on them cannot be decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from rempart.engines.inventories.machines.packages import (
    RPM_FORMAT,
    apk_rows,
    dpkg_rows,
    marked,
    named,
    package_row,
    rpm_rows,
)
from rempart.engines.inventories.model import InventoryError, InventoryRow, Problems

_HEAD: Final = 200  # lines by which a listing is known
_LONGEST: Final = 1_000
_DPKG: Final = re.compile(
    r"[uihrp](?P<state>[ncHUFWti])[ R] +(?P<name>\S+) +(?P<version>\S+)(?: +(?P<arch>\S+))?.*"
)
_DPKG_HEAD: Final = re.compile(r"\w+=\S.*/.*|\| .*|\|/ .*|\|\|/ .*|\+\+\+-[=-]+")
_DPKG_QUERY: Final = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]{1,120})(?::[a-z0-9-]{2,20})?\t(?P<version>[0-9][\w.+~:-]*|)"
)
_APT: Final = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]{1,120})/\S* (?P<version>[0-9][\w.+~:-]*) (?P<arch>[a-z0-9-]{2,20}) \[.*\]"
)
_APK: Final = re.compile(
    r"(?P<name>[\w.+-]{1,120})-(?P<version>[0-9][\w.]*-r[0-9]{1,5})"
    r"(?: (?P<arch>\w+) \{(?P<origin>[^{} ]+)\} .*)?",
    re.ASCII,
)
_PINNED: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,120}?)(?:\[[\w,. -]*\])?===?(?P<version>[\w.!+-]+)", re.ASCII
)
_PIP_ELSEWHERE: Final = re.compile(r"#.*|-e .*")
_PIP_UNVERSIONED: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]{0,120}) @ \S+", re.ASCII)
_PIP_ROW: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,120}) +(?P<version>[0-9][\w.!+]*)(?: .*)?", re.ASCII
)
_PIP_RULE: Final = re.compile(r"-{3,} -{3,}(?: -+)*")
_ARCHITECTURES: Final = frozenset(
    {
        "x86_64", "noarch", "i386", "i486", "i586", "i686", "aarch64", "armv7hl", "armv7l", "ppc64",
        "ppc64le", "s390x", "riscv64", "loongarch64",
    }
)  # fmt: skip
_RELEASED: Final = re.compile(r"\.(?:el|fc|amzn|oe|mga|cm|azl|ph)[0-9]|(?:^|\.)(?:lp)?15[0-9]{4}\.|\.suse")
_DNF_HEAD: Final = re.compile(r"(?:Installed|Paquets|Last metadata)\b[^0-9]{0,60}(?:[0-9].*)?")
_NONE: Final = "(none)"
_DATABASE_HEAD: Final = 4_000
_DPKG_STATUS: Final = re.compile(r"Package: \S+\n(?:Essential: yes\n)?Status: \w+ \w+ [\w-]+\n")
_APK_INSTALLED: Final = re.compile(r"C:Q1\S+\nP:\S+\nV:\S+\n")
_DATABASES: Final = {"dpkg": dpkg_rows, "apk": apk_rows}
LISTINGS: Final = ("dpkg", "rpm", "apk", "pip")

_Line = Callable[[str], tuple[InventoryRow, ...] | None]


def is_listing(text: str) -> bool:
    """Whether a text is one of these listings, by its first lines."""
    return _reader(_plain(text)) is not None


def read_listing(text: str, problems: Problems) -> tuple[str, Iterator[InventoryRow]]:
    """Which of ``LISTINGS`` it is, and its packages; lines of another form are noted as they are met.

    Raises ``InventoryError`` for another text.
    """
    text = _plain(text)
    found = _reader(text)
    if found is None:
        raise InventoryError("", "", "unknown_text")
    kind, read = found
    if kind != "pip":
        problems.add("", "", "plain_listing")
    database = _DATABASES.get(kind) if _is_database(text) else None
    return kind, database(text, None) if database is not None else _rows(text, read, problems)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _rows(text: str, read: _Line, problems: Problems) -> Iterator[InventoryRow]:
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.rstrip(" ")
        if not plain:
            continue
        rows_of_line = read(plain) if len(plain) <= _LONGEST else None
        if rows_of_line is None:
            problems.add(f"line {number}", "", "unknown_table")
        else:
            yield from rows_of_line


def _reader(text: str) -> tuple[str, _Line] | None:
    """The kind of listing and what reads a line of it."""
    head = [line.rstrip(" ") for line in islice(text.splitlines(), _HEAD) if line.strip()]
    if not head or max(map(len, head)) > 64 * _LONGEST:
        return None
    if _is_database(text):
        return ("dpkg", _dpkg) if text.startswith("Package:") else ("apk", _apk)
    for kind, read in (
        ("dpkg", _dpkg), ("dpkg", _apt), ("dpkg", _dpkg_query), ("pip", _pip), ("apk", _apk), ("rpm", _rpm),
    ):  # fmt: skip
        lines = [read(line) if len(line) <= _LONGEST else None for line in head]
        rows = [row for row in lines if row]
        known = sum(line is not None for line in lines)
        if rows and known * 10 >= len(lines) * 9 and _is_told_apart(kind, head):
            return kind, read
    return None


def _is_database(text: str) -> bool:
    """Whether it is the database itself (``/var/lib/dpkg/status``, ``/lib/apk/db/installed``)."""
    start = text[:_DATABASE_HEAD]
    return _DPKG_STATUS.match(start) is not None or _APK_INSTALLED.match(start) is not None


def _is_told_apart(kind: str, head: list[str]) -> bool:
    """A name and a version on a line are anyone's, but for what one tool alone writes."""
    if kind == "dpkg" and "\t" in head[0]:
        return any("-" in line.partition("\t")[2] for line in head)
    if kind == "pip":
        return any("==" in line or " @ " in line or _PIP_RULE.fullmatch(line) for line in head)
    if kind == "rpm":
        cells = [cell for line in head for cell in line.split()]
        return any(cell.rpartition(".")[2] in _ARCHITECTURES or _RELEASED.search(cell) for cell in cells)
    return True


def _package(
    kind: str, name: str, version: str, arch: str = "", source: str = ""
) -> tuple[InventoryRow, ...]:
    namespace, distro = marked(kind, version)
    qualifiers = {"arch": arch, "distro": distro, "upstream": source if source != name else ""}
    return (package_row(kind, namespace, name, version, qualifiers),)


def _dpkg(line: str) -> tuple[InventoryRow, ...] | None:
    """``dpkg -l``: what is wanted, the state, the name; only what is installed counts."""
    found = _DPKG.fullmatch(line)
    if found is None:
        return () if _DPKG_HEAD.fullmatch(line) else None
    if found["state"] not in "itW":
        return ()
    return _package("deb", found["name"].partition(":")[0], found["version"], found["arch"] or "")


def _apt(line: str) -> tuple[InventoryRow, ...] | None:
    """``apt list --installed``."""
    found = _APT.fullmatch(line)
    if found is None:
        return () if line.endswith(("...", "…", "... Done", "… Fait")) else None
    return _package("deb", found["name"], found["version"], found["arch"])


def _dpkg_query(line: str) -> tuple[InventoryRow, ...] | None:
    """``dpkg-query -W``: a package that is no longer installed has no version."""
    found = _DPKG_QUERY.fullmatch(line)
    if found is None:
        return None
    return _package("deb", found["name"], found["version"]) if found["version"] else ()


def _pip(line: str) -> tuple[InventoryRow, ...] | None:
    """``pip freeze``, or ``pip list`` with its two lines of headers."""
    found = _PINNED.fullmatch(line) or _PIP_ROW.fullmatch(line) or _PIP_UNVERSIONED.fullmatch(line)
    if found is not None:
        return tuple(named("pypi", found.groupdict()))
    is_head = line.split() in (
        ["Package", "Version"],
        ["Package", "Version", "Editable", "project", "location"],
    )
    return () if is_head or _PIP_RULE.fullmatch(line) or _PIP_ELSEWHERE.fullmatch(line) else None


def _apk(line: str) -> tuple[InventoryRow, ...] | None:
    """``apk info -v``, or ``apk list --installed``, which names the source package."""
    found = _APK.fullmatch(line)
    if found is None:
        return None
    return _package("apk", found["name"], found["version"], found["arch"] or "", found["origin"] or "")


def _rpm(line: str) -> tuple[InventoryRow, ...] | None:
    """``rpm -qa`` with the usual formats, ``dnf list installed``: name, epoch, version, release."""
    tabbed = line.split("\t")
    if len(tabbed) == RPM_FORMAT.count("%"):
        return tuple(rpm_rows(line, None))
    if _DNF_HEAD.fullmatch(line):
        return ()
    cells = line.split()
    first, arch = _without_architecture(cells[0])
    if first.startswith("gpg-pubkey"):
        return ()
    if len(cells) == 1 or _is_whole(first, arch):
        name, _, rest = _cut(first)
        return _rpm_package(name, rest, arch) if name else None
    rest_cells = cells[1:]
    if arch:  # dnf: "bash.x86_64  5.1.8-6.el9  @baseos"
        return _rpm_package(first, rest_cells[0], arch)
    if rest_cells[-1] in _ARCHITECTURES:
        arch = rest_cells.pop()
    if len(rest_cells) == 3 and (rest_cells[0] == _NONE or rest_cells[0].isdigit()):
        epoch, *whole = rest_cells
        return _rpm_package(first, f"{'0' if epoch == _NONE else epoch}:{'-'.join(whole)}", arch)
    return _rpm_package(first, "-".join(rest_cells), arch) if 1 <= len(rest_cells) <= 2 else None


def _without_architecture(text: str) -> tuple[str, str]:
    head, _, last = text.rpartition(".")
    return (head, last) if head and last in _ARCHITECTURES else (text, "")


def _is_whole(text: str, arch: str) -> bool:
    """Whether one cell says all ("bash-5.1.8-6.el9.x86_64"), and what follows is when it was installed."""
    name, version, _ = _cut(text)
    return bool(arch and name) and version[:1].isdigit()


def _cut(text: str) -> tuple[str, str, str]:
    """Name, version, and ``version-release`` of "bash-0:5.1.8-6.el9"; empty when it is not of that form."""
    parts = text.rsplit("-", 2)
    return (parts[0], parts[1], f"{parts[1]}-{parts[2]}") if len(parts) == 3 and all(parts) else ("", "", "")


def _rpm_package(name: str, whole: str, arch: str) -> tuple[InventoryRow, ...] | None:
    """One package; ``whole`` is ``[epoch:]version-release``. Its namespace needs the epoch to be known."""
    epoch, colon, rest = whole.rpartition(":")
    version, hyphen, release = rest.partition("-")
    if not hyphen or not version[:1].isalnum() or not any(map(str.isdigit, release)) or "-" in release:
        return None
    if not re.fullmatch(r"[\w.+-]{1,120}", name, re.ASCII) or (
        colon and not (epoch.isdigit() or epoch == _NONE)
    ):
        return None
    namespace, distro = marked("rpm", rest) if colon else ("", "")
    stated = epoch if epoch.isdigit() and epoch != "0" else ""
    qualifiers = {"arch": arch, "distro": distro, "epoch": stated}
    return (package_row("rpm", namespace, name, rest, qualifiers, f"{stated}:{rest}" if stated else ""),)
