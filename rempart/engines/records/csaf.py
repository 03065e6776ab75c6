"""Security advisories in CSAF 2.0 (OASIS): what they say of each vulnerability and product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rempart.engines.exposure.model import Affected, Metric, VersionEntry, VulnerabilityRecord
from rempart.engines.records.csaf_products import CsafProduct, read_products, version_entries
from rempart.engines.records.cve import CVE_ID, MAX_REFERENCES
from rempart.engines.records.fields import (
    Json,
    RecordError,
    digest,
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

# Section 3.2.3.9, product status. "recommended" says what to install, not what is affected.
_STATUSES: Final = {
    "known_affected": "affected",
    "first_affected": "affected",
    "last_affected": "affected",
    "fixed": "unaffected",
    "first_fixed": "unaffected",
    "known_not_affected": "unaffected",
    "under_investigation": "unknown",
}


@dataclass(frozen=True, slots=True)
class Remediation:
    """What the publisher proposes: ``category`` is CSAF's (``vendor_fix``, ``workaround``…)."""

    vulnerability_id: str
    category: str
    details: str
    url: str = ""
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """Why products are not affected: a VEX justification such as ``component_not_present``."""

    vulnerability_id: str
    label: str
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CsafAdvisory:
    """One advisory. ``tlp`` is its label as written (WHITE, GREEN, AMBER, RED, or empty).

    The records' affected products have the source ``csaf:<publisher>:<id>``; a vulnerability without
    a CVE takes its publisher's identifier, else ``<id>/<position>``. ``products`` of remediations and
    flags are full product names.
    """

    id: str
    publisher: str
    title: str
    version: str
    status: str
    tlp: str
    released: datetime | None
    vulnerabilities: tuple[VulnerabilityRecord, ...] = ()
    remediations: tuple[Remediation, ...] = ()
    flags: tuple[Flag, ...] = ()


def parse_csaf(document: dict[str, Any]) -> CsafAdvisory:
    """Read one CSAF 2.0 document; raises ``RecordError`` with the path of the first malformed field."""
    if not isinstance(document, dict):
        raise RecordError("", f"expected an object, found {shown(document)}", "wrong_type")
    head = obj(document, "document", "")
    csaf_version = required(head, "csaf_version", "document")
    if csaf_version != "2.0":
        raise RecordError("document.csaf_version", f"{shown(csaf_version)} is not 2.0")
    tracking = obj(head, "tracking", "document")
    identifier = required(tracking, "id", "document.tracking")
    publisher = required(obj(head, "publisher", "document"), "name", "document.publisher")
    distribution = optional_obj(head, "distribution", "document")
    reader = _Vulnerabilities(
        advisory=identifier,
        source=f"csaf:{re.sub(r'[^a-z0-9]+', '-', publisher.lower()).strip('-')}:{identifier}",
        publisher=publisher,
        published=moment(tracking, "initial_release_date", "document.tracking"),
        released=moment(tracking, "current_release_date", "document.tracking"),
        products=read_products(document),
        digest=digest(document),
    )
    entries = [
        (entry, at, _identifier(entry, at, f"{identifier}/{position}"))
        for position, (entry, at) in enumerate(objects(document, "vulnerabilities", ""), start=1)
    ]
    return CsafAdvisory(
        id=identifier,
        publisher=publisher,
        title=required(head, "title", "document"),
        version=text(tracking, "version", "document.tracking"),
        status=text(tracking, "status", "document.tracking"),
        tlp=text(
            optional_obj(distribution, "tlp", "document.distribution"), "label", "document.distribution.tlp"
        ),
        released=reader.released,
        vulnerabilities=tuple(reader.record(*entry) for entry in entries),
        remediations=tuple(item for entry in entries for item in reader.remediations(*entry)),
        flags=tuple(item for entry in entries for item in reader.flags(*entry)),
    )


def _identifier(entry: Json, at: str, otherwise: str) -> str:
    """The CVE; without one, the publisher's own identifier; else the advisory's and a position."""
    cve = text(entry, "cve", at)
    if cve:
        if not CVE_ID.fullmatch(cve):
            raise RecordError(f"{at}.cve", f"{shown(cve)} is not a CVE identifier")
        return cve
    for stated, path in objects(entry, "ids", at):
        return required(stated, "text", path)
    return otherwise


