"""Tables as offices send them, and as attackers do."""

import contextlib
import io
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.engines.inventories.columns import ROW_FIELDS, guess_mapping
from rempart.engines.inventories.model import InventoryError, InventoryLimits, InventoryRow
from rempart.engines.inventories.table import inventory_rows, open_table

SMALL = InventoryLimits(rows=50, columns=10, cell=100, members=50)


def csv_file(tmp_path, content: bytes | str, encoding: str = "utf-8"):
    path = tmp_path / "inventory.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def cells(table) -> list[dict[str, str]]:
    return [row.cells for row in table.rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found(tmp_path, encoding, delimiter):
    lines = [["Équipement", "Éditeur", "Version"], ["poste-1", "Société Générée", "1.0"]] + [
        ["a", "b", "2"]
    ] * 30
    text = "\r\n".join(delimiter.join(line) for line in lines)
    table = open_table(csv_file(tmp_path, text, encoding), "csv")
    assert table.headers == ("Équipement", "Éditeur", "Version")
    assert table.delimiter == delimiter
    assert cells(table)[0] == {"Équipement": "poste-1", "Éditeur": "Société Générée", "Version": "1.0"}


def test_quotes_blank_lines_short_rows_and_excels_separator_line(tmp_path):
    text = 'sep=;\nNom;Produit;Version\n\n"poste;1";"ligne\nbrisée, vue";3\nposte-2;Frob\n'
    rows = list(open_table(csv_file(tmp_path, text), "csv").rows())
    assert [row.number for row in rows] == [3, 4]
    assert rows[0].cells == {"Nom": "poste;1", "Produit": "ligne\nbrisée, vue", "Version": "3"}
    assert rows[1].cells == {"Nom": "poste-2", "Produit": "Frob"}


def test_decimal_commas_do_not_hide_the_semicolon(tmp_path):
    text = "Nom;Poids;Version\n" + "".join(f"poste;1,{n};2,{n}\n" for n in range(5))
    assert open_table(csv_file(tmp_path, text), "csv").delimiter == ";"


def test_repeated_and_empty_headers_are_told_apart(tmp_path):
    table = open_table(csv_file(tmp_path, "Nom,,Nom,Nom (2)\n1,2,3,4\n"), "csv")
    assert len(set(table.headers)) == 4
    assert list(cells(table)[0].values()) == ["1", "2", "3", "4"]


def test_formulas_nul_and_controls_are_kept_as_data(tmp_path):
    table = open_table(csv_file(tmp_path, "Nom,Produit\n=cmd|' /C calc'!A0,@SUM(A1)\na\x00b,+1\n"), "csv")
    assert cells(table) == [
        {"Nom": "=cmd|' /C calc'!A0", "Produit": "@SUM(A1)"},
        {"Nom": "a\ufffdb", "Produit": "+1"},
    ]


def test_a_bad_row_is_named_and_the_next_is_read(tmp_path):
    text = f"Nom,Produit\n{'x' * 200},a\n1,2,3\nposte,Frob\n"
    rows = list(open_table(csv_file(tmp_path, text), "csv", SMALL).rows())
    assert [row.error.code if row.error else "" for row in rows] == ["too_long", "extra_cells", ""]
    assert (rows[0].error.where, rows[0].error.field) == ("row 2", "Nom")
    assert rows[0].error.values == {"length": "200", "limit": "100"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_header"),
        (b"\n\n,,\n", "no_header"),
        (b"a,b\n\x81\x8d,\xff\n", "unknown_encoding"),
        (b"\xff\xfea\x00,\x00b", "unknown_encoding"),
        (b"a,b,c,d,e,f,g,h,i,j,k,l\n", "too_many_columns"),
    ],
)
def test_a_file_that_cannot_be_opened_says_why(tmp_path, content, code):
    with pytest.raises(InventoryError) as caught:
        open_table(csv_file(tmp_path, content), "csv", SMALL)
    assert caught.value.code == code
    assert str(caught.value)


def test_rows_are_counted_and_an_open_quote_stops(tmp_path):
    table = open_table(csv_file(tmp_path, "a,b\n" + "1,2\n" * 60), "csv", SMALL)
    with pytest.raises(InventoryError, match="more than 50 rows"):
        list(table.rows())
    table = open_table(csv_file(tmp_path, 'a,b\n1,"' + "x" * 200_000), "csv")
    with pytest.raises(InventoryError) as caught:
        list(table.rows())
    assert caught.value.code == "unclosed_quote"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('a,b\n1,2\n3,"4\n', 3),
        ('a,b\n1,2\n3,"4', 3),
        ('a,b\n1,"2\n3,4\n5,6\n', 2),
        ('a,b\n1,"two\nlines"\n3,"4\n', 4),
        ('a,"b\n1,2\n', 1),
    ],
)
def test_a_quote_that_nothing_closes_is_told_with_its_line(tmp_path, content, line):
    with pytest.raises(InventoryError) as caught:
        list(open_table(csv_file(tmp_path, content), "csv").rows())
    assert (caught.value.code, caught.value.values["line"]) == ("open_quote", str(line))


