"""Who may do what to a row of one body, or to one that belongs to all."""

from __future__ import annotations

from django.utils.translation import gettext as _

from rempart.detection.models import Rule
from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.permissions import Permission


def require(actor: Actor, permission: Permission, body_id: int | None) -> None:
    """Raises NotPermitted unless the right is held over this body, or over all for what belongs to all."""
    if body_id is None:
        actor.require_everywhere(permission)
    else:
        actor.require(permission, body_id)


def may(actor: Actor, permission: Permission, body_id: int | None) -> bool:
    """Whether the right is held over this body, or over all for what belongs to all."""
    return actor.scope(permission).everything if body_id is None else actor.may(permission, body_id)


def taken(actor: Actor, rule_id: int) -> Rule:
    """A rule that the actor sees, held until the end of the transaction. Raises NotFound."""
    rule = (
        Rule.objects.visible_to(actor, Permission.DETECTION_READ)
        .select_for_update(of=("self",))
        .select_related("current", "source")
        .filter(pk=rule_id)
        .first()
    )
    if rule is None:
        raise NotFound(_("Cette règle n’existe pas."))
    return rule


def require_own(actor: Actor, body_id: int | None) -> None:
    """What a body keeps to itself is written by its own people. Raises NotPermitted."""
    if body_id is not None:
        actor.require(Permission.TELEMETRY_READ, body_id)


def reads(actor: Actor, rule: Rule) -> bool:
    """Whether the texts and test cases of a rule that the actor sees are theirs to read."""
    return not rule.private or actor.may(Permission.TELEMETRY_READ, rule.body_id)


def require_reader(actor: Actor, rule: Rule) -> None:
    """Nobody changes or accepts what they may not read. Raises NotFound."""
    if not reads(actor, rule):
        raise NotFound(_("Le texte et les essais de cette règle restent dans son organisme."))
