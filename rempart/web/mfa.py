"""Who must have a second factor: those who act for others, or open accounts."""

from __future__ import annotations

from allauth.mfa.models import Authenticator

from rempart.kernel.actors import Actor
from rempart.kernel.models import User
from rempart.kernel.permissions import Role
from rempart.kernel.prepared import Prepared

REQUIRED = frozenset({Role.CGCD_ANALYST, Role.CGCD_COMMANDER, Role.COCD_ANALYST, Role.ADMINISTRATOR})

_factors = Prepared(lambda user: Authenticator.objects.filter(user_id=user).values_list("id")[:1])


def missing(user: User, actor: Actor) -> bool:
    """Whether this person must have a second factor and has none."""
    return bool(REQUIRED & actor.roles) and not _factors.rows(user=user.pk)
