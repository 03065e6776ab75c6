"""Every published rule and recorded event: all load, all hit as told, and the slow reference agrees."""

import random
from collections import Counter
from pathlib import Path

import pytest

from rempart.engines.sigma import Collection, compile_rules, load_rules
from rempart.engines.sigma.documents import read_documents
from rempart.engines.sigma.model import Limits
from rempart.engines.sigma.sources import default_mappings, fields_for, origin_of
from rempart.engines.sigma.tests.reference import matches
from rempart.engines.sigma.tests.regression import DATA, cases, events, needs_data
from rempart.engines.sigma.tree import leaves

pytestmark = needs_data

#: Cases whose events hold more matches than the case counts: two downloads of one tool, three zones.
MORE_THAN_COUNTED = {
    "0b9ad457-2554-44c1-82c2-d56a99c42377": 3,
    "8fbf3271-1ef6-4e94-8210-03c2317947f6": 3,
    "45e112d0-7759-4c2a-aa36-9f8fb79d3393": 3,
}


@pytest.fixture(scope="module")
def collection():
    return load_rules(sorted(DATA.glob("rules*")))


def test_every_rule_loads(collection):
    assert len(collection.rules) == 3780
    assert collection.defects == []


def test_only_placeholders_without_values_keep_a_rule_out(collection):
    left_out = [each for each in compile_rules(collection).defects if "has no values" not in each.reason]
    assert left_out == []
    names = {name for rule in collection.rules for name in rule.placeholders}
    detector = compile_rules(collection, placeholders={name: ["value"] for name in names})
    assert detector.defects == []
    assert len(detector.rules) == 3780


def test_every_case_hits_its_own_rule_as_often_as_told(collection):
    told = list(cases())
    owners = [rule_id for rule_id, given, _ in told for _ in given]
    hits = Counter(
        owners[each.index]
        for each in compile_rules(collection).scan([event for _, given, _ in told for event in given])
        if each.rule.id == owners[each.index]
    )
    wrong = {}
    for rule_id, _, expected in told:
        found = hits[rule_id]
        wanted = MORE_THAN_COUNTED.get(rule_id, expected)
        if found != wanted if wanted is not None else not found:
            wrong[rule_id] = (found, wanted)
    assert wrong == {}


def concerned(rule, event):
    """Whether an event that does not say where it comes from has a field of the rule, or it looks for
    keywords.
    """
    names = {leaf.field for leaf in leaves(rule.tree)}
    return None in names or any(name in event for name in names)


def looked_at(rule, event):
    """The event as a rule sees it: None when its log source is another."""
    origin = origin_of(event.get("Channel"), event.get("EventID"), event.get("_logsource"))
    names = fields_for(rule.logsource, origin, default_mappings())
    if names is None:
        return None
    if origin.channel is None and origin.hint is None and not concerned(rule, event):
        return None
    seen = dict(event)
    for name, other in names.items():
        seen.pop(name, None)
        if other in event:
            seen[name] = event[other]
    return seen


def sections(collection):
    return {
        rule.id: next(iter(read_documents(Path(rule.path).read_bytes(), Limits())))["detection"]
        for rule in collection.rules
        if not rule.placeholders
    }


def disagreements(collection, given, rules, batch=64):
    """Pairs of rule and event on which the engine and the reference differ."""
    chosen = Collection(rules=rules)
    detector = compile_rules(chosen)
    written = sections(chosen)
    found = {
        (start + each.index, each.rule.id)
        for start in range(0, len(given), batch)
        for each in detector.scan(given[start : start + batch])
    }
    expected = set()
    for index, event in enumerate(given):
        for rule in rules:
            seen = looked_at(rule, event)
            if seen is not None and matches(written[rule.id], seen):
                expected.add((index, rule.id))
    return found ^ expected


def mutated(event, chance):
    """The event with one or two of its fields gone, empty, or otherwise written."""
    made = dict(event)
    for name in chance.sample(list(made), k=min(2, len(made))):
        if name in ("Channel", "EventID"):
            continue
        way = chance.randrange(6)
        value = str(made[name])
        if way == 0:
            del made[name]
        elif way == 1:
            made[name] = None
        elif way == 2:
            made[name] = ""
        elif way == 3:
            made[name] = value[1:]
        elif way == 4:
            made[name] = [value.upper(), 7]
        else:
            middle = len(value) // 2
            made[name] = f"{value[:middle]}\u0130{value[middle:]}"
    return made


def test_the_reference_agrees_on_a_part(collection):
    chance = random.Random(3)
    rules = chance.sample([rule for rule in collection.rules if not rule.placeholders], 1_200)
    given = chance.sample(events(), 5)
    given += [mutated(event, chance) for event in given]
    assert disagreements(collection, given, rules) == set()


@pytest.mark.full
def test_the_reference_agrees_on_everything(collection):
    rules = [rule for rule in collection.rules if not rule.placeholders]
    chance = random.Random(4)
    given = events()
    given += [mutated(event, chance) for event in given]
    # Without channel nor identifier, every rule of every product looks at the event.
    bare = [{k: v for k, v in event.items() if k not in ("Channel", "EventID")} for event in given[::8]]
    assert disagreements(collection, given + bare, rules) == set()


def test_an_event_says_the_same_alone_and_in_any_batch(collection):
    detector = compile_rules(collection)
    given = events()
    together = {(each.index, each.rule.id) for each in detector.scan(given)}
    fresh = compile_rules(collection)
    alone = {(index, each.rule.id) for index, event in enumerate(given) for each in fresh.scan([event])}
    assert together == alone
    assert {(each.index, each.rule.id) for each in detector.scan(given)} == together  # values remembered
