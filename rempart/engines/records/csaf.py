"""Security advisories in CSAF 2.0 and 2.1 (OASIS): what they say of each vulnerability and product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rempart.engines.exposure.model import Affected, Metric, VersionEntry, VulnerabilityRecord
from rempart.engines.records.csaf_products import (
    CsafProduct,
    read_groups,
    read_products,
    version_entries,
)
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
    "unknown": "unknown",  # 2.1
}
_LONGEST_REASON: Final = 500
_VERSIONS: Final = frozenset({"2.0", "2.1"})
# Where each version writes scores (3.2.3.13 of 2.0, 3.2.4.10 of 2.1).
_CVSS: Final = ("cvss_v2", "cvss_v3", "cvss_v4")


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
class Threat:
    """What a vulnerability does or who uses it: ``exploit_status``, ``impact`` or ``target_set``."""

    vulnerability_id: str
    category: str
    details: str
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CsafAdvisory:
    """One advisory. ``tlp`` is its label as written (WHITE, GREEN, AMBER, RED, or empty).

    The records' affected products have the source ``csaf:<publisher>:<id>``; a vulnerability without
    a CVE takes its publisher's identifier, else ``<id>/<position>``. ``products`` of remediations, flags
    and threats are full product names, those of product groups included; so is ``recommended``: by
    vulnerability, what the publisher says to install.
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
    threats: tuple[Threat, ...] = ()
    recommended: tuple[tuple[str, tuple[str, ...]], ...] = ()


