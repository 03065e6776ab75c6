"""Who acts, and over which bodies each of their rights holds: the one place where access is decided.

A right is held *in* a body, through one grant. Rights of two grants are never added together: a
permission covers exactly the bodies of the grants whose role contains it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rempart.kernel.permissions import ROLE_PERMISSIONS, WITHIN_A_BODY, Permission, Role


class NotPermitted(Exception):
    """The actor does not hold this right over this body. Rendered as 403, or 404 for a hidden row."""

    def __init__(self, permission: Permission, body_id: int | None = None) -> None:
        super().__init__(f"{permission} refused" + (f" for body {body_id}" if body_id else ""))
        self.permission = permission
        self.body_id = body_id


@dataclass(frozen=True, slots=True)
class Scope:
    """The bodies over which one right holds: all of them, or exactly these."""

    everything: bool = False
    bodies: frozenset[int] = frozenset()

    def __contains__(self, body_id: object) -> bool:
        return self.everything or body_id in self.bodies

    def __bool__(self) -> bool:
        return self.everything or bool(self.bodies)


NOTHING = Scope()
EVERYTHING = Scope(everything=True)


@dataclass(frozen=True, slots=True)
class Grant:
    """One role held over one branch of the organisations' tree, already resolved to bodies.

    ``of_body``: the branch is a body or a part of one, not a centre with bodies below it.
    """

    role: Role
    organisation_id: int
    scope: Scope
    of_body: bool = False


@dataclass(frozen=True)
class Actor:
    """A person, an API token of a person, or the platform itself. ``user_id`` is None for the platform."""

    user_id: int | None
    label: str
    kind: str = "user"  # user | token | system
    grants: tuple[Grant, ...] = ()
    # A token holds at most these rights, and only over these bodies; None: no narrower than its owner.
    limited_to: frozenset[Permission] | None = None
    limited_bodies: frozenset[int] | None = None
    token_id: int | None = None
    _scopes: dict[Permission, Scope] = field(default_factory=dict, compare=False, repr=False)

    def scope(self, permission: Permission) -> Scope:
        """The bodies over which this actor holds ``permission``."""
        known = self._scopes.get(permission)
        if known is None:
            known = self._scopes[permission] = self._resolve(permission)
        return known

    def _resolve(self, permission: Permission) -> Scope:
        if self.kind == "system":
            return EVERYTHING
        if self.limited_to is not None and permission not in self.limited_to:
            return NOTHING
        return self._together(
            grant.scope
            for grant in self.grants
            if permission in ROLE_PERMISSIONS[grant.role]
            and (grant.of_body or permission not in WITHIN_A_BODY)
        )

    @property
    def held(self) -> tuple[object, ...]:
        """What tells apart those who may see different rows, whatever the rights that the rows ask."""
        return self.kind, self.grants, self.limited_to, self.limited_bodies

    @property
    def reach(self) -> Scope:
        """The bodies over which this actor holds any right at all."""
        if self.kind == "system":
            return EVERYTHING
        held = (grant for grant in self.grants)
        if self.limited_to is not None:
            held = (grant for grant in held if not self.limited_to.isdisjoint(ROLE_PERMISSIONS[grant.role]))
        return self._together(grant.scope for grant in held)

    @property
    def own_reach(self) -> Scope:
        """The bodies whose private rows this actor has some right over."""
        if self.kind == "system":
            return EVERYTHING
        return self._together(self.scope(permission) for permission in WITHIN_A_BODY)

    def _together(self, scopes: Iterable[Scope]) -> Scope:
        """The bodies of these scopes, within those a token is limited to."""
        granted = list(scopes)
        everything = any(scope.everything for scope in granted)
        bodies: frozenset[int] = frozenset().union(*(scope.bodies for scope in granted))
        if self.limited_bodies is not None:
            return Scope(bodies=self.limited_bodies if everything else bodies & self.limited_bodies)
        return EVERYTHING if everything else Scope(bodies=bodies)

    def may(self, permission: Permission, body_id: int | None = None) -> bool:
        """Whether the right is held over this body, or over any body when none is named."""
        scope = self.scope(permission)
        return bool(scope) if body_id is None else body_id in scope

    def require(self, permission: Permission, body_id: int | None = None) -> None:
        """Raises NotPermitted unless the right is held over this body (or over any, when none is named)."""
        if not self.may(permission, body_id):
            raise NotPermitted(permission, body_id)

    def require_everywhere(self, permission: Permission) -> None:
        """Raises NotPermitted unless the right is held over the whole government."""
        if not self.scope(permission).everything:
            raise NotPermitted(permission)

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.grants)


def system(label: str) -> Actor:
    """The platform acting by itself (a feed, a reaction, a schedule); ``label`` names which part."""
    return Actor(user_id=None, label=label, kind="system")


ANONYMOUS = Actor(user_id=None, label="anonymous")

# The organisations slice knows the tree; it registers how a branch resolves to bodies.
BranchResolver = Callable[[Iterable[int]], dict[int, Scope]]
_resolver: list[BranchResolver] = []


def register_branch_resolver(resolver: BranchResolver) -> None:
    _resolver[:] = [resolver]


def actor_for(user: object, token: object | None = None) -> Actor:
    """The actor behind a signed-in user, with the grants in force now."""
    from rempart.kernel import sessions

    return sessions.actor_for(user, token, _resolver[0])
