"""CISA's Known Exploited Vulnerabilities catalogue (JSON)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from rempart.engines.exposure.model import KevEntry
from rempart.engines.records.cve import CVE_ID
from rempart.engines.records.fields import RecordError, day, required, shown, text, texts
from rempart.engines.records.reading import DEFAULT_LIMITS, Limits, Reading, parse_json


def parse_kev_entry(entry: dict[str, Any]) -> KevEntry:
    """Read one entry of ``vulnerabilities``; raises ``RecordError`` with the malformed field."""
    if not isinstance(entry, dict):
        raise RecordError("", f"expected an object, found {shown(entry)}", "wrong_type")
    identifier = required(entry, "cveID", "").strip()
    if not CVE_ID.fullmatch(identifier):
        raise RecordError("cveID", f"{shown(identifier)} is not a CVE identifier")
    added = day(entry, "dateAdded", "")
    if added is None:
        raise RecordError("dateAdded", "required date is missing", "missing")
    return KevEntry(
        cve_id=identifier,
        vendor=text(entry, "vendorProject", "").strip(),
        product=text(entry, "product", "").strip(),
        name=text(entry, "vulnerabilityName", "").strip(),
        added=added,
        due=day(entry, "dueDate", ""),
        description=text(entry, "shortDescription", ""),
        required_action=text(entry, "requiredAction", ""),
        ransomware=text(entry, "knownRansomwareCampaignUse", "").casefold() == "known",
        notes=text(entry, "notes", ""),
        cwes=texts(entry, "cwes", ""),
    )


def read_kev(source: Path | str | BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Iterator[Reading]:
    """Each entry of a catalogue, in its order: a document that ``parse_kev_entry`` accepts, or an error.

    An entry given twice, and a ``count`` that disagrees with the entries (a cut file), are errors too.
    """
    if isinstance(source, Path | str):
        with Path(source).open("rb") as stream:
            raw = stream.read(limits.record_bytes + 1)
    else:
        raw = source.read(limits.record_bytes + 1)
    try:
        catalogue = parse_json(raw, limits)
        entries = catalogue.get("vulnerabilities")
        if not isinstance(entries, list):
            raise RecordError("vulnerabilities", "required list is missing", "missing")
    except RecordError as problem:
        yield Reading("catalogue", error=problem)
        return
    seen: dict[str, str] = {}
    for position, entry in enumerate(entries):
        where = f"vulnerabilities[{position}]"
        try:
            identifier = parse_kev_entry(entry).cve_id
            if identifier in seen:
                raise RecordError("cveID", f"{identifier} already read at {seen[identifier]}", "duplicate")
        except RecordError as problem:
            yield Reading(where, error=problem)
            continue
        seen[identifier] = where
        yield Reading(where, document=entry)
    count = catalogue.get("count")
    if isinstance(count, int) and count != len(entries):
        message = f"the catalogue announces {count} entries and holds {len(entries)}"
        yield Reading("catalogue", error=RecordError("count", message, "mismatch"))
