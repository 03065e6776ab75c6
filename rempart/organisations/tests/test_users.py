"""Accounts: whoever manages them serves others, within their branch, and never themselves."""

from __future__ import annotations

import pytest
from django.core import mail

from rempart.kernel.actors import NotPermitted, actor_for
from rempart.kernel.errors import Conflict, Invalid, NotFound
from rempart.kernel.models import AuditEntry, RoleGrant
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.worker import Worker
from rempart.organisations import commands, queries
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def places():
    body = factories.organisation()
    root = body.parent.parent.parent
    return root, body, factories.organisation("body", factories.organisation("cocd", body.parent.parent))


def test_an_account_opens_with_an_invitation_and_nothing_else(places):
    root, _, _ = places
    admin = factories.actor(Role.ADMINISTRATOR, root)
    user = commands.create_user(admin, email="Anne@Exemple.TEST", name="Anne  X", invite=True)
    assert (user.email, user.name, user.has_usable_password()) == ("anne@exemple.test", "Anne X", False)
    Worker().drain()
    (message,) = mail.outbox
    assert message.to == ["anne@exemple.test"]
    assert "/account/password/reset/key/" in message.body
    assert actor_for(user).roles == frozenset()
    with pytest.raises(Conflict):
        commands.create_user(admin, email="anne@exemple.test", name="Y")
    with pytest.raises(Invalid):
        commands.create_user(admin, email="b@exemple.test", name="Y", password="court")


def test_no_one_grants_themselves_and_a_branch_manager_stays_in_the_branch(places):
    root, body, other = places
    me = factories.user(Role.ADMINISTRATOR, body.parent)
    them = factories.user()
    actor = actor_for(me)
    with pytest.raises(NotPermitted):
        commands.grant_role(actor, user_id=me.pk, role=Role.CGCD_COMMANDER, organisation_code=body.code)
    for code in (other.code, root.code):
        with pytest.raises(NotFound):
            commands.grant_role(actor, user_id=them.pk, role=Role.BODY_OFFICER, organisation_code=code)
    with pytest.raises(NotPermitted):
        commands.grant_role(actor, user_id=them.pk, role=Role.ADMINISTRATOR, organisation_code=body.code)
    commands.grant_role(actor, user_id=them.pk, role=Role.BODY_OFFICER, organisation_code=body.code)
    assert actor_for(them).may(Permission.ASSET_WRITE, body.pk)
    assert not actor_for(them).may(Permission.ASSET_WRITE, other.pk)
    assert list(queries.users(actor).values_list("pk", flat=True).order_by("pk")) == sorted([me.pk, them.pk])


def test_a_role_taken_back_ends_at_once_and_stays_in_the_history(places):
    root, body, _ = places
    admin = factories.actor(Role.ADMINISTRATOR, root)
    them = factories.user(Role.BODY_OFFICER, body)
    grant = RoleGrant.objects.get(user=them)
    commands.revoke_role(admin, grant_id=grant.pk, reason="départ")
    assert not actor_for(them).may(Permission.ASSET_WRITE, body.pk)
    assert list(queries.grants_of(admin, them)) == [grant]
    assert AuditEntry.objects.order_by("seq").last().reason == "départ"
    with pytest.raises(NotFound):
        commands.revoke_role(admin, grant_id=grant.pk)


def test_the_last_administrator_keeps_the_role(places):
    root, _, _ = places
    me = factories.user(Role.ADMINISTRATOR, root)
    with pytest.raises(Conflict):
        commands.revoke_role(actor_for(me), grant_id=RoleGrant.objects.get(user=me).pk)


def test_a_closed_account_holds_nothing(places):
    root, body, _ = places
    admin = factories.actor(Role.ADMINISTRATOR, root)
    them = factories.user(Role.BODY_OFFICER, body)
    commands.set_active(admin, user_id=them.pk, active=False)
    them.refresh_from_db()
    assert not actor_for(them).may(Permission.ASSET_READ)
    with pytest.raises(NotPermitted):
        commands.set_active(admin, user_id=admin.user_id, active=False)


def test_other_roles_manage_no_account(places):
    root, _, _ = places
    for role in set(Role) - {Role.ADMINISTRATOR}:
        actor = factories.actor(role, root)
        assert not queries.users(actor).exists()
        with pytest.raises(NotPermitted):
            commands.create_user(actor, email="x@exemple.test", name="X")
