"""Which kind of inventory a file is, by its content; its name is not trusted."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from rempart.engines.inventories.machines.listings import is_listing
from rempart.engines.inventories.machines.osquery import is_osquery
from rempart.engines.inventories.machines.read import json_values
from rempart.engines.inventories.machines.scanners import is_grype, is_nuclei, is_trivy
from rempart.engines.inventories.machines.windows import REGISTRY_HEADER
from rempart.engines.inventories.model import DEFAULT_LIMITS, InventoryError, InventoryLimits
from rempart.engines.inventories.spdx import VERSIONS_3

Kind: TypeAlias = Literal[
    "csv",
    "xlsx",
    "cyclonedx-json",
    "cyclonedx-xml",
    "spdx-json",
    "spdx3-json",
    "osquery",
    "nmap",
    "trivy",
    "grype",
    "nuclei",
    "winget",
    "registry",
    "packages",
]

_HEAD: Final = 64 * 1024
# winget draws its progress, then headers over one unbroken line of dashes.
_WINGET: Final = re.compile(r"\S {2,}\S.*\r?\n-{40,}\r?\n")
_OLE: Final = b"\xd0\xcf\x11\xe0"


def detect(source: Path | str | bytes, limits: InventoryLimits = DEFAULT_LIMITS) -> Kind:
    """The kind of the file at a path, or of its content.

    Raises ``InventoryError``: ``empty``, ``encrypted``, ``not_json``, ``not_xml``, ``forbidden_xml``,
    ``unknown_json``, ``unknown_xml``, ``unknown_binary``, ``unknown_text``, ``too_large``, ``too_deep``.
    """
    if isinstance(source, str):
        source = Path(source)
    if isinstance(source, Path):
        if source.stat().st_size > limits.file_bytes:
            raise InventoryError("", "", "too_large", limit=limits.file_bytes)
        with source.open("rb") as stream:
            head = stream.read(_HEAD)
    else:
        head = source[:_HEAD]
    if head.startswith(_OLE):
        raise InventoryError("", "", "encrypted")
    if head.startswith(b"PK\x03\x04"):
        return _zip(source)
    text = _text(head)
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise InventoryError("", "", "empty")
    if start.startswith(("{", "[")):
        return _json(source, limits)
    if start.startswith("<"):
        return _xml(source)
    if start.startswith(REGISTRY_HEADER):
        return "registry"
    line = start.splitlines()[0]
    if _WINGET.search(start):
        return "winget"
    if is_listing(start.rpartition("\n")[0] if len(head) == _HEAD else start):
        return "packages"
    if not any(delimiter in line for delimiter in ",;\t|"):
        raise InventoryError("", "", "unknown_text")
    return "csv"


def _text(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    nulls = head.count(0)
    if nulls > len(head) // 4:
        little = head[1::2].count(0) > head[::2].count(0)
        return head.decode("utf-16-le" if little else "utf-16-be", errors="replace")
    # Text holds few control characters; what is compressed or compiled holds many.
    if sum(head.count(code) for code in (*range(9), *range(14, 32))) > len(head) // 50:
        raise InventoryError("", "", "unknown_binary")
    return head.decode("utf-8", errors="replace")


def _zip(source: Path | bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as container:
            if "xl/workbook.xml" in container.namelist():
                return "xlsx"
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
        raise InventoryError("", "", "not_xlsx", reason=problem) from None
    raise InventoryError("", "", "unknown_binary")


def _json(source: Path | bytes, limits: InventoryLimits) -> Kind:
    values = json_values(source, limits)
    document = values[0] if values else {}
    if len(values) == 1 and isinstance(document, dict):
        known = _document(document)
        if known is not None:
            return known
    if is_nuclei(document):
        return "nuclei"
    if is_osquery(values) or is_osquery(document):
        return "osquery"
    raise InventoryError("", "", "unknown_json")


def _document(document: dict[str, Any]) -> Kind | None:
    if document.get("bomFormat") == "CycloneDX":
        return "cyclonedx-json"
    if "spdxVersion" in document:
        return "spdx-json"
    if is_trivy(document):
        return "trivy"
    if is_grype(document):
        return "grype"
    if isinstance(document.get("Sources"), list) and "WinGetVersion" in document:
        return "winget"
    context = document.get("@context")
    stated = context if isinstance(context, list) else [context]
    return "spdx3-json" if any(isinstance(item, str) and VERSIONS_3.match(item) for item in stated) else None


def _xml(source: Path | bytes) -> Kind:
    root = _root(source, forbid_dtd=False)
    if root == "nmaprun":  # the one format read here that names a document type
        return "nmap"
    root = _root(source, forbid_dtd=True)
    if root.startswith("{http://cyclonedx.org/schema/bom/") and root.endswith("}bom"):
        return "cyclonedx-xml"
    raise InventoryError("", "", "unknown_xml")


def _root(source: Path | bytes, *, forbid_dtd: bool) -> str:
    stream = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with stream:
        try:
            _, root = next(iter(iterparse(stream, events=("start",), forbid_dtd=forbid_dtd)))
        except DefusedXmlException:
            raise InventoryError("", "", "forbidden_xml") from None
        except (ParseError, StopIteration, ValueError, LookupError) as problem:
            raise InventoryError("", "", "not_xml", reason=problem) from None
    return str(root.tag)
