"""The software of a machine, from its package databases and its folders.

Reads only: files under ``root``, and, when it is this machine, the answers of ``rpm`` and ``osqueryi``.
What cannot be read is said in ``notes``; an inventory with such a hole does not claim to be complete.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rempart.engines.inventories.detect import detect
from rempart.engines.inventories.machines import packages
from rempart.engines.inventories.model import InventoryError, InventoryRow
from rempart.engines.inventories.read import read_inventory

DPKG, APK, RPM = "var/lib/dpkg", "lib/apk/db/installed", ("var/lib/rpm", "usr/lib/sysimage/rpm")
# Where interpreters keep what is installed for everybody.
LIBRARIES: Final = ("usr/lib", "usr/local/lib", "usr/share/nodejs", "opt")
_JAVA: Final = frozenset({".jar", ".war", ".ear"})
_MAX_FILE: Final = 2 * 1024**2
_MAX_ARCHIVE: Final = 512 * 1024**2
_MAX_MEMBERS: Final = 100_000
_MAX_INNER: Final = 64 * 1024**2
_SECONDS: Final = 120
_PSEUDO: Final = frozenset({"proc", "sys", "dev", "run"})

Say = Callable[[str], None]


@dataclass(slots=True)
class Found:
    """Rows by where they were found, and what could not be read."""

    rows: list[InventoryRow] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, source: str, rows: Iterable[InventoryRow]) -> None:
        before = len(self.rows)
        self.rows.extend(rows)
        self.counts[source] = self.counts.get(source, 0) + len(self.rows) - before


def collect(root: Path, *, search: Iterable[Path] = (), osquery: bool = False, say: Say = print) -> Found:
    """Everything installed under ``root`` ("/" is this machine), and in the folders of ``search``."""
    found = Found()
    release = _release(root, found)
    system = packages.operating_system(release)
    if system is not None:
        found.add("os-release", [system])
    say("dpkg · rpm · apk")
    _distribution(root, release, found)
    say("Python · npm · Java")
    for folder in (*(root / place for place in LIBRARIES), *search):
        _folder(folder, found)
    if osquery:
        say("osquery")
        _osquery(found)
    found.rows = list(packages.distinct(found.rows))
    return found


def read_export(path: Path, found: Found) -> None:
    """Adds what a file exported elsewhere states: registry, winget, osquery, scanners, bills of materials."""
    try:
        kind = detect(path)
        read = read_inventory(path, kind)
    except InventoryError as error:
        found.notes.append(f"{path}: {error}")
        return
    found.add(kind, read.rows)
    found.notes.extend(f"{path}: {problem}" for problem in read.problems)


def _release(root: Path, found: Found) -> dict[str, str]:
    for place in ("etc/os-release", "usr/lib/os-release"):
        text = _text(root / place, found)
        if text:
            return packages.read_os_release(text)
    return {}


def _distribution(root: Path, release: dict[str, str], found: Found) -> None:
    status = _text(root / DPKG / "status", found, limit=_MAX_ARCHIVE)
    if status:
        found.add("dpkg", packages.dpkg_rows(status, release))
    # Images without dpkg keep one stanza a file there.
    for each in sorted((root / DPKG / "status.d").glob("*")):
        if not each.name.endswith(".md5sums"):
            stanza = _text(each, found)
            if "\nStatus:" not in stanza:
                stanza = f"Status: install ok installed\n{stanza}"
            found.add("dpkg", packages.dpkg_rows(stanza, release))
    installed = _text(root / APK, found, limit=_MAX_ARCHIVE)
    if installed:
        found.add("apk", packages.apk_rows(installed, release))
    if any((root / place).is_dir() and any((root / place).iterdir()) for place in RPM):
        _rpm(root, release, found)


def _rpm(root: Path, release: dict[str, str], found: Found) -> None:
    rpm = shutil.which("rpm")
    if rpm is None:
        found.notes.append("rpm: the database is there and the rpm command is not")
        return
    listing = _answer([rpm, "--root", str(root), "-qa", "--qf", packages.RPM_FORMAT], found)
    if listing:
        found.add("rpm", packages.rpm_rows(listing, release))


def _osquery(found: Found) -> None:
    command = shutil.which("osqueryi")
    if command is None:
        found.notes.append("osquery: osqueryi is not installed")
        return
    for table in ("programs", "apps", "chocolatey_packages"):
        answer = _answer([command, "--json", f"select * from {table}"], found)  # noqa: S608 - our own names
        if answer.strip() not in {"", "[]"}:
            try:
                found.add("osquery", read_inventory(answer.encode(), "osquery").rows)
            except InventoryError as error:
                found.notes.append(f"osquery {table}: {error}")


def _answer(command: list[str], found: Found) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command found on the path
            command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        found.notes.append(f"{command[0]}: {error}")
        return ""
    if done.returncode:
        found.notes.append(f"{command[0]}: exit {done.returncode} {done.stderr.strip()[:200]}")
    return done.stdout


def _folder(folder: Path, found: Found) -> None:
    """Python distributions, npm packages and Java archives below a folder; links are not followed."""
    for place, folders, files in os.walk(folder, onerror=lambda error: _unreadable(error, found)):
        here = Path(place)
        if here == Path("/"):
            folders[:] = [each for each in folders if each not in _PSEUDO]
        for each in sorted(folders):
            if each.endswith((".dist-info", ".egg-info")):
                name = "METADATA" if each.endswith(".dist-info") else "PKG-INFO"
                metadata = _text(here / each / name, found)
                row = packages.python_row(metadata) if metadata else None
                found.add("pip", [row] if row else [])
        if ("package.json" in files and "node_modules" in here.parts) or here.parent.name == "nodejs":
            _npm(here / "package.json", found)
        for each in files:
            if Path(each).suffix.lower() in _JAVA:
                found.add("java", _java(here / each, found))


def _npm(path: Path, found: Found) -> None:
    """A package is the folder right under ``node_modules`` (or its scope); other package.json are parts."""
    holder = path.parent.parent
    if holder.name.startswith("@"):
        holder = holder.parent
    if holder.name not in {"node_modules", "nodejs"}:
        return
    text = _text(path, found)
    try:
        row = packages.npm_row(text) if text else None
    except ValueError as error:
        found.notes.append(f"{path}: {error}")
        return
    found.add("npm", [row] if row else [])


def _java(path: Path, found: Found) -> list[InventoryRow]:
    """What Maven wrote into an archive, and into the archives inside it (one level: "fat" jars, war)."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_ARCHIVE:
            return []
        with zipfile.ZipFile(path) as archive:
            return list(_archive(archive, str(path), found, nested=False))
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
        found.notes.append(f"{path}: {error}")
        return []


