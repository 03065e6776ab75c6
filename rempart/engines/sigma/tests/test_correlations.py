"""Correlations over time: every type, grouping, aliases, chains, lateness, bounds."""

import math

import pytest

from rempart.engines.sigma import compile_rules, correlating
from rempart.engines.sigma.tests.making import detector, document, load


def base(name, value):
    return document({"s": {"kind": value}, "condition": "s"}, id=f"id-{name}", name=name)


FAIL, GOOD, NET = base("fail", "fail"), base("good", "good"), base("net", "net")


def correlation(kind, rules, *, timespan="1m", condition=None, group=("user",), name="c", **more):
    body = {"type": kind, "rules": list(rules), "group-by": list(group), "timespan": timespan}
    body |= {"condition": condition} if condition else {}
    return {
        "title": "Together",
        "id": f"id-{name}",
        "name": name,
        "level": "high",
        "correlation": {**body, **more},
    }


def at(seconds, kind="fail", user="bob", **more):
    return {"_time": 1_000_000 + seconds, "kind": kind, "user": user, **more}


def told(made, *batches):
    found = [each for batch in batches for each in made.scan(list(batch))]
    return [each for each in found + made.finish() if each.group is not None]


def summary(found):
    return [(each.group["user"], each.count, each.timespan[1] - 1_000_000) for each in found]


def test_events_are_counted_by_group_in_a_sliding_window(tmp_path):
    made = detector(tmp_path, FAIL, correlation("event_count", ["fail"], condition={"gte": 3}))
    events = [
        at(0),
        at(50),
        at(61),
        at(70),
        at(80, user="ann"),
        at(90, user="BOB"),
        at(95),
        at(200),
        at(201),
        at(202),
    ]
    found = told(made, events)
    # 0 has left when 61 comes: 50, 61, 70 are three; they are consumed, and 90, 95 are only two.
    assert summary(found) == [("bob", 3, 70), ("bob", 3, 202)]
    assert found[0].rule.level == "high"
    assert [event["_time"] for event in found[0].events] == [1_000_050, 1_000_061, 1_000_070]
    assert (found[0].index, found[0].event) == (-1, events[3])


def test_the_rules_of_a_correlation_are_not_told_unless_generated(tmp_path):
    quiet = detector(tmp_path, FAIL, correlation("event_count", ["fail"], condition={"gte": 3}))
    assert quiet.scan([at(0)]) == []
    assert quiet.only_correlated == {"id-fail"}
    both = correlation("event_count", ["id-fail"], condition={"gte": 3}, generate=True)
    assert len(detector(tmp_path, FAIL, both).scan([at(0)])) == 1


@pytest.mark.parametrize(
    ("kind", "condition", "expected"),
    [
        ("value_count", {"field": "host", "gte": 2}, [2]),
        ("value_count", {"field": ["host", "n"], "gte": 3}, [3]),
        ("value_sum", {"field": "n", "gt": 9}, [15]),
        ("value_avg", {"field": "n", "gt": 3}, [3.75]),
        ("value_percentile", {"field": "n", "percentile": 50, "lte": 1}, [1]),
        ("value_percentile", {"field": "host", "lte": 25}, [25]),
        ("event_count", {"lt": 5}, [4]),
        ("event_count", {"eq": 4}, [4]),
        ("event_count", {"gt": 4, "lte": 9}, []),
        ("event_count", {"gt": 3, "lte": 9}, [4]),
        ("event_count", {"neq": 4}, []),
    ],
)
def test_numbers_of_a_window(tmp_path, kind, condition, expected):
    made = detector(tmp_path, FAIL, correlation(kind, ["fail"], condition=condition))
    events = [at(0, host="A", n=1), at(1, host="a", n=3), at(2, host="A", n=1), at(3, host="b", n="10")]
    assert [each.count for each in told(made, events)] == expected


def test_sums_count_what_is_a_number_only(tmp_path):
    made = detector(tmp_path, FAIL, correlation("value_sum", ["fail"], condition={"field": "n", "gte": 10}))
    assert summary(told(made, [at(0, n=4), at(1, n="many"), at(2), at(3, n="6.5")])) == [("bob", 10.5, 3)]
    assert made.counters.unusable == 2


