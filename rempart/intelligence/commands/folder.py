"""Loading whatever a folder or a file holds: the kind is read from the first bytes, not from a name alone."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from rempart.intelligence.commands.counts import LoadCounts, Progress
from rempart.intelligence.commands.csaf import load_csaf
from rempart.intelligence.commands.cve import load_cve
from rempart.intelligence.commands.epss import load_epss
from rempart.intelligence.commands.kev import load_kev
from rempart.intelligence.commands.lifecycle import load_lifecycle
from rempart.intelligence.commands.osv import load_osv
from rempart.intelligence.commands.vex import load_vex
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid

_HEAD = 64 * 1024
_FOLDERS = {"eol": "endoflife"}
# By kind of feed, in the order of a folder's: CVE records before EPSS and CSAF, which speak of them.
LOADERS: dict[str, Callable[..., LoadCounts]] = {
    "kev": load_kev,
    "cve": load_cve,
    "epss": load_epss,
    "csaf": load_csaf,
    "osv": load_osv,
    "vex": load_vex,
    "eol": load_lifecycle,
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file or folder that was loaded."""

    kind: str
    path: Path
    counts: LoadCounts


def load_folder(
    actor: Actor,
    path: Path | str,
    kind: str | None = None,
    feed: str | None = None,
    progress: Callable[[str, Path], Progress] | None = None,
) -> list[Loaded]:
    """Loads a file, or a folder with one for each kind: ``kev/``, ``cve/``, ``csaf/``… ``endoflife/``.

    ``kind`` says what the path holds, when its content does not. ``progress`` makes the progress function
    of each part. Raises Invalid when nothing is recognised, FileNotFoundError, NotPermitted.
    """
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(root)
    if kind:
        if kind not in LOADERS:
            raise Invalid(_("Sorte de source inconnue."), field="kind", values={"kind": kind})
        found = [(kind, part) for part in _parts(kind, root)]
    else:
        found = _recognised(root)
    if not found:
        raise Invalid(
            _("Rien n’y a été reconnu : ni KEV, CVE, EPSS, CSAF, OSV ou VEX, ni dates de soutien."),
            field="path",
            values={"path": str(root)},
        )
    return [
        Loaded(
            each,
            part,
            LOADERS[each](actor, part, feed=feed, progress=progress(each, part) if progress else None),
        )
        for each, part in found
    ]


def _recognised(root: Path) -> list[tuple[str, Path]]:
    if root.is_file():
        kind = kind_of(root)
        return [(kind, root)] if kind else []
    folders = [(kind, root / _FOLDERS.get(kind, kind)) for kind in LOADERS]
    found = [(kind, part) for kind, folder in folders if folder.is_dir() for part in _parts(kind, folder)]
    if not found:
        named = next((kind for kind, folder in folders if folder.name == root.name), "")
        found = [(named, part) for part in _parts(named, root)] if named else []
    if not found:
        files = sorted(path for path in root.iterdir() if path.is_file() and not path.is_symlink())
        kinds = [(kind_of(path), path) for path in files]
        found = [(kind, path) for wanted in LOADERS for kind, path in kinds if kind == wanted]
    return found


def _parts(kind: str, root: Path) -> list[Path]:
    """What the loader of this kind takes: KEV and EPSS files one by one, a folder whole for the others."""
    if root.is_file():
        return [root]
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    match kind:
        case "kev" | "epss" | "eol":
            return [path for path in files if kind_of(path) == kind]
        case "cve":
            # From a folder, only files named as the CVE list names them are taken; others go one by one.
            listed = [path for path in files if path.suffix != ".json"]
            return listed or [root]
        case _:
            # The CSAF data beside this project keeps the standard's own test documents apart.
            return (
                [part for part in sorted(root.iterdir()) if part.name != "oasis"]
                if (root / "oasis").is_dir()
                else [root]
            )


def kind_of(path: Path) -> str:
    """The kind of a file by its first bytes (unpacked), else by its name; empty when unknown."""
    name = path.name.lower()
    if name.endswith(".zip"):
        return "cve"
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as stream:
            head = stream.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return ""
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
