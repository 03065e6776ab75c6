"""Who may do what to a row of one body, or to one that belongs to all."""

from __future__ import annotations

from rempart.kernel.actors import Actor
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
