import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.kernel import exports
from rempart.kernel.exports import Column, Export, csv_chunks, neutralised, write_csv, write_xlsx
from rempart.kernel.markings import Marking

pytestmark = pytest.mark.any_database

MADE = datetime(2026, 6, 22, 14, 5, tzinfo=UTC)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "  =cmd|' /C calc'!A0", "\x00=1"]


def export(rows, language="fr", columns=3):
    headings = [Column(f"Colonne {n}") for n in range(columns)]
    return Export(headings, rows, Marking.AMBER, "Actifs exposés", "Organisme : =HYPERLINK", MADE, language)


def read_csv(table):
    buffer = io.BytesIO()
    write_csv(table, buffer)
    assert buffer.getvalue().startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(buffer.getvalue().decode("utf-8-sig"), newline="")))


def read_xlsx(table):
    buffer = io.BytesIO()
    count = write_xlsx(table, buffer)
    return openpyxl.load_workbook(buffer), count


def test_csv_carries_marking_title_filters_and_instant_then_the_table():
    records = read_csv(export([["é", 1, None]]))
    assert records[0] == ["PFC : AMBRE", "Actifs exposés", "Organisme : =HYPERLINK", "2026-06-22 14:05 UTC"]
    assert records[1:] == [["Colonne 0", "Colonne 1", "Colonne 2"], ["é", "1", ""]]


def test_numbers_stay_numbers_and_the_rest_is_plain():
    row = [-5, -2.5, Decimal("-0.10"), True, date(2026, 1, 2), MADE, float("nan"), 10**18]
    table = export([row], "en", columns=8)
    assert read_csv(table)[2] == [
        "-5", "-2.5", "-0.10", "yes", "2026-01-02", "2026-06-22T14:05:00+00:00", "", str(10**18),
    ]  # fmt: skip
    book, _ = read_xlsx(export([row], "en", columns=8))
    cells = [cell.value for cell in book["Data"][7]]
    assert cells[:4] == [-5, -2.5, -0.1, "yes"]
    assert cells[4:6] == [datetime(2026, 1, 2), datetime(2026, 6, 22, 14, 5)]
    assert cells[6:] == [None, str(10**18)]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula(text):
    assert read_csv(export([[text, "", ""]]))[2][0].startswith("'")
    book, _ = read_xlsx(export([[text, "", ""]]))
    cell = book["Données"]["A7"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


def test_a_workbook_shows_marking_and_filters_on_each_sheet_and_page():
    book, count = read_xlsx(export([["a", 1, 2]] * 3))
    assert count == 3
    assert book.sheetnames == ["Données", "À propos"]
    for sheet in book:
        assert sheet["A1"].value == "PFC : AMBRE"
        assert sheet["A3"].value == "Organisme : =HYPERLINK"
        assert sheet.oddHeader.center.text == "PFC : AMBRE"
    assert book["À propos"]["A5"].value == "3 lignes"


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(monkeypatch):
    monkeypatch.setattr(exports, "_SHEET_ROWS", 10)
    book, count = read_xlsx(export([[n, "", ""] for n in range(6)]))
    assert count == 6
    assert [book[name]["A7"].value for name in ("Données", "Données 2")] == [0, 4]


def test_text_too_long_for_a_cell_is_cut_visibly():
    book, _ = read_xlsx(export([["x" * 40_000, "<b>", "\x01a"]]))
    value = book["Données"]["A7"].value
    assert len(value) == 32_767
    assert value.endswith("…")
    assert book["Données"]["C7"].value == "a"


def test_a_ragged_row_is_refused():
    with pytest.raises(ValueError, match="2 cells in a table of 3"):
        list(csv_chunks(export([["a", "b"]])))
    with pytest.raises(ValueError, match="2 cells in a table of 3"):
        write_xlsx(export([["a", "b"]]), io.BytesIO())


def test_csv_is_streamed():
    drawn = []

    def rows():
        for n in range(5000):
            drawn.append(n)
            yield [n, "", ""]

    chunks = csv_chunks(export(rows()))
    next(chunks)
    next(chunks)
    assert len(drawn) < 1000


@given(st.lists(st.lists(st.text(max_size=20), min_size=3, max_size=3), max_size=5))
def test_any_text_comes_back_whole_but_for_what_is_neutralised(rows):
    expected = [[neutralised(cell) for cell in row] for row in rows]
    assert read_csv(export(rows))[2:] == expected
    assert not any(cell.lstrip()[:1] in set("=+-@") for row in expected for cell in row if cell.lstrip())


def test_a_sheet_is_as_wide_as_what_it_holds_and_its_headings_filter():
    long = "Centre de services scolaire du Harfang des neiges"
    book, _count = read_xlsx(export([[long, 1, date(2026, 6, 22)], ["é" * 300, 2, None]]))
    sheet = book["Données"]
    assert sheet.column_dimensions["A"].width > len(long)
    assert sheet.column_dimensions["A"].width < 80
    assert 10 < sheet.column_dimensions["B"].width < 20
    assert sheet.auto_filter.ref == "A6:C8"
