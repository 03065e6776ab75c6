"""Tables that were kept find what those just read find, and nothing else is taken for one."""

from __future__ import annotations

import os
import pickle
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.engines.observables import Loaded, Matcher, Table, keeping, load, text_of

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MD5 = "0123456789abcdef0123456789abcdef"
LINES = """\
indicator,valid_from,valid_until,confidence,name,id
1.2.3.4,2026-11-01,2026-12-01,90,Loader,i-1
10.0.0.0/8,,,80,Range,i-2
10.9.0.0/16,,,60,Nearer,i-3
2001:db8::/32,,,high,,
évil.example,,,70,Accents,
evil.com,2026-11-20T10:00:00+02:00,,,,
http://evil.net/a?x=1,,,,,
bob@evil.org,,,,,
old.example,2020-01-01,2020-02-01,,,
ours.example,,,,,
not an indicator,,,,,
"""
TEXTS = [
    "1.2.3.4", "11.2.3.4", "from 10.9.1.1 to 10.200.0.1", "[2001:db8::beef]:443", "2001:db9::1",
    "xn--vil-9la.example", "ÉVIL.example", "a.b.evil.com", "notevil.com", "http://evil.net/a?x=1",
    "http://evil.net/b", "<BOB@evil.org>", f"MD5={MD5.upper()}", "old.example", "www.ours.example", "",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _short_lists_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_WORTH", 0)


@pytest.fixture
def files(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    listed, more, ours = tmp_path / "list.csv", tmp_path / "more.txt", tmp_path / "ours.txt"
    listed.write_text(LINES)
    more.write_text(f"{MD5}\n1.2.3.4\n")
    ours.write_text("ours.example\n")
    return [listed, more], [ours]


def _told(tables: tuple[Table, Table, Loaded]) -> object:
    table, allowed, loaded = tables
    matcher = Matcher(table, allowed)
    events = [{"n": number, "text": text} for number, text in enumerate(TEXTS)]
    return (
        [matcher.scan(event, lambda: NOW) for event in events],
        matcher.suspects([text_of(event) for event in events]),
        loaded,
        table.size,
        allowed.size,
    )


def _kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("indicators-*"))


def test_kept_tables_find_the_same(tmp_path: Path, files: tuple[list[Path], list[Path]]) -> None:
    cache = tmp_path / "cache"
    read = load(files[0], allow=files[1])
    first, again = (load(files[0], allow=files[1], cache=cache) for _ in range(2))
    (path,) = _kept(cache)
    assert path.stat().st_mode & 0o077 == 0
    assert cache.stat().st_mode & 0o077 == 0
    assert _told(read) == _told(first) == _told(again) == _told(pickle.loads(pickle.dumps(again)))
    assert not again[0].contents()[0]  # it is not the list that was read
    found = _told(again)[0]  # type: ignore[index]
    assert [bool(each) for each in found] == [
        True, False, True, True, False, True, True, True, False, True, False, True, True, False, False, False,
    ]  # fmt: skip
    assert [one.indicator.value for one in found[2]] == ["10.9.0.0/16", "10.0.0.0/8"]


@pytest.mark.parametrize("change", ["content", "name", "role", "order"])
def test_other_files_are_read(change: str, tmp_path: Path, files: tuple[list[Path], list[Path]]) -> None:
    cache, (given, allow) = tmp_path / "cache", files
    load(given, allow=allow, cache=cache)
    if change == "content":
        given[0].write_text(LINES.replace("evil.com", "other.com"))
    elif change == "name":
        given = [given[0].rename(tmp_path / "other.csv"), given[1]]
    elif change == "role":
        given, allow = [*given, *allow], []
    else:
        given = given[::-1]
    assert _told(load(given, allow=allow, cache=cache)) == _told(load(given, allow=allow))
    assert len(_kept(cache)) == 2


@pytest.mark.parametrize("where", [0, 30, 100, -1])
@pytest.mark.parametrize("damage", ["flip", "cut", "writable", "link"])
def test_what_is_not_ours_whole_is_not_read(
    where: int, damage: str, tmp_path: Path, files: tuple[list[Path], list[Path]]
) -> None:
    cache = tmp_path / "cache"
    expected = _told(load(files[0], allow=files[1], cache=cache))
    (path,) = _kept(cache)
    raw = bytearray(path.read_bytes())
    if damage == "flip":
        raw[where] ^= 1
        path.write_bytes(raw)
    elif damage == "cut":
        path.write_bytes(raw[:where])
    elif damage == "writable":
        path.chmod(0o622)
    else:
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    table, allowed, loaded = load(files[0], allow=files[1], cache=cache)
    assert table.contents()[0]  # it is the list that was read
    assert _told((table, allowed, loaded)) == expected
    assert not load(files[0], allow=files[1], cache=cache)[0].contents()[0]  # and it was kept again


def test_the_oldest_go(tmp_path: Path, files: tuple[list[Path], list[Path]]) -> None:
    cache = tmp_path / "cache"
    old = NOW - timedelta(days=1)
    for number in range(12):
        files[0][1].write_text(f"{number}.example\n")
        load(files[0], cache=cache)
        for path in _kept(cache):
            os.utime(path, (old.timestamp() + number, old.timestamp() + number))
    assert len(_kept(cache)) == keeping._FILES


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.from_regex(r"\A[a-c]{1,3}\.(?:fr|com|ab)\Z")),
    st.lists(st.from_regex(r"\A(?:[a-c]{1,2}\.){0,2}[a-c]{1,3}\.(?:fr|com|ab)\Z")),
)
def test_names(names: set[str], sought: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.txt"
        path.write_text("\n".join(sorted(names)))
        load([path], cache=Path(folder))
        read, kept = load([path])[0], load([path], cache=Path(folder))[0]
    assert read.size == kept.size == len(names)
    for name in [*sought, *names]:
        assert kept.covering("domain", name) == read.covering("domain", name)
