"""Sections 6.1.1–6.1.6, 6.1.13, 6.1.25, 6.1.29, 6.1.31–6.1.33: products, groups, what refers to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Final

from packageurl import PackageURL

from rempart.engines.records.conformance.paths import (
    Found,
    Json,
    branches,
    child,
    entries,
    groups,
    product_names,
    products_of,
    repeated,
    vulnerabilities,
    word,
    words,
)

# Section 6.1.6.
_CONTRADICTING: Final = {
    "affected": ("first_affected", "known_affected", "last_affected"),
    "not affected": ("known_not_affected",),
    "fixed": ("first_fixed", "fixed"),
    "under investigation": ("under_investigation",),
}
_STATUSES: Final = (*(name for group in _CONTRADICTING.values() for name in group), "recommended")
# Section 3.1.2.3.1: how a name says "range": a sign, a word beside a number, two numbers, several versions.
_RANGE: Final = re.compile(
    r"[<>≤≥]|^all\b|vers:|\bversions\b|\d\s*,\s*v?\d|\d\s+[-–]\s+v?\d"
    r"|\b(?:after|before|prior\s+to|up\s+to|since|until|through|to)\s+v?\d"
    r"|\b(?:and|or)\s+(?:all\s+)?(?:above|below|earlier|later|lower|newer|older|prior|previous)\b",
    re.IGNORECASE,
)
_JUSTIFICATIONS: Final = frozenset(
    {
        "component_not_present",
        "inline_mitigations_already_exist",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_not_present",
    }
)


def missing_product(document: Json) -> Found:
    known = {word(product, "product_id") for product, _ in product_names(document)}
    for at, value in _product_references(document):
        if value not in known:
            yield at, value


def _product_references(document: Json) -> Iterator[tuple[str, str]]:
    tree = child(document, "product_tree")
    for group, at in entries(tree, "product_groups", "/product_tree"):
        yield from _listed(group, "product_ids", at)
    for relationship, at in entries(tree, "relationships", "/product_tree"):
        for key in ("product_reference", "relates_to_product_reference"):
            if word(relationship, key):
                yield f"{at}/{key}", word(relationship, key)
    for vulnerability, at in vulnerabilities(document):
        for status in _STATUSES:
            yield from _listed(child(vulnerability, "product_status"), status, f"{at}/product_status")
        for key, name in (
            ("remediations", "product_ids"),
            ("scores", "products"),
            ("threats", "product_ids"),
            ("flags", "product_ids"),
        ):
            for entry, here in entries(vulnerability, key, at):
                yield from _listed(entry, name, here)


def _listed(owner: Json, key: str, at: str) -> Iterator[tuple[str, str]]:
    for place, value in enumerate(words(owner, key)):
        yield f"{at}/{key}/{place}", value


def repeated_product(document: Json) -> Found:
    defined = ((f"{at}/product_id", word(product, "product_id")) for product, at in product_names(document))
    yield from repeated(defined)


def circular_product(document: Json) -> Found:
    """A product made by a relationship stands on two others; following them must never come back to it."""
    stands_on: dict[str, set[str]] = {}
    places: dict[str, str] = {}
    tree = child(document, "product_tree")
    for relationship, at in entries(tree, "relationships", "/product_tree"):
        made = word(child(relationship, "full_product_name"), "product_id")
        needs = {word(relationship, key) for key in ("product_reference", "relates_to_product_reference")}
        stands_on.setdefault(made, set()).update(needs)
        places.setdefault(made, f"{at}/full_product_name/product_id")
    for made, at in places.items():
        reached, waiting = set[str](), list(stands_on[made])
        while waiting:
            product = waiting.pop()
            if product not in reached:
                reached.add(product)
                waiting.extend(stands_on.get(product, ()))
        if made in reached:
            yield at, made


def missing_group(document: Json) -> Found:
    known = groups(document)
    for vulnerability, at in vulnerabilities(document):
        for key in ("remediations", "threats", "flags"):
            for entry, here in entries(vulnerability, key, at):
                for spot, value in _listed(entry, "group_ids", here):
                    if value not in known:
                        yield spot, value


def repeated_group(document: Json) -> Found:
    tree = child(document, "product_tree")
    listed = entries(tree, "product_groups", "/product_tree")
    yield from repeated((f"{at}/group_id", word(group, "group_id")) for group, at in listed)


def contradicting_status(document: Json) -> Found:
    for vulnerability, at in vulnerabilities(document):
        stated = child(vulnerability, "product_status")
        sets = {
            group: {product for name in names for product in words(stated, name)}
            for group, names in _CONTRADICTING.items()
        }
        for (one, first), (two, second) in combinations(sets.items(), 2):
            for product in sorted(first & second):
                yield f"{at}/product_status", f"{product}: {one}, {two}"


def invalid_purl(document: Json) -> Found:
    for product, at in product_names(document):
        purl = word(child(product, "product_identification_helper"), "purl")
        if purl and not _is_purl(purl):
            yield f"{at}/product_identification_helper/purl", purl


def _is_purl(text: str) -> bool:
    try:
        purl = PackageURL.from_string(text)
    except ValueError:
        return False
    # The purl specification gives Maven's packages a group.
    return purl.type != "maven" or bool(purl.namespace)


def repeated_hash(document: Json) -> Found:
    for product, at in product_names(document):
        helper = child(product, "product_identification_helper")
        for hashed, here in entries(helper, "hashes", f"{at}/product_identification_helper"):
            algorithms = entries(hashed, "file_hashes", here)
            yield from repeated((f"{spot}/algorithm", word(one, "algorithm")) for one, spot in algorithms)


def range_as_version(document: Json) -> Found:
    for branch, at in branches(document):
        if word(branch, "category") == "product_version" and _RANGE.search(word(branch, "name")):
            yield f"{at}/name", word(branch, "name")


def remediation_without_product(document: Json) -> Found:
    yield from _without_product(document, "remediations")


def flag_without_product(document: Json) -> Found:
    yield from _without_product(document, "flags")


def _without_product(document: Json, key: str) -> Found:
    for vulnerability, at in vulnerabilities(document):
        for entry, here in entries(vulnerability, key, at):
            if "group_ids" not in entry and "product_ids" not in entry:
                yield here, word(entry, "category") or word(entry, "label")


def several_justifications(document: Json) -> Found:
    grouped = groups(document)
    for vulnerability, at in vulnerabilities(document):
        seen: set[str] = set()
        for flag, here in entries(vulnerability, "flags", at):
            if word(flag, "label") in _JUSTIFICATIONS:
                named = products_of(flag, grouped)
                yield from ((here, product) for product in sorted(named & seen))
                seen |= named