def parse_csaf(document: dict[str, Any]) -> CsafAdvisory:
    """Read one CSAF 2.0 or 2.1 document; raises ``RecordError`` naming the first malformed field."""
    if not isinstance(document, dict):
        raise RecordError("", f"expected an object, found {shown(document)}", "wrong_type")
    head = obj(document, "document", "")
    csaf_version = required(head, "csaf_version", "document")
    if csaf_version not in _VERSIONS:
        raise RecordError("document.csaf_version", f"{shown(csaf_version)} is neither 2.0 nor 2.1")
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
        groups=read_groups(document),
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
        threats=tuple(item for entry in entries for item in reader.threats(*entry)),
        recommended=tuple(item for entry in entries for item in reader.recommended(*entry)),
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
    groups: dict[str, tuple[str, ...]]
    digest: str

    def record(self, entry: Json, at: str, identifier: str) -> VulnerabilityRecord:
        return VulnerabilityRecord(
            id=identifier,
            title=text(entry, "title", at),
            description=_note(entry, at),
            published=moment(entry, "release_date", at)
            or moment(entry, "disclosure_date", at)
            or self.published,
            updated=self.released,
            assigner=self.publisher,
            affected=self._affected(entry, at),
            metrics=tuple(self._metrics(entry, at)),
            cwes=_cwes(entry, at),
            references=_references(entry, at),
            raw_digest=self.digest,
            aliases=_aliases(entry, at, identifier),
        )

    def _affected(self, entry: Json, at: str) -> tuple[Affected, ...]:
        """One statement per product and platform: single versions, then ranges, then "every version".

        The first entry that covers a version decides: what is said of fewer versions is said first.
        """
        stated = optional_obj(entry, "product_status", at)
        reasons = self._justifications(entry, at)
        grouped: dict[tuple[str, ...], dict[VersionEntry, None]] = {}
        for key, status in _STATUSES.items():
            listed = texts(stated, key, f"{at}.product_status")
            named = self._named(listed, f"{at}.product_status.{key}")
            for identifier, product in zip(listed, named, strict=True):
                group = (
                    product.vendor,
                    product.product or product.name,
                    product.platform,
                    product.purl,
                    product.cpe,
                    reasons.get(identifier, "") if key == "known_not_affected" else "",
                )
                grouped.setdefault(group, {}).update(dict.fromkeys(version_entries(product, status)))
        # What is said of one product with reasons and without is one statement of versions after all.
        whole: dict[tuple[str, ...], dict[VersionEntry, None]] = {}
        for stands_for, versions in grouped.items():
            whole.setdefault(stands_for[:-1], {}).update(versions)
        for stands_for, versions in grouped.items():
            if not stands_for[-1]:
                versions.update(whole[stands_for[:-1]])
        return tuple(
            Affected(
                source=self.source,
                vendor=vendor,
                product=name,
                purl=purl,
                cpes=(cpe,) if cpe else (),
                platforms=(platform,) if platform else (),
                versions=tuple(sorted(versions, key=_extent)),
                justification=reason,
            )
            for (vendor, name, platform, purl, cpe, reason), versions in grouped.items()
        )

    def _justifications(self, entry: Json, at: str) -> dict[str, str]:
        """Why products are not affected: the flag's label, else the impact that a threat describes."""
        found: dict[str, str] = {}
        for stated, path in objects(entry, "flags", at):
            for identifier in self._identifiers(stated, path):
                found.setdefault(identifier, required(stated, "label", path))
        for stated, path in objects(entry, "threats", at):
            if text(stated, "category", path) == "impact":
                for identifier in self._identifiers(stated, path):
                    found.setdefault(identifier, text(stated, "details", path)[:_LONGEST_REASON])
        return found

    def _identifiers(self, stated: Json, at: str) -> tuple[str, ...]:
        """The products that an item names, one by one and by group."""
        found = dict.fromkeys(texts(stated, "product_ids", at))
        for position, group in enumerate(texts(stated, "group_ids", at)):
            if group not in self.groups:
                spot = f"{at}.group_ids[{position}]"
                raise RecordError(spot, f"{shown(group)} is not in the product tree", "missing")
            found.update(dict.fromkeys(self.groups[group]))
        return tuple(found)

    def _names(self, stated: Json, at: str) -> tuple[str, ...]:
        return tuple(product.name for product in self._named(self._identifiers(stated, at), at))

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
        contents = list(objects(entry, "scores", at))
        for metric, path in objects(entry, "metrics", at):
            contents.append((obj(metric, "content", path), f"{path}.content"))
        for score, path in contents:
            for key in _CVSS:
                if score.get(key) is None:
                    continue
                stated, here = obj(score, key, path), f"{path}.{key}"
                metric_found = Metric(
                    source=self.source,
                    version=required(stated, "version", here),
                    score=number(stated, "baseScore", here, 0, 10),
                    severity=text(stated, "baseSeverity", here),
                    vector=text(stated, "vectorString", here),
                )
                found.setdefault(metric_found)  # the same score is often repeated per product
        yield from found

    def remediations(self, entry: Json, at: str, identifier: str) -> Iterator[Remediation]:
        """What the publisher proposes for one vulnerability."""
        for stated, path in objects(entry, "remediations", at):
            yield Remediation(
                vulnerability_id=identifier,
                category=required(stated, "category", path),
                details=text(stated, "details", path),
                url=_web(text(stated, "url", path)),
                products=self._names(stated, path),
            )

    def flags(self, entry: Json, at: str, identifier: str) -> Iterator[Flag]:
        """Why products are not affected by one vulnerability."""
        for stated, path in objects(entry, "flags", at):
            yield Flag(identifier, required(stated, "label", path), self._names(stated, path))

    def threats(self, entry: Json, at: str, identifier: str) -> Iterator[Threat]:
        """What one vulnerability does, and who uses it."""
        for stated, path in objects(entry, "threats", at):
            category = required(stated, "category", path)
            details = text(stated, "details", path)
            yield Threat(identifier, category, details, self._names(stated, path))

    def recommended(self, entry: Json, at: str, identifier: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What the publisher recommends to install against one vulnerability."""
        stated = optional_obj(entry, "product_status", at)
        listed = texts(stated, "recommended", f"{at}.product_status")
        if listed:
            named = self._named(listed, f"{at}.product_status.recommended")
            yield identifier, tuple(product.name for product in named)


def _extent(entry: VersionEntry) -> int:
    """0 for a single version, 1 for a range, 2 for every version."""
    if entry.version == "*":
        return 2
    return 1 if entry.less_than or entry.less_than_or_equal else 0


def _aliases(entry: Json, at: str, identifier: str) -> tuple[str, ...]:
    stated = (required(named, "text", path) for named, path in objects(entry, "ids", at))
    return tuple(dict.fromkeys(name for name in stated if name != identifier))


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


def _cwes(entry: Json, at: str) -> tuple[str, ...]:
    """The weakness (2.0), or the weaknesses (2.1)."""
    found = [text(optional_obj(entry, "cwe", at), "id", f"{at}.cwe")]
    found += [text(stated, "id", path) for stated, path in objects(entry, "cwes", at)]
    return tuple(dict.fromkeys(filter(None, found)))


def _web(url: str) -> str:
    return url if url.lower().startswith(("http://", "https://")) else ""


def _references(entry: Json, at: str) -> tuple[str, ...]:
    urls = (_web(text(stated, "url", path).strip()) for stated, path in objects(entry, "references", at))
    return tuple(dict.fromkeys(filter(None, urls)))[:MAX_REFERENCES]
