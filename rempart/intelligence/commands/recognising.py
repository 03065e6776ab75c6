"""What a file or a folder holds, by its first bytes: which loader takes which part, and what none takes."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rempart.engines.records.sources import CVE_FILES, is_source

_HEAD = 64 * 1024
_WHOLE = 16 * 1024**2  # of a bill of materials, whose statements may come last
_MOST_FILES = 500_000
# In the order of a folder's: CVE records before EPSS and CSAF, which speak of them.
KINDS = ("kev", "cve", "epss", "csaf", "osv", "vex", "eol")
_FOLDERS = {"eol": "endoflife"}
_ONE_BY_ONE = frozenset({"kev", "epss", "eol"})  # a file is a whole catalogue
_INVENTORIES = (b'"CycloneDX"', b"cyclonedx.org/schema/bom", b'"spdxVersion"', b"spdx.org/rdf")
# The standard's own examples, beside published advisories: they speak of nothing real.
_EXAMPLES = "oasis"

_EMPTY = _("le fichier est vide")
_DAMAGED = _("le fichier compressé est abîmé ou coupé")
_NO_RECORDS = _("l’archive ne contient aucune fiche en JSON")
_OTHER = _("aucun des formats attendus")
_INVENTORY = _("c’est un inventaire : importez-le par « rempart import »")
_UNREADABLE = _("ce fichier ne peut pas être lu")
_NO_FILE = _("ce dossier ne contient aucun fichier de fiches")
_STANDARD = _("les exemples de la norme ne sont pas des avis")
_NOT_NAMED = _("hors des dossiers kev/ cve/ epss/ csaf/ osv/ vex/ endoflife/")
_TOO_MANY = _("plus de 500 000 fichiers : le reste n’a pas été regardé")


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file or folder that no loader takes, and why, in words."""

    path: Path
    reason: str | Promise


@dataclass(slots=True)
class Parts:
    """What loaders take of a path, in their order, and what none takes."""

    found: list[tuple[str, Path]] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)


def parts_of(root: Path, kind: str = "") -> Parts:
    """Which loader takes which part of a file or folder; ``kind`` says it where the content does not."""
    if root.is_file():
        known, why = (kind, "") if kind else recognised(root)
        return Parts([(known, root)]) if known else Parts(passed_over=[PassedOver(root, why)])
    if kind:
        return _of_one_kind(root, kind)
    folders = [(one, root / _FOLDERS.get(one, one)) for one in KINDS]
    named = [(one, folder) for one, folder in folders if folder.is_dir()]
    if named:
        return _named(root, named)
    known = next((one for one, folder in folders if folder.name == root.name), "")
    return _of_one_kind(root, known) if known else _searched(root)


def _named(root: Path, named: list[tuple[str, Path]]) -> Parts:
    """A folder with one for each kind."""
    parts = Parts()
    for kind, folder in named:
        inside = _of_one_kind(folder, kind)
        parts.found += inside.found
        parts.passed_over += inside.passed_over
    used = {folder for _kind, folder in named}
    parts.passed_over += [PassedOver(path, _NOT_NAMED) for path in sorted(root.iterdir()) if path not in used]
    return parts


def _of_one_kind(root: Path, kind: str) -> Parts:
    """A folder whose name, or a person, says what it holds: the loader says itself what it cannot read."""
    files = [path for path in _files(root) if is_source(path.name) or kind in _ONE_BY_ONE]
    if not files:
        return Parts(passed_over=[PassedOver(root, _NO_FILE)])
    if kind in _ONE_BY_ONE:
        return _searched(root, kind)
    if kind == "cve":
        # Of a folder, the loader takes the JSON files named as the CVE list names them; others go one by one.
        whole = any(CVE_FILES.fullmatch(path.name) for path in files)
        return Parts([(kind, root)] if whole else [(kind, path) for path in files])
    if (root / _EXAMPLES).is_dir():
        parts = [path for path in sorted(root.iterdir()) if path.name != _EXAMPLES]
        return Parts([(kind, path) for path in parts], [PassedOver(root / _EXAMPLES, _STANDARD)])
    return Parts([(kind, root)])


