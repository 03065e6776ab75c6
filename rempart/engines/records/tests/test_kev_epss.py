"""The KEV catalogue and the EPSS file, real and broken."""

import contextlib
import gzip
import io
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.engines.records.epss import read_epss
from rempart.engines.records.fields import RecordError
from rempart.engines.records.kev import parse_kev_entry, read_kev
from rempart.engines.records.reading import Limits

ENTRY = {
    "cveID": "CVE-2021-44228",
    "vendorProject": "Apache",
    "product": "Log4j2",
    "vulnerabilityName": "Apache Log4j2 Remote Code Execution",
    "dateAdded": "2021-12-10",
    "dueDate": "2021-12-24",
    "shortDescription": "…",
    "requiredAction": "Update.",
    "knownRansomwareCampaignUse": "Known",
    "notes": "",
    "cwes": ["CWE-20"],
}


def catalogue(*entries, **more) -> io.BytesIO:
    return io.BytesIO(json.dumps({"vulnerabilities": entries, **more}).encode())


def test_the_real_catalogue_is_read_whole(shared):
    readings = list(read_kev(shared / "kev" / "known_exploited_vulnerabilities.json"))
    entries = [parse_kev_entry(reading.document) for reading in readings]
    assert len(entries) == len({entry.cve_id for entry in entries}) == 1_404
    log4shell = next(entry for entry in entries if entry.cve_id == "CVE-2021-44228")
    assert (log4shell.vendor, log4shell.added, log4shell.ransomware) == ("Apache", date(2021, 12, 10), True)


def test_a_bad_entry_does_not_hide_the_others():
    bad = ENTRY | {"cveID": "nonsense"}
    readings = list(read_kev(catalogue(bad, ENTRY, 3)))
    assert [reading.error is None for reading in readings] == [False, True, False]
    assert readings[0].where == "vulnerabilities[0]"
    assert readings[0].error.field == "cveID"


def test_a_repeated_entry_and_a_wrong_count_are_said():
    readings = list(read_kev(catalogue(ENTRY, ENTRY, count=5)))
    assert [reading.error.code if reading.error else "" for reading in readings] == [
        "",
        "duplicate",
        "mismatch",
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b'{"vulnerabilities": [', "not_json"),
        (b"[]", "wrong_type"),
        (b"{}", "missing"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "too_deep"),
        (b'{"vulnerabilities":' + b"[" * 100 + b"]" * 100 + b"}", "too_deep"),
        (b'{"v": "\xff"}', "not_json"),
    ],
)
def test_a_catalogue_that_is_none_gives_one_error(raw, code):
    (reading,) = read_kev(io.BytesIO(raw))
    assert reading.error.code == code


def test_a_huge_catalogue_is_refused():
    (reading,) = read_kev(catalogue(ENTRY), limits=Limits(record_bytes=100))
    assert reading.error.code == "too_large"


@given(
    st.dictionaries(st.sampled_from(list(ENTRY)), st.none() | st.integers() | st.text() | st.lists(st.text()))
)
@settings(max_examples=200, deadline=None)
def test_any_change_of_an_entry_gives_an_entry_or_a_clear_error(changes):
    with contextlib.suppress(RecordError):
        assert parse_kev_entry(ENTRY | changes).cve_id


def epss(tmp_path, text: str, name: str = "epss.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


HEAD = "#model_version:v2025.03.14,score_date:2026-08-16T00:00:00+0000\ncve,epss,percentile\n"


def test_the_real_scores_are_read(shared):
    (path,) = (shared / "epss").glob("*.csv.gz")
    scored, scores = read_epss(path)
    assert scored == date(2026, 8, 16)
    first = next(scores)
    assert (first.cve_id, first.score, first.percentile) == ("CVE-1999-0001", 0.03351, 0.8765)
    assert sum(1 for _ in scores) == 360_142 - 1


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "line 1"),
        ("cve,epss,percentile\n", "line 1"),
        ("#score_date:2026-99-99\n", "line 1"),
        ("#score_date:2026-01-01\nnope\n", "line 2"),
    ],
)
def test_a_file_that_is_no_epss_is_refused_at_once(tmp_path, text, field):
    with pytest.raises(RecordError) as caught:
        read_epss(epss(tmp_path, text))
    assert caught.value.field == field


@pytest.mark.parametrize(
    "row", ["x,0.1,0.2", "CVE-2024-0001,abc,0.2", "CVE-2024-0001,2,0.2", "CVE-2024-0001,nan,0"]
)
def test_a_bad_row_is_named(tmp_path, row):
    _, scores = read_epss(epss(tmp_path, f"{HEAD}CVE-2024-0009,0.5,0.5\n{row}\n"))
    next(scores)
    with pytest.raises(RecordError) as caught:
        next(scores)
    assert caught.value.field == "line 4"


def test_a_truncated_gzip_is_said(tmp_path):
    rows = "".join(f"CVE-2024-{number:05},0.{number:05},0.5\n" for number in range(20_000))
    path = tmp_path / "epss.csv.gz"
    path.write_bytes(gzip.compress((HEAD + rows).encode())[:-2_000])
    _, scores = read_epss(path)
    with pytest.raises(RecordError, match="ends too soon"):
        list(scores)


def test_a_gzip_bomb_is_stopped(tmp_path):
    path = tmp_path / "epss.csv.gz"
    path.write_bytes(gzip.compress((HEAD + "\n" * 4_000_000).encode()))
    _, scores = read_epss(path, Limits(ratio_floor=1_000_000))
    with pytest.raises(RecordError) as caught:
        list(scores)
    assert caught.value.code == "ratio"


def test_bad_rows_may_be_set_aside(tmp_path):
    errors = []
    text = f"{HEAD}CVE-2024-0001,0.1,0.1\nbad\n\nCVE-2024-0002,x,0\nCVE-2024-0003,0.3,0.3\n"
    _, scores = read_epss(epss(tmp_path, text), on_error=errors.append)
    assert [score.cve_id for score in scores] == ["CVE-2024-0001", "CVE-2024-0003"]
    assert [error.field for error in errors] == ["line 4", "line 6"]


def test_a_file_of_nothing_but_bad_rows_is_given_up(tmp_path):
    errors = []
    _, scores = read_epss(epss(tmp_path, HEAD + "bad\n" * 20_000), on_error=errors.append)
    with pytest.raises(RecordError):
        list(scores)
    assert len(errors) == 10_000
