"""One door for the exports of machines and scanners; ``detect`` names their kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from rempart.engines.inventories.json_document import moment_of, read_bytes, read_json, read_utf8, text_of
from rempart.engines.inventories.machines import listings, nmap, osquery, scanners, windows
from rempart.engines.inventories.model import (
    DEFAULT_LIMITS,
    Inventory,
    InventoryError,
    InventoryLimits,
    InventoryRow,
    Problems,
)
from rempart.engines.inventories.xml_document import parse_xml
from rempart.engines.records.fields import RecordError
from rempart.engines.records.reading import Limits, parse_json

MACHINE_KINDS: Final = (
    "osquery", "nmap", "trivy", "grype", "nuclei", "winget", "registry", "packages",
)  # fmt: skip


def read_machine(source: Path | bytes, kind: str, limits: InventoryLimits = DEFAULT_LIMITS) -> Inventory:
    """Read one of ``MACHINE_KINDS``.

    Rows of osquery, nmap and Nuclei bear the machine's key (``asset_id``) when the file states it; a scan is
    never ``complete``, and neither is a report that lists only what is vulnerable. Raises
    ``InventoryError`` when nothing can be read.
    """
    problems = Problems()
    if kind == "trivy":
        return _trivy(read_json(source, limits), problems, limits)
    if kind == "grype":
        return _grype(read_json(source, limits), problems, limits)
    if kind == "nmap":
        return _nmap(read_bytes(source, limits), problems, limits)
    if kind in {"winget", "registry"}:
        programs = _windows(decoded(read_bytes(source, limits)), kind)
        return Inventory(kind, "", rows=_bounded(programs, limits), problems=problems.all())
    if kind == "packages":
        text = decoded(read_bytes(source, limits)).lstrip("\ufeff \t\r\n")
        tool, listed = listings.read_listing(text, problems)
        packages = _bounded(listed, limits)
        return Inventory(tool, "", rows=packages, complete=not _has_unread(problems), problems=problems.all())
    entries = json_values(source, limits)
    if kind == "nuclei":
        found = scanners.nuclei_rows(entries, problems)
    else:
        found = osquery.osquery_rows(entries[0] if len(entries) == 1 else entries, problems)
    rows = _bounded(found, limits)
    return Inventory(kind, "", rows=rows, complete=kind == "osquery", problems=problems.all())


def _has_unread(problems: Problems) -> bool:
    return any(problem.code == "unknown_table" for problem in problems.all())


def decoded(raw: bytes) -> str:
    """Text of a Windows tool: UTF-16 with its mark (or its zeros), UTF-8, else Windows-1252."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    if raw[1:64:2].count(0) > len(raw[1:64:2]) // 2:
        return raw.decode("utf-16-le", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def json_values(source: Path | bytes, limits: InventoryLimits) -> list[Any]:
    """A JSON document, the items of a JSON list, or the objects of JSON lines. Raises ``InventoryError``."""
    raw = read_utf8(source, limits).removeprefix(b"\xef\xbb\xbf").strip()
    bounds = Limits(record_bytes=2 * limits.file_bytes, depth=limits.depth)
    lines = raw.splitlines()
    try:
        if raw.startswith(b"["):
            return list(parse_json(b'{"items":' + raw + b"}", bounds)["items"])
        if len(lines) > 1 and _is_object(lines[0]):
            return [parse_json(line, bounds) for line in lines if line.strip()]
        return [parse_json(raw, bounds)]
    except RecordError as problem:
        if problem.code == "too_deep":
            raise InventoryError("", "", "too_deep", limit=limits.depth) from None
        raise InventoryError("", "", "not_json", reason=problem.message) from None


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _bounded(rows: Iterator[InventoryRow], limits: InventoryLimits) -> tuple[InventoryRow, ...]:
    found: dict[tuple[str, ...], InventoryRow] = {}
    for row in rows:
        key = (row.asset_id, row.vendor, row.product, row.version, row.purl, row.cpe)
        if key not in found and len(found) >= limits.components:
            raise InventoryError(row.where, "", "too_many_components", limit=limits.components)
        found.setdefault(key, row)
    return tuple(found.values())


def _trivy(document: dict[str, Any], problems: Problems, limits: InventoryLimits) -> Inventory:
    name = text_of(document, "ArtifactName", "", problems)
    rows = _bounded(scanners.trivy_rows(document, problems), limits)
    kind = "container" if text_of(document, "ArtifactType", "", problems) == "container_image" else "platform"
    return Inventory(
        "trivy",
        str(document.get("SchemaVersion", "")),
        made=moment_of(document, "CreatedAt", "", problems),
        subject=InventoryRow(name, kind=kind, product=name) if name else None,
        rows=rows,
        complete=scanners.trivy_lists_everything(document),
        problems=problems.all(),
    )


def _grype(document: dict[str, Any], problems: Problems, limits: InventoryLimits) -> Inventory:
    rows = _bounded(scanners.grype_rows(document, problems), limits)
    source = document.get("source")
    target = source.get("target") if isinstance(source, dict) else None
    name = target.get("userInput") if isinstance(target, dict) else target
    kind = "container" if isinstance(target, dict) else "platform"
    subject = InventoryRow(name, kind=kind, product=name) if isinstance(name, str) and name else None
    return Inventory("grype", "", subject=subject, rows=rows, complete=False, problems=problems.all())


def _nmap(raw: bytes, problems: Problems, limits: InventoryLimits) -> Inventory:
    root = parse_xml(raw, limits, forbid_dtd=False)  # nmap names a document type
    if root.tag != "nmaprun":
        raise InventoryError("", "", "unknown_xml")
    rows = _bounded(nmap.nmap_rows(root, problems), limits)
    return Inventory(
        "nmap",
        root.get("xmloutputversion", ""),
        made=nmap.made_at(root),
        rows=rows,
        complete=False,
        problems=problems.all(),
    )


def _windows(text: str, kind: str) -> Iterator[InventoryRow]:
    if kind == "registry":
        return windows.registry_rows(text)
    try:
        read = windows.winget_export_rows if text.lstrip().startswith("{") else windows.winget_list_rows
        return iter(list(read(text)))
    except ValueError as problem:
        raise InventoryError("", "", "not_winget", reason=problem) from None
