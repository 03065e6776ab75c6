"""CVE records in CVE JSON 5.x (CVEProject/cve-schema): CNA container, ADP containers, CPE applicability."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from rempart.engines.exposure.model import (
    Affected,
    Metric,
    Ssvc,
    VersionChange,
    VersionEntry,
    VulnerabilityRecord,
)
from rempart.engines.records.applicability import parse_applicability
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

CVE_ID: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
MAX_REFERENCES: Final = 50

_CVSS: Final = {"cvssV2_0": "2.0", "cvssV3_0": "3.0", "cvssV3_1": "3.1", "cvssV4_0": "4.0"}
_CWE: Final = re.compile(r"CWE-[0-9]{1,6}")
_STATUSES: Final = frozenset({"affected", "unaffected", "unknown"})


def parse_cve(document: dict[str, Any]) -> VulnerabilityRecord:
    """Read one CVE JSON 5.x record.

    Sources are ``cna:<shortName>`` and ``adp:<shortName>``; CPE applicability statements follow each
    container's products as ``cna-cpe:…``/``adp-cpe:…``. The title and description are the CNA's, in
    English when it has both. Raises ``RecordError`` with the path of the first malformed field.
    """
    if not isinstance(document, dict):
        raise RecordError("", f"expected an object, found {shown(document)}", "wrong_type")
    metadata = obj(document, "cveMetadata", "")
    identifier = required(metadata, "cveId", "cveMetadata")
    if not CVE_ID.fullmatch(identifier):
        raise RecordError("cveMetadata.cveId", f"{shown(identifier)} is not a CVE identifier")
    state = required(metadata, "state", "cveMetadata")
    if state not in {"PUBLISHED", "REJECTED"}:
        raise RecordError("cveMetadata.state", f"{shown(state)} is neither PUBLISHED nor REJECTED")
    containers = obj(document, "containers", "")
    cna = obj(containers, "cna", "containers")
    parts = [(cna, "containers.cna", _source(cna, "cna", "containers.cna"))]
    parts += [(adp, at, _source(adp, "adp", at)) for adp, at in objects(containers, "adp", "containers")]
    told = "rejectedReasons" if state == "REJECTED" else "descriptions"
    return VulnerabilityRecord(
        id=identifier,
        state=state,
        title=text(cna, "title", "containers.cna"),
        description=_in_english(cna, told, "containers.cna"),
        published=moment(metadata, "datePublished", "cveMetadata"),
        updated=moment(metadata, "dateUpdated", "cveMetadata"),
        assigner=text(metadata, "assignerShortName", "cveMetadata")
        or text(metadata, "assignerOrgId", "cveMetadata"),
        affected=tuple(statement for part in parts for statement in _statements(*part)),
        metrics=tuple(metric for part in parts for metric in _metrics(*part)),
        ssvc=_latest_ssvc([decision for part in parts for decision in _ssvc(*part)]),
        cwes=tuple(dict.fromkeys(cwe for part in parts for cwe in _cwes(part[0], part[1]))),
        references=_references(parts),
        raw_digest=digest(document),
    )


def _source(container: Json, role: str, at: str) -> str:
    provider = optional_obj(container, "providerMetadata", at)
    name = text(provider, "shortName", f"{at}.providerMetadata") or text(
        provider, "orgId", f"{at}.providerMetadata"
    )
    return f"{role}:{name}"


def _in_english(container: Json, key: str, at: str) -> str:
    """The English text of a list of ``{lang, value}``; without one, the first."""
    first = ""
    for entry, path in objects(container, key, at):
        value = text(entry, "value", path)
        if text(entry, "lang", path).lower().startswith("en"):
            return value
        first = first or value
    return first


def _statements(container: Json, at: str, source: str) -> Iterator[Affected]:
    for product, path in objects(container, "affected", at):
        yield _product(product, path, source)
    role, _, name = source.partition(":")
    yield from parse_applicability(container, at, f"{role}-cpe:{name}")


def _product(product: Json, at: str, source: str) -> Affected:
    return Affected(
        source=source,
        vendor=text(product, "vendor", at),
        product=text(product, "product", at),
        package_name=text(product, "packageName", at),
        collection_url=text(product, "collectionURL", at),
        purl=text(product, "packageURL", at),
        default_status=_status(product, "defaultStatus", at, default="unknown"),
        cpes=texts(product, "cpes", at),
        platforms=texts(product, "platforms", at),
        modules=texts(product, "modules", at),
        versions=tuple(_version(entry, path) for entry, path in objects(product, "versions", at)),
    )


def _status(owner: Json, key: str, at: str, default: str = "") -> str:
    value = text(owner, key, at) or default
    if value in _STATUSES:
        return value
    if not value:
        raise RecordError(f"{at}.{key}", "required text is missing", "missing")
    raise RecordError(f"{at}.{key}", f"{shown(value)} is not affected, unaffected or unknown")


def _version(entry: Json, at: str) -> VersionEntry:
    changes: tuple[VersionChange, ...] = ()
    if entry.get("changes"):
        changes = tuple(
            VersionChange(required(change, "at", path), _status(change, "status", path))
            for change, path in objects(entry, "changes", at)
        )
    return VersionEntry(
        version=required(entry, "version", at),
        status=_status(entry, "status", at),
        version_type=text(entry, "versionType", at),
        less_than=text(entry, "lessThan", at),
        less_than_or_equal=text(entry, "lessThanOrEqual", at),
        changes=changes,
    )


def _metrics(container: Json, at: str, source: str) -> Iterator[Metric]:
    for metric, path in objects(container, "metrics", at):
        for key, version in _CVSS.items():
            if metric.get(key) is None:
                continue
            score, here = obj(metric, key, path), f"{path}.{key}"
            yield Metric(
                source=source,
                version=version,
                score=number(score, "baseScore", here, 0, 10),
                severity=text(score, "baseSeverity", here),
                vector=text(score, "vectorString", here),
            )


def _ssvc(container: Json, at: str, source: str) -> Iterator[Ssvc]:
    """CISA's decision points (SSVC container of the Vulnrichment project)."""
    for metric, path in objects(container, "metrics", at):
        other = optional_obj(metric, "other", path)
        if other.get("type") != "ssvc":
            continue
        here = f"{path}.other.content"
        content = obj(other, "content", f"{path}.other")
        points: dict[str, str] = {}
        for option, spot in objects(content, "options", here):
            points |= {name.casefold(): text(option, name, spot).lower() for name in option}
        yield Ssvc(
            source=source,
            exploitation=points.get("exploitation", ""),
            automatable=points.get("automatable", ""),
            technical_impact=points.get("technical impact", ""),
            at=moment(content, "timestamp", here),
        )


def _latest_ssvc(decisions: list[Ssvc]) -> Ssvc | None:
    """The most recently timed decision; among untimed ones, the last written."""
    return max(enumerate(decisions), key=_recency)[1] if decisions else None


def _recency(entry: tuple[int, Ssvc]) -> tuple[float, int]:
    position, decision = entry
    return (decision.at.timestamp() if decision.at else float("-inf"), position)


def _cwes(container: Json, at: str) -> Iterator[str]:
    for problem, path in objects(container, "problemTypes", at):
        for description, here in objects(problem, "descriptions", path):
            found = _CWE.match(text(description, "cweId", here) or text(description, "description", here))
            if found:
                yield found.group()


def _references(parts: list[tuple[Json, str, str]]) -> tuple[str, ...]:
    """Web addresses only (a page shows them as links), without repeats, the CNA's first."""
    found: dict[str, None] = {}
    for container, at, _ in parts:
        for reference, path in objects(container, "references", at):
            url = text(reference, "url", path).strip()
            if url.lower().startswith(("http://", "https://")):
                found.setdefault(url)
    return tuple(found)[:MAX_REFERENCES]
