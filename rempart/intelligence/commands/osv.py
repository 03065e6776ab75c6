"""Loading OSV records: each is an advisory of its database, on the CVE that it names or its own name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rempart.engines.records.csaf import CsafAdvisory
from rempart.engines.records.osv import parse_osv
from rempart.engines.records.sources import open_records
from rempart.intelligence.commands.counts import LoadCounts, Progress
from rempart.intelligence.commands.csaf import Document, load_documents
from rempart.intelligence.commands.runs import feed_for, feed_run
from rempart.intelligence.models import Feed
from rempart.kernel.actors import Actor
from rempart.kernel.permissions import Permission

_MOST_ALIASES = 20
_VERSION = "1"  # OSV numbers no edition: the day of its last change orders them


def load_osv(
    actor: Actor, path: Path | str, feed: Feed | str | None = None, progress: Progress | None = None
) -> LoadCounts:
    """Reads every OSV record under ``path`` (a file, a folder, JSON lines, an archive), 50 to a transaction.

    Raises FileNotFoundError, NotPermitted, NotFound, Invalid.
    """
    actor.require(Permission.INTELLIGENCE_MANAGE)
    source = feed_for(Feed.Kind.OSV, feed)
    documents = (Document(reading.where, reading.document, reading.error) for reading in open_records(path))
    with feed_run(actor, source) as run:
        load_documents(run, documents, progress, osv_advisory)
    return run.counts


def osv_advisory(document: dict[str, Any]) -> CsafAdvisory:
    """The record as an advisory; one that was withdrawn says nothing of any product any more.

    Raises ``RecordError``.
    """
    record = parse_osv(document)
    cves = [alias for alias in record.aliases if alias.startswith("CVE-")][:_MOST_ALIASES]
    spoken_of = cves or [record.id]
    withdrawn = record.state == "REJECTED"
    return CsafAdvisory(
        id=record.id,
        publisher=f"OSV {record.assigner}",
        title=record.title or record.description[:200],
        version=_VERSION,
        status="withdrawn" if withdrawn else "final",
        tlp="",
        released=record.updated or record.published,
        vulnerabilities=() if withdrawn else tuple(replace(record, id=one) for one in spoken_of),
    )