def test_quotes_that_close_at_the_very_end_are_sound(tmp_path):
    table = open_table(csv_file(tmp_path, 'a,b\n1,"two\nlines"\n3,"an ""inch"""'), "csv")
    assert [row.cells["b"] for row in table.rows()] == ["two\nlines", 'an "inch"']


@pytest.mark.parametrize("header", ["key", "Key", "clé", "Clé", "identifiant", "id", "ID", "Asset key"])
def test_a_column_of_keys_is_the_assets_identifier(header):
    assert guess_mapping([header, "name", "product", "version"]) == {
        "asset_id": header,
        "asset_name": "name",
        "product": "product",
        "version": "version",
    }


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    with pytest.raises(InventoryError) as caught:
        open_table(csv_file(tmp_path, "a,b\n" * 100), "csv", InventoryLimits(file_bytes=100))
    assert caught.value.code == "too_large"


def test_rows_become_inventory_rows(tmp_path):
    text = (
        "N° d’actif;Nom de l’actif;Éditeur;Logiciel;Version;Criticité\n7;srv-1;Apache;Log4j;2.14.1;élevée\n"
    )
    table = open_table(csv_file(tmp_path, text), "csv")
    (row,) = inventory_rows(table, guess_mapping(table.headers))
    assert row == InventoryRow(
        where="2",
        asset_id="7",
        asset_name="srv-1",
        vendor="Apache",
        product="Log4j",
        version="2.14.1",
        extra={"criticality": "élevée"},
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            ["id", "vendor", "product", "version", "purl", "cpe"],
            {"asset_id": "id", "vendor": "vendor", "product": "product", "version": "version"},
        ),
        (
            ["Actif", "Fabricant", "Produit", "Version", "Service", "Site", "Criticité"],
            {"asset_name": "Actif", "vendor": "Fabricant", "service": "Service", "criticality": "Criticité"},
        ),
        (
            ["hostname", "Software Name", "Installed Version", "Publisher", "Asset Tag"],
            {
                "asset_name": "hostname",
                "product": "Software Name",
                "vendor": "Publisher",
                "asset_id": "Asset Tag",
            },
        ),
        (
            ["assetId", "assetName", "Package URL", "CPE 2.3"],
            {"asset_id": "assetId", "asset_name": "assetName", "purl": "Package URL", "cpe": "CPE 2.3"},
        ),
        (
            [
                "NOM DU LOGICIEL",
                "VERSION INSTALLÉE",
                "Nom du poste",
                "Confidentialité",
                "Intégrité",
                "Disponibilité",
            ],
            {"product": "NOM DU LOGICIEL", "version": "VERSION INSTALLÉE", "integrity": "Intégrité"},
        ),
        (["Couleur", "Poids"], {}),
    ],
)
def test_columns_are_recognised_in_both_languages(headers, expected):
    mapping = guess_mapping(headers)
    assert expected.items() <= mapping.items()
    assert len(set(mapping.values())) == len(mapping)


@given(st.lists(st.text(max_size=30), max_size=15))
def test_any_headers_give_a_mapping_to_themselves(headers):
    assert set(guess_mapping(headers).values()) <= set(headers)


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_rows_or_a_clear_error(tmp_path, content):
    with contextlib.suppress(InventoryError):
        table = open_table(csv_file(tmp_path, content), "csv", SMALL)
        mapping = dict(zip(ROW_FIELDS, table.headers, strict=False))
        assert all(isinstance(row, InventoryRow | InventoryError) for row in inventory_rows(table, mapping))


# ---- workbooks


def workbook(tmp_path, *sheets: list[list[object]], hidden: int = 0):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for position, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Feuille {position + 1}")
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if position < hidden else "visible"
    path = tmp_path / "inventory.xlsx"
    book.save(path)
    return path


def rebuilt(path, change) -> None:
    """Rewrite the workbook's parts: ``change(name, content)`` gives the new content, or ``None``."""
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            new = change(name, content)
            if new is not None:
                target.writestr(name, new)


