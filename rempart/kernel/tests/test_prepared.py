"""What is written once gives what the ORM gives, to each within their own scope."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Count, F

from rempart.assets.models import Asset
from rempart.kernel.models import RoleGrant, User
from rempart.kernel.permissions import Permission, Role
from rempart.kernel.prepared import Prepared, PreparedWithin
from rempart.kernel.time import now
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def assets():
    return [factories.asset(factories.organisation("body")) for _ in range(3)]


def test_instances_hold_their_related_ones_what_was_annotated_and_what_was_left_out(assets):
    def held(key, *, after):
        rows = Asset.objects.filter(key=key, last_seen_at__gt=after).select_related("body__parent", "owner")
        return rows.annotate(grade=F("criticality") + 1).only(
            "key", "name_fr", "body__code", "body__parent__code", "owner__name"
        )

    prepared = Prepared(lambda key, after: held(key, after=after))
    for asset in assets:
        before = now() - timedelta(days=400)
        (plain,) = held(asset.key, after=before)
        found = prepared.first(key=asset.key, after=before)
        assert found == plain
        assert (found.grade, found.owner) == (plain.grade, plain.owner)
        assert found.body.parent == asset.body.parent
        assert found.get_deferred_fields() == plain.get_deferred_fields()
        assert found.last_seen_at == plain.last_seen_at  # left out, read when asked for
        assert prepared.rows(key=asset.key, after=now() + timedelta(days=1)) == []
    assert prepared.first(key="' OR 1=1 --", after=now()) is None


def test_tuples_hold_values_in_python_types(assets):
    user = factories.actor(Role.BODY_OFFICER, assets[0].body).user_id
    prepared = Prepared(lambda user: RoleGrant.objects.filter(user=user).values_list("role", "starts_at"))
    assert prepared.rows(user=user) == list(
        RoleGrant.objects.filter(user=user).values_list("role", "starts_at")
    )
    assert prepared.rows(user=user)[0][1].tzinfo is not None


def test_a_list_of_ids_is_as_long_as_wished(assets):
    prepared = Prepared(lambda ids: Asset.objects.filter(pk__in=ids).order_by("pk"))
    assert prepared.rows(ids=[asset.pk for asset in assets[:2]]) == assets[:2]
    assert prepared.rows(ids=[]) == []
    assert prepared.rows(ids=[*range(1_000_000, 1_003_000), assets[2].pk]) == [assets[2]]
    with pytest.raises(ValueError, match="invalid literal"):
        prepared.rows(ids=["1) OR (1=1"])


def test_each_sees_within_their_own_scope_whoever_asked_before(assets):
    counted = PreparedWithin(
        (Permission.ASSET_READ,),
        lambda actor, kind: (
            Asset.objects.visible_to(actor, Permission.ASSET_READ)
            .filter(kind=kind)
            .values_list("body")
            .annotate(Count("id"))
        ),
    )
    root = assets[0].body.parent.parent.parent
    everyone = factories.actor(Role.CGCD_ANALYST, root)
    officers = [factories.actor(Role.BODY_OFFICER, asset.body) for asset in assets]
    nobody = factories.actor(Role.AUTHORITY, root)
    for actor, bodies in [(everyone, assets), *zip(officers, ([one] for one in assets), strict=True)] * 2:
        found = dict(counted.rows(actor, kind=assets[0].kind))
        assert {asset.body_id for asset in bodies} <= set(found)
        assert actor is everyone or len(found) == 1
    assert counted.rows(nobody, kind=assets[0].kind) == []


def test_what_it_is_written_for_may_not_depend_on_another_right(assets):
    asking = PreparedWithin(
        (Permission.ASSET_READ,), lambda actor: Asset.objects.visible_to(actor, Permission.EXPOSURE_READ)
    )
    with pytest.raises(KeyError):
        asking.rows(factories.actor(Role.BODY_OFFICER, assets[0].body))


def test_a_row_changed_since_is_read_as_it_is(assets):
    prepared = Prepared(lambda pk: User.objects.filter(pk=pk))
    user = User.objects.get(pk=factories.actor(Role.BODY_OFFICER, assets[0].body).user_id)
    assert prepared.first(pk=user.pk).name == user.name
    User.objects.filter(pk=user.pk).update(name="Autre")
    assert prepared.first(pk=user.pk).name == "Autre"