def test_rules_near_each_other_in_any_order_or_in_theirs(tmp_path):
    events = [at(0, "good"), at(10, "fail"), at(30, "good"), at(200, "net"), at(205, "good", "ann")]
    near = detector(tmp_path, FAIL, GOOD, correlation("temporal", ["fail", "good"]))
    assert summary(told(near, events)) == [("bob", 2, 10)]
    ordered = detector(tmp_path, FAIL, GOOD, correlation("temporal_ordered", ["fail", "good"]))
    assert summary(told(ordered, events)) == [("bob", 2, 30)]
    two_of_three = correlation("temporal_ordered", ["net", "fail", "good"], condition={"gte": 2})
    assert summary(told(detector(tmp_path, FAIL, GOOD, NET, two_of_three), events)) == [("bob", 2, 30)]


def test_order_remembers_the_latest_beginning(tmp_path):
    made = detector(
        tmp_path, FAIL, GOOD, NET, correlation("temporal_ordered", ["fail", "good", "net"], timespan="10s")
    )
    events = [at(0, "fail"), at(5, "fail"), at(6, "good"), at(14, "net")]
    assert summary(told(made, events)) == [("bob", 3, 14)]


def test_aliases_name_the_fields_of_each_rule(tmp_path):
    rule = correlation(
        "temporal", ["fail", "net"], group=["ip"], aliases={"ip": {"fail": "src", "net": "dst"}}
    )
    made = detector(tmp_path, FAIL, NET, rule)
    events = [
        at(0, src="1.1.1.1", dst="9.9.9.9"),
        at(1, "net", src="1.1.1.1", dst="2.2.2.2"),
        at(2, "net", src="8.8.8.8", dst="1.1.1.1"),
    ]
    assert told(made, events[:2]) == []
    found = told(made, events)
    assert [each.group for each in found] == [{"ip": "1.1.1.1"}]


def test_correlations_of_correlations(tmp_path):
    many = correlation("event_count", ["fail"], condition={"gte": 3}, name="many")
    then = correlation("temporal_ordered", ["many", "good"], name="then", timespan="10m")
    made = detector(tmp_path, then, many, FAIL, GOOD)
    found = told(made, [at(0), at(1), at(2), at(3, "good", "ann"), at(9, "good")])
    assert [(each.rule.name, each.group["user"], len(each.events)) for each in found] == [("then", "bob", 4)]
    assert made.only_correlated == {"id-fail", "id-good", "id-many"}


def test_late_events_take_their_place_within_the_watermark(tmp_path):
    made = detector(tmp_path, FAIL, GOOD, correlation("temporal_ordered", ["fail", "good"]), lateness=30.0)
    assert summary(told(made, [at(20, "good")], [at(10, "fail")], [at(300, "net")])) == [("bob", 2, 20)]
    made = detector(tmp_path, FAIL, correlation("event_count", ["fail"], condition={"gte": 2}), lateness=30.0)
    assert told(made, [at(0)], [at(100)], [at(20)]) == []
    assert made.counters.late == 1
    whole = detector(
        tmp_path, FAIL, correlation("event_count", ["fail"], condition={"gte": 2}), lateness=math.inf
    )
    assert summary(told(whole, [at(10_000)], [at(0)], [at(20)])) == [("bob", 2, 20)]


def test_batches_change_nothing(tmp_path):
    rule = correlation("event_count", ["fail"], condition={"gte": 5}, timespan="30s")
    events = [at((7 * n) % 100 + n, user=f"u{n % 3}") for n in range(200)]
    whole = summary(told(detector(tmp_path, FAIL, rule, lateness=math.inf), events))
    parts = [events[start : start + 7] for start in range(0, len(events), 7)]
    assert summary(told(detector(tmp_path, FAIL, rule, lateness=math.inf), *parts)) == whole != []


def test_memory_is_bounded_and_what_it_costs_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(correlating, "_GROUPS", 10)
    monkeypatch.setattr(correlating, "_WAITING", 50)
    made = detector(
        tmp_path,
        FAIL,
        correlation("event_count", ["fail"], condition={"gte": 2}, timespan="1d"),
        lateness=math.inf,
    )
    made.scan([at(n, user=f"u{n}") for n in range(100)])
    assert made.counters.crowded == 50
    assert made.counters.groups == 40


