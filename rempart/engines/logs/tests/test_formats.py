"""Each format, recognised by what it holds, gives events with their time, log source and Sigma's fields."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
import zstandard
from pyarrow import parquet

from rempart.engines.logs import LOGSOURCE, read

Read = Any

SYSMON: dict[str, Any] = {
    "Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon", "Guid": "5770385F"}},
            "EventID": 1,
            "Level": 4,
            "TimeCreated": {"#attributes": {"SystemTime": "2025-10-22T20:33:27.276702Z"}},
            "Correlation": None,
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "Computer": "pc",
        },
        "EventData": {
            "Image": "C:\\Windows\\System32\\sc.exe",
            "CommandLine": "sc stop mpssvc",
            "ProcessId": 7,
        },
    }
}


def test_json_lines(reading: Read) -> None:
    events, problems, given = reading(f"{json.dumps(SYSMON)}\n\n{json.dumps({'a': 1})}\n")
    assert given.format == "jsonl"
    assert not problems
    assert [event.index for event in events] == [0, 1]
    assert events[0].data["EventID"] == 1
    assert events[0].data["Provider_Name"] == "Microsoft-Windows-Sysmon"
    assert events[0].data["CommandLine"] == "sc stop mpssvc"
    assert events[0].data[LOGSOURCE] == {"product": "windows"}
    assert events[0].timestamp == "2025-10-22T20:33:27.276702Z"
    assert events[1].data == {"a": 1}
    assert events[1].timestamp is None


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([SYSMON, SYSMON], indent=2),
        json.dumps([SYSMON, SYSMON]),
        json.dumps(SYSMON, indent=2) + "\n" + json.dumps(SYSMON, indent=2),
        json.dumps({"Records": [SYSMON, SYSMON]}),
        "\ufeff" + json.dumps({"kind": "x", "count": 2, "items": [SYSMON, SYSMON], "next": "y"}, indent=1),
    ],
)
def test_json_that_is_not_lines(reading: Read, content: str) -> None:
    events, problems, given = reading(content)
    assert given.format == "json"
    assert not problems
    assert [event.data["Image"] for event in events] == ["C:\\Windows\\System32\\sc.exe"] * 2


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_compressed(reading: Read, pack: Any) -> None:
    events, problems, given = reading(pack(f"{json.dumps(SYSMON)}\n".encode() * 3))
    assert (given.format, len(events), problems) == ("jsonl", 3, [])


def test_winlogbeat_and_flat(reading: Read) -> None:
    beat = {
        "@timestamp": "2026-01-02T03:04:05.678Z",
        "message": "A process was created",
        "winlog": {
            "channel": "Security",
            "event_id": "4688",
            "provider_name": "Microsoft-Windows-Security-Auditing",
            "computer_name": "pc",
            "event_data": {"NewProcessName": "C:\\x.exe"},
        },
    }
    flat = {"EventID": "4624", "LogName": "Security", "MachineName": "pc2", "TargetUserName": "bob"}
    events, _, _ = reading("\n".join(json.dumps(one) for one in (beat, flat, {"_source": beat})))
    assert events[0].data["EventID"] == 4688
    assert events[0].data["NewProcessName"] == "C:\\x.exe"
    assert events[0].timestamp == "2026-01-02T03:04:05.678Z"
    assert (events[1].data["EventID"], events[1].data["Channel"]) == (4624, "Security")
    assert events[1].data["Computer"] == "pc2"
    assert events[2].data["Channel"] == "Security"
    assert all(event.data[LOGSOURCE] == {"product": "windows"} for event in events)


def test_the_shapes_in_which_converters_write_windows_events(reading: Read) -> None:
    apart = {
        "Event": {
            "System": {"Provider_attributes": {"Name": "P"}, "Provider": None, "EventID": {"#text": 7045}},
            "EventData": {
                "Data": [{"@Name": "Channel", "#text": "x"}, {"@Name": "ServiceName", "#text": "s"}, "bare"]
            },
        }
    }
    user = {
        "Event": {
            "System": {"EventID": {"#text": 104, "#attributes": {"Qualifiers": 0}}, "Channel": "System"},
            "UserData": {
                "LogFileCleared": {"#attributes": {"xmlns": "u"}, "Channel": "Security", "BackupPath": "b"}
            },
        }
    }
    unnamed = {
        "Event": {
            "System": {"EventID": 400, "Channel": "Windows PowerShell"},
            "EventData": {"Data": {"#text": ["Available", "HostName=x"]}},
        }
    }
    events, problems, _ = reading("\n".join(json.dumps(one) for one in (apart, user, unnamed)))
    assert not problems
    data = events[0].data
    assert (data["Provider_Name"], data["EventID"], data["ServiceName"]) == ("P", 7045, "s")
    assert (data["EventData_Channel"], data["Data"]) == ("x", ["bare"])
    assert (events[1].data["Channel"], events[1].data["UserData_Channel"]) == ("System", "Security")
    assert events[1].data["BackupPath"] == "b"
    assert events[2].data["Data"] == ["Available", "HostName=x"]


def test_windows_xml(reading: Read) -> None:
    event = (
        '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="P"/>'
        '<EventID Qualifiers="0">4688</EventID><TimeCreated SystemTime="2026-01-01T00:00:00.1234567Z"/>'
        "<Channel>Security</Channel><Computer>c</Computer></System>"
        '<EventData><Data Name="A">b &amp; c</Data></EventData></Event>'
    )
    events, problems, given = reading(f'<?xml version="1.0"?><Events>{event}{event}</Events>')
    assert (given.format, len(events), problems) == ("windows-xml", 2, [])
    assert events[0].data["A"] == "b & c"
    assert events[0].timestamp == "2026-01-01T00:00:00.1234567Z"


def test_csv(reading: Read) -> None:
    events, problems, given = reading(
        'EventID,Channel,CommandLine,TimeCreated\n1,Sysmon,"a ""b""\nc",2026-01-02 03:04:05\n4,,,\n'
    )
    assert (given.format, problems) == ("csv", [])
    assert events[0].data["CommandLine"] == 'a "b"\nc'
    assert events[0].timestamp == "2026-01-02T03:04:05Z"
    assert "Channel" not in events[1].data
    assert events[1].data["EventID"] == 4


def test_utf16(reading: Read) -> None:
    events, _, given = reading("Id;LogName;Image\r\n1;Security;C:\\é.exe\r\n".encode("utf-16"))
    assert given.format == "csv"
    assert (events[0].data["EventID"], events[0].data["Image"]) == (1, "C:\\é.exe")


def test_iis_and_a_proxy(reading: Read) -> None:
    events, problems, given = reading(
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status\r\n"
        "2026-01-02 03:04:05 10.0.0.1 GET /a q=1 1.2.3.4 Mozilla/5.0+(X) 200\r\n"
        "#Fields: date time c-ip cs-host cs-uri r-ip sc-filter-result\r\n"
        "2026-01-02 03:04:06 1.2.3.4 evil.com http://evil.com/x 5.6.7.8 OBSERVED\r\n"
    )
    assert (given.format, problems) == ("w3c", [])
    first, second = events
    assert first.timestamp == "2026-01-02T03:04:05Z"
    assert (first.data["cs-user-agent"], first.data["sc-status"]) == ("Mozilla/5.0 (X)", 200)
    assert first.data["c-uri"] == "/a?q=1"
    assert first.data[LOGSOURCE] == {"category": "webserver"}
    assert (second.data["c-uri"], second.data["dst_ip"]) == ("http://evil.com/x", "5.6.7.8")
    assert second.data[LOGSOURCE] == {"category": "proxy"}


def test_access_logs(reading: Read) -> None:
    events, problems, given = reading(
        '1.2.3.4 - bob [24/Nov/2026:10:00:00 +0100] "GET /x?y=1 HTTP/1.1" 200 12 "http://r/" "curl/8"\n'
        "not of this form\n"
        '1.2.3.4 - - [24/Nov/2026:10:00:00 +0100] "\\x16\\x03" 400 -\n'
    )
    assert given.format == "access"
    assert len(events) == 3
    assert len(problems) == 1
    assert events[0].timestamp == "2026-11-24T09:00:00Z"
    assert (events[0].data["cs-uri-query"], events[0].data["cs-username"]) == ("y=1", "bob")
    assert events[1].data["message"] == "not of this form"
    assert events[2].data["request"] == "\\x16\\x03"


def test_syslog(reading: Read) -> None:
    events, problems, given = reading(
        "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed\n"
        '<165>1 2003-10-11T22:14:15.003+02:00 host app 7 ID47 [x@1 iut="3" s="App\\]"] \ufeffAn event\n'
        "Nov 24 10:00:00 h sudo: bob : TTY=pts/0 ; PWD=/ ; USER=#-1 ; COMMAND=/bin/id\n"
        '<13>Nov 24 10:00:00 h app: {"eventName": "StopLogging", "eventSource": "c", "awsRegion": "r"}\n'
        "<13>Nov 24 10:00:00 h CEF:0|V|P|1|2|N|3|dst=1.1.1.1 msg=a \\= b\n"
        "<189>Feb 17 13:40:03.673: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin logged command:no access\n"
    )
    assert (given.format, problems) == ("syslog", [])
    data = [event.data for event in events]
    assert (data[0]["program"], data[0]["pid"], data[0]["facility"]) == ("su", 12, 4)
    assert events[0].timestamp == "2026-10-11T22:14:15Z"
    assert events[1].timestamp == "2003-10-11T20:14:15.003Z"
    assert (data[1]["x@1.s"], data[1]["message"]) == ("App]", "An event")
    assert (data[2]["USER"], data[2][LOGSOURCE]) == ("#-1", {"product": "linux"})
    assert data[3][LOGSOURCE] == {"product": "aws", "service": "cloudtrail"}
    assert (data[4]["dst_ip"], data[4]["msg"]) == ("1.1.1.1", "a = b")
    assert data[5][LOGSOURCE] == {"product": "cisco", "service": "aaa"}


def test_a_date_without_a_year_is_not_guessed_without_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("Oct 11 22:14:15 h su: x\n")
    assert [event.timestamp for event in read(path, problems=print)] == [None]


_AUDIT = """\
type=SYSCALL msg=audit(1700000000.123:456): arch=c000003e syscall=59 a0=55 a1=56 ppid=1 exe="/usr/bin/cat"
type=USER_LOGIN msg=audit(1700000000.500:457): pid=9 msg='op=login acct="root" addr=1.2.3.4 res=failed'
type=EXECVE msg=audit(1700000000.123:456): argc=2 a0="cat" a1=2F6574632F706173737764
type=CWD msg=audit(1700000000.123:456): cwd="/root"
type=PROCTITLE msg=audit(1700000000.123:456): proctitle=636174002F6574632F706173737764
type=EOE msg=audit(1700000000.123:456):
node=h type=SYSCALL msg=audit(1700000009.000:458): arch=c000003e syscall=42\x1dSYSCALL=connect AUID="bob"
node=h type=SOCKADDR msg=audit(1700000009.000:458): saddr=020001BB01020304
"""


def test_auditd_joins_records_and_decodes_them(reading: Read) -> None:
    events, problems, given = reading(_AUDIT)
    assert (given.format, problems) == ("auditd", [])
    assert [event.index for event in events] == [0, 1, 2]
    first, login, connect = (event.data for event in events)
    assert first["type"] == ["SYSCALL", "EXECVE", "CWD", "PROCTITLE"]
    assert first["a1"] == ["56", "/etc/passwd"]
    assert (first["CommandLine"], first["SYSCALL"]) == ("cat /etc/passwd", "execve")
    assert first[LOGSOURCE]["category"] == "process_creation"
    assert events[0].timestamp == "2023-11-14T22:13:20.123Z"
    assert (login["acct"], login["type"]) == ("root", "USER_LOGIN")
    assert (connect["DestinationIp"], connect["DestinationPort"]) == ("1.2.3.4", 443)
    assert connect["AUID"] == "bob"


def test_zeek(reading: Read) -> None:
    events, problems, given = reading(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
        "#fields\tts\tuid\tid.orig_h\tquery\tanswers\trejected\trtt\n"
        "#types\ttime\tstring\taddr\tstring\tvector[string]\tbool\tinterval\n"
        "1700000000.5\tC1\t1.2.3.4\tevil.com\ta,b\tF\t-\n#close\t2026\n"
    )
    assert (given.format, problems) == ("zeek", [])
    data = events[0].data
    assert (data["answers"], data["rejected"], data["answer"]) == (["a", "b"], False, ["a", "b"])
    assert "rtt" not in data
    assert data[LOGSOURCE] == {"product": "zeek", "service": "dns", "category": "dns"}
    assert events[0].timestamp == "2023-11-14T22:13:20.5Z"


def test_cef_and_leef(reading: Read) -> None:
    events, problems, given = reading(
        "CEF:0|Ven\\|dor|P|1|100|Name|5|src=1.2.3.4 msg=a b \\= c cs1Label=Rule cs1=x y request=http://a/?b\\=c\n"
        "LEEF:2.0|V|P|1|ev|^|src=1.2.3.4^usrName=bob\n"
        "LEEF:1.0|V|P|1|ev|src=1.2.3.4\tusrName=bob\n"
    )
    assert (given.format, problems) == ("leef", [])  # as most lines
    assert events[0].data["deviceVendor"] == "Ven|dor"
    assert (events[0].data["msg"], events[0].data["Rule"]) == ("a b = c", "x y")
    assert events[0].data["c-uri"] == "http://a/?b=c"
    assert [event.data["User"] for event in events[1:]] == ["bob", "bob"]
    for lines, form in (("CEF:0|V|P|1|1|N|5|\n", "cef"), ("LEEF:1.0|V|P|1|e|\nCEF:0|V|P|1|1|N|5|\n", "cef")):
        assert reading(lines)[2].format == form


@pytest.mark.parametrize(
    ("document", "source", "timestamp"),
    [
        (
            {"eventVersion": "1", "eventName": "a", "eventSource": "b", "eventTime": "2026-01-02T03:04:05Z"},
            {"product": "aws", "service": "cloudtrail"},
            "2026-01-02T03:04:05Z",
        ),
        (
            {
                "time": "2026-01-02T03:04:05Z",
                "operationName": "a",
                "category": "SignInLogs",
                "properties": {},
            },
            {"product": "azure", "service": "signinlogs"},
            "2026-01-02T03:04:05Z",
        ),
        ({"Workload": "Exchange", "Operation": "o", "RecordType": 1}, {"product": "m365"}, None),
        ({"protoPayload": {"methodName": "m"}, "logName": "l"}, {"product": "gcp"}, None),
        (
            {"eventType": "e", "actor": {}, "outcome": {}, "published": "2026-01-02T03:04:05.1Z"},
            {"product": "okta", "service": "okta"},
            "2026-01-02T03:04:05.1Z",
        ),
        (
            {"auditID": "a", "verb": "create", "requestURI": "/", "objectRef": {"apiGroup": "g"}},
            {"product": "kubernetes", "category": "application", "service": "audit"},
            None,
        ),
        (
            {
                "timestamp": "2026-01-02T03:04:05.000001+0000",
                "flow_id": 1,
                "event_type": "dns",
                "dns": {"rrname": "x"},
            },
            {"product": "suricata", "category": "dns", "service": "dns"},
            "2026-01-02T03:04:05.000001Z",
        ),
        (
            {"ts": 1700000000.5, "uid": "C", "query": "evil.com", "qtype_name": "A"},
            {"product": "zeek", "service": "dns", "category": "dns"},
            "2023-11-14T22:13:20.5Z",
        ),
    ],
)
def test_log_sources_of_known_products(
    reading: Read, document: dict[str, Any], source: dict[str, str], timestamp: str | None
) -> None:
    events, _, _ = reading(json.dumps(document) + "\n")
    assert events[0].data[LOGSOURCE] == source
    assert events[0].timestamp == timestamp


def test_fields_of_products_also_have_sigmas_names(reading: Read) -> None:
    events, _, _ = reading(
        '{"timestamp": "t", "flow_id": 1, "event_type": "dns", "dest_ip": "1.1.1.1",'
        ' "dns": {"rrname": "x.ca"}}\n'
    )
    assert (events[0].data["query"], events[0].data["dst_ip"]) == ("x.ca", "1.1.1.1")


def _table() -> arrow.Table:
    return arrow.table({"EventID": [1, 2], "Channel": ["a", None], "n": [{"x": 1}, None]})


def test_parquet_and_arrow(reading: Read) -> None:
    packed = io.BytesIO()
    parquet.write_table(_table(), packed)
    file, stream = io.BytesIO(), io.BytesIO()
    with arrow.ipc.new_file(file, _table().schema) as writer:
        writer.write_table(_table())
    with arrow.ipc.new_stream(stream, _table().schema) as writer:
        writer.write_table(_table())
    for content in (packed, file, stream):
        events, problems, given = reading(content.getvalue())
        assert (given.format, problems) == ("columnar", [])
        assert [event.data["EventID"] for event in events] == [1, 2]
        assert events[0].data["n"] == {"x": 1}
        assert "Channel" not in events[1].data


def test_types_of_tables_become_plain(reading: Read) -> None:
    table = arrow.table(
        {
            "timestamp": arrow.array([1767323045123456789], arrow.timestamp("ns")),
            "decimal": arrow.array([Decimal("1.5")]),
            "bytes": arrow.array([b"\xffa"]),
            "day": arrow.array([date(2026, 1, 2)]),
            "map": arrow.array([[("a", 1)]], arrow.map_(arrow.string(), arrow.int64())),
            "list": arrow.array([["a", None]]),
        }
    )
    packed = io.BytesIO()
    parquet.write_table(table, packed)
    events, problems, _ = reading(packed.getvalue())
    assert not problems
    assert events[0].timestamp == "2026-01-02T03:04:05.123456Z"
    assert events[0].data == {
        "timestamp": "2026-01-02T03:04:05.123456Z",
        "decimal": "1.5",
        "bytes": "\ufffda",
        "day": "2026-01-02",
        "map": {"a": 1},
        "list": ["a", None],
    }


def test_plain_text_is_not_lost(reading: Read) -> None:
    events, problems, given = reading("hello\nworld\n")
    assert (given.format, problems) == ("text", [])
    assert [event.data for event in events] == [{"message": "hello"}, {"message": "world"}]


def test_a_format_can_be_forced(reading: Read) -> None:
    events, _, given = reading('{"a": 1}\n', form="text")
    assert given.format == "text"
    assert events[0].data["message"] == '{"a": 1}'


def test_a_stream_is_read_like_a_file() -> None:
    events = list(read(io.BytesIO(b'{"a": 1}\n{"a": 2}\n'), problems=print, name="-"))
    assert [(event.source, event.data) for event in events] == [("-", {"a": 1}), ("-", {"a": 2})]


@pytest.mark.parametrize(
    ("document", "source", "fields"),
    [
        (
            {"_path": "dns", "ts": 1.5, "uid": "C1", "id.orig_h": "1.2.3.4", "query": "evil.com"},
            {"product": "zeek", "service": "dns", "category": "dns"},
            {"query": "evil.com"},
        ),
        (
            {"_path": "ntlm", "ts": 1.5, "uid": "C1", "id.orig_h": "1.2.3.4"},
            {"product": "zeek", "service": "ntlm"},
            {},
        ),
        (
            {
                "category": "SignInLogs", "operationName": "Sign-in activity", "resultType": "50074",
                "properties": {"authenticationRequirement": "singleFactorAuthentication",
                               "deviceDetail": {"trustType": "Azure AD joined"}},
            },
            {"product": "azure", "service": "signinlogs"},
            {"ResultType": "50074", "AuthenticationRequirement": "singleFactorAuthentication",
             "DeviceDetail.trusttype": "Azure AD joined"},
        ),
        (
            {
                "kind": "admin#reports#activity", "id": {"applicationName": "admin"}, "actor": {},
                "events": [
                    {"name": "ADD_APPLICATION", "parameters": [
                        {"name": "new_value", "value": "false"}, {"name": "on", "boolValue": False},
                        {"name": "USER_LIST", "multiValue": ["a", "b"]}, {"name": "count", "intValue": "3"},
                        {"name": "none"}, {"name": "actor", "value": "another"}, {"value": "no name"},
                        "no object"]},
                    {"type": "x", "parameters": [{"name": "new_value", "value": "true"}]},
                ],
            },
            {"product": "gcp", "service": "google_workspace.admin"},
            {"eventName": ["ADD_APPLICATION"], "eventService": "admin.googleapis.com", "actor": {},
             "new_value": ["false", "true"], "USER_LIST": ["a", "b"], "on": False, "count": "3"},
        ),
        (
            {
                "logName": "l", "protoPayload": {
                    "serviceName": "admin.googleapis.com",
                    "metadata": {"event": [{"eventName": "CHANGE_APPLICATION_SETTING", "parameter": [
                        {"name": "setting_name", "type": "TYPE_STRING", "value": "ContextAwareAccess"}]}]},
                },
            },
            {"product": "gcp"},
            {"eventName": ["CHANGE_APPLICATION_SETTING"], "setting_name": "ContextAwareAccess",
             "eventService": "admin.googleapis.com"},
        ),
        (
            {"Workload": "Exchange", "Operation": "Add-FederatedDomain", "RecordType": 1,
             "ResultStatus": "True"},
            {"product": "m365"},
            {"eventSource": "Exchange", "eventName": "Add-FederatedDomain", "status": "success"},
        ),
        (
            {"Workload": "SecurityComplianceCenter", "Operation": "AlertTriggered", "RecordType": 40,
             "AlertId": "1", "Name": "Impossible travel activity"},
            {"product": "m365"},
            {"eventSource": "SecurityComplianceCenter", "eventName": "Impossible travel activity"},
        ),
        (
            {"riskEventType": "invalidLicenseAlertIncident"},
            {"product": "azure", "service": "pim"},
            {},
        ),
        (
            {"riskEventType": "leakedCredentials"},
            {"product": "azure", "service": "riskdetection"},
            {},
        ),
        (
            {"operationName": "x", "category": "AuditLogs",
             "properties": {"activityDisplayName": "Add member to role"}},
            {"product": "azure", "service": "auditlogs"},
            {"properties.message": "Add member to role"},
        ),
        (
            {"auditID": "1", "verb": "create", "requestURI": "/", "requestObject": {"spec": {
                "volumes": [{"name": "v"}, {"hostPath": {"path": "/"}}]}}},
            {"product": "kubernetes", "category": "application", "service": "audit"},
            {"hostPath": [{"path": "/"}]},
        ),
        (
            {"winlog": {"channel": "RPCFW", "event_id": 3, "event_data": {"OpNum": "0"}}},
            {"product": "rpc_firewall", "category": "application"},
            {"EventLog": "RPCFW", "EventID": 3, "OpNum": "0"},
        ),
        (
            {"winlog.channel": "Security", "winlog.event_id": "4688", "winlog.computer_name": "pc",
             "winlog.event_data.CommandLine": "whoami", "host.name": "pc"},
            {"product": "windows"},
            {"Channel": "Security", "EventID": 4688, "CommandLine": "whoami", "Computer": "pc",
             "host.name": "pc"},
        ),
        (
            {"Event": {"System": {"EventID": 1, "Channel": "Linux-Sysmon/Operational"},
                       "EventData": {"Image": "/bin/sh"}}},
            {"product": "linux", "service": "sysmon", "category": "process_creation"},
            {"Image": "/bin/sh"},
        ),
    ],
)  # fmt: skip
def test_products_are_known_wherever_they_say_it(
    reading: Read, document: dict[str, Any], source: dict[str, str], fields: dict[str, Any]
) -> None:
    (event,), problems, _ = reading(json.dumps(document) + "\n")
    assert problems == []
    assert event.data[LOGSOURCE] == source
    assert {name: event.data[name] for name in fields} == fields


def test_objects_under_names_with_dots_stand_where_their_paths_lead(reading: Read) -> None:
    """Whether or not the first event of its names held an object there."""
    documents: list[dict[str, Any]] = [
        {"a.b": "text", "c": 1},
        {"a.b": {"d": "x"}, "c": 1},
        {"a.b": {"d": "x"}, "a": {"e": 1}},
        {"a.b": {"d": "x"}, "a": "taken"},
        {"a.b": {"d": "x"}, "a": {"b": 1}},
        {".".join("a" * 100_000): {"d": "x"}},
    ]
    events, problems, _ = reading("\n".join(map(json.dumps, documents)) + "\n")
    assert problems == []
    assert [event.data for event in events] == [
        documents[0],
        {"a": {"b": {"d": "x"}}, "c": 1},
        {"a": {"e": 1, "b": {"d": "x"}}},
        *documents[3:],
    ]