def _archive(archive: zipfile.ZipFile, where: str, found: Found, *, nested: bool) -> Iterator[InventoryRow]:
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        found.notes.append(f"{where}: more than {_MAX_MEMBERS} members")
        return
    for member in members:
        name = member.filename
        if name.startswith("META-INF/maven/") and name.endswith("/pom.properties"):
            if member.file_size <= _MAX_FILE:
                row = packages.maven_row(archive.read(member).decode("utf-8", errors="replace"))
                yield from [row] if row else []
        elif not nested and name.lower().endswith(".jar"):
            if member.file_size > _MAX_INNER:
                found.notes.append(f"{where}!{name}: larger than {_MAX_INNER} bytes")
                continue
            with archive.open(member) as stream, zipfile.ZipFile(stream) as inner:
                yield from _archive(inner, f"{where}!{name}", found, nested=True)


def _text(path: Path, found: Found, limit: int = _MAX_FILE) -> str:
    """The file's text, empty when it is absent; what is there and unreadable is noted."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for without end
            found.notes.append(f"{path}: not a file")
            return ""
        with path.open("rb") as stream:
            raw = stream.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        _unreadable(error, found)
        return ""
    if len(raw) > limit:
        found.notes.append(f"{path}: larger than {limit} bytes")
        return ""
    return raw.decode("utf-8", errors="replace")


def _unreadable(error: OSError, found: Found) -> None:
    if not isinstance(error, FileNotFoundError):
        found.notes.append(f"{error.filename}: {error.strerror}")
