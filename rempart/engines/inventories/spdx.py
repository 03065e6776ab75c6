"""SPDX 2.2 and 2.3 (JSON) and SPDX 3.0 (JSON-LD): packages, identifiers and relationships.

As with CycloneDX, the official libraries judge (``judges.library_problems``) and do not read: one
licence expression that they dislike makes them refuse every package of the document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rempart.engines.inventories.json_document import (
    list_of,
    mapping_of,
    moment_of,
    read_json,
    text_of,
    texts_of,
)
from rempart.engines.inventories.model import (
    DEFAULT_LIMITS,
    Edge,
    Inventory,
    InventoryError,
    InventoryLimits,
    InventoryRow,
    Problems,
)

VERSIONS: Final = ("SPDX-2.2", "SPDX-2.3")
VERSIONS_3: Final = re.compile(r"https://spdx\.org/rdf/(3\.0(?:\.\d+)?)/spdx-context\.jsonld")

_NOTHING: Final = frozenset({"NOASSERTION", "NONE"})
_ACTOR: Final = re.compile(r"(?:Organization|Person|Tool):\s*")
_CONTACT: Final = re.compile(r"\s*\([^()]*@[^()]*\)$")
_SKIPPED_2: Final = ("files", "snippets", "annotations", "hasExtractedLicensingInfos")

# Relationship type → (edge kind, whether source and target swap). SPDX 2.3, clause 11; 3.0 in camel case.
_EDGES: Final[Mapping[str, tuple[str, bool]]] = {
    "CONTAINS": ("contains", False),
    "CONTAINED_BY": ("contains", True),
    "DEPENDS_ON": ("depends_on", False),
    "DEPENDENCY_OF": ("depends_on", True),
    "RUNTIME_DEPENDENCY_OF": ("depends_on", True),
    "PROVIDED_DEPENDENCY_OF": ("depends_on", True),
    "OPTIONAL_DEPENDENCY_OF": ("depends_on", True),
    "STATIC_LINK": ("depends_on", False),
    "DYNAMIC_LINK": ("depends_on", False),
    "HAS_PREREQUISITE": ("depends_on", False),
    "PREREQUISITE_FOR": ("depends_on", True),
    "contains": ("contains", False),
    "dependsOn": ("depends_on", False),
    "hasStaticLink": ("depends_on", False),
    "hasDynamicLink": ("depends_on", False),
    "hasPrerequisite": ("depends_on", False),
    "hasOptionalComponent": ("contains", False),
    "hasProvidedDependency": ("depends_on", False),
    "hasOptionalDependency": ("depends_on", False),
}


@dataclass(slots=True)
class _Gathered:
    """Rows by identifier in document order, edges, and what was left out."""

    limits: InventoryLimits
    rows: dict[str, InventoryRow] = field(default_factory=dict)
    edges: list[tuple[Edge, str]] = field(default_factory=list)
    described: dict[str, None] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    skipped: Counter[str] = field(default_factory=Counter)
    complete: bool = True

    def place(self, identifier: str, at: str) -> str:
        """The row's ``where``: its identifier, or its path when that is absent or taken."""
        if identifier in self.rows:
            self.problems.add(at, "", "duplicate_ref", ref=identifier)
        where = at if not identifier or identifier in self.rows else identifier
        while where in self.rows:  # an identifier may look like another's path
            where += "+"
        return where

    def add(self, row: InventoryRow, at: str) -> None:
        if not (row.product or row.purl or row.cpe):
            self.problems.add(at, "name", "missing")
            return
        if len(self.rows) >= self.limits.components:
            raise InventoryError(at, "", "too_many_components", limit=self.limits.components)
        self.rows[row.where] = row

    def relate(self, source: str, kind: str, target: str, at: str) -> None:
        """Keep a relationship between packages; count the kinds that say nothing of dependence."""
        if kind in {"DESCRIBES", "describes"}:
            self.described.setdefault(target)
        elif kind == "DESCRIBED_BY":
            self.described.setdefault(source)
        elif kind in _EDGES:
            name, swapped = _EDGES[kind]
            ends = (target, source) if swapped else (source, target)
            self.edges.append((Edge(*ends, name), at))
        else:
            self.skipped[f"relationships {kind}"] += 1

    def inventory(self, version: str, serial: str, document_id: str, **facts: Any) -> Inventory:
        described = [identifier for identifier in self.described if identifier in self.rows]
        subject = self.rows[described[0]] if len(described) == 1 else None
        edges: dict[Edge, None] = {}
        for edge, at in self.edges:
            unknown = [
                ref for ref in (edge.source, edge.target) if ref not in self.rows and ref != document_id
            ]
            if unknown and unknown[0] not in _NOTHING:
                self.problems.add(at, "", "unknown_ref", ref=unknown[0])
            elif not unknown:
                edges.setdefault(edge)
        for part, count in sorted(self.skipped.items()):
            self.problems.add("", part, "part_skipped", part=part, count=count)
        return Inventory(
            format="spdx",
            format_version=version,
            serial=serial,
            subject=subject,
            rows=tuple(row for row in self.rows.values() if row is not subject),
            edges=tuple(edges),
            complete=self.complete,
            problems=self.problems.all(),
            **facts,
        )