def _searched(root: Path, kind: str = "") -> Parts:
    """Every file below, each recognised by its content; with a kind, those of that kind."""
    looked = Parts()
    kinds: list[tuple[Path, str]] = []
    for number, path in enumerate(_files(root)):
        if number == _MOST_FILES:
            looked.passed_over.append(PassedOver(path, _TOO_MANY))
            break
        known, why = recognised(path)
        if known and kind in {"", known}:
            kinds.append((path, known))
        else:
            looked.passed_over.append(PassedOver(path, why or _OTHER))
    looked.found = _grouped(root, kinds)
    if not kinds and not looked.passed_over:
        looked.passed_over.append(PassedOver(root, _NO_FILE))
    whole = {part for _kind, part in looked.found if part.is_dir()}
    looked.passed_over = [one for one in looked.passed_over if whole.isdisjoint(one.path.parents)]
    return looked


def _files(root: Path) -> Iterator[Path]:
    """Every file below, by name; links are not followed, since one could lead anywhere."""
    waiting = [root]
    while waiting:
        path = waiting.pop()
        if path.is_symlink() and path != root:
            continue
        if path.is_dir():
            waiting.extend(sorted(path.iterdir(), reverse=True))
        elif path.is_file():
            yield path


def _grouped(root: Path, kinds: list[tuple[Path, str]]) -> list[tuple[str, Path]]:
    """The largest folders that hold records of one kind alone go whole; catalogues and the rest, by file."""
    found: list[tuple[str, Path]] = []
    waiting = [(root, kinds)]
    while waiting:
        folder, held = waiting.pop()
        only = {kind for _path, kind in held}
        if len(only) == 1 and not only & _ONE_BY_ONE and _whole(held):
            found.append((only.pop(), folder))
            continue
        below: dict[Path, list[tuple[Path, str]]] = {}
        for path, kind in held:
            if path.parent == folder:
                found.append((kind, path))
            else:
                below.setdefault(folder / path.relative_to(folder).parts[0], []).append((path, kind))
        waiting.extend(below.items())
    return sorted(found, key=lambda one: (KINDS.index(one[0]), one[1]))


def _whole(held: list[tuple[Path, str]]) -> bool:
    """Whether a loader given the folder reads each of these; CVE records' own names alone are read there."""
    paths = [path for path, kind in held if kind == "cve"]
    return not paths or (len(paths) > 1 and all(CVE_FILES.fullmatch(path.name) for path in paths))


def recognised(path: Path) -> tuple[str, str | Promise]:
    """The kind of a file, by its first bytes once unpacked, and an empty reason; else "" and why."""
    try:
        if not path.stat().st_size:
            return "", _EMPTY
        if zipfile.is_zipfile(path) or path.name.lower().endswith(".zip"):
            return _in_archive(path)
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            return _by_content(stream)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return "", _DAMAGED
    except OSError:
        return "", _UNREADABLE


def _in_archive(path: Path) -> tuple[str, str | Promise]:
    with zipfile.ZipFile(path) as container:
        for member in container.infolist():
            name = member.filename.lower()
            if name.endswith(".zip"):
                return "cve", ""  # the CVE list's releases are archives within archives
            if name.endswith(".json"):
                with container.open(member) as stream:
                    return _by_content(stream)
    return "", _NO_RECORDS


def _by_content(stream: IO[bytes]) -> tuple[str, str | Promise]:
    head = stream.read(_HEAD)
    kind = _kind(head)
    if not kind and b'"CycloneDX"' in head and b'"vulnerabilities"' in stream.read(_WHOLE):
        kind = "vex"
    if kind:
        return kind, ""
    if any(mark in head for mark in _INVENTORIES):
        return "", _INVENTORY
    return "", _OTHER if head.strip() else _EMPTY


def _kind(head: bytes) -> str:
    if b"json-schema.org" in head[:300]:
        return ""  # a format's schema names the fields, and is no record
    if head.startswith(b"#model_version") or b"cve,epss,percentile" in head[:300]:
        return "epss"
    if b'"cveMetadata"' in head:
        return "cve"
    if b"openvex.dev/ns" in head or (b'"CycloneDX"' in head and b'"vulnerabilities"' in head):
        return "vex"
    if b'"csaf_version"' in head:
        return "csaf"
    if b'"ecosystem"' in head and b'"affected"' in head:
        return "osv"
    if b'"releaseCycle"' in head or b'"eolFrom"' in head:
        return "eol"
    if b'"vulnerabilities"' in head and b'"cveID"' in head:
        return "kev"
    return ""
