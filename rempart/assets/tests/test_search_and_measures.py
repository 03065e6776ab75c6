"""Search as you type, within the bodies of who asks; and the figures of inventories."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rempart.assets import commands, queries
from rempart.assets.models import Asset, Component
from rempart.assets.pages.lists import asset_listing
from rempart.kernel.actors import system
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db


def keys(found):
    return [each.asset.key for each in found]


@pytest.fixture(params=["small", "indexed"])
def _both_ways(request, monkeypatch):
    """Through the body's own rows, and through the trigram index."""
    if request.param == "indexed":
        monkeypatch.setattr(import_module("rempart.assets.queries.search"), "_FEW_BODIES", -1)


@pytest.mark.usefixtures("_both_ways")
class TestSearch:
    def test_finds_by_key_name_and_software_without_accents(self, body, officer):
        factories.asset(body, key="QC-001", name_fr="Hôpital de l’Énergie")
        web = factories.asset(body, key="web", name_fr="Site")
        factories.install(web, factories.component(vendor="Éditeur", product="OpenSSL", version="3.0.2"))
        assert keys(queries.search(officer, "qc-0")) == ["QC-001"]
        assert keys(queries.search(officer, "hopital de")) == ["QC-001"]
        (found,) = queries.search(officer, "openss")
        assert (found.asset.key, found.software) == ("web", "Éditeur OpenSSL 3.0.2")

    def test_stays_within_the_bodies_of_who_asks(self, body, officer):
        elsewhere = factories.asset(factories.organisation(), key="srv-2", name_fr="Serveur")
        factories.install(elsewhere, factories.component(product="nginx"))
        factories.asset(body, key="srv-1", name_fr="Serveur")
        assert keys(queries.search(officer, "serveur")) == ["srv-1"]
        assert queries.search(officer, "nginx") == []
        assert set(keys(queries.search(system("test"), "serveur"))) == {"srv-1", "srv-2"}

    def test_follows_changes_and_forgets_what_is_retired(self, body, officer):
        asset = factories.asset(body, key="srv-1", name_fr="Ancien nom")
        commands.edit_asset(officer, asset_id=asset.id, name_fr="Nouveau titre")
        assert queries.search(officer, "ancien") == []
        assert keys(queries.search(officer, "nouveau")) == ["srv-1"]
        commands.upsert_inventory(
            officer, body_id=body.id, source="cmdb", assets=[{"key": "srv-1", "name": "Troisième"}]
        )
        assert keys(queries.search(officer, "troisieme")) == ["srv-1"]
        Asset.objects.filter(id=asset.id).update(retired_at=asset.last_seen_at)
        assert queries.search(officer, "troisieme") == []

    @pytest.mark.parametrize(
        "text", ["", "a", '"', '""" OR *', "%", "_", "100%_\\", "NEAR(", "\x00ab", "x" * 5000]
    )
    def test_takes_any_text(self, body, officer, text):
        factories.asset(body)
        assert queries.search(officer, text) == []
        assert list(queries.containing(queries.assets(officer), text or "zzz")) in (
            [],
            list(queries.assets(officer)),
        )


def test_the_exact_key_comes_first(body, officer):
    for key in ("srv-10", "srv-1", "srv-100"):
        factories.asset(body, key=key, name_fr="x")
    assert keys(queries.search(officer, "srv-1"))[0] == "srv-1"


def test_measures_count_live_assets_in_three_queries(body, officer):
    place = commands.save_location(officer, body_id=body.id, code="QC", name_fr="Québec")
    owner = factories.officer(body)
    commands.upsert_inventory(
        officer,
        body_id=body.id,
        source="cmdb",
        assets=[
            {
                "key": "a",
                "location": "quebec",
                "owner": owner.email.upper(),
                "confidentiality": 2,
                "integrity": 2,
                "availability": 3,
                "components": [{"product": "x"}, {"product": "y", "version": "1"}],
            },
            {"key": "b", "confidentiality": 1},
        ],
    )
    factories.asset(factories.organisation(), retired_at=Asset.objects.first().last_seen_at)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        measures = queries.inventory_measures()
    assert len(captured) == 3
    assert set(measures) == {body.id}
    found = measures[body.id]
    assert (found.assets, found.categorised, found.without_owner, found.without_location) == (2, 1, 1, 1)
    assert (found.installs, found.installs_without_version) == (2, 1)
    assert found.last_inventory_at == queries.imports(officer).get().observed_at
    assert Asset.objects.get(key="a").location == place
    assert queries.inventory_measures([]) == {}


def test_an_auditor_reads_and_cannot_write(body):
    asset = factories.asset(body)
    auditor = factories.actor(Role.AUDITOR, body)
    assert queries.get_asset(auditor, body.code, asset.key) == asset
    with pytest.raises(Exception, match="asset:write"):
        commands.edit_asset(auditor, asset_id=asset.id, name_fr="x")


@pytest.mark.parametrize(
    ("vendor", "product", "shown"),
    [
        ("OpenSSL", "OpenSSL", "OpenSSL 3"),
        ("PHP Group", "PHP", "PHP 3"),
        ("Microsoft", "Microsoft Edge", "Microsoft Edge 3"),
        ("Go", "Google Chrome", "Go Google Chrome 3"),
        ("VMware", "spring-core", "VMware spring-core 3"),
        ("", "nginx", "nginx 3"),
    ],
)
def test_a_vendor_that_the_product_names_is_not_said_twice(vendor: str, product: str, shown: str) -> None:
    assert str(Component(vendor=vendor, product=product, version="3")) == shown


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by statistics of what is there")
def test_names_in_order_come_from_an_index(officer):
    for sort in ("name", "-name"):
        rows = asset_listing(officer).rows(queries.assets(system("test")), {"sort": sort})
        assert "asset_live_by_name" in rows[:50].explain()
