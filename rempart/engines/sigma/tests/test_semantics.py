"""What the specification says of values and conditions, and what docs/sigma-semantics.md settles where it
does not.
"""

import re
import sys

import pytest

from rempart.engines.sigma import Matched, columns, compile_rules
from rempart.engines.sigma.columns import Cells
from rempart.engines.sigma.factors import required
from rempart.engines.sigma.tests.making import detector, document, hits, holds, load


@pytest.mark.parametrize(
    ("item", "yes", "no"),
    [
        ({"a": "C:\\x\\\\*.exe"}, ["c:\\X\\y.EXE", "c:\\x\\.exe"], ["c:\\x\\y.exe.bak", "c:x.exe"]),
        ({"a": "prog?.exe"}, ["progA.exe"], ["prog.exe", "progAB.exe"]),
        ({"a": r"one\*two"}, ["one*two"], ["oneXtwo", r"one\*two"]),
        ({"a": r"dir\\*"}, [r"dir\any", "dir\\"], ["dir*", "dir"]),
        ({"a": r"dir\\\*"}, [r"dir\*"], [r"dir\a"]),
        ({"a": r"\\\\server"}, [r"\\server"], [r"\server", r"\\\\server"]),
        ({"a": "STRASSE"}, ["straße", "Strasse"], ["strase"]),
        ({"a|contains": "kilo"}, ["\u212aILO"], ["ilo"]),
        ({"a|cased": "Cmd"}, ["Cmd"], ["cmd"]),
        ({"a|contains|all": ["x", "y"]}, ["yx"], ["x"]),
        ({"a": ""}, [""], [None, " "]),
        ({"a": None}, [None], ["", "null"]),
        ({"a": "*"}, ["", "x"], [None]),
        ({"a": 4624}, [4624, "4624", 4624.0], ["4624.0", True]),
        ({"a": True}, [True, "TRUE"], [1, "1"]),
        ({"a|re": "^ab$"}, ["ab"], ["ab\n", "AB", "xab"]),
        ({"a|re|i|m": "^ab$"}, ["x\nAB\ny"], ["xab"]),
        ({"a|re|s": "a.b"}, ["a\nb"], ["ab"]),
        ({"a|cidr": "192.168.0.0/16"}, ["192.168.7.1", "::ffff:192.168.1.1"], ["192.169.0.1", "192.168.1"]),
        ({"a|cidr": ["fe80::/10", "10.0.0.0/8"]}, ["fe80::1", "10.1.1.1"], ["::1", ""]),
        ({"a|base64offset|contains": "http"}, ["xaHR0cDovLw", "eGh0dHA=", "eHhodHRw"], ["http"]),
        ({"a|wide|base64offset|contains": "ping"}, ["cABpAG4AZw"], ["ping"]),
        ({"a|utf16|base64": "ping"}, ["//5wAGkAbgBnAA=="], ["cABpAG4AZwA="]),
        ({"a|windash|contains": " -f "}, ["x /f y", "x \u2014f y", "x -F "], ["x f y", "x\\f y"]),
        ({"a|gte": 10}, [10, "10", "1e3"], [9.99, "ten", "0x20", None]),
        ({"a|hour|gte": 18}, ["2026-01-05T18:00:00-05:00"], ["2026-01-05 17:59", "18:30"]),
        ({"a|week": 53}, ["2026-12-31"], ["2026-01-05"]),
        ({"a|neq": ["x", "y"]}, ["z", None, ""], ["X", "y"]),
        ({"a|exists": False}, [], ["", "x", None]),
        ({"a|endswith": "\\cmd.exe"}, ["\\CMD.EXE", ["other", "c:\\cmd.exe"]], ["cmd.exe", []]),
    ],
)
def test_values(tmp_path, item, yes, no):
    events = [{"a": value} for value in [*yes, *no]]
    assert holds(tmp_path, item, *events) == [True] * len(yes) + [False] * len(no)


