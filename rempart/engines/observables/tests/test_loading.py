"""Indicators out of the files in which they are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rempart.engines.observables import Indicator, IndicatorError, Loaded, Table, load, stix
from rempart.engines.observables.values import normal_url

MD5 = "0123456789abcdef0123456789abcdef"


def _load(path: Path, content: Any, **options: Any) -> tuple[Table, Loaded]:
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    table, _, loaded = load([path], **options)
    return table, loaded


def _found(table: Table, kind: str, value: str) -> Indicator:
    indicator = table.covering(kind, value)
    assert indicator, value
    return indicator


def test_a_list(tmp_path: Path) -> None:
    table, loaded = _load(
        tmp_path / "list",
        f"\ufeff# comment\n1.2.3.4\nevil[.]com # why\n\nhxxp://evil.com/a\n{MD5}\n10.0.0.0/8\nnothing here\n",
    )
    assert loaded.counts == {"ip": 2, "domain": 1, "url": 1, "hash": 1}
    assert [(one.line, one.path) for one in loaded.defects] == [(8, str(tmp_path / "list"))]
    assert _found(table, "ip", "10.1.1.1").value == "10.0.0.0/8"


def test_csv_with_validity_and_confidence(tmp_path: Path) -> None:
    table, loaded = _load(
        tmp_path / "c.csv",
        "indicator;type;valid_until;confidence;description\n"
        '"evil.com";domain;2026-12-01T00:00:00Z;90;"Loader; C2"\n1.2.3.4;ip;;low;\n',
    )
    assert loaded.counts == {"domain": 1, "ip": 1}
    details = _found(table, "domain", "evil.com").details
    assert (details.confidence, details.name) == (90, "Loader; C2")
    assert details.valid_until is not None
    assert _found(table, "ip", "1.2.3.4").details.confidence == 30


def test_csv_whose_columns_are_the_types(tmp_path: Path) -> None:
    _, loaded = _load(
        tmp_path / "c.csv", f"first_seen_utc,md5_hash,url\n2026-01-02 03:04:05,{MD5},http://a.b/c\n"
    )
    assert loaded.counts == {"hash": 1, "url": 1}


def test_stix(tmp_path: Path) -> None:
    def indicator(pattern: str, **more: Any) -> dict[str, Any]:
        return {
            "type": "indicator",
            "id": f"indicator--{len(pattern)}",
            "pattern": pattern,
            "pattern_type": "stix",
            **more,
        }

    table, loaded = _load(
        tmp_path / "bundle.json",
        {
            "type": "bundle",
            "objects": [
                {"type": "malware"},
                indicator(
                    "[ipv4-addr:value = '1.2.3.4' OR domain-name:value = 'evil.com']",
                    name="C2",
                    confidence=55,
                ),
                indicator(f"[file:hashes.'MD5' = '{MD5}']", valid_from="2026-01-01T00:00:00Z"),
                indicator("[ipv4-addr:value ISSUBSET '10.0.0.0/8']"),
                indicator("[url:value IN ('http://a.b/c', 'http://a.b/d')]"),
                indicator("[domain-name:value = 'x.y' AND ipv4-addr:value = '9.9.9.9']"),
                indicator("[process:name = 'x']"),
                indicator("[domain-name:value = 'old.com']", revoked=True),
                indicator("rule x", pattern_type="yara"),
            ],
        },
    )
    assert loaded.counts == {"ip": 2, "domain": 1, "hash": 1, "url": 2}
    assert loaded.skipped == 2
    assert len(loaded.defects) == 2
    assert "'AND'" in loaded.defects[0].reason
    assert _found(table, "domain", "a.evil.com").details.confidence == 55


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("[ipv4-addr:value='1.1.1.1']", ["1.1.1.1"]),
        ("([url:value = 'a\\'b']) OR [url:value = 'c']", ["a'b", "c"]),
        ("[file:hashes.MD5 = 'x' OR file:hashes.'SHA-256' = 'y']", ["x", "y"]),
    ],
)
def test_patterns(pattern: str, values: list[str]) -> None:
    assert stix.values(pattern) == values


@pytest.mark.parametrize(
    "pattern",
    ["", "[", "[]", "[url:value]", "[url:value LIKE 'a%']", "[url:value != 'a']", "[NOT url:value = 'a']",
     "[url:value = 'a'] FOLLOWEDBY [url:value = 'b']", "[url:value = 'a'] WITHIN 5 SECONDS",
     "[url:value = 'a", "\x00"],
)  # fmt: skip
def test_patterns_that_ask_more_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        stix.values(pattern)


def test_misp(tmp_path: Path) -> None:
    table, loaded = _load(
        tmp_path / "misp.json",
        {
            "response": [
                {
                    "Event": {
                        "info": "Campaign",
                        "Attribute": [
                            {
                                "type": "ip-dst|port",
                                "value": "1.2.3.4|443",
                                "to_ids": True,
                                "timestamp": "1767323045",
                            },
                            {"type": "domain|ip", "value": "evil.com|5.6.7.8", "to_ids": True},
                            {"type": "domain", "value": "benign.com", "to_ids": False},
                            {"type": "comment", "value": "x"},
                        ],
                        "Object": [
                            {"Attribute": [{"type": "filename|md5", "value": f"a.exe|{MD5}", "comment": "c"}]}
                        ],
                    }
                }
            ]
        },
    )
    assert loaded.counts == {"ip": 2, "domain": 1, "hash": 1}
    assert loaded.skipped == 2
    assert _found(table, "domain", "evil.com").details.name == "Campaign"
    assert _found(table, "ip", "1.2.3.4").details.seen is not None


def test_a_list_in_json(tmp_path: Path) -> None:
    _, loaded = _load(tmp_path / "l.json", ["evil.com", {"value": "1.2.3.4", "score": 10}, 7])
    assert loaded.counts == {"domain": 1, "ip": 1}
    assert loaded.defect_count == 1


def test_the_allow_list_is_taken_off(tmp_path: Path) -> None:
    (tmp_path / "allow").write_text("good.com\n")
    _, loaded = _load(tmp_path / "l", "www.good.com\nevil.com\n", allow=[tmp_path / "allow"])
    assert (loaded.counts, loaded.allowed) == ({"domain": 1}, 1)


@pytest.mark.parametrize("content", ['{"a": 1}', "{not json", "[1"])
def test_files_that_cannot_be_read_are_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(IndicatorError, match=r"l\.json"):
        _load(tmp_path / "l.json", content)
    with pytest.raises(IndicatorError, match="absent"):
        load([tmp_path / "absent"])


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("http://a.fr/%61/../b/./c", "http://a.fr/b/c"),
        ("http://a.fr/../..", "http://a.fr"),
        ("http://a.fr/é", "http://a.fr/%c3%a9"),
        ("http://a.fr/%C3%A9", "http://a.fr/%c3%a9"),
        ("http://a.fr/%2f/%zz/.git", "http://a.fr/%2f/%zz/.git"),
        ("http://a.fr//b/?u=%41", "http://a.fr//b?u=a"),
    ],
)
def test_links_are_compared_as_rfc_3986_makes_them_equal(written: str, compared: str) -> None:
    assert normal_url(written) == compared
    assert normal_url(compared) == compared