def test_a_group_field_that_is_absent_is_a_group_and_a_time_that_is_absent_is_now(tmp_path):
    made = detector(tmp_path, FAIL, correlation("event_count", ["fail"], condition={"gte": 2}))
    found = told(made, [{"_time": 5, "kind": "fail"}, {"kind": "fail"}])
    assert [each.group for each in found] == [{"user": None}]
    assert made.counters.untimed == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "often"}, "unknown type"),
        ({"rules": []}, "names no rule"),
        ({"timespan": "1 hour"}, "timespan"),
        ({"condition": None}, "needs a condition"),
        ({"condition": {"about": 3}}, "unknown operator"),
        ({"condition": {"gte": "x"}}, "is not a number"),
        ({"type": "value_count"}, "needs 'field'"),
        ({"aliases": {"x": 1}}, "is not a map"),
        ({"type": "temporal", "condition": {"gte": 4}}, "can never be true"),
        ({"rules": ["gone"]}, "absent, unusable or in a circle: gone"),
        ({"rules": ["c"]}, "absent, unusable or in a circle: c"),
    ],
)
def test_a_correlation_that_cannot_be_used_says_why(tmp_path, change, reason):
    rule = correlation("event_count", ["fail"], condition={"gte": 3})
    rule["correlation"] |= change
    collection = load(tmp_path, FAIL, rule)
    made = compile_rules(collection)
    (defect,) = collection.defects + made.defects
    assert reason in defect.reason
    assert len(made.scan([at(0)])) == 1


@pytest.mark.parametrize(
    ("kind", "condition", "kinds", "expected"),
    [
        ("temporal", "fail and (good or net)", ["net", "fail"], [2]),
        ("temporal", "fail and (good or net)", ["net", "good"], []),
        ("temporal", "fail and good or net", ["net"], [1]),
        ("temporal", "fail and good and not net", ["fail", "good"], [2]),
        ("temporal", "fail and good and not net", ["fail", "good", "net"], []),
        ("temporal_ordered", "fail and (good or net)", ["fail", "net"], [2]),
        ("temporal_ordered", "fail and (good or net)", ["net", "fail", "good"], [2]),
        ("temporal_ordered", "fail and (good or net)", ["good", "net", "fail"], []),
        ("temporal_ordered", "fail and good and net", ["fail", "good", "good", "fail", "net"], [3]),
    ],
)
def test_a_condition_over_the_rules_by_name(tmp_path, kind, condition, kinds, expected):
    rules = ["fail", "good", "net"]
    for given in (rules, ()):  # without rules, they are those of the condition
        document = correlation(kind, given)
        document["correlation"]["condition"] = condition
        made = detector(tmp_path, FAIL, GOOD, NET, document)
        assert not made.defects
        found = told(made, [at(second, each) for second, each in enumerate(kinds)])
        assert [each.count for each in found] == expected
        late = told(made, [at(61 * place, each) for place, each in enumerate(kinds)])
        assert [each.count for each in late] == ([1] if condition.endswith("or net") else [])


@pytest.mark.parametrize(
    ("kind", "condition", "reason"),
    [
        ("temporal", "fail and good and nothing", "'rules' has not what its condition names: nothing"),
        ("temporal", "fail", "its condition does not name good"),
        ("temporal", "fail and good and not good", "can never be true"),
        ("temporal", "fail and (good", "ends too early"),
        ("temporal_ordered", "fail and not good", "'not' has no place in an order"),
        ("event_count", "fail and good", "'condition' is not a map"),
    ],
)
def test_a_condition_that_cannot_be_used_is_told(tmp_path, kind, condition, reason):
    document = correlation(kind, ["fail", "good"])
    document["correlation"]["condition"] = condition
    (defect,) = load(tmp_path, FAIL, GOOD, document).defects
    assert reason in defect.reason


def test_the_median_of_values(tmp_path):
    made = detector(
        tmp_path, FAIL, correlation("value_median", ["fail"], condition={"field": "size", "gt": 2})
    )
    events = [at(second, size=size) for second, size in enumerate([1, 9, 2, 3])]
    assert [each.count for each in told(made, events)] == [2.5]


def test_what_is_ambiguous_in_a_correlation_is_told(tmp_path):
    twin = base("fail", "good") | {"id": "id-twin"}

    def defects(*documents):
        return str(compile_rules(load(tmp_path, *documents)).defects)

    assert "several rules bear the name fail" in defects(FAIL, twin, correlation("temporal", ["fail"]))
    assert defects(FAIL, twin, correlation("temporal", ["id-fail", "id-twin"])) == "[]"
    assert "it names a rule twice" in defects(FAIL, correlation("temporal", ["fail", "id-fail"]))
    aliased = correlation("temporal", ["fail"], aliases={"who": {"good": "user"}})
    assert "'who' is of what is not in 'rules': good" in str(load(tmp_path, FAIL, aliased).defects)


def test_rules_are_told_by_themselves_where_the_document_says_generate(tmp_path):
    document = correlation("event_count", ["fail"], condition={"gte": 2})
    assert detector(tmp_path, FAIL, document).only_correlated
    assert not detector(tmp_path, FAIL, document | {"generate": True}).only_correlated
