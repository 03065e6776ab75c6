"""What is long, deep, broken or made to harm is told with its place, and the rest is still given."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.engines.logs import FORMATS, Limits, Problem, expand, portions, read

Read = Any
NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
SMALL = Limits(record_bytes=10_000)


@pytest.mark.parametrize("form", ["jsonl", "syslog", "access", "auditd", "csv", "w3c", "zeek", "cef", "text"])
def test_a_line_past_the_limit_is_told_and_passed(reading: Read, form: str) -> None:
    events, problems, _ = reading(
        b'{"a": 1}\n' + b'{"b": "' + b"x" * 50_000 + b'"}\n' + b'{"c": 1}\n', limits=SMALL, form=form
    )
    assert any("exceeds the limit" in one.reason and one.line == 2 for one in problems)
    assert not any("xxx" in str(event.data) for event in events)
    if form == "jsonl":
        assert [(event.index, event.data) for event in events] == [(0, {"a": 1}), (2, {"c": 1})]


def test_a_long_line_within_the_limit_is_kept(reading: Read) -> None:
    events, problems, _ = reading(json.dumps({"a": "x" * 3_000_000}) + "\n")
    assert not problems
    assert len(events[0].data["a"]) == 3_000_000


def test_an_object_past_the_limit_inside_an_array(reading: Read) -> None:
    content = json.dumps([{"a": 1}, {"b": "x" * 50_000}, {"c": {"d": ["]", '"']}}])
    events, problems, _ = reading(content, limits=SMALL)
    assert [(event.index, event.data) for event in events] == [(0, {"a": 1}), (2, {"c": {"d": ["]", '"']}})]
    assert ["exceeds the limit" in one.reason for one in problems] == [True]


@pytest.mark.parametrize("depth", [70, 900, 100_000])
@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_deep_nesting(reading: Read, depth: int, form: str) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    events, problems, _ = reading(f'{deep}\n{{"b": 2}}\n', form=form)
    assert events[-1].data == {"b": 2}
    assert events[-1].index == 1
    if depth < 1000:
        assert len(events) == 2  # what lies beneath the limit is kept as text
        json.dumps(events[0].data)
    else:
        assert len(problems) == 1


def test_json_that_is_not_strict_is_kept(reading: Read) -> None:
    events, problems, _ = reading(
        b'{"a": NaN, "b": "\\ud800", "c": "\xff\xfe", "d": 123456789012345678901234567890}\n'
        b'{"n": ' + b"9" * 5000 + b"}\n"
    )
    assert [event.index for event in events] == [0, 1]
    assert events[0].data["b"] == "\ufffd"
    assert events[0].data["c"] == "\ufffd\ufffd"
    assert [one.reason for one in problems] == ["invalid UTF-8 in 1 records, kept with U+FFFD in its place"]


def test_broken_lines_keep_their_place(reading: Read) -> None:
    events, problems, _ = reading('{"a": 1}\n{"b":\n[1]\n{"c": 1}\n{"d": "cut')
    assert [(event.index, event.data) for event in events] == [(0, {"a": 1}), (3, {"c": 1})]
    assert [(one.line, one.record) for one in problems] == [(2, 1), (3, 2), (5, 4)]


def test_stray_text_and_a_cut_end_in_an_array(reading: Read) -> None:
    events, problems, _ = reading('[{"a": 1}, 7, {"b": 2}, {"c": ')
    assert [event.data for event in events] == [{"a": 1}, {"b": 2}]
    assert [one.reason for one in problems] == ["something that is not an object", "the last object is cut"]
    assert [one.offset for one in problems] == [11, 24]


def test_many_problems_are_counted_not_poured_out(reading: Read) -> None:
    _, problems, _ = reading('{"a": 1}\n' + "{\n" * 1000)
    assert len(problems) == 51
    assert problems[-1].reason == "950 more problems, not shown"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_cut_compressed_file_gives_what_it_has(reading: Read, pack: Any) -> None:
    lines = "".join(json.dumps({"n": number, "x": f"{number * 7919:x}"}) + "\n" for number in range(20_000))
    packed = pack(lines.encode())
    events, problems, _ = reading(packed[: len(packed) * 2 // 3])
    assert len(events) > 1000 or pack is zstandard.compress
    assert events == [] or events[0].data["n"] == 0
    assert problems or pack is zstandard.compress


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_left_where_it_passes_the_limit(reading: Read, pack: Any) -> None:
    bomb = pack(b'{"a": 1}\n' + b"\0" * 30_000_000 + b'\n{"b": 1}\n')
    limits = Limits(ratio_floor=1_000_000, ratio=50, record_bytes=100_000)
    events, problems, _ = reading(bomb, limits=limits)
    assert [event.data for event in events] == [{"a": 1}]
    assert any("expands more than 50 times" in one.reason for one in problems)
    limits = Limits(total_bytes=2_000_000, record_bytes=100_000)
    events, problems, _ = reading(bomb, limits=limits)
    assert any("more than 2000000 bytes" in one.reason for one in problems)


def test_entities_in_xml_are_refused(reading: Read) -> None:
    events, problems, _ = reading(
        '<?xml version="1.0"?><Events><Event><!DOCTYPE x [<!ENTITY e "x">]><System/></Event>'
        "<Event><System><EventID>1</EventID></System></Event></Events>"
    )
    assert [event.data["EventID"] for event in events] == [1]
    assert len(problems) == 1


def test_a_quote_that_never_ends_does_not_hide_the_file(reading: Read) -> None:
    rows = "".join(f"{number},ok\n" for number in range(120_000))
    events, problems, _ = reading(f'a,b\n1,"never closed\n{rows}')
    assert [one.reason for one in problems] == ["a quote that does not end"]
    assert len(events) == 120_001


def test_auditd_events_without_end_are_bounded(reading: Read) -> None:
    lines = "".join(
        f"type=PATH msg=audit(1700000000.000:1): item={number} name=x{number}\n" for number in range(100)
    )
    events, _, _ = reading(lines, limits=Limits(joined_records=10))
    assert len(events) == 10
    assert [event.index for event in events] == list(range(10))


def test_returns_within_a_row(reading: Read) -> None:
    events, _, _ = reading("a,b\rc\n1,2\n1\r,2\n", form="csv")
    assert len(events) == 2
    assert reading("\x00\r,\x01\r\n" * 3)[0]


def test_empty_and_absent(reading: Read, tmp_path: Path) -> None:
    assert reading(b"")[0] == []
    with pytest.raises(FileNotFoundError):
        list(expand([str(tmp_path / "none*")]))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.json").write_text("{}")
    (tmp_path / "d" / ".hidden").write_text("{}")
    assert list(expand([str(tmp_path / "d"), str(tmp_path / "*" / "*.json"), "-"])) == [
        tmp_path / "d" / "a.json",
        "-",
    ]


_PIECES = (
    *(
        b'{"a":',
        b"}",
        b"[",
        b"]",
        b'"',
        b"\n",
        b"\r",
        b",",
        b"\\u",
        b"ElfChnk\0",
        b"type=PATH msg=audit(1.1:1): ",
    ),
    *(b"<Event>", b"</Event>", b"CEF:0|", b"<34>1 ", b"#Fields: a b\n", b"#fields\ta\n"),
)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400) | st.lists(st.sampled_from(_PIECES), max_size=30).map(b"".join),
    st.sampled_from([*sorted(FORMATS), ""]),
)
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str) -> None:
    path = tmp_path_factory.mktemp("any") / "log"
    path.write_bytes(content)
    problems: list[Problem] = []
    events = list(read(path, problems=problems.append, form=form, now=NOW))
    assert not [one for one in problems if "reading stopped" in one.reason]
    indexes = [event.index for event in events]
    assert indexes == sorted(set(indexes))
    for event in events:
        assert event.timestamp is None or event.timestamp.endswith("Z")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.integers(20, 400), st.booleans())
def test_portions_give_the_same_events_as_the_whole(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], step: int, ended: bool
) -> None:
    path = tmp_path_factory.mktemp("parts") / "log"
    text = "\n".join(json.dumps({"n": place, "x": "é" * size}) for place, size in enumerate(sizes))
    path.write_text(text + ("\n" if ended else ""))
    whole = [event.data for event in read(path, problems=print)]
    form, parts = portions(path, step)
    assert parts[0][0] == 0
    assert parts[-1][1] == path.stat().st_size
    given_back = [
        event.data for part in parts for event in read(path, problems=print, portion=part, form=form)
    ]
    assert given_back == whole


def _tar(content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("log.jsonl")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _zip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("log.jsonl", content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        pytest.param(_zip, "a ZIP archive", id="zip"),
        pytest.param(_tar, "a tar archive", id="tar"),
        pytest.param(lambda content: gzip.compress(_tar(content)), "a tar archive", id="tar.gz"),
        pytest.param(bz2.compress, "bzip2", id="bz2"),
        pytest.param(lzma.compress, "xz", id="xz"),
        pytest.param(lambda content: gzip.compress(gzip.compress(content)), "twice", id="gz.gz"),
    ],
)
def test_what_holds_logs_is_told_and_not_taken_for_text(
    reading: Read, tmp_path: Path, made: Callable[[bytes], bytes], told: str
) -> None:
    content = made(b'{"a": 1}\n' * 3)
    events, problems, given = reading(content)
    assert (events, given.format) == ([], "archive")
    assert [told in problem.reason for problem in problems] == [True]
    (tmp_path / "log").write_bytes(content)
    assert portions(tmp_path / "log", 10) == ("", [(0, len(content))])
