"""Files that mean harm, or are merely broken: refused with a reason, and nothing is left behind."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from django.conf import settings as django_settings
from openpyxl import Workbook

from rempart.assets import commands, queries
from rempart.assets.inventory import sources
from rempart.assets.models import Asset, Component, Install, InventoryImport
from rempart.engines.inventories.model import InventoryLimits
from rempart.kernel.errors import Invalid

pytestmark = pytest.mark.django_db


def preview(officer, body, path, **options):
    return commands.preview_inventory(officer, body_id=body.id, path=path, file_name=path.name, **options)


def xlsx(rows) -> bytes:
    book, target = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(target)
    return target.getvalue()


def bomb() -> bytes:
    """A workbook whose sheet expands a thousandfold."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx([["id", "name"], ["a", "b"]]))) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for member in source.infolist():
            content = source.read(member)
            if member.filename.startswith("xl/worksheets/"):
                content += b" " * 60_000_000
            made.writestr(member.filename, content)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("vide.csv", b"", "empty"),
        ("binaire.csv", bytes(range(256)) * 40, "unknown_binary"),
        ("texte.csv", b"pas de colonnes\nici", "unknown_text"),
        ("faux.xlsx", b"PK\x03\x04" + b"\x00" * 100, "not_xlsx"),
        ("tronque.xlsx", xlsx([["id", "name"], ["a", "b"]])[:-200], "not_xlsx"),
        ("bombe.xlsx", bomb(), "ratio"),
        ("tronque.json", b'{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [', "not_json"),
        ("profond.json", b"[" * 100_000, "too_deep"),
        ("autre.json", b'{"a": 1}', "unknown_json"),
        ("entites.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>',
         "forbidden_xml"),
        ("ancien.xls", b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "encrypted"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, body, officer, name, content, code):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        preview(officer, body, path)
    assert refused.value.code == code
    assert name in str(refused.value.message)
    assert not InventoryImport.objects.exists()
    assert not list((tmp_path / "uploads").rglob("*"))


def test_a_file_beyond_the_limits_is_refused(tmp_path, body, officer, monkeypatch):
    path = tmp_path / "grand.csv"
    path.write_text("id;name\n" + "a;b\n" * 50, encoding="utf-8")
    small = InventoryLimits(file_bytes=100)
    with pytest.raises(Invalid) as refused:
        sources.read_inventory(officer, sources.Request(body.id, path, path.name, limits=small))
    assert refused.value.code == "too_large"
    few = InventoryLimits(rows=10)
    statement = sources.read_inventory(officer, sources.Request(body.id, path, path.name, limits=few))
    assert statement.errors[-1]["code"] == "too_many_rows"


def test_windows_encoding_and_accents_are_read(tmp_path, body, officer):
    path = tmp_path / "vieux.csv"
    path.write_bytes("Identifiant;Nom de l’actif;Type\né-1;Hôpital d’été;Serveur\n".encode("cp1252"))
    commands.apply_import(officer, import_id=preview(officer, body, path).id)
    assert Asset.objects.get().name_fr == "Hôpital d’été"
    assert [found.asset.key for found in queries.search(officer, "HOPITAL")] == ["é-1"]


def test_ten_thousand_characters_are_an_error_of_their_row(tmp_path, body, officer):
    path = tmp_path / "long.csv"
    path.write_text(
        f"id;name;vendor;product;version\na;{'n' * 10_000};;;\n{'k' * 10_000};b;;;\nc;c;v;{'p' * 10_000};1\n",
        encoding="utf-8",
    )
    previewed = preview(officer, body, path)
    assert [(e["where"], e["field"], e["code"]) for e in previewed.errors] == [
        ("2", "name", "too_long"),
        ("3", "id", "too_long"),
        ("4", "product", "too_long"),
    ]


def test_only_the_first_thousand_errors_are_kept_and_all_are_counted(tmp_path, body, officer):
    path = tmp_path / "faux.csv"
    path.write_text("id;name;type\n" + "".join(f"a{n};b;vaisseau\n" for n in range(1500)), encoding="utf-8")
    previewed = preview(officer, body, path)
    assert previewed.error_count == 1500
    assert len(previewed.errors) == 1000


def test_formulas_and_markup_are_kept_as_text(tmp_path, body, officer):
    hostile = [
        "=1+1",
        "<b>x</b>",
        "{{ 7*7 }}",
        "'; DROP TABLE assets_asset; --",
        "%s %(x)s {value}",
        "\u202egpj.exe",
    ]
    path = tmp_path / "hostile.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [["id", "name", "product", "version"], *([text] * 4 for text in hostile)]
        )
    applied = commands.apply_import(officer, import_id=preview(officer, body, path).id)
    assert applied.summary["assets"]["appeared"] == len(hostile)
    assert set(Asset.objects.values_list("key", flat=True)) == set(hostile)
    for text in hostile:
        assert text in {found.asset.key for found in queries.search(officer, text)}


def test_cycles_are_allowed_and_repeated_rows_counted(tmp_path, body, officer):
    path = tmp_path / "cycle.csv"
    path.write_text(
        "id;name;depends on;criticality;product;version\n"
        "a;A;b;4;openssl;3\na;A;b;4;openssl;3\nb;B;c;;;\nc;C;a|b;;;\n",
        encoding="utf-8",
    )
    applied = commands.apply_import(officer, import_id=preview(officer, body, path).id)
    assert applied.summary["duplicates"] == 1
    assert Install.objects.count() == Component.objects.count() == 1
    assert set(Asset.objects.values_list("criticality", flat=True)) == {4}
    last = Asset.objects.get(key="c")
    assert [step.key for step in queries.why_critical(officer, last)] == ["a", "b", "c"]


def test_a_change_of_file_between_preview_and_application_is_seen(tmp_path, body, officer):
    path = tmp_path / "a.csv"
    path.write_text("id;name\na;A\n", encoding="utf-8")
    previewed = preview(officer, body, path)
    with open(previewed.file_path, "a", encoding="utf-8") as spooled:  # noqa: PTH123
        spooled.write("b;B\n")
    with pytest.raises(Exception, match="déposez-le de nouveau"):
        commands.apply_import(officer, import_id=previewed.id)
    assert not Asset.objects.exists()
    assert str(django_settings.UPLOAD_DIR) in previewed.file_path
