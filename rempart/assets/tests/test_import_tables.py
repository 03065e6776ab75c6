"""Table inventories: previewed, applied whole, applied again without effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from rempart.assets import commands
from rempart.assets.models import Asset, Dependency, Install, InventoryImport
from rempart.kernel.actors import system
from rempart.kernel.errors import Conflict, Invalid
from rempart.kernel.models import OutboxEvent
from tests import factories

pytestmark = pytest.mark.django_db

HEADER = (
    "Identifiant;Nom de l’actif;Type;Service;Dépend de;C;I;D;Exposé à internet;Éditeur;Logiciel;Version\n"
)
ROWS = [
    "srv-1;Serveur web;serveur;Portail citoyen;srv-2;3;3;4;oui;Apache;httpd;2.4.57",
    "srv-1;Serveur web;serveur;Portail citoyen;srv-2;3;3;4;oui;OpenSSL;openssl;3.0.2",
    "srv-2;Base de données;serveur;;;4;4;4;non;PostgreSQL;postgresql;15.3",
]


def table(tmp_path: Path, rows: list[str], header: str = HEADER) -> Path:
    path = tmp_path / "inventaire.csv"
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def preview(actor, body, path, **options):
    return commands.preview_inventory(actor, body_id=body.id, path=path, file_name=path.name, **options)


def test_a_preview_says_what_would_change_and_changes_nothing(tmp_path, body, officer):
    previewed = preview(officer, body, table(tmp_path, ROWS))
    assert previewed.state == "previewed"
    assert previewed.rows == 3
    assert previewed.error_count == 0
    assert previewed.summary["assets"]["appeared"] == 3  # two servers and the service they name
    assert previewed.summary["installs"]["appeared"] == 3
    assert previewed.summary["dependencies"]["appeared"] == 2
    assert not Asset.objects.exists()


def test_an_import_applies_assets_software_dependencies_and_criticality(tmp_path, body, officer):
    factories.asset(body, key="portail", kind="service", name_fr="Portail citoyen", own_criticality=4)
    applied = commands.apply_import(officer, import_id=preview(officer, body, table(tmp_path, ROWS)).id)
    assert applied.state == "applied"
    web = Asset.objects.get(body=body, key="srv-1")
    assert (web.name_fr, web.kind, web.network_exposure, web.availability) == (
        "Serveur web",
        "server",
        "internet",
        4,
    )
    assert web.categorised_at is not None
    assert web.search_text == "srv-1 serveur web"
    assert sorted(web.installs.values_list("component__product", flat=True)) == ["httpd", "openssl"]
    assert set(Dependency.objects.values_list("dependent__key", "dependency__key")) == {
        ("portail", "srv-1"),
        ("srv-1", "srv-2"),
    }
    base = Asset.objects.get(body=body, key="srv-2")
    assert (base.criticality, base.criticality_source.key, base.criticality_via.key) == (
        4,
        "portail",
        "srv-1",
    )
    kinds = list(OutboxEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["assets.inventory_changed", "assets.criticality_changed"]


def test_the_same_file_again_changes_nothing(tmp_path, body, officer):
    path = table(tmp_path, ROWS)
    commands.apply_import(officer, import_id=preview(officer, body, path).id)
    before = list(Install.objects.order_by("id").values_list("id", "first_seen_at", "removed_at"))
    again = commands.apply_import(officer, import_id=preview(officer, body, path).id)
    assert again.summary["assets"] == {
        "appeared": 0,
        "changed": 0,
        "revived": 0,
        "disappeared": 0,
        "unchanged": 3,
    }
    assert again.summary["installs"] == {"appeared": 0, "revived": 0, "disappeared": 0, "unchanged": 3}
    assert again.summary["dependencies"] == {"appeared": 0, "disappeared": 0, "unchanged": 2}
    assert list(Install.objects.order_by("id").values_list("id", "first_seen_at", "removed_at")) == before


def test_what_a_complete_inventory_no_longer_shows_is_removed_and_revived_when_seen_again(
    tmp_path, body, officer
):
    commands.apply_import(officer, import_id=preview(officer, body, table(tmp_path, ROWS)).id)
    less = commands.apply_import(officer, import_id=preview(officer, body, table(tmp_path, ROWS[:1])).id)
    # srv-2 is named as a dependency, but is not stated any more.
    assert less.summary["assets"]["disappeared"] == 1
    assert less.summary["installs"]["disappeared"] == 2
    removed = Install.objects.get(component__product="openssl")
    assert removed.removed_at == less.observed_at
    assert removed.last_import_id == less.id
    assert Asset.objects.get(key="srv-2").retired_at == less.observed_at
    more = commands.apply_import(officer, import_id=preview(officer, body, table(tmp_path, ROWS)).id)
    assert more.summary["assets"]["revived"] == 1
    assert more.summary["installs"]["revived"] == 2
    assert not Install.objects.filter(removed_at__isnull=False).exists()
    assert not Asset.objects.filter(retired_at__isnull=False).exists()


def test_other_sources_and_partial_inventories_remove_nothing(tmp_path, body, officer):
    commands.apply_import(officer, import_id=preview(officer, body, table(tmp_path, ROWS)).id)
    other = preview(officer, body, table(tmp_path, ROWS[:1]), source="scanneur")
    commands.apply_import(officer, import_id=other.id)
    partial = preview(officer, body, table(tmp_path, ROWS[2:]), complete=False)
    commands.apply_import(officer, import_id=partial.id)
    assert not Install.objects.filter(removed_at__isnull=False).exists()
    assert Install.objects.filter(source="scanneur").count() == 1


def test_rows_with_errors_import_nothing_and_say_where(tmp_path, body, officer):
    rows = [
        *ROWS,
        "srv-3;Autre;vaisseau;;;9;;;;;;",
        "srv-4;Autre;serveur;;inconnu;;;;peut-être;;;",
        "srv-2;Un autre nom;serveur;;;;;;;;;",
        ";;;;;;;;;;;1",
        "srv-5;Boucle;serveur;;srv-5;;;;;;;",
    ]
    previewed = preview(officer, body, table(tmp_path, rows))
    found = {(error["where"], error["field"], error["code"]) for error in previewed.errors}
    assert found == {
        ("5", "Type", "bad_kind"),
        ("5", "C", "bad_level"),
        ("6", "Exposé à internet", "bad_exposure"),
        ("6", "Dépend de", "unknown_dependency"),
        ("7", "Nom de l’actif", "conflict"),
        ("8", "Identifiant", "missing"),
        ("9", "Dépend de", "self_dependency"),
    }
    with pytest.raises(Invalid) as refused:
        commands.apply_import(officer, import_id=previewed.id)
    assert refused.value.code == "rows_refused"
    assert not Asset.objects.exists()
    assert InventoryImport.objects.get().state == "previewed"


def test_an_older_inventory_of_the_same_source_is_refused(tmp_path, body, officer):
    old = preview(officer, body, table(tmp_path, ROWS[:1]))
    new = preview(officer, body, table(tmp_path, ROWS))
    commands.apply_import(officer, import_id=new.id)
    with pytest.raises(Conflict) as refused:
        commands.apply_import(officer, import_id=old.id)
    assert refused.value.code == "older"
    assert Install.objects.filter(removed_at__isnull=True).count() == 3


def test_a_listing_without_headers_about_one_asset_is_refused_and_removes_nothing(body, tmp_path):
    asset = factories.asset(body, key="poste-7")
    factories.install(asset, factories.component(product="openssl"))
    listing = tmp_path / "logiciels.txt"
    listing.write_text("OpenSSL\t1.1.1n\nbash\t5.1\n")
    found = commands.preview_inventory(
        system("test"), body_id=body.pk, path=listing, file_name=listing.name, asset_key="poste-7"
    )
    assert [(error["field"], error["code"]) for error in found.errors] == [("product", "unmapped_software")]
    assert Install.objects.filter(asset=asset, removed_at__isnull=True).count() == 1


def test_a_system_and_its_version_in_columns_of_their_own_are_one_software(body, tmp_path):
    table = tmp_path / "glpi.csv"
    table.write_text(
        '"Nom";"Système d\'exploitation - Nom";"Système d\'exploitation - Version";\n'
        '"SRV-1";"Debian GNU/Linux";"11 (bullseye)";\n',
        encoding="utf-8-sig",
    )
    found = commands.preview_inventory(system("test"), body_id=body.pk, path=table, file_name=table.name)
    assert not found.errors
    commands.apply_import(system("test"), import_id=found.pk)
    installed = Install.objects.get(asset__body=body).component
    assert (installed.product, installed.version) == ("Debian GNU/Linux", "11")
