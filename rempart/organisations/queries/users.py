"""Accounts, the roles they hold, and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from rempart.kernel.actors import Actor
from rempart.kernel.errors import NotFound
from rempart.kernel.models import RoleGrant, User
from rempart.kernel.permissions import ROLE_NAMES, ROLE_PERMISSIONS, Permission, Role
from rempart.kernel.time import now


def users(actor: Actor) -> QuerySet[User]:
    """The accounts that the actor manages: all of them, or those that hold nothing outside their branches."""
    scope = actor.scope(Permission.USER_MANAGE)
    if not scope:
        return User.objects.none()
    if scope.everything:
        return User.objects.all()
    held = RoleGrant.objects.filter(user=OuterRef("pk"))
    outside = held.exclude(organisation_id__in=scope.bodies)
    return User.objects.filter(Exists(held) & ~Exists(outside))


def get_user(actor: Actor, user_id: int) -> User:
    """Raises NotFound when there is no such account that the actor manages."""
    found = users(actor).filter(pk=user_id).first()
    if found is None:
        raise NotFound(_("Ce compte n’existe pas, ou vous ne le gérez pas."))
    return found


def grants_of(actor: Actor, user: User) -> QuerySet[RoleGrant]:
    """The roles of an account, past ones included, latest first."""
    get_user(actor, user.pk)
    return user.role_grants.select_related("organisation").order_by("-starts_at", "-id")


def _in_force() -> Q:
    at = now()
    return Q(starts_at__lte=at) & (Q(ends_at__isnull=True) | Q(ends_at__gt=at))


def holding(rows: QuerySet[User], role: str) -> QuerySet[User]:
    """Keeps the accounts that hold a role now."""
    return rows.filter(Exists(RoleGrant.objects.filter(_in_force(), user=OuterRef("pk"), role=role)))


def roles_by_user(user_ids: list[int]) -> dict[int, list[tuple[str, str]]]:
    """For each account, the (role, code of the organisation) that it holds now. One query."""
    result: dict[int, list[tuple[str, str]]] = {}
    rows = RoleGrant.objects.filter(_in_force(), user_id__in=user_ids).order_by("role", "id")
    for user_id, role, code in rows.values_list("user_id", "role", "organisation__code"):
        result.setdefault(user_id, []).append((role, code))
    return result


@dataclass(frozen=True)
class MatrixRow:
    """One permission, and whether each role (in the order of Role) holds it."""

    permission: Permission
    held: tuple[bool, ...]


def role_matrix() -> tuple[list[tuple[Role, Any]], list[MatrixRow]]:
    """The roles with their names, and for each permission who holds it."""
    rows = [MatrixRow(p, tuple(p in ROLE_PERMISSIONS[role] for role in Role)) for p in sorted(Permission)]
    return [(role, ROLE_NAMES[role]) for role in Role], rows
