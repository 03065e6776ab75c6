"""The rules of folders, files and signed packs, together."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

from rempart.detection import packfile
from rempart.engines import sigma


def rules_in(
    paths: Iterable[Path], keys: Collection[str], now: datetime, cache: Path | None
) -> sigma.Collection:
    """Every rule beneath these paths; packs must be signed by one of ``keys``. Raises ``BadPack``, and
    ``ValueError`` for a path that is not there.

    The filters of a pack that have ended by ``now`` are left out.
    """
    given = list(paths)
    for path in given:
        if not path.exists():
            raise ValueError(f"{path} : ni fichier ni dossier · no such file or folder")
    packs = [path for path in given if packfile.is_pack(path)]
    collection = sigma.load_rules([path for path in given if path not in packs], cache=cache)
    for path in packs:
        pack = packfile.read_pack(path, keys)
        collection = _together(collection, sigma.load_texts(pack.contents.texts(now), cache=cache))
    return collection


def _together(first: sigma.Collection, other: sigma.Collection) -> sigma.Collection:
    """Two collections as one; of two rules that bear one id, the first is kept and the other reported."""
    for name in ("rules", "correlations", "filters"):
        kept, added = getattr(first, name), getattr(other, name)
        seen = {one.id: one.path for one in kept}
        for one in added:
            if one.id in seen:
                reason = f"its id is already that of {seen[one.id]}"
                first.defects.append(sigma.Defect(one.path, one.id, reason))
            else:
                kept.append(one)
    first.defects.extend(other.defects)
    first.not_rules.extend(other.not_rules)
    both = f"{first.digest} {other.digest}"
    first.digest = hashlib.blake2b(both.encode(), digest_size=16).hexdigest()
    return first
