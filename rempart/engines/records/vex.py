"""VEX statements: OpenVEX documents, and the vulnerabilities of CycloneDX documents.

A statement is about a product named by purl, CPE or a reference into the same document. One about a part
of a product (a subcomponent) stays a statement about that product: the part alone may be affected
elsewhere. Its names are in ``modules``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from packageurl import PackageURL

from rempart.engines.exposure.cpe import parse_cpe
from rempart.engines.exposure.model import Affected, Metric, VersionEntry, VulnerabilityRecord
from rempart.engines.records import cvss
from rempart.engines.records.csaf_products import CsafProduct, version_entries
from rempart.engines.records.fields import (
    Json,
    RecordError,
    digest,
    join,
    moment,
    number,
    obj,
    objects,
    optional_obj,
    required,
    shown,
    text,
    texts,
)

_OPENVEX: Final = re.compile(r"https://openvex\.dev/ns(?:/v[0-9.]+)?")
# OpenVEX 0.2.0, "Status labels".
_OPENVEX_STATUSES: Final = {
    "not_affected": "unaffected",
    "affected": "affected",
    "fixed": "unaffected",
    "under_investigation": "unknown",
}
# CycloneDX, ``impactAnalysisState``: what the state says of the versions that the document calls affected.
_ANALYSIS: Final = {
    "resolved": "unaffected",
    "resolved_with_pedigree": "unaffected",
    "exploitable": "affected",
    "in_triage": "unknown",
    "false_positive": "unaffected",
    "not_affected": "unaffected",
}
_AFFECTED_STATUSES: Final = frozenset({"affected", "unaffected", "unknown"})
_CYCLONEDX_CVSS: Final = {"CVSSv2": "2.0", "CVSSv3": "3.0", "CVSSv31": "3.1", "CVSSv4": "4.0"}
_LINK: Final = re.compile(r"urn:cdx:[0-9a-fA-F-]{36}(?:/[0-9]+)?#(.+)")
_MAX_STATEMENTS: Final = 100_000
_MAX_COMPONENTS: Final = 1_000_000
_MAX_DEPTH: Final = 60


@dataclass(frozen=True, slots=True)
class _Product:
    """A product as a VEX document names it; ``version`` empty means every version."""

    name: str = ""
    vendor: str = ""
    version: str = ""
    purl: str = ""
    cpe: str = ""


def is_openvex(document: Json) -> bool:
    """Whether a document declares itself OpenVEX by its JSON-LD context."""
    stated = document.get("@context")
    return isinstance(stated, str) and _OPENVEX.fullmatch(stated.rstrip("/")) is not None


def parse_openvex(document: dict[str, Any]) -> list[VulnerabilityRecord]:
    """The statements of an OpenVEX document by vulnerability, the latest of a product first.

    The source is ``vex:<author>``. Raises ``RecordError`` with the path of the first malformed field.
    """
    author = required(document, "author", "")
    source = f"vex:{slug(author)}"
    at_first = moment(document, "timestamp", "")
    updated = moment(document, "last_updated", "") or at_first
    said: dict[str, list[tuple[datetime | None, int, Affected]]] = {}
    names: dict[str, tuple[str, ...]] = {}
    for position, (statement, at) in enumerate(objects(document, "statements", "")):
        if position >= _MAX_STATEMENTS:
            raise RecordError("statements", f"more than {_MAX_STATEMENTS} statements", "too_many")
        identifier, others = _openvex_vulnerability(statement, at)
        names[identifier] = tuple(dict.fromkeys((*names.get(identifier, ()), *others)))
        when = moment(statement, "last_updated", at) or moment(statement, "timestamp", at) or updated
        for affected in _openvex_products(statement, at, source):
            said.setdefault(identifier, []).append((when, position, affected))
    return [
        VulnerabilityRecord(
            id=identifier,
            published=at_first,
            updated=updated,
            assigner=author,
            affected=_latest_first(statements),
            aliases=names[identifier],
            raw_digest=digest(document),
        )
        for identifier, statements in said.items()
    ]


def _latest_first(statements: list[tuple[datetime | None, int, Affected]]) -> tuple[Affected, ...]:
    """Of two statements about one product, the later holds (OpenVEX, "Status inheritance and override")."""
    ordered = sorted(
        statements, key=lambda one: (one[0].timestamp() if one[0] else 0.0, one[1]), reverse=True
    )
    kept: dict[tuple[object, ...], Affected] = {}
    for _, _, affected in ordered:
        versions = tuple(entry.version for entry in affected.versions)
        kept.setdefault(
            (affected.purl, affected.cpes, affected.product, affected.modules, versions), affected
        )
    return tuple(kept.values())


def _openvex_vulnerability(statement: Json, at: str) -> tuple[str, tuple[str, ...]]:
    """The identifier and aliases; before 0.2.0 the vulnerability was a plain text."""
    stated = statement.get("vulnerability")
    if isinstance(stated, str) and stated:
        return stated, ()
    vulnerability = obj(statement, "vulnerability", at)
    here = f"{at}.vulnerability"
    name = text(vulnerability, "name", here) or text(vulnerability, "@id", here).rpartition("/")[2]
    if not name:
        raise RecordError(f"{here}.name", "required text is missing", "missing")
    return name, texts(vulnerability, "aliases", here)


def _openvex_products(statement: Json, at: str, source: str) -> Iterator[Affected]:
    stated = required(statement, "status", at)
    status = _OPENVEX_STATUSES.get(stated)
    if status is None:
        raise RecordError(f"{at}.status", f"{shown(stated)} is not a status of OpenVEX")
    justification = text(statement, "justification", at) or text(statement, "impact_statement", at)
    products = statement.get("products")
    if not isinstance(products, list):
        raise RecordError(f"{at}.products", "required list is missing", "missing")
    for position, listed in enumerate(products):
        here = f"{at}.products[{position}]"
        product, parts = _openvex_product(listed, here)
        yield _statement(product, status, source, justification, tuple(part.name for part in parts))


def _openvex_product(stated: object, at: str) -> tuple[_Product, list[_Product]]:
    if isinstance(stated, str) and stated:
        return _identified(stated), []
    if not isinstance(stated, dict):
        raise RecordError(at, f"expected an object, found {shown(stated)}", "wrong_type")
    helpers = optional_obj(stated, "identifiers", at)
    here = f"{at}.identifiers"
    product = _identified(text(stated, "@id", at))
    purl = text(helpers, "purl", here) or product.purl
    cpe = text(helpers, "cpe23", here) or text(helpers, "cpe22", here) or product.cpe
    named = _identified(purl) if purl else product
    if not purl and not cpe and not named.name:
        raise RecordError(at, "the product has no identifier", "missing")
    parts = stated.get("subcomponents")
    listed = parts if isinstance(parts, list) else []
    return replace(named, purl=purl, cpe=cpe), [
        _openvex_product(part, f"{at}.subcomponents[{position}]")[0] for position, part in enumerate(listed)
    ]


def _identified(identifier: str) -> _Product:
    """A product by an identifier that may be a purl or a CPE name; another is kept as a name."""
    if identifier.startswith("pkg:"):
        try:
            purl = PackageURL.from_string(identifier)
        except ValueError:
            return _Product(name=identifier)
        return _Product(name=identifier, version=purl.version or "", purl=identifier)
    if identifier.startswith("cpe:"):
        return _Product(name=identifier, cpe=identifier)
    return _Product(name=identifier)


def _statement(
    product: _Product, status: str, source: str, justification: str, parts: tuple[str, ...] = ()
) -> Affected:
    identified = bool(product.purl or product.cpe)
    versions: tuple[VersionEntry, ...] = (VersionEntry(product.version or "*", status),)
    if product.cpe and not product.version:
        cpe = parse_cpe(product.cpe)
        if cpe is not None and cpe.version:
            versions = (VersionEntry(cpe.full_version, status),)
    return Affected(
        source=source,
        vendor="" if identified else product.vendor,
        product="" if identified else product.name,
        purl=product.purl,
        cpes=(product.cpe,) if product.cpe else (),
        modules=parts,
        versions=versions,
        justification=justification if status == "unaffected" else "",
    )


def is_cyclonedx(document: Json) -> bool:
    """Whether a document declares itself a CycloneDX bill of materials."""
    return document.get("bomFormat") == "CycloneDX"


def parse_cyclonedx_vex(document: dict[str, Any]) -> list[VulnerabilityRecord]:
    """The vulnerabilities of a CycloneDX document and the components that they affect.

    The source is ``vex:<supplier, author or tool>``. References are to components of the same document,
    BOM-Links whose reference is one of them, or package URLs; another reference raises ``RecordError``.
    """
    metadata = optional_obj(document, "metadata", "")
    when = moment(metadata, "timestamp", "metadata")
    author = _cyclonedx_author(metadata)
    source = f"vex:{slug(author) or 'cyclonedx'}"
    components = _components(document, metadata)
    fingerprint = digest(document)
    records = []
    for position, (stated, at) in enumerate(objects(document, "vulnerabilities", "")):
        if position >= _MAX_STATEMENTS:
            raise RecordError("vulnerabilities", f"more than {_MAX_STATEMENTS} of them", "too_many")
        references = [required(one, "id", path) for one, path in objects(stated, "references", at)]
        records.append(
            VulnerabilityRecord(
                id=text(stated, "id", at) or next(iter(references), "") or f"{source}/{position + 1}",
                state="REJECTED" if moment(stated, "rejected", at) is not None else "PUBLISHED",
                title=text(stated, "detail", at)[:200],
                description=text(stated, "description", at),
                published=moment(stated, "published", at) or when,
                updated=moment(stated, "updated", at) or when,
                assigner=author,
                affected=tuple(_cyclonedx_affected(stated, at, source, components)),
                metrics=tuple(_ratings(stated, at, source)),
                cwes=_cwes(stated, at),
                references=tuple(
                    url for one, path in objects(stated, "advisories", at) if (url := text(one, "url", path))
                ),
                aliases=tuple(dict.fromkeys(references)),
                raw_digest=fingerprint,
            )
        )
    return records


def _cyclonedx_author(metadata: Json) -> str:
    supplier = optional_obj(metadata, "supplier", "metadata") or optional_obj(
        metadata, "manufacturer", "metadata"
    )
    name = text(supplier, "name", "metadata.supplier")
    for author, at in objects(metadata, "authors", "metadata"):
        name = name or text(author, "name", at)
    return name


def _components(document: Json, metadata: Json) -> dict[str, _Product]:
    """Every component and service of the document by its ``bom-ref``, nested ones too."""
    found: dict[str, _Product] = {}
    waiting: list[tuple[Json, str, int]] = []
    if metadata.get("component") is not None:
        waiting.append((obj(metadata, "component", "metadata"), "metadata.component", 0))
    for key in ("components", "services"):
        waiting += [(stated, at, 0) for stated, at in objects(document, key, "")]
    while waiting:
        stated, at, depth = waiting.pop()
        if depth > _MAX_DEPTH or len(found) > _MAX_COMPONENTS:
            raise RecordError(at, "too many components, or too deep", "too_many")
        reference = text(stated, "bom-ref", at)
        if reference:
            found.setdefault(reference, _component(stated, at))
        for key in ("components", "services"):
            waiting += [(inner, path, depth + 1) for inner, path in objects(stated, key, at)]
    return found


def _component(stated: Json, at: str) -> _Product:
    supplier = optional_obj(stated, "supplier", at) or optional_obj(stated, "manufacturer", at)
    return _Product(
        name=text(stated, "name", at),
        vendor=text(supplier, "name", f"{at}.supplier")
        or text(stated, "publisher", at)
        or text(stated, "group", at),
        version=text(stated, "version", at),
        purl=text(stated, "purl", at),
        cpe=text(stated, "cpe", at),
    )


def _cwes(stated: Json, at: str) -> tuple[str, ...]:
    """CycloneDX gives weaknesses as numbers."""
    listed = stated.get("cwes")
    if listed is not None and not isinstance(listed, list):
        raise RecordError(join(at, "cwes"), f"expected a list, found {shown(listed)}", "wrong_type")
    numbers = (one for one in listed or () if isinstance(one, int) and not isinstance(one, bool))
    return tuple(f"CWE-{one}" for one in numbers)


def _cyclonedx_affected(
    stated: Json, at: str, source: str, components: Mapping[str, _Product]
) -> Iterator[Affected]:
    analysis = optional_obj(stated, "analysis", at)
    here = f"{at}.analysis"
    state = text(analysis, "state", here)
    if state and state not in _ANALYSIS:
        raise RecordError(f"{here}.state", f"{shown(state)} is not a state of CycloneDX")
    justification = text(analysis, "justification", here)
    if not justification and state in {"not_affected", "false_positive"}:
        justification = text(analysis, "detail", here) or state
    for target, path in objects(stated, "affects", at):
        product = _referenced(required(target, "ref", path), f"{path}.ref", components)
        entries: list[VersionEntry] = []
        for version, spot in objects(target, "versions", path):
            entries += _cyclonedx_versions(version, spot, _ANALYSIS.get(state, ""))
        whole = _statement(product, _ANALYSIS.get(state, "affected"), source, justification)
        yield replace(whole, versions=tuple(dict.fromkeys(entries))) if entries else whole


def _cyclonedx_versions(version: Json, at: str, analysed: str) -> tuple[VersionEntry, ...]:
    """One entry of ``affects.versions``: the analysis decides of those that are called affected."""
    status = text(version, "status", at) or "affected"
    if status not in _AFFECTED_STATUSES:
        raise RecordError(f"{at}.status", f"{shown(status)} is not affected, unaffected or unknown")
    if status == "affected" and analysed:
        status = analysed
    exact, extent = text(version, "version", at), text(version, "range", at)
    if not exact and not extent:
        raise RecordError(at, "neither a version nor a range", "missing")
    return version_entries(CsafProduct("", version=exact, range=extent), status)


def _referenced(reference: str, at: str, components: Mapping[str, _Product]) -> _Product:
    linked = _LINK.fullmatch(reference)
    for name in (reference, unquote(linked.group(1)) if linked else reference):
        if name in components:
            return components[name]
        if name.startswith(("pkg:", "cpe:")):
            return _identified(name)
    if linked:
        return _Product(name=unquote(linked.group(1)))
    raise RecordError(at, f"{shown(reference)} is no component of the document", "missing")


def _ratings(stated: Json, at: str, source: str) -> Iterator[Metric]:
    for rating, path in objects(stated, "ratings", at):
        version = _CYCLONEDX_CVSS.get(text(rating, "method", path))
        vector = text(rating, "vector", path)
        if version is None:
            continue
        score = number(rating, "score", path, 0, 10) if rating.get("score") is not None else None
        score = score if score is not None else cvss.base_score(vector)
        if score is not None:
            yield Metric(source, version, score, text(rating, "severity", path).upper(), vector)


def slug(name: str) -> str:
    """An author's name as sources write it: ``vex:<slug>``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80]
