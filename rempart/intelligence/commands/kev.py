"""Loading CISA's catalogue of known exploited vulnerabilities."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.db import transaction

from rempart.engines.exposure.model import KevEntry
from rempart.engines.records.kev import parse_kev_entry, read_kev
from rempart.intelligence.commands import affected
from rempart.intelligence.commands.affected import Statement
from rempart.intelligence.commands.counts import LoadCounts, Progress, batches
from rempart.intelligence.commands.epss import EpssScores
from rempart.intelligence.commands.events import publish_changed
from rempart.intelligence.commands.facts import set_exploitation
from rempart.intelligence.commands.runs import Run, feed_for, feed_run
from rempart.intelligence.models import AffectedKey, Feed, Vulnerability
from rempart.intelligence.statements import pack
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission
from rempart.kernel.time import now, today

_FIELDS = (
    "kev_added_on", "kev_due_on", "kev_name", "kev_vendor", "kev_product", "kev_action", "kev_ransomware",
    "kev_description", "kev_notes",
)  # fmt: skip
_WRITTEN = (
    *_FIELDS,
    "kev_seen_at",
    "exploitation",
    "exploitation_source",
    "title",
    "description",
    "warnings",
)


def load_kev(
    actor: Actor,
    path: Path | str,
    feed: Feed | str | None = None,
    progress: Progress | None = None,
    complete: bool = True,
) -> LoadCounts:
    """Reads a catalogue. An entry that is no longer in a ``complete`` one loses its flags.

    Nothing is cleared when an entry could not be read, or when the catalogue lost half of its entries: a cut
    file must not end alerts. Raises FileNotFoundError, NotPermitted, NotFound, Invalid.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    source = feed_for(Feed.Kind.KEV, feed)
    with feed_run(actor, source) as run:
        entries: dict[str, KevEntry] = {}
        for reading in read_kev(Path(path)):
            run.counts.read += reading.where != "catalogue"
            if reading.document is None:
                run.refuse(reading.where, reading.error)  # type: ignore[arg-type]
                continue
            entry = parse_kev_entry(reading.document)
            run.accept(reading.where, entry.cve_id)
            entries[entry.cve_id] = entry
        scores = EpssScores()
        done = 0
        for batch in batches(sorted(entries)):
            with transaction.atomic():
                _load_batch(run, {cve_id: entries[cve_id] for cve_id in batch}, scores)
                run.settle()
            done += len(batch)
            if progress:
                progress(done, len(entries))
        if complete and not run.counts.rejected:
            _clear_absent(run, set(entries))
            run.forget_unseen()
    return run.counts


def _believed(stated: date) -> tuple[date, list[dict[str, str]]]:
    """A day of entry in the future is today's, with a warning: it would stop the clocks."""
    if stated <= today():
        return stated, []
    return today(), [{"code": "future_date", "field": "kev_added_on", "value": stated.isoformat()}]


def _set_entry(row: Vulnerability, entry: KevEntry) -> None:
    warnings = [each for each in row.warnings if each.get("field") != "kev_added_on"]
    stays = row.kev_added_on is not None and entry.added > today()
    believed, doubts = _believed(entry.added)
    row.kev_added_on = row.kev_added_on if stays else believed
    row.warnings = warnings + doubts
    row.kev_due_on = entry.due
    row.kev_name = entry.name[:500]
    row.kev_vendor = entry.vendor[:200]
    row.kev_product = entry.product[:300]
    row.kev_action = entry.required_action[:5000]
    row.kev_ransomware = entry.ransomware
    row.kev_description = entry.description[:5000]
    row.kev_notes = entry.notes[:5000]
    if not row.record_digest:
        row.title = row.title or row.kev_name
        row.description = row.description or row.kev_description
    set_exploitation(row)


def _load_batch(run: Run, entries: dict[str, KevEntry], scores: EpssScores) -> None:
    at = now()
    known = {row.cve_id: row for row in Vulnerability.objects.filter(cve_id__in=entries)}
    added: list[Vulnerability] = []
    changed: list[Vulnerability] = []
    renamed: list[Vulnerability] = []
    for cve_id, entry in entries.items():
        row = known.get(cve_id)
        if row is None:
            row = Vulnerability(cve_id=cve_id, first_seen_at=at, kev_seen_at=at)
            _set_entry(row, entry)
            row.epss, row.epss_percentile, row.epss_on = scores.of(cve_id)
            added.append(row)
            continue
        before = tuple(getattr(row, name) for name in _FIELDS)
        was_named = (row.kev_vendor, row.kev_product)
        _set_entry(row, entry)
        if before == tuple(getattr(row, name) for name in _FIELDS):
            run.counts.unchanged += 1
            continue
        row.kev_seen_at = row.kev_seen_at or at
        changed.append(row)
        if was_named != (row.kev_vendor, row.kev_product):
            renamed.append(row)
    Vulnerability.objects.bulk_create(added)
    Vulnerability.objects.bulk_update(changed, _WRITTEN, batch_size=50)
    run.counts.added += len(added)
    run.counts.changed += len(changed)
    restated = _state_products(added, renamed)
    publish_changed(restated, affected_changed=True, run_id=run.row.pk)
    publish_changed(
        (row.pk for row in changed if row.pk not in restated), affected_changed=False, run_id=run.row.pk
    )


def _state_products(added: list[Vulnerability], renamed: list[Vulnerability]) -> set[int]:
    """The catalogue's vendor and product, where no CVE record identifies any; returns what is new."""
    records = AffectedKey.objects.filter(
        vulnerability__in=[row.pk for row in renamed], affected__advisory__isnull=True
    ).exclude(affected__source=affected.KEV_SOURCE)
    identified = set(records.values_list("vulnerability_id", flat=True))
    silent = [row for row in renamed if row.pk not in identified and row.state != "REJECTED"]
    affected.remove([row.pk for row in silent], affected.FROM_CATALOGUE)
    statements = []
    for row in (*added, *silent):
        statement = affected.kev_statement(row.kev_vendor, row.kev_product)
        statements.append(Statement(row.pk, affected.KEV_PLACE, pack(statement), statement))
    affected.add(statements)
    return {statement.vulnerability_id for statement in statements}


def _clear_absent(run: Run, present: set[str]) -> None:
    """Withdraws what the catalogue no longer holds."""
    listed = dict(Vulnerability.objects.filter(kev_added_on__isnull=False).values_list("cve_id", "id"))
    absent = [identifier for cve_id, identifier in listed.items() if cve_id not in present]
    if not absent or len(absent) * 2 > len(listed):
        return
    with transaction.atomic():
        rows = list(Vulnerability.objects.filter(id__in=absent))
        for row in rows:
            row.kev_added_on = row.kev_due_on = row.kev_seen_at = None
            row.kev_name = row.kev_vendor = row.kev_product = row.kev_action = ""
            row.kev_description = row.kev_notes = ""
            row.kev_ransomware = False
            set_exploitation(row)
        Vulnerability.objects.bulk_update(rows, _WRITTEN, batch_size=50)
        affected.remove(absent, affected.FROM_CATALOGUE)
        run.counts.changed += len(rows)
        publish_changed(absent, affected_changed=True, run_id=run.row.pk)
