"""Sections 6.1.11, 6.1.12, 6.1.15, 6.1.23, 6.1.24 and 6.1.28: weaknesses, languages, CVE, involvements."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

from cwe2.mappings import navigate_cwe

from rempart.engines.records.conformance.paths import (
    Found,
    Json,
    child,
    entries,
    repeated,
    vulnerabilities,
    word,
)


def unknown_cwe(document: Json) -> Found:
    for vulnerability, at in vulnerabilities(document):
        cwe = child(vulnerability, "cwe")
        if cwe and _weaknesses().get(word(cwe, "id")) != word(cwe, "name"):
            yield f"{at}/cwe", f"{word(cwe, 'id')} {word(cwe, 'name')}"


@lru_cache(maxsize=1)
def _weaknesses() -> dict[str, str]:
    """Identifier → name of every weakness in the three views that together hold MITRE's list."""
    found: dict[str, str] = {}
    for view in navigate_cwe.values():
        with Path(view["csv_file"]).open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            next(rows, None)
            found.update((f"CWE-{row[0]}", row[1]) for row in rows if len(row) > 1)
    return found


def unknown_language(document: Json) -> Found:
    from language_tags import tags  # slow to load, and wanted here alone

    head = child(document, "document")
    for key in ("lang", "source_lang"):
        if word(head, key) and not tags.check(word(head, key)):
            yield f"/document/{key}", word(head, key)


def translator_without_source(document: Json) -> Found:
    head = child(document, "document")
    if word(child(head, "publisher"), "category") == "translator" and not word(head, "source_lang"):
        yield "/document/source_lang", ""


def translated_into_itself(document: Json) -> Found:
    head = child(document, "document")
    if word(head, "lang") and word(head, "lang").lower() == word(head, "source_lang").lower():
        yield "/document/lang", word(head, "lang")


def repeated_cve(document: Json) -> Found:
    named = ((f"{at}/cve", word(one, "cve")) for one, at in vulnerabilities(document) if "cve" in one)
    yield from repeated(named)


def repeated_involvement(document: Json) -> Found:
    for vulnerability, at in vulnerabilities(document):
        listed = entries(vulnerability, "involvements", at)
        yield from repeated((here, f"{word(one, 'party')} {word(one, 'date')}") for one, here in listed)
