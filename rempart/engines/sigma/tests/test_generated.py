"""Rules made of every modifier, on events made to be near them: the engine beside the reference."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rempart.engines.sigma import compile_rules, load_rules, regexes
from rempart.engines.sigma.matchers import matcher
from rempart.engines.sigma.tests.making import compact
from rempart.engines.sigma.tests.reference import matches

PLACEHOLDERS = {"admins": ["root", "adm*"], "hosts": ["srv-1"]}
WORDS = [
    "cmd",
    "CMD.exe",
    "a-b",
    " -enc ",
    "/c",
    "Straße",
    "STRASSE",
    "ſecret",
    "\u212aey",
    "İx",
    "root",
    "10.0.0.7",
]
FIELDS = ["Image", "CommandLine", "a.b", "Ip", "Size", "When"]

letters = st.text(alphabet="aAbBkKsß\u017f\u212a\u0130\\*?-/. \n\0\u2013%x1é", max_size=8)
texts = st.one_of(st.sampled_from(WORDS), letters, st.builds("{}{}".format, st.sampled_from(WORDS), letters))
plain = texts.map(lambda text: text.replace("*", "").replace("?", "").replace("\\", "")).filter(bool)
numbers = st.one_of(st.integers(-5, 70), st.floats(-5, 70, allow_nan=False).map(lambda each: round(each, 2)))
dates = st.sampled_from(["2026-01-01 23:59:00", "2026-12-31T00:07:09.5Z", "2024-02-29", "soon"])
addresses = st.sampled_from(
    ["10.0.0.7", "10.0.1.7", "::ffff:10.0.0.9", "fe80::1", "2001:db8::5", "10.0.0", ""]
)
REGEXES = [
    "c.d",
    "^cmd$",
    r"\d+",
    "(?:a|b)-?[bk]",
    "s{2}",
    r"\.exe$",
    "x.*1",
    "K",
    r"a\sb",
    "^$",
    "[^a]",
    "(root|adm)",
]


def several(values):
    return st.one_of(values, st.lists(values, min_size=1, max_size=3))


def entry(fields, modifiers, values):
    return st.tuples(st.sampled_from(fields), st.sampled_from(modifiers), several(values)).map(
        lambda made: ("|".join([made[0], *made[1].split()]), made[2])
    )


TEXTUAL = [
    "",
    "contains",
    "startswith",
    "endswith",
    "cased",
    "contains cased",
    "contains all",
    "endswith neq",
    "neq",
    "startswith cased",
    "all",
    "cased endswith",
]
ENCODED = [
    "base64",
    "base64 contains",
    "base64offset contains",
    "wide base64offset contains",
    "utf16le base64 contains",
    "utf16be base64offset contains",
    "utf16 base64 contains",
    "wide contains",
    "utf16be",
    "base64offset",
]
items = st.one_of(
    entry(FIELDS, TEXTUAL, st.one_of(texts, numbers, st.booleans())),
    entry(FIELDS, ["windash", "contains windash", "contains all windash", "endswith windash"], texts),
    entry(FIELDS, ENCODED, plain),
    entry(
        FIELDS, ["expand", "contains expand"], st.sampled_from(["%admins%", "x%hosts%", r"\%admins%", "%"])
    ),
    entry(FIELDS, ["re", "re i", "re s", "re m", "re i all"], st.sampled_from(REGEXES)),
    entry(
        ["Ip", "a.b"],
        ["cidr", "cidr neq", "cidr all"],
        st.sampled_from(["10.0.0.0/24", "10.0.0.7/8", "fe80::/10"]),
    ),
    entry(["Size", "Image"], ["lt", "lte", "gt", "gte", "gt neq"], numbers),
    entry(
        ["When"],
        ["minute", "hour", "day", "week", "month", "year", "hour gte", "week lt"],
        st.integers(0, 60),
    ),
    entry(
        FIELDS,
        ["fieldref", "fieldref contains", "fieldref startswith", "fieldref endswith cased", "fieldref neq"],
        st.sampled_from(FIELDS),
    ),
    st.tuples(st.sampled_from([f"{name}|exists" for name in FIELDS]), st.booleans()),
    st.tuples(st.sampled_from(FIELDS), st.none()),
)
maps = st.lists(items, min_size=1, max_size=3).map(dict)
keywords = st.one_of(
    st.lists(texts.filter(bool), min_size=1, max_size=3),
    several(texts.filter(bool)).map(lambda values: {"|all": values}),
    several(st.sampled_from(REGEXES)).map(lambda values: {"|re": values}),
)
searches = st.one_of(maps, st.lists(maps, min_size=1, max_size=2), keywords)
CONDITIONS = [
    "s1",
    "not s1",
    "s1 and s2",
    "s1 or s2 and not s3",
    "not (s1 or s2) or s3",
    "1 of s*",
    "all of them",
    "1 of them and not _h",
    "not not s1",
    "(s1)",
    "all of s* or 1 of _*",
    "not 1 of s*",
    "s1 and not s1",
    "NOT s1 OR s2",
]
detections = st.builds(
    lambda s1, s2, s3, hidden, condition: {
        "s1": s1,
        "s2": s2,
        "s3": s3,
        "_h": hidden,
        "condition": condition,
    },
    searches,
    searches,
    searches,
    searches,
    st.one_of(st.sampled_from(CONDITIONS), st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=2)),
)

scalars = st.one_of(texts, plain, numbers, st.booleans(), st.none(), dates, addresses)
values = st.one_of(scalars, scalars, scalars, st.lists(scalars, max_size=2))
events = st.dictionaries(st.sampled_from([*FIELDS, "Other"]), values, max_size=6).flatmap(
    lambda event: st.one_of(
        st.just(event),
        scalars.map(lambda each: {**event, "a": {"b": each}}),
        scalars.map(lambda each: {**event, "a": [{"b": each}, {"c": 1}]}),
    )
)


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Expressions take their quick way from the first text on."""
    monkeypatch.setattr(regexes, "_TRIED", 1)
    regexes.searcher.cache_clear()
    matcher.cache_clear()


