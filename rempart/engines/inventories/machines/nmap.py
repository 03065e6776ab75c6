"""nmap's XML (``-oX``, with ``-sV`` and maybe ``-O``) → what each host shows of its software.

A scan sees what answers on the network: software it does not show may still be there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element

from rempart.engines.inventories.model import InventoryRow, Problems

_SURE: Final = 7  # of 10: what nmap itself calls certain enough to print without a question mark
_SURE_OS: Final = 95  # per cent


def nmap_rows(root: Element, problems: Problems) -> Iterator[InventoryRow]:
    """Services with a product on open ports of hosts that are up, and their operating system when sure."""
    for number, host in enumerate(root.iterfind("host")):
        state = host.find("status")
        if state is not None and state.get("state") != "up":
            continue
        key, name = _names(host)
        if not key:
            problems.add(f"host[{number}]", "address", "missing")
            continue
        for port in host.iterfind("ports/port"):
            yield from _service(port, key, name, problems)
        yield from _system(host, key, name)


def made_at(root: Element) -> datetime | None:
    """When the scan ended, or started."""
    ended = root.find("runstats/finished")
    stamp = (ended.get("time") if ended is not None else None) or root.get("start") or ""
    try:
        return datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _names(host: Element) -> tuple[str, str]:
    """The host's key (its name as asked for, else its address) and its name."""
    named = {each.get("type", ""): each.get("name", "") for each in host.iterfind("hostnames/hostname")}
    name = named.get("user") or named.get("PTR") or ""
    addresses = {each.get("addrtype", ""): each.get("addr", "") for each in host.iterfind("address")}
    return name or addresses.get("ipv4") or addresses.get("ipv6") or addresses.get("mac", ""), name


def _service(port: Element, key: str, name: str, problems: Problems) -> Iterator[InventoryRow]:
    state, service = port.find("state"), port.find("service")
    if state is None or state.get("state") != "open" or service is None:
        return
    where = f"{key}:{port.get('portid', '?')}/{port.get('protocol', '?')}"
    product = service.get("product", "")
    cpes = [_cpe(each.text) for each in service.iterfind("cpe")]
    applications = [cpe for cpe in cpes if cpe.startswith(("cpe:/a:", "cpe:2.3:a:"))]
    if not product and not applications:
        return
    if _number(service.get("conf") or "10") < _SURE:
        problems.add(where, "service", "uncertain", value=product)
        return
    yield InventoryRow(
        where=where,
        asset_id=key,
        asset_name=name,
        kind="application",
        product=product,
        version=service.get("version", ""),
        cpe=applications[0] if applications else "",
        extra={"port": f"{port.get('portid', '')}/{port.get('protocol', '')}"},
    )


def _system(host: Element, key: str, name: str) -> Iterator[InventoryRow]:
    matches = [each for each in host.iterfind("os/osmatch") if _number(each.get("accuracy", "")) >= _SURE_OS]
    if len(matches) != 1:
        return  # several equally likely systems are no evidence of one
    cpe = next((_cpe(each.text) for each in matches[0].iterfind("osclass/cpe")), "")
    yield InventoryRow(
        where=f"{key}:os",
        asset_id=key,
        asset_name=name,
        kind="operating-system",
        product=matches[0].get("name", ""),
        cpe=cpe,
    )


def _cpe(text: str | None) -> str:
    return (text or "").strip()


def _number(text: str) -> int:
    """A number as nmap writes it, of at most three digits; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
