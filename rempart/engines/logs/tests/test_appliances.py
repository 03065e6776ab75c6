"""Firewalls, resolvers, proxies and routers that write lines: their fields under Sigma's names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.engines.logs.formats.appliances import message_of
from rempart.engines.logs.model import LOGSOURCE
from rempart.engines.logs.tests.conftest import Read

_HEAD = "Nov 24 10:00:00 fw "
_FILTERLOG = "5,,,1000,em0,match,pass,in,4,0x0,,64,1,0,DF,6,tcp,60,198.51.100.7,10.0.0.1,51234,23,0,S,1,,1,,"
_FILTERLOG_6 = "5,,,1000,em0,match,block,in,6,0x00,0x1,64,UDP,17,60,2001:db8::7,2001:db8::1,53,5353,40"


@pytest.mark.parametrize(
    ("line", "source", "fields"),
    [
        pytest.param(
            "kernel: [1.5] [UFW ALLOW] IN=eth0 OUT= MAC=00:11 SRC=198.51.100.7 DST=10.0.0.1 LEN=60 TTL=52 DF"
            " PROTO=TCP SPT=51234 DPT=23 WINDOW=65535 SYN URGP=0",
            {"product": "linux", "category": "firewall"},
            {"src_ip": "198.51.100.7", "dst_ip": "10.0.0.1", "src_port": 51234, "dst_port": 23,
             "protocol": "tcp", "action": "accept"},
            id="netfilter",
        ),
        pytest.param(
            "kernel: nft drop: IN=eth0 OUT=eth1 SRC=2001:db8::7 DST=2001:db8::1 LEN=60 PROTO=ICMPv6 TYPE=128",
            {"product": "linux", "category": "firewall"},
            {"src_ip": "2001:db8::7", "protocol": "icmpv6", "action": "block"},
            id="netfilter without ports",
        ),
        pytest.param(
            "%ASA-6-302013: Built outbound TCP connection 17 for outside:198.51.100.7/80 (198.51.100.7/80) to"
            " inside:10.0.0.5/51234 (203.0.113.1/51234)",
            {"product": "cisco", "category": "firewall", "service": "asa"},
            {"src_ip": "10.0.0.5", "src_port": 51234, "dst_ip": "198.51.100.7", "dst_port": 80,
             "action": "accept", "message_id": "302013"},
            id="asa outbound",
        ),
        pytest.param(
            '%ASA-4-106023: Deny tcp src outside:198.51.100.7/4321 dst inside:10.0.0.5/3389 by group "x"',
            {"product": "cisco", "category": "firewall", "service": "asa"},
            {"src_ip": "198.51.100.7", "dst_ip": "10.0.0.5", "dst_port": 3389, "action": "deny"},
            id="asa denied",
        ),
        pytest.param(
            "%ASA-6-106100: access-list in permitted tcp outside/198.51.100.7(4321) -> inside/10.0.0.5(21)"
            " hit-cnt 1 first hit",
            {"product": "cisco", "category": "firewall", "service": "asa"},
            {"src_ip": "198.51.100.7", "dst_port": 21, "action": "accept"},
            id="asa listed",
        ),
        pytest.param(
            f"filterlog[123]: {_FILTERLOG}",
            {"product": "pfsense", "category": "firewall"},
            {"src_ip": "198.51.100.7", "dst_ip": "10.0.0.1", "src_port": 51234, "dst_port": 23,
             "protocol": "tcp", "action": "accept", "interface": "em0"},
            id="pfsense",
        ),
        pytest.param(
            f"filterlog: {_FILTERLOG_6}",
            {"product": "pfsense", "category": "firewall"},
            {"src_ip": "2001:db8::7", "dst_ip": "2001:db8::1", "dst_port": 5353, "action": "block"},
            id="pfsense ipv6",
        ),
        pytest.param(
            "named[5]: client @0x7f 198.51.100.7#4321 (evil.example): query: evil.example IN TXT +E(0)K",
            {"product": "linux", "category": "dns"},
            {"query": "evil.example", "record_type": "TXT", "src_ip": "198.51.100.7"},
            id="bind",
        ),
        pytest.param(
            "dnsmasq[5]: query[AAAA] evil.example from 198.51.100.7",
            {"product": "linux", "category": "dns"},
            {"query": "evil.example", "record_type": "AAAA", "src_ip": "198.51.100.7"},
            id="dnsmasq",
        ),
        pytest.param(
            "unbound: [5:0] info: 198.51.100.7 evil.example. A IN",
            {"product": "linux", "category": "dns"},
            {"query": "evil.example", "record_type": "A"},
            id="unbound",
        ),
        pytest.param(
            "%SYS-5-CONFIG_P: Configured programmatically by process SEP_webui from console as cisco_support",
            {"product": "cisco"},
            {"facility_code": "SYS", "mnemonic": "CONFIG_P"},
            id="cisco for rules of any service",
        ),
        pytest.param(
            "%IP-TCP-3-BADAUTH: Invalid MD5 digest from 10.0.0.1:179",
            {"product": "cisco"},
            {"facility_code": "IP-TCP", "mnemonic": "BADAUTH"},
            id="cisco facility in parts",
        ),
        pytest.param(
            "%PARSER-5-CFGLOG_LOGGEDCMD: User:x logged command:no logging",
            {"product": "cisco", "service": "aaa"},
            {"mnemonic": "CFGLOG_LOGGEDCMD"},
            id="cisco command",
        ),
        pytest.param(
            "rpd[7]: tcp_auth_ok: Packet from 10.0.0.1:179 missing MD5 digest", {"product": "juniper"}, {},
            id="junos",
        ),
        pytest.param(
            "%%01BGP/3/BGP_AUTH_FAILED(l): BGP session authentication failed. (10.0.0.1:179)",
            {"product": "huawei"},
            {},
            id="huawei",
        ),
        pytest.param("kernel: SRC= DST= nothing", {"product": "linux"}, {}, id="a message like any other"),
        pytest.param("filterlog: 1,2,3", {"product": "linux"}, {}, id="a row that is cut"),
    ],
)  # fmt: skip
def test_what_appliances_write(
    reading: Read, line: str, source: dict[str, str], fields: dict[str, Any]
) -> None:
    (event,), problems, _ = reading(f"{_HEAD}{line}\n", form="syslog")
    assert problems == []
    assert event.data[LOGSOURCE] == source
    assert {name: event.data.get(name) for name in fields} == fields
    assert event.data["message"]  # for rules that look for words


def test_squid(reading: Read) -> None:
    line = "1286536308.779    180 198.51.100.7 TCP_MISS/200 411 {} {} bob HIER_DIRECT/203.0.113.9 text/html\n"
    log = (
        line.format("GET", "http://evil.example/a?b=1") + line.format("CONNECT", "evil.example:443") + "cut\n"
    )
    events, problems, given = reading(log)
    assert given.format == "squid"
    assert events[0].timestamp == "2010-10-08T11:11:48.779Z"
    assert events[0].data[LOGSOURCE] == {"category": "proxy"}
    wanted = {
        "c-ip": "198.51.100.7", "cs-method": "GET", "c-uri": "http://evil.example/a?b=1", "sc-status": 200,
        "cs-host": "evil.example", "cs-username": "bob", "dst_ip": "203.0.113.9", "s-action": "TCP_MISS",
    }  # fmt: skip
    assert {name: events[0].data[name] for name in wanted} == wanted
    assert events[1].data["cs-host"] == "evil.example"
    assert events[2].data["message"] == "cut"
    assert [(problem.line, problem.record) for problem in problems] == [(3, 2)]


_WORDS = st.sampled_from(
    ["IN=", "OUT=", "SRC=1.2.3.4", "DST=", "PROTO=TCP", "SPT=9", "DPT=99999999", "%ASA-6-302013:",
     "Built inbound", "TCP connection 1 for", "a:1.2.3.4/5", "to", "client", "query:", "query[A]", "info:",
     ",", "4", "x", "\n", "٣"]
)  # fmt: skip


@given(
    st.sampled_from(["", "filterlog", "named", "dnsmasq", "unbound", "squid"]),
    st.lists(_WORDS, max_size=40).map(" ".join),
)
def test_any_message_is_read_or_left(program: str, text: str) -> None:
    known = message_of(program, text)
    assert known is None or (LOGSOURCE in known and all(known[name] is not None for name in known))
