"""Loading CSAF 2.0 advisories, under their marking; a newer version replaces an older."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from rempart.engines.exposure.model import VulnerabilityRecord
from rempart.engines.records.conformance import failures
from rempart.engines.records.csaf import CsafAdvisory, parse_csaf
from rempart.engines.records.fields import RecordError, digest
from rempart.engines.records.sources import open_records
from rempart.intelligence.commands import affected, bulk
from rempart.intelligence.commands.affected import Statement
from rempart.intelligence.commands.counts import LoadCounts, Progress, batches
from rempart.intelligence.commands.epss import EpssScores
from rempart.intelligence.commands.events import publish_changed
from rempart.intelligence.commands.facts import TOLERANCE, set_metrics
from rempart.intelligence.commands.runs import Run, feed_for, feed_run
from rempart.intelligence.models import Advisory, Feed, Vulnerability
from rempart.intelligence.statements import pack
from rempart.kernel.actors import Actor
from rempart.kernel.markings import Marking
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now

BATCH = 50
_MOST_REMEDIATIONS = 200
_MOST_FAILURES = 50
_LONGEST_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Document:
    """An advisory as it came: from where, its signature's state, its content or why there is none."""

    where: str
    content: dict[str, Any] | None = None
    error: RecordError | None = None
    url: str = ""
    signature: str = "none"


def load_csaf(
    actor: Actor, path: Path | str, feed: Feed | str | None = None, progress: Progress | None = None
) -> LoadCounts:
    """Reads every advisory under ``path`` (a file, a folder, an archive), 50 to a transaction.

    Raises FileNotFoundError, NotPermitted, NotFound, Invalid.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    source = feed_for(Feed.Kind.CSAF, feed)
    documents = (
        Document(reading.where, reading.document, reading.error)
        for reading in open_records(path)
        if reading.document is None or _is_advisory(reading.document)
    )
    with feed_run(actor, source) as run:
        load_documents(run, documents, progress)
    return run.counts


def _is_advisory(document: dict[str, Any]) -> bool:
    """A folder of advisories also holds the provider's own files: its metadata and its ROLIE feeds."""
    return not ("canonical_url" in document or "feed" in document)


def load_documents(
    run: Run,
    documents: Iterable[Document],
    progress: Progress | None = None,
    parse: Callable[[dict[str, Any]], CsafAdvisory] = parse_csaf,
) -> None:
    """Loads advisories into an open run, 50 to a transaction; ``parse`` reads one, or raises RecordError."""
    scores = EpssScores()
    for batch in batches(documents, BATCH):
        with transaction.atomic():
            _load_batch(run, batch, scores, parse)
            run.settle()
        if progress:
            progress(run.counts.read, 0)


def _load_batch(
    run: Run, batch: list[Document], scores: EpssScores, parse: Callable[[dict[str, Any]], CsafAdvisory]
) -> None:
    read: dict[tuple[str, str], tuple[Document, CsafAdvisory, Marking, str]] = {}
    for document in batch:
        run.counts.read += 1
        if document.content is None:
            run.refuse(document.where, document.error or RecordError("", "no document"))
            continue
        try:
            advisory = parse(document.content)
            if len(advisory.id) > 200 or len(advisory.publisher) > 200:
                raise RecordError(
                    "document.tracking.id", "the identifier or publisher exceeds 200 characters"
                )
            key = (advisory.publisher, advisory.id)
            if key in read:
                raise RecordError("document.tracking.id", f"{advisory.id} is given twice", "duplicate")
            read[key] = (document, advisory, _marking(advisory), digest(document.content))
        except RecordError as error:
            run.refuse(document.where, error, document.content, _claimed_id(document.content))
    known = {
        (row.publisher, row.tracking_id): row
        for row in Advisory.objects.filter(tracking_id__in=[identifier for _publisher, identifier in read])
    }
    concerned: set[int] = set()
    for key, (document, advisory, marking, content_digest) in read.items():
        run.accept(document.where, advisory.id)
        before = known.get(key)
        if before is not None and (before.digest == content_digest or _order_of(advisory) < _order(before)):
            run.counts.unchanged += 1
            if document.signature != "none" and before.digest == content_digest:
                Advisory.objects.filter(id=before.id).update(
                    signature=document.signature, source_url=document.url[:500]
                )
            continue
        run.counts.added += before is None
        run.counts.changed += before is not None
        row = before or Advisory(publisher=key[0], tracking_id=key[1], first_seen_at=now())
        row.digest = content_digest
        row.signature = document.signature
        row.source_url = document.url[:500]
        row.detail = _detail(advisory)
        if parse is parse_csaf:
            broken = failures(document.content or {})[:_MOST_FAILURES]
            row.detail["failures"] = [asdict(each) for each in broken]
        concerned |= _save(row, advisory, marking, scores)
    publish_changed(concerned, affected_changed=True, run_id=run.row.pk)


