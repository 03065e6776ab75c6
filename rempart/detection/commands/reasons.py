"""Why something is done, as every decision of a person says it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from rempart.detection.commands import allowing
from rempart.detection.models import Rule, RuleVersion
from rempart.kernel import walls
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid

LONGEST = 4_000


def stated(text: str, field: str) -> str:
    """The reason that was given, without what no database keeps. Raises Invalid (``field``) without one."""
    reason = text.replace("\0", "").strip()
    if not reason or len(reason) > LONGEST:
        raise Invalid(_("Dites pourquoi, en moins de 4 000 caractères."), field=field)
    return reason


def told(actor: Actor, rule: Rule, reason: str) -> str:
    """What the audit trail, which centres read, keeps of a reason: nothing of a body on its own rule."""
    return "" if rule.private and allowing.reads(actor, rule) else reason


def kept(rule: Rule, reason: str) -> None:
    """Adds to the version in force why something was done with a body's own rule: its people read it."""
    if rule.body_id is None or rule.current_id is None:
        return
    with walls.lifted():  # a centre retires what it does not read
        version = RuleVersion.objects.get(pk=rule.current_id)
        version.note = f"{version.note}\n{reason}".strip()
        version.save(update_fields=["note"])
