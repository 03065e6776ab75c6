"""Pages of assets: who sees what, and hostile text shown as text."""

from __future__ import annotations

import pytest
from django.urls import reverse

from rempart.assets import commands
from rempart.assets.models import Asset, InventoryImport
from rempart.kernel.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def officer(client, body):
    person = factories.officer(body)
    client.force_login(person.user)
    return client


def test_every_page_of_an_officer_shows_hostile_text_as_text(officer, body):
    service = factories.asset(
        body, kind="service", key="s", name_fr=HOSTILE, own_criticality=4, essential=True
    )
    server = factories.asset(body, key=f"k/{HOSTILE}", name_fr="=HYPERLINK(1)", description=HOSTILE)
    factories.install(server, factories.component(product=HOSTILE, version="1"))
    commands.add_dependency(
        factories.actor(Role.BODY_OFFICER, body), dependent_id=service.id, dependency_id=server.id
    )
    pages = [
        reverse("asset_list"),
        reverse("asset_list")
        + "?q=script&stale=no&categorised=no&criticality=4&owner=-&location=-&jurisdiction=x",
        reverse("service_list"),
        reverse("asset", args=[body.code, server.key]),
        reverse("asset", args=[body.code, "s"]),
        reverse("asset_search") + "?q=script",
        reverse("asset_new"),
        reverse("asset_edit", args=[server.id]),
        reverse("asset_categorise", args=[server.id]),
        reverse("location_list"),
        reverse("import_list"),
        reverse("import_new"),
    ]
    for address in pages:
        answer = officer.get(address)
        assert answer.status_code == 200, address
        assert HOSTILE not in answer.content.decode(), address
    page = officer.get(reverse("asset", args=[body.code, server.key])).content.decode()
    assert "Criticité 4" in page
    assert "<svg" in page


def test_exports_neutralise_formulas(officer, body):
    factories.asset(body, name_fr="=HYPERLINK(1)", kind="service")
    for name in ("asset_list", "service_list"):
        text = b"".join(officer.get(reverse(name) + "?format=csv").streaming_content).decode("utf-8-sig")
        assert "'=HYPERLINK(1)" in text
        assert officer.get(reverse(name) + "?format=xlsx").status_code == 200
    assert officer.get(reverse("import_list") + "?format=csv").status_code == 200


def test_the_wizard_goes_from_file_to_result(officer, body, tmp_path):
    path = tmp_path / "parc.csv"
    path.write_text(f"Truc;Nom;Logiciel;Version\na-1;{HOSTILE};openssl;3.0\n", encoding="utf-8")
    with path.open("rb") as stream:
        answer = officer.post(reverse("import_new"), {"body_id": body.id, "file": stream, "source": "parc"})
    assert answer.status_code == 302, answer.content.decode()
    page = officer.get(answer.url).content.decode()
    assert HOSTILE not in page
    assert "apparaissent" in page
    first = InventoryImport.objects.get()
    answer = officer.post(
        reverse("import_map", args=[first.id]),
        {
            "column-asset_id": "Truc",
            "column-asset_name": "Nom",
            "column-product": "Logiciel",
            "column-version": "Version",
        },
    )
    first.refresh_from_db()
    assert first.state == "discarded"
    again = InventoryImport.objects.exclude(id=first.id).get()
    assert answer.url == reverse("import_detail", args=[again.id])
    officer.post(reverse("import_apply", args=[again.id]))
    page = officer.get(answer.url).content.decode()
    assert "Appliqué en entier" in page
    assert Asset.objects.get().key == "a-1"
    assert officer.get(reverse("import_list")).status_code == 200


def test_a_refused_row_is_shown_and_cannot_be_applied(officer, body, tmp_path):
    path = tmp_path / "parc.csv"
    path.write_text("Identifiant;Nom;Type\na-1;A;vaisseau\n", encoding="utf-8")
    with path.open("rb") as stream:
        answer = officer.post(reverse("import_new"), {"body_id": body.id, "file": stream})
    page = officer.get(answer.url).content.decode()
    assert "vaisseau" in page
    found = InventoryImport.objects.get()
    assert reverse("import_apply", args=[found.id]) not in page
    officer.post(reverse("import_apply", args=[found.id]))
    assert not Asset.objects.exists()
    errors = b"".join(
        officer.get(reverse("import_errors", args=[found.id]) + "?format=csv").streaming_content
    )
    assert "vaisseau" in errors.decode("utf-8-sig")
    officer.post(reverse("import_discard", args=[found.id]))
    assert InventoryImport.objects.get().state == "discarded"


def test_categorising_needs_a_reason_and_outlives_inventories(officer, body):
    server = factories.asset(body, key="srv")
    address = reverse("asset_categorise", args=[server.id])
    levels = {"availability": 4, "integrity": 3, "confidentiality": 2, "own_criticality": 3}
    assert officer.post(address, {**levels, "reason": " "}).status_code == 200
    assert officer.post(address, {**levels, "reason": "Registre d’état civil."}).status_code == 302
    commands.upsert_inventory(
        factories.actor(Role.BODY_OFFICER, body), body_id=body.id, source="cmdb",
        assets=[{"key": "srv", "availability": 1, "kind": "poste"}],
    )  # fmt: skip
    server.refresh_from_db()
    assert (server.availability, server.criticality, server.kind) == (4, 3, "workstation")


def test_the_officer_of_a_sibling_body_is_refused(client, body):
    server = factories.asset(body, key="srv")
    previewed = commands.upsert_inventory(
        factories.actor(Role.BODY_OFFICER, body), body_id=body.id, source="cmdb", assets=[{"key": "srv"}]
    )
    client.force_login(factories.officer(factories.organisation()).user)
    for address in (
        reverse("asset", args=[body.code, "srv"]),
        reverse("asset_edit", args=[server.id]),
        reverse("asset_categorise", args=[server.id]),
        reverse("import_detail", args=[previewed.id]),
    ):
        assert client.get(address).status_code == 404, address
    assert client.post(reverse("import_discard", args=[previewed.id])).status_code == 404
    assert "<table" not in client.get(reverse("asset_search") + "?q=srv").content.decode()
    with pytest.raises(Exception, match="asset:write"):
        commands.upsert_inventory(
            factories.actor(Role.BODY_OFFICER, factories.organisation()),
            body_id=body.id, source="cmdb", assets=[{"key": "srv"}],
        )  # fmt: skip
