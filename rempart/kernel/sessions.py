"""From a stored user or API token to an Actor."""

from __future__ import annotations

from django.db.models import Q

from rempart.kernel.actors import ANONYMOUS, NOTHING, Actor, BranchResolver, Grant
from rempart.kernel.models import ApiToken, RoleGrant, User
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.prepared import Prepared
from rempart.kernel.time import now

_ROLES = frozenset(role.value for role in Role)
_IN_A_BODY = frozenset({"body", "unit"})
_PERMISSIONS = frozenset(permission.value for permission in Permission)

_grants = Prepared(
    lambda user, at: (
        RoleGrant.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), user=user, starts_at__lte=at)
        .order_by("id")
        .values_list("role", "organisation_id", "organisation__kind")
    )
)


def actor_for(user: object, token: object | None, resolve: BranchResolver) -> Actor:
    if not isinstance(user, User) or not user.is_active:
        return ANONYMOUS
    # A role or a right that this version no longer knows gives nothing.
    rows = [row for row in _grants.rows(user=user.pk, at=now()) if row[0] in _ROLES]
    scopes = resolve({organisation_id for _, organisation_id, _ in rows}) if rows else {}
    grants = tuple(
        Grant(Role(role), place, scopes.get(place, NOTHING), kind in _IN_A_BODY) for role, place, kind in rows
    )
    if not isinstance(token, ApiToken):
        return Actor(user.pk, user.email, grants=grants)
    limited_bodies = None
    if token.organisation_id is not None:
        limit = resolve({token.organisation_id})[token.organisation_id]
        limited_bodies = None if limit.everything else limit.bodies
    return Actor(
        user.pk,
        user.email,
        kind="token",
        grants=grants,
        limited_to=frozenset(Permission(name) for name in token.permissions if name in _PERMISSIONS),
        limited_bodies=limited_bodies,
        token_id=token.pk,
    )