def _claimed_id(content: dict[str, Any]) -> str:
    head = content.get("document")
    tracking = head.get("tracking") if isinstance(head, dict) else None
    claimed = tracking.get("id") if isinstance(tracking, dict) else ""
    return claimed if isinstance(claimed, str) else ""


def _marking(advisory: CsafAdvisory) -> Marking:
    """The document's TLP label; none is free to circulate, an unknown one is refused."""
    if not advisory.tlp:
        return Marking.CLEAR
    try:
        return Marking.read(advisory.tlp)
    except ValueError as error:
        raise RecordError("document.distribution.tlp.label", str(error)) from None


def _version_order(version: str) -> tuple[int, ...]:
    """``tracking.version`` is a whole number or a semantic version (CSAF 2.0, section 3.1.11)."""
    return tuple(int(part[:18]) for part in re.findall(r"\d+", version)[:3])


def _order_of(advisory: CsafAdvisory) -> tuple[datetime, tuple[int, ...]]:
    return advisory.released or _LONGEST_AGO, _version_order(advisory.version)


def _order(row: Advisory) -> tuple[datetime, tuple[int, ...]]:
    return row.released_at or _LONGEST_AGO, _version_order(row.version)


def _save(row: Advisory, advisory: CsafAdvisory, marking: Marking, scores: EpssScores) -> set[int]:
    """Writes an advisory and its statements; returns the vulnerabilities it speaks of, or spoke of."""
    row.version = advisory.version[:40]
    row.title = advisory.title[:500]
    row.status = advisory.status[:20]
    row.marking = marking.value
    row.released_at = advisory.released
    before = set(row.affected.values_list("vulnerability_id", flat=True)) if row.pk else set()
    if row.pk:
        before |= set(row.vulnerabilities.values_list("id", flat=True))
        affected.remove_advisories([row.pk])
    row.save()
    records: dict[str, list[VulnerabilityRecord]] = {}
    for record in advisory.vulnerabilities:
        records.setdefault(_identifier(advisory, record), []).append(record)
    ids = _vulnerabilities(records, marking, scores)
    row.vulnerabilities.set(ids.values())
    affected.add(
        [
            Statement(ids[cve_id], affected.CSAF_PLACES + place, pack(statement), statement, row.pk)
            for cve_id, stated in records.items()
            for place, statement in enumerate(_statements(stated))
        ]
    )
    return before | set(ids.values())


def _statements(records: list[VulnerabilityRecord]) -> list[Any]:
    return [each for record in records for each in record.affected][: affected.MOST_STATEMENTS]


def _identifier(advisory: CsafAdvisory, record: VulnerabilityRecord) -> str:
    """A publisher's own identifier is unique within its advisory only."""
    if record.id.startswith("CVE-"):
        return record.id
    own = record.id if record.id.startswith(advisory.id) else f"{advisory.id}/{record.id}"
    return own[:120]


def _vulnerabilities(
    records: dict[str, list[VulnerabilityRecord]], marking: Marking, scores: EpssScores
) -> dict[str, int]:
    """The rows of these vulnerabilities, made where unknown.

    Without a CVE record, the advisory gives the facts, unless its marking keeps its words to itself.
    """
    known = {row.cve_id: row for row in Vulnerability.objects.filter(cve_id__in=records)}
    at = now()
    fresh: list[Vulnerability] = []
    for cve_id, stated in records.items():
        row = known.get(cve_id)
        if row is not None and (row.record_digest or marking is not Marking.CLEAR):
            continue
        if row is None:
            row = known[cve_id] = Vulnerability(cve_id=cve_id, first_seen_at=at)
            row.epss, row.epss_percentile, row.epss_on = scores.of(cve_id)
            fresh.append(row)
        if marking is Marking.CLEAR:
            _fill(row, stated[0], at)
        if row.pk:
            row.save()
    bulk.insert_instances(fresh)
    return {cve_id: known[cve_id].pk for cve_id in records}


def _fill(row: Vulnerability, record: VulnerabilityRecord, at: datetime) -> None:
    row.title = row.title or record.title[:500]
    row.description = row.description or record.description[:20_000]
    if record.published is not None and record.published <= at + TOLERANCE:
        row.published_at = row.published_at or record.published
    row.cwes = row.cwes or list(record.cwes[:20])
    row.references = row.references or [url[:2000] for url in record.references]
    if record.metrics:
        set_metrics(row, record.metrics)


def _detail(advisory: CsafAdvisory) -> dict[str, Any]:
    """What the advisory's page shows beside the statements, cut to what a person reads."""
    return {
        "remediations": [
            {
                "vulnerability": each.vulnerability_id,
                "category": each.category[:60],
                "details": each.details[:3000],
                "url": each.url[:2000],
                "products": [name[:200] for name in each.products[:20]],
            }
            for each in advisory.remediations[:_MOST_REMEDIATIONS]
        ],
        "flags": [
            {
                "vulnerability": each.vulnerability_id,
                "label": each.label[:100],
                "products": [name[:200] for name in each.products[:20]],
            }
            for each in advisory.flags[:_MOST_REMEDIATIONS]
        ],
    }
