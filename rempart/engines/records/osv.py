"""OSV records (Open Source Vulnerability format, OpenSSF): packages, ranges of events, lists of versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from rempart.engines.exposure.model import Affected, Metric, VersionEntry, VulnerabilityRecord
from rempart.engines.records import cvss
from rempart.engines.records.ecosystems import ecosystem_of, package_purl
from rempart.engines.records.fields import (
    Json,
    RecordError,
    digest,
    moment,
    objects,
    optional_obj,
    required,
    shown,
    text,
    texts,
)
from rempart.engines.versions import key, scheme_for

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*[-_][A-Za-z0-9._:/+-]{1,200}")
_EVENTS: Final = ("introduced", "fixed", "last_affected", "limit")
_CWE: Final = re.compile(r"CWE-[0-9]{1,6}")
_MAX_REFERENCES: Final = 50
_MAX_EVENTS: Final = 10_000
_MAX_VERSIONS: Final = 100_000
_START: Final = "0"


def parse_osv(document: dict[str, Any]) -> VulnerabilityRecord:
    """Read one OSV record. A withdrawn one is ``REJECTED``; its statements' source is ``osv:<database>``.

    A range's events become one entry per affected interval, by the schema's evaluation algorithm; a
    version that no range and no list holds is not affected. Commits are kept only where nothing else
    names the versions. Raises ``RecordError`` with the path of the first malformed field.
    """
    if not isinstance(document, dict):
        raise RecordError("", f"expected an object, found {shown(document)}", "wrong_type")
    identifier = required(document, "id", "")
    if not _ID.fullmatch(identifier):
        raise RecordError("id", f"{shown(identifier)} is not an OSV identifier")
    source = f"osv:{re.split('[-_]', identifier, maxsplit=1)[0].lower()}"
    withdrawn = moment(document, "withdrawn", "")
    stated = optional_obj(document, "database_specific", "")
    return VulnerabilityRecord(
        id=identifier,
        state="REJECTED" if withdrawn is not None else "PUBLISHED",
        title=text(document, "summary", ""),
        description=text(document, "details", ""),
        published=moment(document, "published", ""),
        updated=moment(document, "modified", ""),
        assigner=source.removeprefix("osv:"),
        affected=tuple(
            statement
            for affected, at in objects(document, "affected", "")
            for statement in _statements(affected, at, source)
        ),
        metrics=tuple(_metrics(document, source)),
        cwes=_cwes(stated),
        references=_references(document),
        raw_digest=digest(document),
        aliases=tuple(dict.fromkeys(texts(document, "aliases", ""))),
    )


def _statements(affected: Json, at: str, source: str) -> Iterator[Affected]:
    package = optional_obj(affected, "package", at)
    here = f"{at}.package"
    ecosystem, name = text(package, "ecosystem", here), text(package, "name", here)
    if package and not ecosystem:
        raise RecordError(f"{here}.ecosystem", "required text is missing", "missing")
    if package and not name:
        raise RecordError(f"{here}.name", "required text is missing", "missing")
    known, _ = ecosystem_of(ecosystem)
    scheme = known.scheme
    commits: dict[str, list[VersionEntry]] = {}
    entries: list[VersionEntry] = []
    for stated, path in objects(affected, "ranges", at):
        kind = required(stated, "type", path)
        if kind not in {"SEMVER", "ECOSYSTEM", "GIT"}:
            raise RecordError(f"{path}.type", f"{shown(kind)} is not SEMVER, ECOSYSTEM or GIT")
        declared = {"SEMVER": "golang" if scheme == "golang" else "semver", "GIT": "git"}.get(kind, scheme)
        intervals = list(_intervals(list(_events(stated, path)), declared))
        if kind == "GIT":
            commits.setdefault(text(stated, "repo", path), []).extend(intervals)
        else:
            entries += intervals
    entries += _listed(texts(affected, "versions", at), scheme, entries, f"{at}.versions")
    purl = text(package, "purl", here) or package_purl(ecosystem, name)
    modules = tuple(dict.fromkeys(_imports(affected, at)))
    if name and (entries or not commits):
        yield Affected(
            source=source,
            product=name if not purl else "",
            package_name=name,
            purl=purl,
            default_status="unaffected" if entries else "unknown",
            modules=modules,
            versions=tuple(dict.fromkeys(entries)),
        )
    elif commits:
        for repository, intervals in commits.items():
            yield Affected(
                source=source,
                product="" if purl else repository,
                package_name=name,
                collection_url=repository,
                purl=purl,
                modules=modules,
                versions=tuple(dict.fromkeys((*entries, *intervals))),
            )


def _events(stated: Json, at: str) -> Iterator[tuple[str, str]]:
    count = 0
    for event, path in objects(stated, "events", at):
        count += 1
        if count > _MAX_EVENTS:
            raise RecordError(f"{at}.events", f"more than {_MAX_EVENTS} events", "too_many")
        named = [kind for kind in _EVENTS if event.get(kind) is not None]
        if len(named) != 1:
            raise RecordError(path, f"expected one of {', '.join(_EVENTS)}")
        yield named[0], required(event, named[0], path)
    if not count:
        raise RecordError(f"{at}.events", "required list is missing", "missing")


def _intervals(events: list[tuple[str, str]], scheme: str) -> Iterator[VersionEntry]:
    """The affected intervals of a range: its events in version order, each introduction to what ends it.

    Where a version cannot be ordered (commits, another scheme's text) the order written is kept.
    ``limit`` closes what is still affected, and what starts at or above every limit is left out.
    """
    placed = [(_place(version, scheme), kind, version) for kind, version in events]
    limits = [(place, version) for place, kind, version in placed if kind == "limit" and version != "*"]
    unbounded = any(kind == "limit" and version == "*" for _, kind, version in placed)
    ordered = [event for event in placed if event[1] != "limit"]
    readable = all(place is not None for place, _, _ in placed)
    if readable:
        ordered.sort(key=lambda event: event[0] or b"")  # events of one version stay as written
    limit = max(limits, key=lambda one: one[0] or b"") if limits and not unbounded else None
    start: str | None = None
    for place, kind, version in ordered:
        if limit is not None and readable and limit[0] is not None and (place or b"") >= limit[0]:
            break
        if kind == "introduced":
            start = version if start is None else start
        elif start is not None:
            before, last = (version, "") if kind == "fixed" else ("", version)
            yield VersionEntry(start, "affected", scheme, before, last)
            start = None
    if start is not None:
        before, last = (limit[1], "") if limit is not None else ("", "*")
        yield VersionEntry(start, "affected", scheme, before, last)


def _place(version: str, scheme: str) -> bytes | None:
    """Where an event stands: "0" is before every version (OSV schema, "introduced")."""
    return b"" if version == _START else key(scheme_for(scheme), version)


def _listed(
    versions: tuple[str, ...], scheme: str, ranges: Iterable[VersionEntry], at: str
) -> list[VersionEntry]:
    """The listed versions that no range already holds: the rest would only say the same again."""
    if len(versions) > _MAX_VERSIONS:
        raise RecordError(at, f"more than {_MAX_VERSIONS} versions", "too_many")
    order = scheme_for(scheme)
    spans = []
    for entry in ranges:
        low = _place(entry.version, scheme)
        end = entry.less_than or entry.less_than_or_equal
        high = None if end == "*" else key(order, end)
        if low is not None and (end == "*" or high is not None):
            spans.append((low, high, bool(entry.less_than)))
    kept = []
    for version in versions:
        place = key(order, version)
        held = place is not None and any(
            low <= place and (high is None or (place < high if open_end else place <= high))
            for low, high, open_end in spans
        )
        if not held and version.strip():
            kept.append(VersionEntry(version, "affected", scheme))
    return kept


def _imports(affected: Json, at: str) -> Iterator[str]:
    """The Go packages that hold the vulnerable symbols (Go vulnerability database, ``imports``)."""
    for owner in ("ecosystem_specific", "database_specific"):
        specific = affected.get(owner)
        imports = specific.get("imports") if isinstance(specific, dict) else None
        for entry in imports if isinstance(imports, list) else ():
            path = entry.get("path") if isinstance(entry, dict) else None
            if isinstance(path, str) and path:
                yield path


def _metrics(document: Json, source: str) -> Iterator[Metric]:
    """The record's CVSS vectors whose score can be computed."""
    for stated, path in objects(document, "severity", ""):
        if required(stated, "type", path) not in {"CVSS_V2", "CVSS_V3", "CVSS_V4"}:
            continue
        vector = required(stated, "score", path)
        score = cvss.base_score(vector)
        if score is not None:
            yield Metric(source, cvss.version_of(vector), score, cvss.severity(score), vector)


def _cwes(stated: Json) -> tuple[str, ...]:
    listed = stated.get("cwe_ids")
    found = (item for item in listed if isinstance(item, str)) if isinstance(listed, list) else ()
    return tuple(dict.fromkeys(item for item in found if _CWE.fullmatch(item)))


def _references(document: Json) -> tuple[str, ...]:
    urls = (text(stated, "url", path).strip() for stated, path in objects(document, "references", ""))
    web = (url for url in urls if url.lower().startswith(("http://", "https://")))
    return tuple(dict.fromkeys(web))[:_MAX_REFERENCES]


def is_osv(document: Json) -> bool:
    """Whether a document is an OSV record: it has an ``id`` and a ``modified`` time."""
    return isinstance(document.get("id"), str) and isinstance(document.get("modified"), str)