def read_spdx(source: Path | bytes, limits: InventoryLimits = DEFAULT_LIMITS) -> Inventory:
    """Read SPDX 2.2 or 2.3 JSON; ``serial`` is the document's namespace, ``where`` a package's SPDXID.

    Files and snippets are counted in ``problems``, not read. Raises ``InventoryError`` when the
    document as a whole cannot be trusted.
    """
    document = read_json(source, limits)
    version = document.get("spdxVersion")
    if version not in VERSIONS:
        raise InventoryError("", "spdxVersion", "unknown_version", value=version)
    if not isinstance(document.get("packages", []), list):
        raise InventoryError("", "packages", "wrong_type", expected="a list", found="another value")
    found = _Gathered(limits)
    for package, at in list_of(document, "packages", "", found.problems):
        where = found.place(text_of(package, "SPDXID", at, found.problems), at)
        found.add(_package(package, at, where, found.problems), at)
    document_id = text_of(document, "SPDXID", "", found.problems) or "SPDXRef-DOCUMENT"
    for described in texts_of(document, "documentDescribes", "", found.problems):
        found.described.setdefault(described)
    for relation, at in list_of(document, "relationships", "", found.problems):
        ends = [text_of(relation, key, at, found.problems) for key in ("spdxElementId", "relatedSpdxElement")]
        kind = text_of(relation, "relationshipType", at, found.problems).upper()
        if kind in {"DESCRIBES", "CONTAINS"} and ends[0] == document_id:
            kind = "DESCRIBES"
        found.relate(ends[0], kind, ends[1], at)
    for part in _SKIPPED_2:
        entries = document.get(part)
        if isinstance(entries, list) and entries:
            found.skipped[part] = len(entries)
    creation = mapping_of(document, "creationInfo", "", found.problems)
    return found.inventory(
        str(version).removeprefix("SPDX-"),
        text_of(document, "documentNamespace", "", found.problems),
        document_id,
        made=moment_of(creation, "created", "creationInfo", found.problems),
    )


def _package(package: Mapping[str, Any], at: str, where: str, problems: Problems) -> InventoryRow:
    purls: list[str] = []
    cpes: list[str] = []
    for reference, path in list_of(package, "externalRefs", at, problems):
        locator = text_of(reference, "referenceLocator", path, problems)
        kind = text_of(reference, "referenceType", path, problems).rpartition("/")[2].lower()
        if kind == "purl":
            purls.append(locator)
        elif kind in {"cpe23type", "cpe22type"}:
            cpes.append(locator)
    supplier = text_of(package, "supplier", at, problems)
    if not supplier or supplier in _NOTHING:
        supplier = text_of(package, "originator", at, problems)
    licence = text_of(package, "licenseConcluded", at, problems)
    if not licence or licence in _NOTHING:
        licence = text_of(package, "licenseDeclared", at, problems)
    return _row(
        where,
        kind=text_of(package, "primaryPackagePurpose", at, problems).lower(),
        vendor=_CONTACT.sub("", _ACTOR.sub("", supplier, count=1)),
        product=text_of(package, "name", at, problems),
        version=text_of(package, "versionInfo", at, problems),
        licence=licence,
        purls=purls,
        cpes=cpes,
    )


def _row(
    where: str,
    *,
    kind: str,
    vendor: str,
    product: str,
    version: str,
    licence: str,
    purls: list[str],
    cpes: list[str],
) -> InventoryRow:
    """A row; identifiers after the first are kept in ``extra``, one a line."""
    extra = {"licences": licence, "other_purls": "\n".join(purls[1:]), "other_cpes": "\n".join(cpes[1:])}
    return InventoryRow(
        where=where,
        kind=kind,
        vendor="" if vendor in _NOTHING else vendor,
        product=product,
        version="" if version in _NOTHING else version,
        purl=purls[0] if purls else "",
        cpe=cpes[0] if cpes else "",
        extra={key: value for key, value in extra.items() if value and value not in _NOTHING},
    )


