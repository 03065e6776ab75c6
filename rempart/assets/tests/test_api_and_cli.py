"""Inventories from programs and from the command line."""

from __future__ import annotations

import json

import pytest
import typer
from django.test import Client
from typer.testing import CliRunner

from rempart.assets import cli, jobs
from rempart.assets.commands import imports
from rempart.assets.models import Asset, Install, InventoryImport
from rempart.kernel import worker
from tests import factories

pytestmark = pytest.mark.django_db

INVENTORY = {
    "source": "agent",
    "complete": True,
    "assets": [
        {
            "key": "srv-1",
            "name": "Serveur",
            "kind": "server",
            "components": [{"product": "openssl", "version": "3"}],
        },
        {"key": "srv-2", "depends_on": ["srv-1"], "essential": True, "rto_hours": 4, "kind": "service"},
    ],
}


@pytest.fixture
def api(body):
    person = factories.officer(body)
    client = Client()
    client.force_login(person.user)
    return client


def send(api, body, content, **headers):
    return api.post(
        "/api/v1/assets/inventory",
        json.dumps({"body": body.code, **content}),
        content_type="application/json",
        headers=headers,
    )


def test_an_inventory_is_applied_and_read_back(api, body):
    answer = send(api, body, INVENTORY)
    assert answer.status_code == 200, answer.content
    assert answer.json()["assets"]["appeared"] == 2
    state = api.get(f"/api/v1/assets/inventory/{answer.json()['id']}").json()
    assert state["state"] == "applied"
    listed = api.get("/api/v1/assets/?size=1").json()
    assert (listed["total"], len(listed["items"])) == (2, 1)
    one = api.get(f"/api/v1/assets/{body.code}/srv-1").json()
    assert [install["product"] for install in one["installs"]] == ["openssl"]
    assert [found["key"] for found in api.get("/api/v1/assets/search?q=openssl").json()] == ["srv-1"]


def test_the_same_request_with_its_key_is_applied_once(api, body):
    first = send(api, body, INVENTORY, idempotency_key="abc")
    again = send(api, body, INVENTORY, idempotency_key="abc")
    assert first.json()["id"] == again.json()["id"]
    assert again["Idempotency-Replayed"] == "true"
    assert InventoryImport.objects.count() == 1
    assert send(api, body, {**INVENTORY, "source": "autre"}, idempotency_key="abc").status_code == 422


def test_errors_name_the_place_and_nothing_is_applied(api, body):
    bad = {
        "source": "agent",
        "assets": [{"key": "a"}, {"key": "b", "kind": "vaisseau", "owner": "x@exemple.test"}],
    }
    answer = send(api, body, bad)
    assert answer.status_code == 422
    found = {(each["where"], each["field"], each["code"]) for each in answer.json()["values"]["errors"]}
    assert found == {("assets[1]", "kind", "bad_kind"), ("assets[1]", "owner", "unknown_owner")}
    assert not Asset.objects.exists()


def test_another_body_is_not_found(api):
    assert send(api, factories.organisation(), INVENTORY).status_code == 404


def test_a_file_is_sent_and_a_large_one_applied_by_a_job(api, body, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "APPLIED_AT_ONCE", 1)
    path = tmp_path / "a.csv"
    path.write_text("id;name;product;version\na;A;openssl;1\nb;B;curl;2\n", encoding="utf-8")
    with path.open("rb") as stream:
        answer = api.post(
            "/api/v1/assets/inventory/files", {"body": body.code, "file": stream, "apply": "true"}
        )
    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "previewed"
    assert answer.json()["progress"]["state"] == "READY"
    worker.Worker().drain()
    state = api.get(f"/api/v1/assets/inventory/{answer.json()['id']}").json()
    assert (state["state"], state["progress"]["state"]) == ("applied", "SUCCESSFUL")
    assert Install.objects.count() == 2


def test_columns_are_named_through_the_api_and_those_left_out_show(api, body, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Poste;Titre installé;Ver.\npc-1;openssl;3.0.1\n", encoding="utf-8")

    def send(**form: str):
        with path.open("rb") as stream:
            return api.post("/api/v1/assets/inventory/files", {"body": body.code, "file": stream, **form})

    guessed = send().json()
    assert guessed["installs"]["appeared"] == 0
    assert set(guessed["headers"]) - set(guessed["mapping"].values()) == {"Titre installé"}
    named = json.dumps({"asset_name": "Poste", "product": "Titre installé", "version": "Ver."})
    applied = send(mapping=named, apply="true").json()
    assert (applied["state"], applied["installs"]["appeared"]) == ("applied", 1)
    assert send().json()["mapping"]["product"] == "Titre installé"
    refused = send(mapping='["Poste"]')
    assert (refused.status_code, refused.json()["field"]) == (422, "mapping")


def test_a_job_that_may_not_apply_keeps_why(api, body, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;name\na;A\n", encoding="utf-8")
    with path.open("rb") as stream:
        sent = api.post("/api/v1/assets/inventory/files", {"body": body.code, "file": stream}).json()
    found = InventoryImport.objects.get(id=sent["id"])
    with open(found.file_path, "w", encoding="utf-8") as spooled:  # noqa: PTH123
        spooled.write("autre;chose\n1;2\n")
    outcome = jobs.apply_inventory.func(found.id, found.created_by_id, 1)
    assert outcome == {"state": "refused", "code": "file_gone"}
    found.refresh_from_db()
    assert (found.state, found.error_count) == ("refused", 1)


@pytest.fixture
def run():
    app = typer.Typer()
    cli.install(app)
    app.command("other")(lambda: None)
    return lambda *arguments: CliRunner().invoke(app, ["import", *map(str, arguments)])


def test_the_command_line_imports_a_folder_and_says_what_changed(run, body, tmp_path):
    (tmp_path / "a.csv").write_text("id;name;product;version\na;A;openssl;1\n", encoding="utf-8")
    (tmp_path / "b.json").write_text(
        json.dumps(
            {"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"component": {"name": "portail"}}}
        ),
        encoding="utf-8",
    )
    dry = run(tmp_path / "a.csv", "--body", body.code, "--dry-run", "--json")
    assert dry.exit_code == 0, dry.output
    assert json.loads(dry.stdout)["state"] == "dry_run"
    assert not Asset.objects.exists()
    done = run(tmp_path, "--body", body.code, "--json")
    assert done.exit_code == 0, done.output
    assert [each["state"] for each in json.loads(done.stdout)] == ["applied", "applied"]
    assert set(Asset.objects.values_list("key", flat=True)) == {"a", "portail"}
    again = run(tmp_path / "a.csv", "--body", body.code)
    assert "a.csv: applied" in again.output


def test_the_command_line_refuses_with_the_row(run, body, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;name;type\na;A;vaisseau\n", encoding="utf-8")
    refused = run(path, "--body", body.code)
    assert refused.exit_code == 1
    assert "vaisseau" in refused.output
    (tmp_path / "b.csv").write_text("id;nom;Couleur\nb;B;rouge\n", encoding="utf-8")
    told = run(tmp_path / "b.csv", "--body", body.code, "--dry-run").output
    assert "id → " in told
    assert "non lues" in told
    assert "Couleur" in told
    assert run(path, "--body", "inconnu").exit_code == 1
    mapped = run(path, "--body", body.code, "--mapping", '{"asset_id": "id", "kind": "absent"}', "--json")
    assert json.loads(mapped.stdout)["errors"][0]["code"] == "unknown_column"
    assert not Asset.objects.exists()
