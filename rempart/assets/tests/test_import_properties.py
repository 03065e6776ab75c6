"""Whatever the inventories: twice is once, and the last complete one is what remains."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from rempart.assets import commands
from rempart.assets.models import Asset, Dependency, Install
from rempart.kernel.permissions import Role
from rempart.kernel.time import now
from tests import factories

KEYS = st.sampled_from(["a", "b", "c", "Portail"])
COMPONENTS = st.fixed_dictionaries(
    {"product": st.sampled_from(["openssl", "httpd", "curl"]), "version": st.sampled_from(["1.0", "2.0", ""])}
)
ASSETS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["serveur", "poste", "service"]),
        "criticality": st.integers(1, 4),
        "components": st.lists(COMPONENTS, max_size=3),
        "depends_on": st.lists(KEYS, max_size=2),
    }
)
INVENTORIES = st.dictionaries(KEYS, ASSETS, max_size=4)


def stated(inventory):
    """Only dependencies on other assets of the same inventory: the rest is refused."""
    return [
        {
            "key": key,
            "name": key,
            **asset,
            "depends_on": sorted({each for each in asset["depends_on"] if each != key and each in inventory}),
        }
        for key, asset in inventory.items()
    ]


def state(body):
    """What a body has, moments and ids aside; of two assets as critical, either may be the one that lends."""
    live = Asset.objects.filter(body=body, retired_at__isnull=True)
    levels = ("key", "kind", "own_criticality", "criticality", "criticality_source__own_criticality")
    return (
        set(live.values_list(*levels)),
        set(
            Install.objects.filter(body=body, removed_at__isnull=True).values_list(
                "asset__key", "component__product", "component__version"
            )
        ),
        set(Dependency.objects.filter(body=body).values_list("dependent__key", "dependency__key")),
    )


@pytest.mark.django_db
class TestImports(TestCase):
    def apply(self, body, inventory, minutes=0):
        return commands.upsert_inventory(
            factories.actor(Role.BODY_OFFICER, body),
            body_id=body.id,
            source="cmdb",
            assets=stated(inventory),
            complete=True,
            observed_at=now() - timedelta(days=1) + timedelta(minutes=minutes),
        )

    @given(INVENTORIES)
    @hypothesis_settings(max_examples=15, deadline=None)
    def test_importing_twice_is_importing_once(self, inventory):
        body = factories.organisation()
        self.apply(body, inventory)
        once = state(body)
        again = self.apply(body, inventory, 1)
        assert state(body) == once
        for part in ("assets", "installs", "dependencies"):
            assert not any(count for kind, count in again.summary[part].items() if kind != "unchanged")

    @given(INVENTORIES, INVENTORIES)
    @hypothesis_settings(max_examples=25, deadline=None)
    def test_the_last_complete_inventory_is_what_remains(self, first, second):
        one, other = factories.organisation(), factories.organisation()
        self.apply(one, first)
        self.apply(one, second, 1)
        self.apply(other, second)
        assert state(one) == state(other)