def compared(folder, detection, given):
    path = folder / "rule.yml"
    rule = {"title": "Made", "id": "1", "logsource": {"product": "linux"}, "detection": detection}
    path.write_text(compact(rule), "utf-8")
    collection = load_rules([path])
    assert collection.defects == []
    detector = compile_rules(collection, placeholders=PLACEHOLDERS)
    if any("can never match" in each.reason for each in detector.defects):
        return
    assert detector.defects == []
    given = [{"_logsource": {"product": "linux"}, **event} for event in given]
    expected = [index for index, event in enumerate(given) if matches(detection, event, PLACEHOLDERS)]
    assert [each.index for each in detector.scan(given)] == expected
    assert [each.index for each in detector.scan(map(dict, given), again=given.__getitem__)] == expected


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(detection=detections, given=st.lists(events, min_size=1, max_size=12))
def test_made_rules_say_what_the_reference_says(tmp_path_factory, detection, given):
    compared(tmp_path_factory.getbasetemp(), detection, given)


@pytest.mark.full
@settings(max_examples=1_500, deadline=None, suppress_health_check=list(HealthCheck))
@given(detection=detections, given=st.lists(events, min_size=1, max_size=30))
def test_many_made_rules_say_what_the_reference_says(tmp_path_factory, detection, given):
    compared(tmp_path_factory.getbasetemp(), detection, given)


def test_a_field_that_is_null_in_an_item_is_there(tmp_path):
    given = [{"a": [{"b": None}, {"c": 1}]}, {"a": [{"c": 1}]}, {"a": [{"b": None}, {"b": "x"}]}, {"a": []}]
    for item in ({"a.b|exists": True}, {"a.b|exists": False}, {"a.b": None}, {"a.b": "x"}):
        compared(tmp_path, {"s1": item, "condition": "s1"}, given)


def test_a_text_after_a_nul_counts(tmp_path):
    detection = {"s1": {"Image|contains": ["cmd\0end", "\0start"]}, "condition": "s1"}
    given = [{"Image": text} for text in ("cmd", "a cmd\0end", "start", "x\0start", "cmd\0no")]
    compared(tmp_path, detection, given)