def read_spdx3(source: Path | bytes, limits: InventoryLimits = DEFAULT_LIMITS) -> Inventory:
    """Read SPDX 3.0 JSON-LD in its canonical form: a ``@graph`` of elements, or one root element.

    ``where`` is a package's ``spdxId``. Elements of other kinds are counted in ``problems``. Raises
    ``InventoryError`` when the document as a whole cannot be trusted.
    """
    document = read_json(source, limits)
    context = document.get("@context")
    stated = context if isinstance(context, list) else [context]
    versions = [
        match.group(1) for item in stated if isinstance(item, str) and (match := VERSIONS_3.match(item))
    ]
    if not versions:
        raise InventoryError("", "@context", "unknown_version", value=context)
    graph = document if "@graph" in document else {"@graph": [document]}
    if not isinstance(graph["@graph"], list):
        raise InventoryError("", "@graph", "wrong_type", expected="a list", found="another value")
    found = _Gathered(limits)
    elements = list(list_of(graph, "@graph", "", found.problems))
    names = {_id(element): element["name"] for element, _ in elements if isinstance(element.get("name"), str)}
    serial, made = "", None
    for element, at in elements:
        kind = text_of(element, "type", at, found.problems) or text_of(element, "@type", at, found.problems)
        if kind == "software_Package":
            where = found.place(_id(element), at)
            found.add(_package3(element, at, where, names, found.problems), at)
        elif kind == "CreationInfo":
            made = made or moment_of(element, "created", at, found.problems)
        elif kind in {"Relationship", "LifecycleScopedRelationship"}:
            _relation3(element, at, found)
        elif kind == "SpdxDocument":
            serial = _id(element)
        elif kind in {"software_Sbom", "Bom", "Bundle"}:
            found.described.update(dict.fromkeys(_ids(element.get("rootElement"))))
        elif kind not in {"Organization", "Person", "Tool", "Agent", "SoftwareAgent"}:
            found.skipped[kind or "@graph"] += 1
    return found.inventory(versions[0], serial, serial, made=made)


def _relation3(element: Mapping[str, Any], at: str, found: _Gathered) -> None:
    kind = text_of(element, "relationshipType", at, found.problems)
    if text_of(element, "completeness", at, found.problems) == "incomplete" and kind in _EDGES:
        found.complete = False
    for source in _ids(element.get("from")):
        for target in _ids(element.get("to")):
            found.relate(source, kind, target, at)


def _package3(
    element: Mapping[str, Any], at: str, where: str, names: Mapping[str, str], problems: Problems
) -> InventoryRow:
    purls = [text_of(element, "software_packageUrl", at, problems)]
    cpes: list[str] = []
    for identifier, path in list_of(element, "externalIdentifier", at, problems):
        kind = text_of(identifier, "externalIdentifierType", path, problems)
        value = text_of(identifier, "identifier", path, problems)
        if kind in {"packageUrl", "packageURL"} and value not in purls:
            purls.append(value)
        elif kind in {"cpe23", "cpe22"}:
            cpes.append(value)
    supplied = element.get("suppliedBy")
    inline = supplied.get("name") if isinstance(supplied, dict) else None
    supplier = inline if isinstance(inline, str) else next((names.get(ref, "") for ref in _ids(supplied)), "")
    return _row(
        where,
        kind=text_of(element, "software_primaryPurpose", at, problems),
        vendor=supplier,
        product=text_of(element, "name", at, problems),
        version=text_of(element, "software_packageVersion", at, problems),
        licence="",
        purls=[purl for purl in purls if purl],
        cpes=cpes,
    )


def _id(element: Mapping[str, Any]) -> str:
    value = element.get("spdxId") or element.get("@id")
    return value if isinstance(value, str) else ""


def _ids(value: Any) -> list[str]:
    """References, whether written as identifiers or as the elements themselves, one or several."""
    entries = value if isinstance(value, list) else [value]
    found = [_id(entry) if isinstance(entry, dict) else entry for entry in entries]
    return [ref for ref in found if isinstance(ref, str) and ref]
