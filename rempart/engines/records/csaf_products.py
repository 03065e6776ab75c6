"""The product tree of CSAF 2.0 and 2.1 (section 3.2.2) and the version ranges that publishers write in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from packageurl import PackageURL

from rempart.engines.exposure.cpe import parse_cpe
from rempart.engines.exposure.distributions import with_epoch
from rempart.engines.exposure.model import VersionEntry
from rempart.engines.records.fields import (
    Json,
    RecordError,
    obj,
    objects,
    optional_obj,
    required,
    text,
    texts,
)
from rempart.engines.versions.vers import VersError, parse_vers

MAX_BRANCH_DEPTH: Final = 30  # the standard's own limit for nested branches
MAX_RANGE: Final = 1_000  # characters; beyond, a text


@dataclass(frozen=True, slots=True)
class CsafProduct:
    """What a product identifier stands for; ``version`` is exact, ``range`` is a range's text."""

    name: str
    vendor: str = ""
    product: str = ""
    version: str = ""
    range: str = ""
    cpe: str = ""
    purl: str = ""
    platform: str = ""


def read_products(document: Json) -> dict[str, CsafProduct]:
    """Every product identifier of the document: branches, full names, relationships, then product paths.

    A relationship's product is its component with the other side as platform ("installed on…"); so is a
    product path's (2.1), with every product on the way. A product without a version branch takes the
    version of its package URL or CPE name. Raises ``RecordError`` for an identifier defined twice, a
    missing one, or branches too deep.
    """
    tree = optional_obj(document, "product_tree", "")
    products: dict[str, CsafProduct] = {}

    def add(stated: Json, at: str, product: CsafProduct) -> None:
        identifier = required(stated, "product_id", at)
        if identifier in products:
            raise RecordError(f"{at}.product_id", f"{identifier} is defined twice", "duplicate")
        helper = optional_obj(stated, "product_identification_helper", at)
        here = f"{at}.product_identification_helper"
        # 2.1 lists package URLs that differ by their qualifiers alone: the first says as much as all.
        listed = next(iter(texts(helper, "purls", here)), "")
        products[identifier] = _with_version(
            replace(
                product,
                name=required(stated, "name", at),
                cpe=text(helper, "cpe", here) or product.cpe,
                purl=text(helper, "purl", here) or listed or product.purl,
            )
        )

    for stated, at, names in _leaves(tree):
        add(stated, at, _placed(names))
    for stated, at in objects(tree, "full_product_names", "product_tree"):
        add(stated, at, CsafProduct("", product=text(stated, "name", at)))
    _relate(tree, products, add)
    _follow(tree, products, add)
    return products


def read_groups(document: Json) -> dict[str, tuple[str, ...]]:
    """The product identifiers of each product group."""
    tree = optional_obj(document, "product_tree", "")
    return {
        required(group, "group_id", at): texts(group, "product_ids", at)
        for group, at in objects(tree, "product_groups", "product_tree")
    }


def _with_version(product: CsafProduct) -> CsafProduct:
    """The version of its package URL ("openssl-1:1.1.1k-9.el8.x86_64" is a name), its branch or its CPE."""
    if product.range:
        return product
    version = ""
    if product.purl:
        try:
            purl = PackageURL.from_string(product.purl)
            version = with_epoch(purl.version or "", purl)
        except ValueError:
            version = ""
    if product.version and not version:
        return product
    if not version and product.cpe:
        cpe = parse_cpe(product.cpe)
        version = cpe.full_version if cpe is not None else ""
    return replace(product, version=version) if version else product


def _leaves(tree: Json) -> Iterator[tuple[Json, str, dict[str, str]]]:
    """Each product of the branches with the names of the branches above it, by category."""
    waiting = [(tree, "product_tree", dict[str, str](), 0)]
    while waiting:
        owner, at, names, depth = waiting.pop()
        if depth > MAX_BRANCH_DEPTH:
            raise RecordError(at, f"more than {MAX_BRANCH_DEPTH} nested branches", "too_deep")
        nested = []
        for branch, path in objects(owner, "branches", at):
            here = names | {required(branch, "category", path): text(branch, "name", path)}
            if branch.get("product") is not None:
                yield obj(branch, "product", path), f"{path}.product", here
            nested.append((branch, path, here, depth + 1))
        waiting.extend(reversed(nested))


