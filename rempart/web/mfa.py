"""Who must have a second factor: those who act for others, or open accounts."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled

from rempart.kernel.actors import Actor
from rempart.kernel.models import User
from rempart.kernel.permissions import Role

REQUIRED = frozenset({Role.CGCD_ANALYST, Role.CGCD_COMMANDER, Role.COCD_ANALYST, Role.ADMINISTRATOR})


def missing(user: User, actor: Actor) -> bool:
    """Whether this person must have a second factor and has none."""
    return bool(REQUIRED & actor.roles) and not is_mfa_enabled(user)
