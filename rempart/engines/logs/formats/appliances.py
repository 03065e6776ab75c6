"""Messages of firewalls, resolvers and proxies that are no table: iptables and nftables, Cisco ASA, pfSense,
BIND, dnsmasq, Unbound and Squid; each gives its fields under Sigma's names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from rempart.engines.logs.lines import lines
from rempart.engines.logs.model import LOGSOURCE, Event, LogSource, Source

#: What was read of a message: its fields, log source included.
_Read = dict[str, Any] | None

_SCANNED: Final = 16_384  # characters of a message
_FIREWALL: Final = LogSource(product="linux", category="firewall")
_ASA: Final = LogSource(product="cisco", category="firewall", service="asa")
_PFSENSE: Final = LogSource(product="pfsense", category="firewall")
_DNS: Final = LogSource(product="linux", category="dns")
_PROXY: Final = LogSource(category="proxy")

_NETFILTER: Final = re.compile(r"\b([A-Z]{2,5})=(\S{0,64})")
_DROPPED: Final = re.compile(r"block|drop|deny|denied|reject", re.IGNORECASE)
_ACCEPTED: Final = re.compile(r"allow|accept|pass|permit", re.IGNORECASE)
_END: Final = r"[\w.-]{1,64}[:/]([0-9A-Fa-f.:]{2,45})[/(](\d{1,5})\)?"
_ASA_MESSAGE: Final = re.compile(r"%(?:ASA|FTD)-\d-(\d{6}): (.{0,2000})")
_ASA_BUILT: Final = re.compile(
    rf"Built (inbound|outbound) (\w{{2,8}}) connection \d{{1,20}} for {_END}[^\n]{{0,200}}? to {_END}"
)
_ASA_DENIED: Final = re.compile(rf"Deny (?:inbound )?(\w{{2,8}}) src {_END}[^\n]{{0,200}}? dst {_END}")
_ASA_LISTED: Final = re.compile(
    rf"access-list \S{{1,128}} (permitted|denied) (\w{{2,8}}) {_END}[^\n]{{0,80}}? -> {_END}"
)
_BIND: Final = re.compile(
    r"client (?:@0x[0-9a-f]{1,16} )?([0-9A-Fa-f.:]{2,45})#\d{1,5}(?: \([^)]{0,255}\))?:"
    r"(?: view [^:]{1,128}:)? query: (\S{1,255}) [A-Z]{2,4} (\S{1,16})"
)
_DNSMASQ: Final = re.compile(r"query\[([\w=]{1,16})\] (\S{1,255}) from ([0-9A-Fa-f.:]{2,45})")
_UNBOUND: Final = re.compile(r"info: ([0-9A-Fa-f.:]{2,45}) (\S{1,255})\. ([A-Z0-9]{1,16}) [A-Z]{2,4}\b")
#: Squid's own form of a line, ``squid`` in its ``logformat``.
SQUID: Final = re.compile(
    r"(\d{9,10}\.\d{3}) {1,12}(-?\d{1,12}) (\S{1,64}) ([A-Z_]{3,40})/(\d{3}) (\d{1,18}) ([A-Z]{1,32}) "
    r"(\S{1,65536}) (\S{1,255}) ([A-Z_]{2,40})/(\S{1,255}) (\S{1,255})"
)
_HOST: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,15}://)?(?:[^/@\s]{0,255}@)?(\[[0-9A-Fa-f:.]{2,45}\]|[^/:?#\s]{1,255})"
)


def message_of(program: str, text: str) -> _Read:
    """The fields of a message that one of these programs wrote; None when it is none of theirs."""
    text = text[:_SCANNED]
    known = _BY_PROGRAM.get(program)
    if known:
        return known(text)
    if "SRC=" in text:
        return _netfilter(text)
    return _asa(text) if "%ASA-" in text or "%FTD-" in text else None


def _netfilter(text: str) -> _Read:
    told: dict[str, str] = {}
    for name, value in _NETFILTER.findall(text):
        told.setdefault(name, value)
    if not {"IN", "OUT", "SRC", "DST", "PROTO"} <= told.keys():
        return None
    data: dict[str, Any] = {"src_ip": told["SRC"], "dst_ip": told["DST"], "protocol": told["PROTO"].lower()}
    _add_ports(data, told.get("SPT", ""), told.get("DPT", ""))
    said = text[: text.index("IN=")]  # the words that the rule of the firewall puts first
    for action, words in (("block", _DROPPED), ("accept", _ACCEPTED)):
        if words.search(said):
            data["action"] = action
            break
    return {**data, LOGSOURCE: _FIREWALL}


def _add_ports(data: dict[str, Any], source: str, target: str) -> None:
    if all(port.isdecimal() and len(port) < 6 for port in (source, target)):
        data.update(src_port=int(source), dst_port=int(target))


def _asa(text: str) -> _Read:
    message = _ASA_MESSAGE.search(text)
    if not message:
        return None
    data: dict[str, Any] = {"message_id": message[1], "text": message[2], LOGSOURCE: _ASA}
    if built := _ASA_BUILT.search(message[2]):
        ends = built.groups()[2:6]
        # "for" names the outer end, which is where an inbound connection comes from.
        source, target = (ends[:2], ends[2:]) if built[1] == "inbound" else (ends[2:], ends[:2])
        protocol, action = built[2], "accept"
    elif denied := _ASA_DENIED.search(message[2]):
        source, target, protocol, action = denied.groups()[1:3], denied.groups()[3:5], denied[1], "deny"
    elif listed := _ASA_LISTED.search(message[2]):
        source, target, protocol = listed.groups()[2:4], listed.groups()[4:6], listed[2]
        action = "accept" if listed[1] == "permitted" else "deny"
    else:
        return data
    return {
        **data,
        "src_ip": source[0], "src_port": int(source[1]), "dst_ip": target[0], "dst_port": int(target[1]),
        "protocol": protocol.lower(), "action": action,
    }  # fmt: skip


def _filterlog(text: str) -> _Read:
    """pfSense's and OPNsense's: comma-separated, the place of addresses by the version of IP."""
    cells = text.split(",", 32)
    places = {"4": (16, 18), "6": (12, 15)}.get(cells[8] if len(cells) > 8 else "")
    if places is None or len(cells) < places[1] + 2:
        return None
    protocol, place = places
    action = "accept" if cells[6] == "pass" else cells[6]
    data: dict[str, Any] = {"interface": cells[4], "action": action, "direction": cells[7]}
    data.update(protocol=cells[protocol], src_ip=cells[place], dst_ip=cells[place + 1])
    if len(cells) > place + 3:
        _add_ports(data, cells[place + 2], cells[place + 3])
    return {**data, LOGSOURCE: _PFSENSE}


def _bind(text: str) -> _Read:
    found = _BIND.search(text)
    return _asked(found[1], found[2], found[3]) if found else None


def _dnsmasq(text: str) -> _Read:
    found = _DNSMASQ.search(text)
    return _asked(found[3], found[2], found[1]) if found else None


def _unbound(text: str) -> _Read:
    found = _UNBOUND.search(text)
    return _asked(found[1], found[2], found[3]) if found else None


def _asked(address: str, name: str, kind: str) -> dict[str, Any]:
    return {"query": name.rstrip(".") or ".", "record_type": kind, "src_ip": address, LOGSOURCE: _DNS}


def _squid(text: str) -> _Read:
    found = SQUID.match(text)
    return _proxied(found) if found else None


def _proxied(found: re.Match[str]) -> dict[str, Any]:
    clock, taken, client, result, status, size, method, uri, user, way, peer, kind = found.groups()
    host = _HOST.match(uri)
    data: dict[str, Any] = {
        "timestamp": clock, "time-taken": int(taken), "c-ip": client, "src_ip": client, "s-action": result,
        "sc-status": int(status), "sc-bytes": int(size), "cs-method": method, "c-uri": uri, "cs-uri": uri,
        "hierarchy": way, LOGSOURCE: _PROXY,
    }  # fmt: skip
    optional = {"cs-username": user, "dst_ip": peer, "content-type": kind}
    data.update((name, value) for name, value in optional.items() if value != "-")
    if host and method != "NONE":
        data["cs-host"] = host[1]
    return data


def squid(source: Source) -> Iterator[Event]:
    """Access logs of Squid, in its own form."""
    for raw in lines(source):
        index = source.records
        source.records += 1
        line = source.text(raw)
        data = _squid(line)
        if data is None:
            source.problem(
                "not the form of Squid's access log; kept as text", line=source.lines, record=index
            )
            data = {"message": line, LOGSOURCE: _PROXY}
        yield Event(source.name, index, data, data.get("timestamp"))


_BY_PROGRAM: Final[dict[str, Callable[[str], _Read]]] = {
    "filterlog": _filterlog,
    "named": _bind,
    "dnsmasq": _dnsmasq,
    "unbound": _unbound,
    "squid": _squid,
    "(squid-1)": _squid,
}
