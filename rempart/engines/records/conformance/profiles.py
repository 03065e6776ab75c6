"""Sections 6.1.26 and 6.1.27: what the document's category, its profile, requires."""

from __future__ import annotations

import re
from typing import Final

from rempart.engines.records.conformance.paths import (
    Found,
    Json,
    child,
    entries,
    groups,
    products_of,
    vulnerabilities,
    word,
    words,
)

_INFORMATIONAL: Final = "csaf_informational_advisory"
_INCIDENT: Final = "csaf_security_incident_response"
_ADVISORY: Final = "csaf_security_advisory"
_VEX: Final = "csaf_vex"
_PROFILES: Final = frozenset({_INFORMATIONAL, _INCIDENT, _ADVISORY, _VEX})
# Names and values of the profiles (section 4), without separators and prefix.
_RESERVED: Final = frozenset({"securityincidentresponse", "informationaladvisory", "securityadvisory", "vex"})
_SEPARATORS: Final = re.compile(r"[-_\s]+")
_DESCRIBING: Final = frozenset({"description", "details", "general", "summary"})


def _category(document: Json) -> str:
    return word(child(document, "document"), "category")


def prohibited_category(document: Json) -> Found:
    category = _category(document)
    if category in _PROFILES or category == "csaf_base":
        return
    plain = _SEPARATORS.sub("", category.lower())
    if category.lower().startswith("csaf_") or plain in _RESERVED or plain.removeprefix("csaf") in _RESERVED:
        yield "/document/category", category


def document_notes(document: Json) -> Found:
    notes = entries(child(document, "document"), "notes", "/document")
    described = any(word(note, "category") in _DESCRIBING for note, _ in notes)
    if _category(document) in {_INFORMATIONAL, _INCIDENT} and not described:
        yield "/document/notes", ""


def document_references(document: Json) -> Found:
    references = entries(child(document, "document"), "references", "/document")
    # Section 3.2.1.10: "external" is what a reference is unless it says otherwise.
    external = any((word(one, "category") or "external") == "external" for one, _ in references)
    if _category(document) in {_INFORMATIONAL, _INCIDENT} and not external:
        yield "/document/references", ""


def no_vulnerabilities(document: Json) -> Found:
    if _category(document) == _INFORMATIONAL and "vulnerabilities" in document:
        yield "/vulnerabilities", ""


def product_tree(document: Json) -> Found:
    if _category(document) in {_ADVISORY, _VEX} and "product_tree" not in document:
        yield "/product_tree", ""


def vulnerability_notes(document: Json) -> Found:
    if _category(document) in {_ADVISORY, _VEX}:
        yield from ((f"{at}/notes", "") for one, at in vulnerabilities(document) if "notes" not in one)


def product_status(document: Json) -> Found:
    if _category(document) == _ADVISORY:
        for one, at in vulnerabilities(document):
            if "product_status" not in one:
                yield f"{at}/product_status", ""


def vex_product_status(document: Json) -> Found:
    if _category(document) == _VEX:
        for one, at in vulnerabilities(document):
            stated = child(one, "product_status")
            if not stated.keys() & {"fixed", "known_affected", "known_not_affected", "under_investigation"}:
                yield f"{at}/product_status", ""


def vulnerability_id(document: Json) -> Found:
    if _category(document) == _VEX:
        yield from ((at, "") for one, at in vulnerabilities(document) if not one.keys() & {"cve", "ids"})


def impact_statement(document: Json) -> Found:
    if _category(document) != _VEX:
        return
    grouped = groups(document)
    for one, at in vulnerabilities(document):
        stated = [flag for flag, _ in entries(one, "flags", at)]
        threats = entries(one, "threats", at)
        stated += [threat for threat, _ in threats if word(threat, "category") == "impact"]
        told = {product for entry in stated for product in products_of(entry, grouped)}
        for product in words(child(one, "product_status"), "known_not_affected"):
            if product not in told:
                yield f"{at}/product_status/known_not_affected", product


def action_statement(document: Json) -> Found:
    if _category(document) != _VEX:
        return
    grouped = groups(document)
    for one, at in vulnerabilities(document):
        remediations = entries(one, "remediations", at)
        told = {product for entry, _ in remediations for product in products_of(entry, grouped)}
        for product in words(child(one, "product_status"), "known_affected"):
            if product not in told:
                yield f"{at}/product_status/known_affected", product


def vulnerabilities_present(document: Json) -> Found:
    if _category(document) in {_ADVISORY, _VEX} and "vulnerabilities" not in document:
        yield "/vulnerabilities", ""
