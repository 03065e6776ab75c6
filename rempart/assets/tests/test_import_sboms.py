"""Bills of materials, the published examples among them, attached to one asset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rempart.assets import commands
from rempart.assets.models import Asset, Dependency, Install
from rempart.kernel.errors import Invalid

pytestmark = pytest.mark.django_db

EXAMPLES = Path(__file__).resolve().parents[4] / "shared" / "data" / "sbom"


def preview(officer, body, path, **options):
    return commands.preview_inventory(officer, body_id=body.id, path=path, file_name=path.name, **options)


def document(tmp_path, components, name="portail", depends_on=(), **more):
    path = tmp_path / "bom.json"
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {
            "component": {"type": "application", "name": name, "version": "1", "bom-ref": "it"},
            **more,
        },
        "components": [
            {"type": "library", "name": each, "version": "1", "bom-ref": each} for each in components
        ],
        "dependencies": [{"ref": "it", "dependsOn": list(depends_on)}],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the shared examples of bills of materials are absent")
def test_the_published_examples_are_imported(body, officer):
    files = sorted(path for path in EXAMPLES.rglob("*") if path.suffix in {".json", ".xml"})
    applied = 0
    for path in files:
        try:
            previewed = preview(officer, body, path, asset_key=f"{path.parent.name}/{path.name}"[:200])
        except Invalid as refused:
            assert refused.code  # noqa: PT017 - files that are no inventory say why
            continue
        if previewed.error_count:
            continue
        done = commands.apply_import(officer, import_id=previewed.id)
        assert Install.objects.filter(first_import=done).count() <= done.rows
        applied += 1
    assert applied > len(files) / 2
    assert Install.objects.count() > 500


def test_an_unknown_subject_becomes_an_asset_and_is_software_on_it(tmp_path, body, officer):
    applied = commands.apply_import(
        officer, import_id=preview(officer, body, document(tmp_path, ["x", "y"])).id
    )
    asset = Asset.objects.get()
    assert (asset.key, asset.kind, applied.asset_id, applied.source) == (
        "portail",
        "application",
        asset.id,
        "sbom:portail",
    )
    assert set(asset.installs.values_list("component__product", flat=True)) == {"portail", "x", "y"}


def test_one_asset_says_nothing_of_another_even_under_one_source(tmp_path, body, officer):
    for name, components in (("a", ["x", "y"]), ("b", ["x"]), ("a", ["y", "z"])):
        path = document(tmp_path, components, name)
        commands.apply_import(officer, import_id=preview(officer, body, path, source="sbom").id)
    present = Install.objects.filter(removed_at__isnull=True)
    assert set(present.filter(asset__key="a").values_list("component__product", flat=True)) == {"a", "y", "z"}
    assert set(present.filter(asset__key="b").values_list("component__product", flat=True)) == {"b", "x"}
    assert not Asset.objects.filter(retired_at__isnull=False).exists()


def test_a_reference_that_is_an_asset_s_key_is_a_dependency(tmp_path, body, officer):
    commands.upsert_inventory(officer, body_id=body.id, source="cmdb", assets=[{"key": "srv-9"}])
    path = document(tmp_path, ["srv-9", "x"], depends_on=["srv-9", "x"])
    commands.apply_import(officer, import_id=preview(officer, body, path).id)
    assert Dependency.objects.values_list("dependent__key", "dependency__key").get() == ("portail", "srv-9")


def test_a_document_dated_before_the_last_applied_is_refused(tmp_path, body, officer):
    new = document(tmp_path, ["x"], timestamp="2026-02-01T00:00:00Z")
    commands.apply_import(officer, import_id=preview(officer, body, new).id)
    old = document(tmp_path, ["y"], timestamp="2026-01-01T00:00:00Z")
    with pytest.raises(Exception, match="relevé avant"):
        preview(officer, body, old)


def test_a_document_that_names_nothing_asks_for_its_asset(tmp_path, body, officer):
    path = tmp_path / "bom.json"
    path.write_text('{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}', encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        preview(officer, body, path)
    assert refused.value.code == "asset_needed"
