"""The tests by their section number, and their verdict on one advisory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rempart.engines.records.conformance import history, identifiers, products, profiles, scores
from rempart.engines.records.conformance.paths import Found, Json

_MOST: Final = 50  # failures told of one test


@dataclass(frozen=True, slots=True)
class Failure:
    """What breaks a test: its section ("6.1.6"), its title, a JSON pointer, and the value at fault."""

    test: str
    title: str
    at: str
    value: str


TESTS: Final[Mapping[str, tuple[str, Callable[[Json], Found]]]] = {
    "6.1.1": ("Missing Definition of Product ID", products.missing_product),
    "6.1.2": ("Multiple Definition of Product ID", products.repeated_product),
    "6.1.3": ("Circular Definition of Product ID", products.circular_product),
    "6.1.4": ("Missing Definition of Product Group ID", products.missing_group),
    "6.1.5": ("Multiple Definition of Product Group ID", products.repeated_group),
    "6.1.6": ("Contradicting Product Status", products.contradicting_status),
    "6.1.7": ("Multiple Scores with same Version per Product", scores.several_scores),
    "6.1.8": ("Invalid CVSS", scores.invalid_cvss),
    "6.1.9": ("Invalid CVSS computation", scores.wrong_computation),
    "6.1.10": ("Inconsistent CVSS", scores.contradicting_properties),
    "6.1.11": ("CWE", identifiers.unknown_cwe),
    "6.1.12": ("Language", identifiers.unknown_language),
    "6.1.13": ("PURL", products.invalid_purl),
    "6.1.14": ("Sorted Revision History", history.unsorted_history),
    "6.1.15": ("Translator", identifiers.translator_without_source),
    "6.1.16": ("Latest Document Version", history.not_latest_version),
    "6.1.17": ("Document Status Draft", history.not_said_draft),
    "6.1.18": ("Released Revision History", history.released_before_one),
    "6.1.19": ("Revision History Entries for Pre-release Versions", history.pre_release_in_history),
    "6.1.20": ("Non-draft Document Version", history.released_pre_release),
    "6.1.21": ("Missing Item in Revision History", history.gap_in_history),
    "6.1.22": ("Multiple Definition in Revision History", history.repeated_revision),
    "6.1.23": ("Multiple Use of Same CVE", identifiers.repeated_cve),
    "6.1.24": ("Multiple Definition in Involvements", identifiers.repeated_involvement),
    "6.1.25": ("Multiple Use of Same Hash Algorithm", products.repeated_hash),
    "6.1.26": ("Prohibited Document Category Name", profiles.prohibited_category),
    "6.1.27.1": ("Document Notes", profiles.document_notes),
    "6.1.27.2": ("Document References", profiles.document_references),
    "6.1.27.3": ("Vulnerabilities", profiles.no_vulnerabilities),
    "6.1.27.4": ("Product Tree", profiles.product_tree),
    "6.1.27.5": ("Vulnerability Notes", profiles.vulnerability_notes),
    "6.1.27.6": ("Product Status", profiles.product_status),
    "6.1.27.7": ("VEX Product Status", profiles.vex_product_status),
    "6.1.27.8": ("Vulnerability ID", profiles.vulnerability_id),
    "6.1.27.9": ("Impact Statement", profiles.impact_statement),
    "6.1.27.10": ("Action Statement", profiles.action_statement),
    "6.1.27.11": ("Vulnerabilities", profiles.vulnerabilities_present),
    "6.1.28": ("Translation", identifiers.translated_into_itself),
    "6.1.29": ("Remediation without Product Reference", products.remediation_without_product),
    "6.1.30": ("Mixed Integer and Semantic Versioning", history.mixed_versioning),
    "6.1.31": ("Version Range in Product Version", products.range_as_version),
    "6.1.32": ("Flag without Product Reference", products.flag_without_product),
    "6.1.33": ("Multiple Flags with VEX Justification Codes per Product", products.several_justifications),
}


def failures(document: Mapping[str, Any], tests: Mapping[str, Any] = TESTS) -> list[Failure]:
    """What the advisory breaks among ``tests``; empty when it passes them all. Never raises on odd shapes."""
    found = []
    for test in tests:
        title, check = TESTS[test]
        for count, (at, value) in enumerate(check(document)):
            if count == _MOST:
                break
            found.append(Failure(test, title, at, value[:200]))
    return found
