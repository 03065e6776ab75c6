"""API tokens: shown once, narrower than their owner, ended by a date, a revocation or the owner's account."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rempart.kernel import tokens
from rempart.kernel.actors import actor_for, system
from rempart.kernel.errors import Invalid, NotFound
from rempart.kernel.models import ApiToken, RoleGrant
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.time import now
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    body = factories.organisation()
    return factories.user(Role.BODY_OFFICER, body), body


def _token(user, **more):
    values = {"name": "script", "permissions": [Permission.ASSET_READ], "days": 30, **more}
    return tokens.create_token(actor_for(user), **values)


def test_a_token_acts_with_the_rights_it_was_given_and_no_other(officer):
    user, body = officer
    _, secret = _token(user)
    found = tokens.authenticate(secret)
    actor = actor_for(*found)
    assert actor.may(Permission.ASSET_READ, body.pk)
    assert not actor.may(Permission.ASSET_WRITE, body.pk)
    assert secret not in str(ApiToken.objects.values())


def test_a_token_loses_what_its_owner_loses(officer):
    user, body = officer
    _, secret = _token(user)
    RoleGrant.objects.filter(user=user).update(ends_at=now() - timedelta(seconds=1))
    assert not actor_for(*tokens.authenticate(secret)).may(Permission.ASSET_READ, body.pk)


def test_a_token_of_a_body_sees_no_other(officer):
    user, body = officer
    other = factories.organisation("body", body.parent)
    RoleGrant.objects.create(user=user, role=Role.BODY_OFFICER, organisation=other, starts_at=now())
    _, secret = _token(user, organisation_id=other.pk)
    actor = actor_for(*tokens.authenticate(secret))
    assert actor.may(Permission.ASSET_READ, other.pk)
    assert not actor.may(Permission.ASSET_READ, body.pk)


def test_a_token_ends(officer):
    user, _ = officer
    token, secret = _token(user)
    assert tokens.authenticate(secret)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=now() - timedelta(seconds=1))
    assert tokens.authenticate(secret) is None
    token, secret = _token(user)
    tokens.revoke_token(actor_for(user), token_id=token.pk)
    assert tokens.authenticate(secret) is None
    _, secret = _token(user)
    user.is_active = False
    user.save()
    assert tokens.authenticate(secret) is None


def test_wrong_secrets_open_nothing(officer):
    for secret in ("", "rmp_", "rmp_" + "x" * 43, "y" * 500, "Bearer rmp_x"):
        assert tokens.authenticate(secret) is None


def test_no_one_gives_a_token_what_they_do_not_hold(officer):
    user, _ = officer
    with pytest.raises(Invalid) as refused:
        _token(user, permissions=[Permission.ALERT_ISSUE])
    assert refused.value.field == "permissions"
    for wrong in ({"days": 0}, {"days": 367}, {"name": " "}, {"permissions": []}):
        with pytest.raises(Invalid):
            _token(user, **wrong)


def test_a_token_makes_no_token_and_revokes_only_its_owner_s(officer):
    user, body = officer
    token, secret = _token(user)
    with pytest.raises(Invalid):
        tokens.create_token(
            actor_for(*tokens.authenticate(secret)), name="x", permissions=[Permission.ASSET_READ], days=1
        )
    with pytest.raises(Invalid):
        tokens.create_token(system("cli"), name="x", permissions=[Permission.ASSET_READ], days=1)
    stranger = factories.user(Role.BODY_OFFICER, body)
    with pytest.raises(NotFound):
        tokens.revoke_token(actor_for(stranger), token_id=token.pk)


def test_a_right_that_this_version_does_not_know_gives_nothing(officer):
    user, body = officer
    token, secret = _token(user)
    ApiToken.objects.filter(pk=token.pk).update(permissions=["asset:read", "gone:read"])
    RoleGrant.objects.create(user=user, role="gone_role", organisation=body, starts_at=now())
    assert actor_for(*tokens.authenticate(secret)).may(Permission.ASSET_READ, body.pk)
