"""The techniques of ATT&CK, loaded from its own bundle."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from rempart.detection.attack import BadBundle, read_attack
from rempart.detection.models import Technique
from rempart.kernel import audit
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid
from rempart.kernel.permissions import Permission

_BATCH = 500


@transaction.atomic
def load_attack(actor: Actor, path: Path) -> int:
    """Writes the names, tactics and known users of a bundle's techniques; returns how many are in use.

    Techniques of other bundles stay. Raises NotPermitted, Invalid.
    """
    actor.require_everywhere(Permission.DETECTION_REVIEW)
    try:
        known = read_attack(path)
    except BadBundle as error:
        raise Invalid(_("Ce fichier n’est pas ATT&CK : %s.") % error, field="path") from error
    version = path.name[:40]
    gone = [each.code for each in known if not each.live]
    rows = {
        each.code: Technique(
            code=each.code, name=each.name, tactics=list(each.tactics), groups=each.groups, version=version
        )
        for each in known
        if each.live
    }
    for start in range(0, len(gone), _BATCH):
        codes = [code for code in gone[start : start + _BATCH] if code not in rows]
        Technique.objects.filter(code__in=codes).delete()
    Technique.objects.bulk_create(
        rows.values(),
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "tactics", "groups", "version"],
    )
    audit.record(actor, "attack.loaded", object_type="detection.technique", label=version,
                 after={"techniques": len(rows)})  # fmt: skip
    return len(rows)
