"""Rule files, good, bad and hostile: everything is either a rule or a defect that says why."""

from dataclasses import replace

import pytest

from rempart.engines.sigma import Limits, compile_rules, load_rules, load_texts, store
from rempart.engines.sigma.model import Collection, Prepared
from rempart.engines.sigma.tests.making import document, load

GOOD = document({"selection": {"a": "x"}, "condition": "selection"})


def reasons(folder, *documents, **options):
    return [each.reason for each in load(folder, *documents, **options).defects]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"detection": {"s": {"a": 1}, "condition": "t"}}, "condition: no search is named 't'"),
        ({"detection": {"s": {"a": 1}, "condition": "1 of t*"}}, "condition: no search is named 't*'"),
        ({"detection": {"s": {"a": 1}, "condition": "s and (s"}}, "condition: ends too early"),
        ({"detection": {"s": {"a": 1}, "condition": "s s"}}, "condition: 's' is not expected there"),
        ({"detection": {"s": {"a": 1}, "condition": "s | count() > 5"}}, "aggregations"),
        ({"detection": {"s": {"a": 1}, "condition": "s", "timeframe": "5m"}}, "correlations replace"),
        ({"detection": {"s": {"a": 1}}}, "condition: absent"),
        ({"detection": {"condition": "s"}}, "no search"),
        ({"detection": {"s": {"a": []}, "condition": "s"}}, "s: a: an empty list of values can never match"),
        ({"detection": {"s": [], "condition": "s"}}, "s: empty"),
        ({"detection": {"s": {"a|near": 1}, "condition": "s"}}, "unknown modifier 'near'"),
        (
            {"detection": {"s": {"a|re": "(?=x)"}, "condition": "s"}},
            "no linear engine compiles (invalid perl operator: (?=)",
        ),
        ({"detection": {"s": {"a|re": "(a+)+\\1"}, "condition": "s"}}, "no linear engine compiles"),
        ({"detection": {"s": {"a|i": "x"}, "condition": "s"}}, "after 're' only"),
        ({"detection": {"s": {"a|cidr": "10.0.0.0/40"}, "condition": "s"}}, "not a network"),
        ({"detection": {"s": {"a|gt": "many"}, "condition": "s"}}, "not a number"),
        ({"detection": {"s": {"a|exists": "yes"}, "condition": "s"}}, "'exists' takes"),
        ({"detection": {"s": {"a|base64": "x*"}, "condition": "s"}}, "wildcards are not possible"),
        ({"detection": {"s": {"a|contains": None}, "condition": "s"}}, "null takes"),
        ({"detection": {"s": {"a|windash": " -a" * 9}, "condition": "s"}}, "windash makes 1953125 forms"),
        ({"detection": {"s": {"a": {"b": 1}}, "condition": "s"}}, "neither text, number"),
        ({"detection": {"s": {"a": 1}, "condition": "(" * 99 + "s" + ")" * 99}}, "nested more than"),
        ({"logsource": {"definition": "x"}}, "names neither product"),
        ({"title": ""}, "'title' is absent"),
        ({"level": "extreme"}, "level 'extreme' is none of"),
    ],
)
def test_a_rule_that_cannot_be_used_says_why(tmp_path, change, reason):
    collection = load(tmp_path, {**GOOD, **change}, document({"s": {"a": 1}, "condition": "s"}, id="2"))
    assert [rule.id for rule in collection.rules] == ["2"]
    (defect,) = collection.defects
    assert reason in defect.reason
    assert defect.path.endswith("rules.yml")


def test_documents_that_are_no_rules(tmp_path):
    assert reasons(tmp_path, "just text", {"title": "x"}, {**GOOD, "action": "include"}, GOOD, GOOD) == [
        "the document is not a map",
        "neither 'detection', 'correlation' nor 'filter'",
        "'action' is neither global, reset nor repeat: 'include'",
        f"its id is already that of {tmp_path / 'rules.yml'}",
    ]


def test_yaml_is_read_as_1_2_and_within_limits(tmp_path):
    values = "[no, 012, 12:30, 2026-01-01, ~]"
    text = f"title: x\nid: n\nlogsource: {{product: linux}}\ndetection: {{s: {{a: {values}}}, condition: s}}"
    (rule,) = load(tmp_path, text).rules
    assert rule.detection["s"]["a"] == ["no", 12, "12:30", "2026-01-01", None]
    assert "the key 'a' comes twice" in reasons(tmp_path, "a: 1\na: 2")[0]
    assert (
        "could not determine a constructor"
        not in reasons(tmp_path, "a: !!python/object/apply:os.system [x]")[0]
    )
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert "more than 500000 values" in reasons(tmp_path, bomb)[0]
    assert "nested" in reasons(tmp_path, "[" * 900 + "]" * 900)[0]
    assert reasons(tmp_path, "[" * 100_000)
    assert "found undefined alias" in reasons(tmp_path, "a: *b")[0]
    assert "bytes, more than the 10 allowed" in reasons(tmp_path, GOOD, limits=Limits(file_bytes=10))[0]
    (tmp_path / "rules.yml").write_bytes(b"title: \xff")
    assert "not UTF-8" in load_rules([tmp_path]).defects[0].reason


