"""Sections 6.1.11, 6.1.12, 6.1.15, 6.1.23, 6.1.24 and 6.1.28: weaknesses, languages, CVE, involvements."""

from __future__ import annotations

from functools import lru_cache

from cwe2.database import Database, InvalidCWEError
from language_tags import tags

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
        if cwe and _cwe_name(word(cwe, "id")) != word(cwe, "name"):
            yield f"{at}/cwe", f"{word(cwe, 'id')} {word(cwe, 'name')}"


@lru_cache(maxsize=1_024)
def _cwe_name(identifier: str) -> str | None:
    """The name of a weakness in MITRE's list; None for what is not in it."""
    try:
        return str(_weaknesses().get(identifier.removeprefix("CWE-")).name)
    except InvalidCWEError:
        return None


@lru_cache(maxsize=1)
def _weaknesses() -> Database:
    return Database()


def unknown_language(document: Json) -> Found:
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
