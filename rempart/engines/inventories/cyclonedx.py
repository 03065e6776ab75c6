"""CycloneDX 1.2 to 1.7, JSON and XML: components, dependencies, and the analyses they carry.

The official library judges documents (``judges.library_problems``); it does not read them here: its model
takes about a millisecond a component, merges components that look equal, and refuses a whole
document for one odd value, whereas an inventory must say what it could read and what it could not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rempart.engines.inventories.cyclonedx_xml import document_of_xml
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
    VexStatement,
)

VERSIONS: Final = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")

_READ: Final = frozenset(
    {"$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components"}
)
_READ_TOO: Final = frozenset({"dependencies", "vulnerabilities", "compositions", "xmlns"})
# Of a component: what is read, and what only describes it. Anything else could matter, and is counted.
_DESCRIPTIVE: Final = frozenset(
    {
        *(
            "type",
            "bom-ref",
            "name",
            "version",
            "group",
            "publisher",
            "supplier",
            "manufacturer",
            "purl",
            "cpe",
        ),
        *("scope", "licenses", "components", "hashes", "description", "externalReferences", "properties"),
        *("copyright", "mime-type", "author", "authors", "evidence", "signature", "tags", "isExternal"),
        *("omniborId", "swhid", "modified", "$schema"),
    }
)
_INCOMPLETE: Final = frozenset({"unknown", "not_specified"})


def read_cyclonedx(
    source: Path | bytes, kind: str = "cyclonedx-json", limits: InventoryLimits = DEFAULT_LIMITS
) -> Inventory:
    """Read a document; ``kind`` is ``cyclonedx-json`` or ``cyclonedx-xml`` (see ``detect``).

    Components come in document order, nested ones after their parent with a ``contains`` edge.
    Parts that are not read (services, formulation…) and doubtful entries are in ``problems``.
    Raises ``InventoryError`` when the document as a whole cannot be trusted: not JSON or XML, too
    large or deep, DTD or entities, an unknown version, ``components`` that is no list.
    """
    document = document_of_xml(source, limits) if kind == "cyclonedx-xml" else read_json(source, limits)
    if document.get("bomFormat") != "CycloneDX":
        raise InventoryError("", "bomFormat", "bad_value", value=document.get("bomFormat"))
    version = document.get("specVersion")
    if version not in VERSIONS:
        raise InventoryError("", "specVersion", "unknown_version", value=version)
    return _Reader(document, limits).inventory(str(version))


@dataclass(slots=True)
class _Reader:
    """One pass over a document in JSON form; gathers rows, edges and problems."""

    document: Mapping[str, Any]
    limits: InventoryLimits
    rows: list[InventoryRow] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    refs: set[str] = field(default_factory=set)
    unread: Counter[str] = field(default_factory=Counter)

    def inventory(self, version: str) -> Inventory:
        document = self.document
        if not isinstance(document.get("components", []), list):
            found = type(document["components"]).__name__
            raise InventoryError("", "components", "wrong_type", expected="a list", found=found)
        metadata = mapping_of(document, "metadata", "", self.problems)
        subject = None
        described = mapping_of(metadata, "component", "metadata", self.problems)
        if described:
            subject = self._row(described, "metadata.component")
            self._components(described, "metadata.component", subject.where if subject else "")
        self._components(document, "", "")
        self._dependencies()
        self._skipped()
        return Inventory(
            format="cyclonedx",
            format_version=version,
            serial=text_of(document, "serialNumber", "", self.problems),
            version=str(document.get("version", 1)),
            made=moment_of(metadata, "timestamp", "metadata", self.problems),
            subject=subject,
            rows=tuple(self.rows),
            edges=tuple(dict.fromkeys(self.edges)),
            statements=tuple(self._statements()),
            complete=self._complete(),
            problems=self.problems.all(),
        )

    def _components(self, owner: Mapping[str, Any], at: str, parent: str) -> None:
        """The owner's components and theirs, depth first without recursion."""
        waiting = [self._children(owner, at, parent)]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
                continue
            component, path, holder = entry
            row = self._row(component, path)
            if row is not None:
                if len(self.rows) >= self.limits.components:
                    raise InventoryError(path, "", "too_many_components", limit=self.limits.components)
                self.rows.append(row)
                if holder:
                    self.edges.append(Edge(holder, row.where, "contains"))
            if component.get("components"):
                waiting.append(self._children(component, path, row.where if row else holder))

    def _children(
        self, owner: Mapping[str, Any], at: str, parent: str
    ) -> Iterator[tuple[Mapping[str, Any], str, str]]:
        for component, path in list_of(owner, "components", at, self.problems):
            yield component, path, parent

    def _row(self, component: Mapping[str, Any], at: str) -> InventoryRow | None:
        def get(key: str) -> str:
            return text_of(component, key, at, self.problems)

        self.unread.update(component.keys() - _DESCRIPTIVE)
        name, purl, cpe = get("name"), get("purl"), get("cpe")
        if not (name or purl or cpe):
            self.problems.add(at, "name", "missing")
            return None
        ref = get("bom-ref")
        if ref in self.refs:
            self.problems.add(at, "bom-ref", "duplicate_ref", ref=ref)
            ref = ""
        where = ref or at
        while where in self.refs:  # a reference may look like another's path
            where += "+"
        self.refs.add(where)
        supplier = component.get("supplier") or component.get("manufacturer")
        vendor = supplier.get("name") if isinstance(supplier, dict) else ""
        extra = {"group": get("group"), "scope": get("scope"), "licences": _licences(component)}
        return InventoryRow(
            where=where,
            kind=get("type"),
            vendor=vendor if vendor and isinstance(vendor, str) else get("publisher") or extra["group"],
            product=name,
            version=get("version"),
            purl=purl,
            cpe=cpe,
            extra={key: value for key, value in extra.items() if value},
        )

    def _dependencies(self) -> None:
        others: set[str] = set()
        services: list[Mapping[str, Any]] = [self.document]
        while services:  # services are not read as rows, yet dependencies may name them
            inner = services.pop().get("services")
            for service in inner if isinstance(inner, list) else ():
                if isinstance(service, dict):
                    others.add(str(service.get("bom-ref")))
                    services.append(service)
        for dependency, path in list_of(self.document, "dependencies", "", self.problems):
            source = text_of(dependency, "ref", path, self.problems)
            known = self._known(source, path, "ref", others)
            for key, kind in (("dependsOn", "depends_on"), ("provides", "provides")):
                for target in texts_of(dependency, key, path, self.problems):
                    if self._known(target, path, key, others) and known:
                        self.edges.append(Edge(source, target, kind))

    def _known(self, ref: str, at: str, key: str, others: set[str]) -> bool:
        """Whether a row bears the reference; one that nothing bears is noted."""
        if ref not in self.refs and ref not in others:
            self.problems.add(at, key, "unknown_ref", ref=ref)
        return ref in self.refs

    def _statements(self) -> Iterator[VexStatement]:
        for entry, path in list_of(self.document, "vulnerabilities", "", self.problems):
            analysis = mapping_of(entry, "analysis", path, self.problems)
            here = f"{path}.analysis"
            yield VexStatement(
                vulnerability=text_of(entry, "id", path, self.problems),
                state=text_of(analysis, "state", here, self.problems),
                justification=text_of(analysis, "justification", here, self.problems),
                responses=texts_of(analysis, "response", here, self.problems),
                detail=text_of(analysis, "detail", here, self.problems),
                refs=tuple(
                    text_of(target, "ref", spot, self.problems)
                    for target, spot in list_of(entry, "affects", path, self.problems)
                ),
            )

    def _complete(self) -> bool:
        """Whether no composition admits to being partial (``incomplete…``, ``unknown``)."""
        complete = True
        for composition, path in list_of(self.document, "compositions", "", self.problems):
            aggregate = text_of(composition, "aggregate", path, self.problems)
            if aggregate.startswith("incomplete") or aggregate in _INCOMPLETE:
                complete = False
        return complete

    def _skipped(self) -> None:
        for part, count in sorted(self.unread.items()):
            self.problems.add("", f"components.{part}", "part_skipped", part=part, count=count)
        for part, value in self.document.items():
            if part not in _READ and part not in _READ_TOO:
                count = len(value) if isinstance(value, list | dict) else 1
                self.problems.add("", part, "part_skipped", part=part, count=count)


def _licences(component: Mapping[str, Any]) -> str:
    """Licence identifiers, names or expressions, joined; information only, so odd shapes are passed over."""
    found: list[str] = []
    entries = component.get("licenses")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            inner = entry.get("license")
            named = inner if isinstance(inner, dict) else {}
            value = entry.get("expression") or named.get("id") or named.get("name")
            if isinstance(value, str):
                found.append(value)
    return ", ".join(found)