def test_an_absent_field_is_false_and_its_negation_true(tmp_path):
    assert holds(tmp_path, {"a|contains": "x"}, {"b": 1}, {"a": "x"}) == [False, True]
    assert holds(tmp_path, {"a|contains": "x"}, {"b": 1}, {"a": "x"}, condition="not selection") == [
        True,
        False,
    ]
    assert holds(tmp_path, {"a": None}, {}, {"a": None}, {"a": 0}) == [True, True, False]
    assert holds(tmp_path, {"a|exists": False}, {}, {"a": None}) == [True, False]
    assert holds(tmp_path, {"a|exists": True}, {}, {"a": None}) == [False, True]
    assert holds(tmp_path, {"a|re": ".*"}, {}, {"a": ""}) == [False, True]


def test_nested_fields_lists_and_dotted_names(tmp_path):
    events = [
        {"a": {"b": {"c": "x"}}},
        {"a.b.c": "x"},
        {"a": {"b.c": "x"}},
        {"a": [{"b": [{"c": "x"}]}]},
        {"a": "x"},
    ]
    assert holds(tmp_path, {"a.b.c": "X"}, *events) == [True, True, True, True, False]
    objects = [{"a": {"b.c": {"d": "x"}}}, {"a": {"b.c": {"e": "x"}}}, {"a": [{"b.c": {"d": None}}]}]
    assert holds(tmp_path, {"a.b.c.d": "x"}, *objects) == [True, False, False]
    assert holds(tmp_path, {"a.b.c.d|exists": True}, *objects) == [True, False, True]


def test_fields_compare_with_fields(tmp_path):
    events = [{"a": "CMD.exe", "b": "cmd.EXE"}, {"a": "cmd.exe", "b": "cmd"}, {"a": "x"}, {"b": "x"}]
    assert holds(tmp_path, {"a|fieldref": "b"}, *events) == [True, False, False, False]
    assert holds(tmp_path, {"a|fieldref|startswith": "b"}, *events) == [True, True, False, False]
    assert holds(tmp_path, {"a|fieldref|neq": "b"}, *events) == [False, True, True, True]


