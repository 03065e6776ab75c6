"""Which rules look at which events."""

import json
from itertools import permutations

import pytest

from rempart.engines.sigma import BadMappings, compile_rules, default_mappings, load_rules, read_mappings
from rempart.engines.sigma.sources import mappings_from
from rempart.engines.sigma.tests.making import detector, document
from rempart.engines.sigma.tests.regression import DATA, needs_data

SYSMON = "Microsoft-Windows-Sysmon/Operational"


def looking(folder, source, event, **options):
    rule = document({"s": {"Image|endswith": "cmd.exe"}, "condition": "s"}, logsource=source)
    return bool(detector(folder, rule, **options).scan([{"Image": "x\\cmd.exe", **event}]))


@pytest.mark.parametrize(
    ("source", "event", "expected"),
    [
        ({"product": "windows", "category": "process_creation"}, {"Channel": SYSMON, "EventID": 1}, True),
        ({"product": "windows", "category": "process_creation"}, {"Channel": SYSMON, "EventID": "1"}, True),
        ({"product": "windows", "category": "process_creation"}, {"Channel": SYSMON, "EventID": 11}, False),
        ({"category": "process_creation"}, {"Channel": SYSMON, "EventID": 1}, True),
        ({"product": "windows", "service": "sysmon"}, {"Channel": SYSMON.upper(), "EventID": 255}, True),
        ({"product": "windows", "service": "security"}, {"Channel": SYSMON, "EventID": 1}, False),
        ({"product": "windows"}, {"Channel": "Anything", "EventID": 7}, True),
        ({"product": "linux"}, {"Channel": "Security"}, False),
        ({"product": "windows", "category": "process_creation"}, {}, True),
        ({"product": "windows", "category": "process_creation"}, {"EventID": 1}, True),
        ({"product": "windows", "category": "process_creation"}, {"EventID": 5}, False),
        ({"product": "linux", "service": "auditd"}, {}, True),
        (
            {"product": "linux", "service": "auditd"},
            {"_logsource": {"product": "linux", "service": "sshd"}},
            False,
        ),
        ({"product": "linux"}, {"_logsource": {"product": "Linux", "service": "sshd"}}, True),
        ({"category": "proxy"}, {"_logsource": {"product": "linux", "service": "sshd"}}, False),
        ({"category": "webserver"}, {"_logsource": {"product": "apache", "category": "webserver"}}, True),
        (
            {"product": "windows", "category": "process_creation"},
            {"_logsource": {"product": "windows"}},
            True,
        ),
        ({"product": "windows", "category": "process_creation"}, {"Channel": None, "EventID": [1]}, True),
    ],
)
def test_log_sources(tmp_path, source, event, expected):
    assert looking(tmp_path, source, event) is expected


def test_audited_processes_are_seen_under_their_own_names(tmp_path):
    source = {"product": "windows", "category": "process_creation"}
    rule = document({"s": {"Image|endswith": "cmd.exe", "User": "bob"}, "condition": "s"}, logsource=source)
    event = {
        "Channel": "Security",
        "EventID": 4688,
        "NewProcessName": "C:\\cmd.exe",
        "SubjectUserName": "bob",
    }
    (found,) = detector(tmp_path, rule).scan([event])
    assert [each.field for each in found.matched] == ["NewProcessName", "SubjectUserName"]


def test_events_of_unknown_origin_must_have_a_field_of_the_rule(tmp_path):
    source = {"product": "zeek", "service": "rdp"}
    body = {"s": {"id.orig_h|cidr": "10.0.0.0/8"}, "condition": "not s"}
    made = detector(tmp_path, document(body, logsource=source))
    events = [{"text": "x"}, {"id.orig_h": "1.1.1.1"}, {"id": {"orig_h": "10.1.1.1"}}, {"_logsource": source}]
    assert [each.index for each in made.scan(events)] == [1, 3]


def test_channel_and_identifier_in_conditions(tmp_path):
    source = {"product": "windows", "service": "security"}
    body = {"s": {"EventID": [4624, 4625]}, "f": {"LogonType": 3}, "condition": "s and not f"}
    made = detector(tmp_path, document(body, logsource=source))
    events = [
        {"Channel": "Security", "EventID": number, "LogonType": kind}
        for number in (4624, 1)
        for kind in (2, 3)
    ]
    assert [each.index for each in made.scan(events)] == [0]


@pytest.mark.parametrize("numbers", list(permutations([1, 1.0, True])))
def test_an_identifier_that_equals_another_is_not_it(tmp_path, numbers):
    source = {"product": "windows", "category": "process_creation"}
    made = detector(
        tmp_path, document({"s": {"Image|endswith": "cmd.exe"}, "condition": "s"}, logsource=source)
    )
    events = [{"Channel": SYSMON, "EventID": number, "Image": "x\\cmd.exe"} for number in numbers]
    alone = [index for index, event in enumerate(events) if looking(tmp_path, source, event)]
    assert [each.index for each in made.scan(events)] == alone == [list(map(type, numbers)).index(int)]


def test_mappings_can_be_edited(tmp_path):
    path = tmp_path / "mappings.json"
    path.write_text(
        '{"services": {"own": ["Our Channel"]}, "categories": [], '
        '"fields": [{"logsource": {"product": "linux"}, "fields": {"Image": "exe"}}]}',
        "utf-8",
    )
    mappings = read_mappings(path)
    own = {"product": "windows", "service": "own"}
    assert looking(tmp_path, own, {"Channel": "our channel"}, mappings=mappings)
    event = {"Image": None, "exe": "/bin/cmd.exe", "_logsource": {"product": "linux"}}
    assert looking(tmp_path, {"product": "linux"}, event, mappings=mappings)
    for text in ("[]", "{", '{"categories": [{}]}'):
        path.write_text(text, "utf-8")
        with pytest.raises(BadMappings):
            read_mappings(path)
    assert mappings_from({}).digest() != default_mappings().digest()


@needs_data
def test_every_published_windows_rule_has_a_channel():
    collection = load_rules(sorted(DATA.glob("rules*")))
    reasons = [each.reason for each in compile_rules(collection).defects]
    assert [each for each in reasons if "no Windows channel" in each] == []


def test_tables_that_a_file_does_not_have_stay(tmp_path):
    path = tmp_path / "mappings.json"
    names = {"logsource": {"product": "okta"}, "fields": {"who": "actor.email"}}
    path.write_text(json.dumps({"fields": [names]}))
    mappings = read_mappings(path)
    source = {"product": "windows", "category": "process_creation"}
    assert looking(tmp_path, source, {"Channel": SYSMON, "EventID": 1}, mappings=mappings)
    rule = document({"s": {"who": "bob"}, "condition": "s"}, logsource={"product": "okta", "service": "okta"})
    event = {"actor": {"email": "bob"}, "_logsource": {"product": "okta", "service": "okta"}}
    assert detector(tmp_path, rule, mappings=mappings).scan([event])
    assert not detector(tmp_path, rule).scan([event])
    for wrong in ('{"field": []}', "[]", "3"):
        path.write_text(wrong)
        with pytest.raises(BadMappings, match=r"mappings\.json"):
            read_mappings(path)