def test_too_many_values_are_refused(tmp_path):
    many = document({"s": {"a": [str(each) for each in range(200)]}, "condition": "s"})
    assert reasons(tmp_path, many, limits=Limits(values=100)) == ["s: a: more than 100 values"]
    million = document({"s": {"a|contains": [f"v{each}" for each in range(100_001)]}, "condition": "s"})
    assert reasons(tmp_path, million) == ["s: a|contains: more than 100000 values"]


def test_a_path_that_is_absent_is_told(tmp_path):
    (defect,) = load_rules([tmp_path / "gone"]).defects
    assert defect.reason == "does not exist"


def test_rules_of_unknown_windows_sources_are_told(tmp_path):
    rule = document(
        {"s": {"a": 1}, "condition": "s"}, logsource={"product": "windows", "service": "new-thing"}
    )
    made = compile_rules(load(tmp_path, rule))
    assert "no Windows channel is known for windows/*/new-thing" in made.defects[0].reason
    hinted = {"a": 1, "_logsource": {"product": "windows", "service": "new-thing"}}
    assert len(made.scan([hinted])) == 1


def test_the_cache_gives_the_same_and_trusts_no_file(tmp_path):
    cache = tmp_path / "cache"
    rules = tmp_path / "rules"
    rules.mkdir()
    first = load(rules, GOOD)
    kept = load_rules([rules], cache=cache)
    assert (kept.rules, kept.defects) == (first.rules, [])
    again = load_rules([rules], cache=cache)
    assert again == kept
    events = [{"a": "x"}, {"a": "y"}] * 200
    expected = [each.index for each in compile_rules(again).scan(events)]
    for _ in range(2):
        assert [each.index for each in compile_rules(again, cache=cache).scan(events)] == expected
    files = sorted(cache.iterdir())
    assert len(files) == 2
    for path in files:
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert load_rules([rules], cache=cache) == kept
    assert [each.index for each in compile_rules(again, cache=cache).scan(events)] == expected


def test_nothing_but_our_own_classes_comes_out_of_the_cache(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("run",))

    store.write(tmp_path, "rules", "k", Collection())
    assert store.read(tmp_path, "rules", "k", Collection) == Collection()
    store.write(tmp_path, "rules", "k", Collection(rules=[Evil()]))
    assert store.read(tmp_path, "rules", "k", Collection) is None


def test_what_another_version_compiled_is_compiled_and_kept_again(tmp_path):
    search = b"{s: {a|contains: [x, y, z, v, w, u]}, condition: s}"
    text = ("r", b"{title: r, logsource: {category: c}, detection: %b}" % search)
    events = [{"a": "x"}, {"a": "no"}] * 200

    def found():
        detector = compile_rules(load_texts([text]), cache=tmp_path)
        return [each.index for each in detector.scan(events)]

    expected = found()
    (path,) = tmp_path.glob("plan-*")
    key = path.stem.removeprefix("plan-")
    kept = store.read(tmp_path, "plan", key, Prepared)
    strange = {field: (digest, b"of another version") for field, (digest, _) in kept.databases.items()}
    store.write(tmp_path, "plan", key, replace(kept, databases=strange))
    assert strange
    assert found() == expected
    assert store.read(tmp_path, "plan", key, Prepared) == kept


def test_documents_of_a_collection_complete_each_other():
    text = b"""
action: global
title: Shared
id: shared
level: high
detection: {condition: s}
---
logsource: {category: one}
detection: {s: {a: x}}
---
logsource: {category: two}
detection: {s: {b: y}}
---
action: repeat
detection: {s: {c: z}}
---
action: reset
---
title: Alone
logsource: {category: one}
detection: {s: {d: x}, condition: s}
---
title: Alone
logsource: {category: one}
detection: {s: {e: x}, condition: s}
---
action: other
"""
    collection = load_texts([("f", text)])
    assert [
        (each.id, each.level, each.logsource.category, each.detection["s"]) for each in collection.rules
    ] == [
        ("shared", "high", "one", {"a": "x"}),
        ("shared#2", "high", "two", {"b": "y"}),
        ("shared#3", "high", "two", {"b": "y", "c": "z"}),
        ("f#Alone", "informational", "one", {"d": "x"}),
        ("f#Alone#4", "informational", "one", {"e": "x"}),
    ]
    assert [each.reason for each in collection.defects] == [
        "'action' is neither global, reset nor repeat: 'other'"
    ]


def test_what_is_global_and_serves_no_rule_is_told(tmp_path):
    assert reasons(tmp_path, GOOD, {"action": "global", "level": "high"}) == [
        "'action: global' has no rule after it"
    ]
