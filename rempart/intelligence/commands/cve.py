"""Loading CVE records: a file, a folder, JSON lines, or the zip release of the CVE list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from rempart.engines.exposure.model import VulnerabilityRecord
from rempart.engines.records.cve import parse_cve
from rempart.engines.records.fields import RecordError, digest
from rempart.engines.records.reading import Reading
from rempart.engines.records.sources import CVE_FILES, open_records
from rempart.intelligence.commands import affected, bulk
from rempart.intelligence.commands.affected import Statement
from rempart.intelligence.commands.counts import LoadCounts, Progress, batches
from rempart.intelligence.commands.epss import EpssScores
from rempart.intelligence.commands.events import publish_changed
from rempart.intelligence.commands.facts import RECORD_FIELDS, set_record
from rempart.intelligence.commands.runs import Run, feed_for, feed_run
from rempart.intelligence.models import Feed, Vulnerability
from rempart.intelligence.statements import pack
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now


def load_cve(
    actor: Actor, path: Path | str, feed: Feed | str | None = None, progress: Progress | None = None
) -> LoadCounts:
    """Reads every CVE record under ``path``; each batch of 500 is a transaction that a stopped load keeps.

    A record whose content is unchanged costs a digest. Raises FileNotFoundError, NotPermitted,
    NotFound, Invalid.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    source = feed_for(Feed.Kind.CVE, feed)
    readings = open_records(
        path, only=CVE_FILES if Path(path).is_dir() or str(path).endswith(".zip") else None
    )
    with feed_run(actor, source) as run:
        scores = EpssScores()
        for batch in batches(readings):
            with transaction.atomic():
                _load_batch(run, batch, scores)
                run.settle()
            if progress:
                progress(run.counts.read, 0)
    return run.counts


@dataclass(slots=True)
class _Known:
    """What the table holds of a record before the batch."""

    id: int
    record_digest: str
    affected_digest: str
    kev: tuple[Any, str, str, str]  # the catalogue's day, vendor, product and name


def _load_batch(run: Run, batch: list[Reading], scores: EpssScores) -> None:
    documents = _identified(run, batch)
    known = {
        row[0]: _Known(row[1], row[2], row[3], row[4:])
        for row in Vulnerability.objects.filter(cve_id__in=documents).values_list(
            "cve_id",
            "id",
            "record_digest",
            "affected_digest",
            "kev_added_on",
            "kev_vendor",
            "kev_product",
            "kev_name",
        )
    }
    at = now()
    rows: list[Vulnerability] = []
    products: dict[str, tuple[VulnerabilityRecord, list[dict[str, Any]]]] = {}
    restated: set[str] = set()
    for cve_id in sorted(documents):
        reading = documents[cve_id]
        document = reading.document or {}
        before = known.get(cve_id)
        try:
            if before is not None and before.record_digest == digest(document):
                run.counts.unchanged += 1
                run.accept(reading.where, cve_id)
                continue
            record = parse_cve(document)
        except RecordError as error:
            run.refuse(reading.where, error, document, cve_id)
            continue
        run.accept(reading.where, cve_id)
        row = Vulnerability(cve_id=cve_id, first_seen_at=at, record_digest=record.raw_digest)
        row.kev_added_on = before.kev[0] if before else None
        set_record(row, record, at)
        row.title = row.title or (before.kev[3] if before else "")
        row.epss, row.epss_percentile, row.epss_on = scores.of(cve_id)
        packed = [pack(each) for each in _statements(record)]
        row.affected_digest = affected.digest_of(packed)
        rows.append(row)
        if before is None or not before.record_digest or before.affected_digest != row.affected_digest:
            restated.add(cve_id)
            products[cve_id] = (record, packed)
        if before is None:
            run.counts.added += 1
        else:
            run.counts.changed += 1
    if not rows:
        return
    ids = _save(rows, known)
    _replace_statements({ids[cve_id]: products[cve_id] for cve_id in products}, known, ids)
    publish_changed((ids[cve_id] for cve_id in restated), affected_changed=True, run_id=run.row.pk)
    publish_changed(
        (ids[cve_id] for cve_id in ids if cve_id not in restated), affected_changed=False, run_id=run.row.pk
    )


def _save(rows: list[Vulnerability], known: dict[str, _Known]) -> dict[str, int]:
    """Writes the rows and returns their identifiers; one that another load inserts meanwhile is updated."""
    fresh = [row for row in rows if row.cve_id not in known]
    stale = [row for row in rows if row.cve_id in known]
    try:
        with transaction.atomic():
            # A write first: see ``bulk.reserve_ids``.
            _upsert(stale)
            bulk.insert_instances(fresh)
    except IntegrityError:
        for row in fresh:
            row.pk = None
        _upsert(rows)
    return {row.cve_id: row.pk for row in rows}


def _upsert(rows: list[Vulnerability]) -> None:
    Vulnerability.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["cve_id"], update_fields=list(RECORD_FIELDS)
    )


def _identified(run: Run, batch: list[Reading]) -> dict[str, Reading]:
    """The batch's records by identifier; what has none is refused."""
    documents: dict[str, Reading] = {}
    for reading in batch:
        run.counts.read += 1
        if reading.document is None:
            run.refuse(reading.where, reading.error or RecordError("", "no document"))
            continue
        metadata = reading.document.get("cveMetadata")
        cve_id = metadata.get("cveId") if isinstance(metadata, dict) else None
        if isinstance(cve_id, str) and 0 < len(cve_id) <= 40 and cve_id not in documents:
            documents[cve_id] = reading
            continue
        try:
            parse_cve(reading.document)
            error = RecordError("cveMetadata.cveId", "the identifier is too long, or repeated")
        except RecordError as problem:
            error = problem
        run.refuse(reading.where, error, reading.document)
    return documents


def _statements(record: VulnerabilityRecord) -> tuple[Any, ...]:
    """A rejected record says nothing of any product, whatever it still holds."""
    return () if record.state == "REJECTED" else record.affected[: affected.MOST_STATEMENTS]


def _replace_statements(
    products: dict[int, tuple[VulnerabilityRecord, list[dict[str, Any]]]],
    known: dict[str, _Known],
    ids: dict[str, int],
) -> None:
    """The record's statements replace those before; the catalogue's stands where it names no product."""
    if not products:
        return
    old = [before.id for before in known.values() if before.id in products]
    if old:
        affected.remove(old, affected.FROM_RECORD | affected.FROM_CATALOGUE)
    stated = [
        Statement(vulnerability_id, affected.CVE_PLACES + place, packed, statement)
        for vulnerability_id, (record, kept) in products.items()
        for place, (statement, packed) in enumerate(zip(_statements(record), kept, strict=True))
    ]
    identified = affected.add(stated)
    rejected = {key for key, (record, _kept) in products.items() if record.state == "REJECTED"}
    silent = []
    for cve_id, before in known.items():
        vulnerability_id = ids.get(cve_id)
        if (
            before.kev[0] is None
            or vulnerability_id not in products
            or vulnerability_id in identified | rejected
        ):
            continue
        statement = affected.kev_statement(before.kev[1], before.kev[2])
        silent.append(Statement(vulnerability_id, affected.KEV_PLACE, pack(statement), statement))
    affected.add(silent)