def _placed(names: dict[str, str]) -> CsafProduct:
    """The product that branches name. A service pack or patch level makes a version more precise."""
    levels = [names[key] for key in ("service_pack", "patch_level") if names.get(key)]
    version = names.get("product_version", "")
    platforms = dict.fromkeys(names[key] for key in ("platform", "architecture") if names.get(key))
    return CsafProduct(
        "",
        vendor=names.get("vendor", ""),
        product=names.get("product_name") or names.get("product_family", ""),
        version=" ".join((version, *levels)) if version else "",
        range=names.get("product_version_range", ""),
        platform=", ".join(platforms),
    )


def _relate(
    tree: Json, products: dict[str, CsafProduct], add: Callable[[Json, str, CsafProduct], None]
) -> None:
    """Resolve relationships, which may build on each other, as deep as branches may nest."""
    waiting = list(objects(tree, "relationships", "product_tree"))
    for _ in range(MAX_BRANCH_DEPTH):
        left = []
        for relation, at in waiting:
            component = products.get(required(relation, "product_reference", at))
            host = products.get(required(relation, "relates_to_product_reference", at))
            if component is None or host is None:
                left.append((relation, at))
                continue
            stated = obj(relation, "full_product_name", at)
            add(stated, f"{at}.full_product_name", replace(component, platform=host.name))
        waiting = left
    if waiting:
        raise RecordError(waiting[0][1], "the relationship names an undefined product", "missing")


def _follow(
    tree: Json, products: dict[str, CsafProduct], add: Callable[[Json, str, CsafProduct], None]
) -> None:
    """Resolve product paths (2.1), which may begin at one another, as deep as branches may nest."""
    waiting = list(objects(tree, "product_paths", "product_tree"))
    for _ in range(MAX_BRANCH_DEPTH):
        left = []
        for path, at in waiting:
            first = products.get(required(path, "beginning_product_reference", at))
            steps = [
                products.get(required(step, "next_product_reference", here))
                for step, here in objects(path, "subpaths", at)
            ]
            hosts = [step for step in steps if step is not None]
            if first is None or len(hosts) < len(steps):
                left.append((path, at))
                continue
            stated = obj(path, "full_product_name", at)
            platform = ", ".join(host.name for host in hosts)
            add(stated, f"{at}.full_product_name", replace(first, platform=platform))
        waiting = left
    if waiting:
        raise RecordError(waiting[0][1], "the path names an undefined product", "missing")


_COMPARISON: Final = re.compile(r"\s*(<=|>=|!=|==|<|>|=|≤|≥)?\s*([^<>=!|≤≥]+)")
_ALL: Final = re.compile(r"(?:vers:[a-z0-9.+-]+/)?\*|all[ _]versions", re.IGNORECASE)
_ALL_OF: Final = re.compile(r"all[ _]versions[ _](?=[<>=])", re.IGNORECASE)
_SPACED: Final = re.compile(r"(<=|>=|!=|<|>|=|\||/)\s*([^<>=!*|/]+?)\s*(?=[|<>=!]|$)")
_TOGETHER: Final = re.compile(r"\s*(?:,|;|&&?|\band\b)\s*(?=[<>=≤≥])", re.IGNORECASE)
_SCHEME: Final = re.compile(r"vers:([a-z0-9.+-]+)/", re.IGNORECASE)
_BEFORE: Final = re.compile(
    r"(?:all versions )?(?:prior to|before|earlier than|older than) (?:version )?(\S+)", re.I
)
_UNTIL: Final = re.compile(
    r"(?:versions? )?(\S+) (?:and|or) (?:prior|earlier|below|older|lower)(?: versions?)?"
    r"|(?:up to|through) (\S+)",
    re.IGNORECASE,
)
# Words that make a condition of what looks like a version: no order can hold them.
_PROSE: Final = re.compile(
    r"\b(?:with|without|installed|connection|using|part of|serial|if|when|only|global|on)\b", re.IGNORECASE
)


