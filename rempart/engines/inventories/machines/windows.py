"""What Windows says is installed: the registry's uninstall keys, exported; and winget's list or export.

The registry file is what ``reg export HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall`` writes
(UTF-16, "Windows Registry Editor Version 5.00").
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from rempart.engines.inventories.model import InventoryRow

REGISTRY_HEADER: Final = "Windows Registry Editor Version 5.00"
_KEY: Final = re.compile(r"\[(?P<path>[^\]\r\n]+)\]")
_VALUE: Final = re.compile(r"\"(?P<name>(?:[^\"\\]|\\.)*)\"=(?P<value>.*)")
_UNINSTALL: Final = "\\currentversion\\uninstall\\"
_CURRENT: Final = "\\windows nt\\currentversion"
_UPDATE: Final = re.compile(r"\bKB\d{6,8}\b")
_RULE: Final = re.compile(r"-{10,}")
_ELLIPSIS: Final = "…"


def registry_rows(text: str) -> Iterator[InventoryRow]:
    """Programs of the uninstall keys, and Windows itself where ``CurrentVersion`` is in the export.

    Updates and parts of a program (``ParentKeyName``, ``SystemComponent``) are not programs of their own.
    """
    path = ""
    values: dict[str, str] = {}
    for line in (*text.splitlines(), "[]"):
        header = _KEY.fullmatch(line.strip()) or (line == "[]")
        if header:
            yield from _registry_row(path, values)
            path, values = ("" if header is True else header["path"]), {}
            continue
        found = _VALUE.fullmatch(line.strip())
        if found is not None:
            values[_unescaped(found["name"]).lower()] = _data(found["value"])


def _registry_row(path: str, values: dict[str, str]) -> Iterator[InventoryRow]:
    lowered = path.lower()
    if lowered.endswith(_CURRENT) and values.get("productname"):
        build = values.get("currentbuildnumber") or values.get("currentbuild", "")
        parts = (values.get("currentmajorversionnumber", ""), values.get("currentminorversionnumber", ""))
        number = ".".join((*parts, build)) if all(parts) else values.get("currentversion", "")
        revision = f".{values['ubr']}" if values.get("ubr") and build else ""
        name = values["productname"]
        # Windows 11 still calls itself Windows 10 in this value; its builds start at 22000.
        if build.isdigit() and int(build) >= 22_000 and "Server" not in name:
            name = name.replace("Windows 10", "Windows 11")
        version = f"{number}{revision}"
        yield InventoryRow(path, kind="operating-system", vendor="Microsoft", product=name, version=version)
        return
    name = values.get("displayname", "").strip()
    hidden = values.get("systemcomponent") == "1" or "parentkeyname" in values or _UPDATE.search(name)
    if _UNINSTALL in lowered and name and not hidden:
        yield InventoryRow(
            where=path.rpartition("\\")[2],
            kind="application",
            vendor=values.get("publisher", "").strip(),
            product=name,
            version=values.get("displayversion", "").strip(),
        )


def _data(value: str) -> str:
    """A text or a number; other types are not read."""
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        return _unescaped(value[1:-1])
    if value.startswith("dword:"):
        try:
            return str(int(value.removeprefix("dword:"), 16))
        except ValueError:
            return ""
    return ""


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")


def winget_export_rows(text: str) -> Iterator[InventoryRow]:
    """Packages of ``winget export`` (JSON). Raises ``ValueError`` when it is not that."""
    document = json.loads(text)
    sources = document.get("Sources") if isinstance(document, dict) else None
    if not isinstance(sources, list):
        raise ValueError("Sources: a list was expected")
    for source in sources:
        packages = source.get("Packages") if isinstance(source, dict) else None
        for package in packages if isinstance(packages, list) else ():
            identifier = package.get("PackageIdentifier") if isinstance(package, dict) else None
            if isinstance(identifier, str) and identifier:
                version = package.get("Version")
                yield _winget_row(identifier, "", version if isinstance(version, str) else "")


def winget_list_rows(text: str) -> Iterator[InventoryRow]:
    """Packages of ``winget list``: a table with its columns aligned under their headers, in any language.

    A cell that winget cut short ("…") is incomplete: its row is left without identifier or version.
    Raises ``ValueError`` when no table is there.
    """
    lines = [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")]
    rule = next((place for place, line in enumerate(lines) if _RULE.fullmatch(line.strip())), 0)
    if not rule:
        raise ValueError("no header over a line of dashes")
    header = _columns(lines[rule - 1])
    starts = [found.start() for found in re.finditer(r"(?:(?<=[\s\0])|^)[^\s\0]", header)]
    if len(starts) < 3:
        raise ValueError("fewer than three columns")
    for line in lines[rule + 1 :]:
        bounds = zip(starts, [*starts[1:], None], strict=True)
        whole = _columns(line)
        name, identifier, version = [_cell(whole[start:end]) for start, end in bounds][:3]
        if not name:
            continue
        stated = "" if _ELLIPSIS in identifier else identifier
        yield _winget_row(stated, name.rstrip(_ELLIPSIS), "" if _ELLIPSIS in version else version)


def _columns(line: str) -> str:
    """The line with one character for each column of the screen, by which winget aligns its table.

    Wide characters (UAX #11) take two: NUL fills the second. What takes none stays with what it marks.
    """
    return "".join(f"{one}\0" if unicodedata.east_asian_width(one) in "WF" else one for one in line)


def _cell(columns: str) -> str:
    return columns.replace("\0", "").strip()


def _winget_row(identifier: str, name: str, version: str) -> InventoryRow:
    """``Mozilla.Firefox`` states publisher and product; ``ARP\\Machine\\X64\\{…}`` and ``MSIX\\…`` do not."""
    stated = "\\" not in identifier
    publisher, dot, package = identifier.partition(".") if stated else ("", "", "")
    product = name or (package.replace(".", " ") if dot else identifier)
    return InventoryRow(
        where=identifier or product,
        kind="application",
        vendor=publisher if dot else "",
        product=product,
        version=version.removeprefix("< ").removeprefix("> "),
        extra={"winget": identifier} if stated and dot else {},
    )
