"""Loading whatever a folder or a file holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from rempart.intelligence.commands.counts import LoadCounts, Progress
from rempart.intelligence.commands.csaf import load_csaf
from rempart.intelligence.commands.cve import load_cve
from rempart.intelligence.commands.epss import load_epss
from rempart.intelligence.commands.kev import load_kev
from rempart.intelligence.commands.lifecycle import load_lifecycle
from rempart.intelligence.commands.osv import load_osv
from rempart.intelligence.commands.recognising import PassedOver, parts_of
from rempart.intelligence.commands.runs import feed_for
from rempart.intelligence.commands.vex import load_vex
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

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
    """One file or folder that was loaded; ``run_at``: when its reading began."""

    kind: str
    path: Path
    counts: LoadCounts
    feed: str
    run_at: datetime


def load_folder(
    actor: Actor,
    path: Path | str,
    kind: str | None = None,
    feed: str | None = None,
    progress: Callable[[str, Path], Progress] | None = None,
    passed_over: Callable[[PassedOver], object] | None = None,
) -> list[Loaded]:
    """Loads a file, or a folder: with one for each kind (``kev/``, ``cve/``, ``csaf/``… ``endoflife/``), or
    with files at any depth, each recognised by its content.

    ``kind`` says what the path holds, when its content does not. ``progress`` makes the progress function
    of each part; ``passed_over`` is told each part that nothing takes. Raises Invalid when nothing is
    recognised, FileNotFoundError, NotPermitted.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(root)
    if kind and kind not in LOADERS:
        raise Invalid(_("Sorte de source inconnue."), field="kind", values={"kind": kind})
    parts = parts_of(root, kind or "")
    for each in parts.passed_over:
        if passed_over:
            passed_over(each)
    if not parts.found:
        raise Invalid(
            _("Rien n’y a été reconnu : ni KEV, CVE, EPSS, CSAF, OSV ou VEX, ni dates de soutien."),
            field="path",
            values={"path": str(root)},
        )
    return [
        _load(actor, each, part, feed, progress(each, part) if progress else None)
        for each, part in parts.found
    ]


def _load(actor: Actor, kind: str, part: Path, feed: str | None, progress: Progress | None) -> Loaded:
    source, began = feed_for(kind, feed), now()
    return Loaded(kind, part, LOADERS[kind](actor, part, feed=source, progress=progress), source.name, began)