@dataclass(frozen=True, slots=True)
class _Vulnerabilities:
    """The context that every vulnerability of one advisory shares."""

    advisory: str
    source: str
    publisher: str
    published: datetime | None
    released: datetime | None
    products: dict[str, CsafProduct]
    digest: str

    def record(self, entry: Json, at: str, identifier: str) -> VulnerabilityRecord:
        return VulnerabilityRecord(
            id=identifier,
            title=text(entry, "title", at),
            description=_note(entry, at),
            published=moment(entry, "release_date", at) or self.published,
            updated=self.released,
            assigner=self.publisher,
            affected=self._affected(entry, at),
            metrics=tuple(self._metrics(entry, at)),
            cwes=_cwe(entry, at),
            references=_references(entry, at),
            raw_digest=self.digest,
        )

    def _affected(self, entry: Json, at: str) -> tuple[Affected, ...]:
        """One statement per product and platform, its versions in the order of the statuses."""
        stated = optional_obj(entry, "product_status", at)
        grouped: dict[tuple[str, ...], dict[VersionEntry, None]] = {}
        for key, status in _STATUSES.items():
            for product in self._named(
                texts(stated, key, f"{at}.product_status"), f"{at}.product_status.{key}"
            ):
                group = (
                    product.vendor,
                    product.product or product.name,
                    product.platform,
                    product.purl,
                    product.cpe,
                )
                grouped.setdefault(group, {}).update(dict.fromkeys(version_entries(product, status)))
        return tuple(
            Affected(
                source=self.source,
                vendor=vendor,
                product=name,
                purl=purl,
                cpes=(cpe,) if cpe else (),
                platforms=(platform,) if platform else (),
                versions=tuple(versions),
            )
            for (vendor, name, platform, purl, cpe), versions in grouped.items()
        )

    def _named(self, identifiers: tuple[str, ...], at: str) -> Iterator[CsafProduct]:
        for position, identifier in enumerate(identifiers):
            product = self.products.get(identifier)
            if product is None:
                raise RecordError(
                    f"{at}[{position}]", f"{shown(identifier)} is not in the product tree", "missing"
                )
            yield product

    def _metrics(self, entry: Json, at: str) -> Iterator[Metric]:
        found: dict[Metric, None] = {}
        for score, path in objects(entry, "scores", at):
            for key in ("cvss_v2", "cvss_v3", "cvss_v4"):
                if score.get(key) is None:
                    continue
                stated, here = obj(score, key, path), f"{path}.{key}"
                metric = Metric(
                    source=self.source,
                    version=required(stated, "version", here),
                    score=number(stated, "baseScore", here, 0, 10),
                    severity=text(stated, "baseSeverity", here),
                    vector=text(stated, "vectorString", here),
                )
                found.setdefault(metric)  # the same score is often repeated per product
        yield from found

    def remediations(self, entry: Json, at: str, identifier: str) -> Iterator[Remediation]:
        for stated, path in objects(entry, "remediations", at):
            names = texts(stated, "product_ids", path)
            yield Remediation(
                vulnerability_id=identifier,
                category=required(stated, "category", path),
                details=text(stated, "details", path),
                url=_web(text(stated, "url", path)),
                products=tuple(product.name for product in self._named(names, f"{path}.product_ids")),
            )

    def flags(self, entry: Json, at: str, identifier: str) -> Iterator[Flag]:
        for stated, path in objects(entry, "flags", at):
            names = texts(stated, "product_ids", path)
            products = tuple(product.name for product in self._named(names, f"{path}.product_ids"))
            yield Flag(identifier, required(stated, "label", path), products)


def _note(entry: Json, at: str) -> str:
    """The description, else the summary, else the first note."""
    notes = [
        (text(note, "category", path), text(note, "text", path)) for note, path in objects(entry, "notes", at)
    ]
    for wanted in ("description", "summary"):
        for category, body in notes:
            if category == wanted:
                return body
    return notes[0][1] if notes else ""


def _cwe(entry: Json, at: str) -> tuple[str, ...]:
    stated = text(optional_obj(entry, "cwe", at), "id", f"{at}.cwe")
    return (stated,) if stated else ()


def _web(url: str) -> str:
    return url if url.lower().startswith(("http://", "https://")) else ""


def _references(entry: Json, at: str) -> tuple[str, ...]:
    urls = (_web(text(stated, "url", path).strip()) for stated, path in objects(entry, "references", at))
    return tuple(dict.fromkeys(filter(None, urls)))[:MAX_REFERENCES]