def test_keywords_are_found_in_any_value_and_in_the_raw_line(tmp_path):
    events = [
        {"m": 'says "evil\\word"'},
        {"deep": {"er": ["x", "EVIL\\WORD"]}},
        {"_raw": "evil\\word"},
        {"evil\\word": 1},
        {"m": "ev", "n": "il"},
        {"n": 12345},
        {"m": "e\u017fvil"},
        {"big": 2**80, "m": "evil\\word"},
    ]
    assert holds(tmp_path, ["evil\\word", 234], *events) == [
        True,
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    assert holds(tmp_path, {"|all": ["evil", "word"]}, *events)[:5] == [True, True, True, False, False]
    assert holds(tmp_path, ["esvil"], *events)[6]
    assert holds(tmp_path, {"|re": r"e.il\\"}, *events)[:3] == [True, False, True]


def test_precedence_patterns_and_lists_of_conditions(tmp_path):
    searches = {"s_a": {"a": 1}, "s_b": {"b": 1}, "_c": {"c": 1}}
    events = [{"a": 1}, {"b": 1}, {"c": 1}, {"a": 1, "b": 1}, {"a": 1, "c": 1}]
    for condition, expected in [
        ("s_a or s_b and _c", [0, 3, 4]),
        ("(s_a or s_b) and _c", [4]),
        ("not s_a and s_b", [1]),
        ("not (s_a or s_b)", [2]),
        ("1 of them", [0, 1, 3, 4]),
        ("all of s_*", [3]),
        ("1 of *", [0, 1, 3, 4]),
        ("any of _*", [2, 4]),
        ("s_a AND NOT s_b", [0, 4]),
        (["s_b", "_c"], [1, 2, 3, 4]),
    ]:
        made = detector(tmp_path, document({**searches, "condition": condition}))
        assert hits(made, *events) == expected, condition


def test_placeholders_have_values_or_the_rule_is_told(tmp_path):
    rule = document({"selection": {"user|expand": "%admins%"}, "condition": "selection"})
    made = detector(tmp_path, rule, placeholders={"admins": ["root", "adm_*"]})
    assert hits(made, {"user": "ROOT"}, {"user": "adm_x"}, {"user": "%admins%"}) == [0, 1]
    without = compile_rules(load(tmp_path, rule))
    assert [each.reason for each in without.defects] == [
        "selection: user|expand: the placeholder %admins% has no values"
    ]
    assert without.rules == []
    escaped = document({"selection": {"user|expand": r"\%plain%admins%"}, "condition": "selection"})
    made = detector(tmp_path, escaped, placeholders={"admins": ["x"]})
    assert hits(made, {"user": "%plainx"}) == [0]


def test_filters_are_added_to_the_rules_they_name(tmp_path):
    rule = document({"selection": {"a": "x"}, "condition": "selection"}, name="named")
    added = {
        "title": "Ours",
        "id": "f",
        "logsource": {"product": "linux"},
        "filter": {
            "rules": ["named"],
            "selection": {"user|startswith": "adm_"},
            "condition": "not selection",
        },
    }
    events = [{"a": "x", "user": "adm_1"}, {"a": "x", "user": "bob"}, {"a": "x"}]
    assert hits(detector(tmp_path, rule, added), *events) == [1, 2]
    added["filter"]["rules"] = "any"
    assert hits(detector(tmp_path, rule, added), *events) == [1, 2]
    added["logsource"] = {"product": "windows"}
    assert hits(detector(tmp_path, rule, added), *events) == [0, 1, 2]
    added["filter"] = {"rules": ["gone"], "selection": {"a|expand": "%none%"}, "condition": "not selection"}
    made = compile_rules(load(tmp_path, rule, added))
    assert hits(made, *events) == [0, 1, 2]
    assert [each.reason for each in made.defects] == [
        "filter: refers to rules that are absent: gone",
        "selection: a|expand: the placeholder %none% has no values",
    ]


def test_what_matched_is_told(tmp_path):
    body = {
        "process": {"Image|endswith": "\\cmd.exe", "CommandLine|contains|all": ["/c", "whoami"]},
        "other": {"User": None},
        "filter": {"Parent": "explorer"},
        "condition": "(process or other) and not filter",
    }
    made = detector(tmp_path, document(body, tags=["attack.execution", "attack.t1059.003"], level="high"))
    event = {"Image": "C:\\cmd.exe", "CommandLine": "cmd /c WHOAMI", "User": "x"}
    (found,) = made.scan([event])
    assert found.rule.techniques == ("T1059.003",)
    assert (found.rule.level, found.index, found.event) == ("high", 0, event)
    assert found.matched == [
        Matched("Image", "C:\\cmd.exe", "*\\cmd.exe", "process"),
        Matched("CommandLine", "cmd /c WHOAMI", "*/c*", "process"),
        Matched("CommandLine", "cmd /c WHOAMI", "*whoami*", "process"),
    ]


def test_what_matched_is_told_of_each_event_and_rule_apart(tmp_path):
    made = detector(
        tmp_path,
        document({"s": {"a|contains": ["X", "z"]}, "condition": "s"}, id="1" * 36),
        document({"s": {"a|cased": "xy"}, "t": {"a": ["x*", "*Y"]}, "condition": "s or t"}, id="2" * 36),
    )
    found = made.scan([{"a": "xY"}, {"a": ["n", "xy", "x"]}, {"a": "xY"}])
    told = {
        (each.index, each.rule.id[0]): [(one.value, one.pattern) for one in each.matched] for each in found
    }
    assert told == {
        (0, "1"): [("xY", "*X*")],
        (0, "2"): [("xY", "x*"), ("xY", "*Y")],
        (1, "1"): [("xy", "*X*")],
        (1, "2"): [("xy", "xy"), ("xy", "x*"), ("xy", "*Y")],
        (2, "1"): [("xY", "*X*")],
        (2, "2"): [("xY", "x*"), ("xY", "*Y")],
    }


def test_long_and_strange_values_are_looked_at_like_others(tmp_path):
    long = "x" * 3_000_000
    events = [
        {"a": f"{long}needle"},
        {"a": "\0needle\0"},
        {"a": "\ud800needle"},
        {"a": long},
        {"a": ["n", "needle"]},
    ]
    assert holds(tmp_path, {"a|contains": "needle"}, *events) == [True, True, True, False, True]
    assert holds(tmp_path, {"a|re": "need.e"}, *events) == [True, True, True, False, True]
    assert holds(tmp_path, {"a|endswith": "needle"}, *events) == [True, False, True, False, True]


def test_batches_too_long_for_one_scan_are_halved(tmp_path, monkeypatch):
    made = detector(
        tmp_path, document({"s": {"a|contains": [f"n{each}" for each in range(9)]}, "condition": "s"})
    )
    words = detector(tmp_path, document({"s": ["need"], "condition": "s"}))
    events = [{"a": f"{'x' * 50} need n{each}" if each % 3 else "other"} for each in range(9)] * 5
    expected = [position for position in range(45) if position % 9 % 3]
    monkeypatch.setattr(columns, "_SCANNED", 200)
    assert hits(made, *events) == hits(words, *events) == expected


def test_expressions_are_found_in_many_events_as_in_one(tmp_path):
    texts = ["a 12", "x\na 1", "a\v7", "é a 3", "a 1\n", "", "no", "A 4", "\u212a a 5", "b\0 a 6"]
    for pattern in (r"a\s\d", r"^a \d$", r"a [^4]", r"[^\w ]", "$", r"\d\b", "(?i)A .*"):
        item = {"a|re": pattern}
        for rows in (texts[:-1] * 9, texts * 9, [*texts, None, 7] * 9, [["a 12", "x"]] * 40):
            alone = [holds(tmp_path, item, {"a": text})[0] for text in rows[:12]]
            together = holds(tmp_path, item, *({"a": text} for text in rows))
            assert together[: len(alone)] == alone, pattern


def test_long_literals_are_found_whole(tmp_path):
    text = "é" * 300 + "x" * 9_000
    events = [{"a": text}, {"a": text[:-1]}, {"a": f"{text}y"}, {"a": f"y{text}"}, {"b": text}]
    assert holds(tmp_path, {"a": text}, *events) == [True, False, False, False, False]
    assert holds(tmp_path, {"a|endswith": text}, *events) == [True, False, False, True, False]
    assert holds(tmp_path, {"a|startswith": text}, *events) == [True, False, True, False, False]
    assert holds(tmp_path, {"a|contains": text}, *events) == [True, False, True, True, False]
    assert holds(tmp_path, [text], *events) == [True, False, True, True, True]


def test_every_letter_is_folded_as_unicode_says():
    every = [f"A{chr(code)}" for code in range(1, sys.maxunicode + 1)]
    cells = Cells(every)
    assert cells.folded == [each.casefold() for each in every]
    assert cells.buffer[1:-1].lower().split(b"\0") == [
        each.casefold().encode("utf-8", "surrogatepass") for each in every
    ]


def test_events_may_be_made_as_they_are_asked_for(tmp_path):
    made = detector(
        tmp_path, document({"s": {"a|contains": "need", "b": None}, "k": ["word"], "condition": "1 of *"})
    )
    shapes = [
        {"a": "a needle"},
        {"a": "need", "b": "there"},
        {"b": None, "a": "NEED\0", "c": [1, {"d": "no"}]},
        {"c": {"d": ["a Word"]}, "a": 5},
        {"_time": "word", "e": 7},
        {"f": "word", "Channel": ["x"]},
        {"a": ["x", "needs"], "b": None},
    ]
    given = [{"_logsource": {"product": "linux"}, **shapes[place % 7]} for place in range(1_000)]
    expected = [place for place in range(1_000) if place % 7 in (0, 2, 3, 5, 6)]
    assert [each.index for each in made.scan(dict(event) for event in given)] == expected
    recalled = made.scan((dict(event) for event in given), again=given.__getitem__)
    assert [(each.index, each.event) for each in recalled] == [(index, given[index]) for index in expected]
    assert [each.matched for each in recalled] == [each.matched for each in made.scan(given)]
    assert [each.index for each in made.scan(given)] == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "ab+c",
        "(?:foo|bar)x",
        "x?yz",
        "[Aa]bc",
        "a{0,2}b",
        "(a|b)?",
        "^start.*end$",
        "(?i)MiXed",
        "(k)+",
        "a|bc",
        r"\.exe",
    ],
)
def test_texts_that_an_expression_needs_are_in_what_it_finds(pattern):
    needed = required(pattern)
    samples = [
        "abc",
        "abbc",
        "foox",
        "barx",
        "yz",
        "xyz",
        "ABC",
        "Abc",
        "b",
        "start..end",
        "mixed",
        "MIXED",
        "kk",
        "a",
        "bc",
        "x.exe",
        "",
    ]
    for sample in samples:
        if re.search(pattern, sample) and needed:
            assert any(text in sample.casefold() for text in needed)
