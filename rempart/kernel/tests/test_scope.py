"""The algebra of rights: a right covers the bodies of the grants that hold it, and nothing adds up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.kernel.actors import ANONYMOUS, EVERYTHING, NOTHING, Actor, Grant, Scope, system
from rempart.kernel.permissions import ROLE_PERMISSIONS, WITHIN_A_BODY, Permission, Role

pytestmark = pytest.mark.any_database

BODIES = st.frozensets(st.integers(1, 8), max_size=4)
SCOPES = st.builds(Scope, everything=st.booleans(), bodies=BODIES)
GRANTS = st.lists(
    st.builds(Grant, st.sampled_from(list(Role)), st.integers(1, 9), SCOPES, of_body=st.booleans()),
    max_size=5,
)
PERMISSIONS = st.sampled_from(list(Permission))


def _held(grant: Grant, permission: Permission, body: int) -> bool:
    private = permission in WITHIN_A_BODY  # a body's own telemetry: no role above bodies reads it
    return (
        permission in ROLE_PERMISSIONS[grant.role] and body in grant.scope and (grant.of_body or not private)
    )


@given(grants=GRANTS, permission=PERMISSIONS, body=st.integers(1, 9))
def test_a_right_holds_in_a_body_only_by_one_grant_that_gives_it_there(grants, permission, body):
    actor = Actor(1, "a", grants=tuple(grants))
    assert actor.may(permission, body) == any(_held(grant, permission, body) for grant in grants)


@given(one=GRANTS, other=GRANTS, permission=PERMISSIONS, body=st.integers(1, 9))
def test_holding_more_gives_no_more_than_each_part(one, other, permission, body):
    both = Actor(1, "a", grants=(*one, *other)).may(permission, body)
    apart = Actor(1, "a", grants=tuple(one)).may(permission, body) or Actor(1, "a", grants=tuple(other)).may(
        permission, body
    )
    assert both == apart


@given(
    grants=GRANTS,
    permission=PERMISSIONS,
    body=st.integers(1, 9),
    rights=st.frozensets(PERMISSIONS),
    limit=BODIES,
)
def test_a_token_is_never_wider_than_its_owner_nor_than_its_limits(grants, permission, body, rights, limit):
    owner = Actor(1, "a", grants=tuple(grants))
    token = Actor(1, "a", kind="token", grants=tuple(grants), limited_to=rights, limited_bodies=limit)
    expected = owner.may(permission, body) and permission in rights and body in limit
    assert token.may(permission, body) == expected
    assert not token.scope(permission).everything


@given(permission=PERMISSIONS)
def test_strangers_hold_nothing_and_the_platform_everything(permission):
    assert ANONYMOUS.scope(permission) == NOTHING
    assert system("test").scope(permission) == EVERYTHING


def test_rights_of_two_bodies_never_add_up():
    """An auditor of one body, asset owner of another: reads the audit of the first only."""
    actor = Actor(
        1,
        "a",
        grants=(
            Grant(Role.AUDITOR, 1, Scope(bodies=frozenset({1}))),
            Grant(Role.ASSET_OWNER, 2, Scope(bodies=frozenset({2}))),
        ),
    )
    assert actor.may(Permission.AUDIT_READ, 1)
    assert not actor.may(Permission.AUDIT_READ, 2)
    assert actor.may(Permission.ALERT_RESPOND, 2)
    assert not actor.may(Permission.ALERT_RESPOND, 1)


def test_an_administrator_sees_no_operational_data_and_an_auditor_writes_nothing():
    reading = {
        "asset:read",
        "exposure:read",
        "alert:read",
        "indicator:read",
        "intelligence:read",
        "audit:read",
    }
    assert not reading & {str(p) for p in ROLE_PERMISSIONS[Role.ADMINISTRATOR]}
    assert all(str(p).endswith(":read") for p in ROLE_PERMISSIONS[Role.AUDITOR])
    assert all(str(p).endswith(":read") for p in ROLE_PERMISSIONS[Role.AUTHORITY])