def test_a_workbook_is_read_as_a_person_sees_it(tmp_path):
    extra = [["Autre"], ["x"]]
    rows = [["Nom", "Produit", "Version", "Vu le"], ["poste", "=1+1", 3, None], ["é", True, 2.5, None]]
    path = workbook(tmp_path, [["caché"]], [], rows, extra, hidden=1)
    table = open_table(path, "xlsx")
    assert table.headers == ("Nom", "Produit", "Version", "Vu le")
    found = cells(table)
    assert [row["Version"] for row in found] == ["3", "2.5"]
    assert found[1]["Produit"] == "true"
    assert cells(table) == found
    assert table.other_sheets == ("Feuille 2", "Feuille 4")
    assert cells(open_table(path, "xlsx", sheet_name="Feuille 4")) == [{"Autre": "x"}]
    with pytest.raises(InventoryError):
        open_table(path, "xlsx", sheet_name="Absente")


def test_row_numbers_are_the_spreadsheets(tmp_path):
    rows = [[None], ["Nom", "Version"], [None], ["poste", "1"]]
    assert [row.number for row in open_table(workbook(tmp_path, rows), "xlsx").rows()] == [4]


def hostile(tmp_path, kind: str):
    path = workbook(tmp_path, [["Nom", "Version"], ["poste", "1"]])
    sheet = "xl/worksheets/sheet1.xml"

    def in_sheet(old: bytes, new: bytes):
        return lambda name, content: content.replace(old, new) if name == sheet else content

    if kind == "ole":
        path.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    elif kind == "not zip":
        path.write_bytes(b"PK\x03\x04 not really")
    elif kind == "other zip":
        path.write_bytes(b"")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "x")
    elif kind == "far row":
        rebuilt(path, in_sheet(b'<row r="2"', b'<row r="1048576"'))
    elif kind == "far cell":
        rebuilt(path, in_sheet(b'r="B2"', b'r="XFD2"'))
    elif kind == "far corner":
        rebuilt(path, in_sheet(b'r="B2"', b'r="GA999999"'))
    elif kind == "far spaced":
        rebuilt(path, in_sheet(b'r="B2"', b"r  =\n 'XFD999999'"))
    elif kind == "doctype":
        rebuilt(path, in_sheet(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet'))
    elif kind == "macros":
        rebuilt(path, lambda name, content: content)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("xl/vbaProject.bin", b"x")
    elif kind == "bomb":
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/media/big.xml", b" " * 30_000_000)
    elif kind == "members":
        with zipfile.ZipFile(path, "a") as archive:
            for number in range(60):
                archive.writestr(f"xl/media/{number}", b"")
    elif kind == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    return path


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("ole", "encrypted"),
        ("not zip", "not_xlsx"),
        ("other zip", "not_xlsx"),
        ("truncated", "not_xlsx"),
        ("far row", "too_many_rows"),
        ("far cell", "too_many_columns"),
        ("far corner", "too_many_cells"),
        ("far spaced", "too_many_cells"),
        ("doctype", "forbidden_xml"),
        ("macros", "macros"),
        ("bomb", "ratio"),
        ("members", "too_many_members"),
    ],
)
def test_hostile_workbooks_are_refused(tmp_path, kind, code):
    path = hostile(tmp_path, kind)
    with pytest.raises(InventoryError) as caught:
        open_table(path, "xlsx", InventoryLimits(members=50))
    assert caught.value.code == code


def plain_workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["Nom", "Version"])
    book.active.append(["poste", "1"])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


PLAIN = plain_workbook()


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_workbook_is_read_or_refused(tmp_path, data):
    content = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.xlsx"
    path.write_bytes(content)
    with contextlib.suppress(InventoryError):
        assert list(open_table(path, "xlsx").rows()) is not None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            ["AssetName", "Domain", "Software", "Version", "Publisher", "Lastseen"],  # Lansweeper
            {"asset_name": "AssetName", "vendor": "Publisher", "product": "Software", "version": "Version"},
        ),
        (
            ["Netbios_Name0", "DisplayName0", "Publisher0", "Version0"],  # SCCM, add and remove programs
            {"asset_name": 0, "product": 1, "vendor": 2, "version": 3},
        ),
        (
            ["Name0", "ARPDisplayName0", "Publisher0", "ProductVersion0"],
            {"asset_name": 0, "product": 1, "version": 3},
        ),
        (
            ["Nom", "Entité", "Éditeur", "Ordinateurs - Nom", "Versions - Nom"],  # GLPI, software
            {"product": 0, "vendor": 2, "asset_name": 3, "version": 4},
        ),
        (
            ["Ordinateur", "Logiciels - Nom", "Logiciels - Version", "Logiciels - Éditeur"],
            {"asset_name": 0, "product": 1, "version": 2, "vendor": 3},
        ),
        (
            ["Application name", "Application version", "Application publisher", "Device name"],  # Intune
            {"product": 0, "version": 1, "vendor": 2, "asset_name": 3},
        ),
    ],
)
def test_exports_of_inventory_tools_need_no_mapping(headers, expected):
    mapping = guess_mapping(headers)
    for field, header in expected.items():
        assert mapping[field] == (headers[header] if isinstance(header, int) else header)
