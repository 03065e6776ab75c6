"""CycloneDX XML brought to the shape of its JSON, so that one reader serves both."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import Element

from rempart.engines.inventories.json_document import read_bytes
from rempart.engines.inventories.model import InventoryError, InventoryLimits
from rempart.engines.inventories.xml_document import parse_xml

_NAMESPACE: Final = "http://cyclonedx.org/schema/bom/"
_TEXTS: Final = ("name", "version", "group", "publisher", "purl", "cpe", "scope")


def document_of_xml(source: Path | bytes, limits: InventoryLimits) -> dict[str, Any]:
    """The document as its JSON form would state it (the parts that are read; others as counts).

    Raises ``InventoryError``: ``too_large``, ``forbidden_xml``, ``not_xml``, ``too_deep``.
    """
    root = parse_xml(read_bytes(source, limits), limits)
    space, _, name = root.tag.rpartition("}")
    space = space.removeprefix("{")
    if name != "bom" or not space.startswith(_NAMESPACE):
        raise InventoryError("", "", "not_xml", reason=f"the root element is {name}, not a CycloneDX bom")
    prefix = f"{{{space}}}"
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": space.removeprefix(_NAMESPACE),
        "version": root.get("version", "1"),
    }
    if root.get("serialNumber"):
        document["serialNumber"] = root.get("serialNumber")
    for part in root:
        key = part.tag.removeprefix(prefix)
        if key == "metadata":
            document[key] = _metadata(part, prefix)
        elif key == "components":
            document[key] = [_component(child, prefix) for child in part.iterfind(f"{prefix}component")]
        elif key == "dependencies":
            document[key] = [_dependency(child, prefix) for child in part.iterfind(f"{prefix}dependency")]
        elif key == "vulnerabilities":
            document[key] = [
                _vulnerability(child, prefix) for child in part.iterfind(f"{prefix}vulnerability")
            ]
        elif key == "compositions":
            document[key] = [{"aggregate": text.strip()} for text in _texts(part, f"*/{prefix}aggregate")]
        else:
            document[key.rpartition("}")[2]] = [None] * max(1, len(part))
    return document


def _texts(element: Element, path: str) -> list[str]:
    return [found.text for found in element.iterfind(path) if found.text]


def _metadata(element: Element, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    stamp = element.findtext(f"{prefix}timestamp")
    if stamp:
        found["timestamp"] = stamp
    described = element.find(f"{prefix}component")
    if described is not None:
        found["component"] = _component(described, prefix)
    return found


def _component(element: Element, prefix: str) -> dict[str, Any]:
    """One component; nesting is bounded by the document's depth, so recursion is safe."""
    found: dict[str, Any] = {key: element.get(key) for key in ("type", "bom-ref") if element.get(key)}
    for child in element:
        key = child.tag.removeprefix(prefix)
        if key in _TEXTS:
            found[key] = child.text or ""
        elif key in {"supplier", "manufacturer"}:
            found[key] = {"name": child.findtext(f"{prefix}name") or ""}
        elif key == "licenses":
            found[key] = _licences(child, prefix)
        elif key == "components":
            found[key] = [_component(inner, prefix) for inner in child.iterfind(f"{prefix}component")]
        else:
            found.setdefault(key, None)  # named, so that the reader can say that it is not read
    return found


def _licences(element: Element, prefix: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for child in element:
        if child.tag == f"{prefix}expression":
            found.append({"expression": child.text or ""})
        else:
            name = child.findtext(f"{prefix}id") or child.findtext(f"{prefix}name") or ""
            found.append({"license": {"name": name}})
    return found


def _dependency(element: Element, prefix: str) -> dict[str, Any]:
    return {
        "ref": element.get("ref", ""),
        "dependsOn": [child.get("ref", "") for child in element.iterfind(f"{prefix}dependency")],
        "provides": [child.get("ref", "") for child in element.iterfind(f"{prefix}provides")],
    }


def _vulnerability(element: Element, prefix: str) -> dict[str, Any]:
    analysis: dict[str, Any] = {}
    stated = element.find(f"{prefix}analysis")
    if stated is not None:
        analysis = {
            key: stated.findtext(f"{prefix}{key}") or "" for key in ("state", "justification", "detail")
        }
        analysis["response"] = _texts(stated, f"{prefix}responses/{prefix}response")
    refs = _texts(element, f"{prefix}affects/{prefix}target/{prefix}ref")
    return {
        "id": element.findtext(f"{prefix}id") or "",
        "analysis": analysis,
        "affects": [{"ref": ref} for ref in refs],
    }