def version_entries(product: CsafProduct, status: str) -> tuple[VersionEntry, ...]:
    """The product's version, or its range as entries with ``status``.

    Ranges are VERS (``vers:scheme/>=1|<2``) or the operators that publishers write (``>= 1 | < 2``,
    ``prior to 3``). One that is prose is kept whole with ``version_type`` "text": it has no order.
    """
    if product.version:
        return (VersionEntry(product.version, status),)
    if not product.range:
        return (VersionEntry("*", status),)
    if exact := _vers_entries(product.range, status):
        return exact
    stated = " ".join(product.range.split())
    if len(stated) > MAX_RANGE:
        return (VersionEntry(stated, status, "text"),)
    if _ALL.fullmatch(stated):
        return (VersionEntry("*", status),)
    if found := _BEFORE.fullmatch(stated):
        return (VersionEntry("0", status, less_than=found.group(1)),)
    if found := _UNTIL.fullmatch(stated):
        return (VersionEntry("0", status, less_than_or_equal=found.group(1) or found.group(2)),)
    if _PROSE.search(stated.replace("_", " ")):
        return (VersionEntry(stated, status, "text"),)
    scheme = _SCHEME.match(stated)
    kind = scheme.group(1).lower() if scheme else ""
    constraints = _ALL_OF.sub("", stated[scheme.end() :] if scheme else _TOGETHER.sub(" | ", stated))
    comparisons = [
        (operator, unquote(version).strip() if scheme else version.strip())
        for operator, version in _COMPARISON.findall(constraints)
        if version.strip()
    ]
    entries = tuple(_intervals(comparisons, status, "" if kind == "all" else kind))
    return entries or (VersionEntry(stated, status, "text"),)


def _vers_entries(stated: str, status: str) -> tuple[VersionEntry, ...]:
    """The entries of a range in VERS, what it excludes first; none for a text that is not one."""
    try:
        read = parse_vers(stated)
        intervals = tuple(read.intervals())
    except VersError:
        return ()
    if any(" " in version or "_" in version for _, version in _SPACED.findall(stated)):
        return ()  # words within a constraint: prose in VERS's clothes
    kind = "" if read.type in {"all", "intdot", "unknown", "generic"} else read.type
    opposite = {"affected": "unaffected", "unaffected": "affected"}.get(status, "unknown")
    entries = [VersionEntry(version, opposite, kind) for version in read.excluded()]
    for interval in intervals:
        low, high = interval.low, interval.high
        if not low and not high:
            entries.append(VersionEntry("*", status))
        elif low == high:
            entries.append(VersionEntry(low, status, kind))
        else:
            before, last = ("", high or "*") if interval.high_included or not high else (high, "")
            after = bool(low) and not interval.low_included
            entries.append(VersionEntry(low or "0", status, kind, before, last, after=after))
    return tuple(entries)


def _intervals(comparisons: list[tuple[str, str]], status: str, kind: str) -> Iterator[VersionEntry]:
    """Pair lower bounds with the upper bound that follows; ``1.0 < 2.0`` starts at 1.0."""
    start, after = "", False
    for position, (operator, version) in enumerate(comparisons):
        follows = comparisons[position + 1][0] if position + 1 < len(comparisons) else ""
        if operator in {"<", "<=", "≤"}:
            before, last = (version, "") if operator == "<" else ("", version)
            yield VersionEntry(start or "0", status, kind, before, last, after=after)
            start, after = "", False
        elif operator in {">", ">=", "≥"} or (not operator and follows in {"<", "<=", "≤"}):
            if start:
                yield VersionEntry(start, status, kind, less_than_or_equal="*", after=after)
            start, after = version, operator == ">"
        elif operator == "!=":
            yield VersionEntry(version, "affected" if status == "unaffected" else "unaffected", kind)
        else:
            yield VersionEntry(version, status, kind)
    if start:
        yield VersionEntry(start, status, kind, less_than_or_equal="*", after=after)
