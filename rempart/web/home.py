"""Where each role starts its day."""

from __future__ import annotations

from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Role
from rempart.organisations import queries as organisations
from rempart.web.navigation import address

# In the order in which a person who holds several roles is served.
_STARTS: tuple[tuple[frozenset[Role], str], ...] = (
    (frozenset({Role.CGCD_ANALYST, Role.CGCD_COMMANDER}), "board"),
    (frozenset({Role.COCD_ANALYST}), "centre"),
    (frozenset({Role.BODY_OFFICER, Role.ASSET_OWNER}), "inbox"),
    (frozenset({Role.AUTHORITY}), "indicators"),
    (frozenset({Role.AUDITOR}), "board"),
    (frozenset({Role.ADMINISTRATOR}), "user_list"),
)


def start_of(actor: Actor) -> str:
    """The address of the actor's first page, "" when the platform has none for them."""
    for roles, name in _STARTS:
        held = [grant for grant in actor.grants if grant.role in roles]
        if not held:
            continue
        if name == "centre":
            places = organisations.organisations(actor).filter(pk=held[0].organisation_id)
            code = places.values_list("code", flat=True).first()
            found = address("centre", code) if code else ""
        else:
            found = address(name)
        if found:
            return found
    return ""
