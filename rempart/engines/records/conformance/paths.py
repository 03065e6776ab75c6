"""Walks over an advisory that may be malformed: a value of another shape than expected is passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]
Found: TypeAlias = Iterator[tuple[str, str]]  # the path of what fails, and its value


def child(owner: Any, *keys: str) -> Json:
    """The object at a path of keys; empty when it is not there."""
    for key in keys:
        owner = owner.get(key) if isinstance(owner, Mapping) else None
    return owner if isinstance(owner, Mapping) else {}


def items(owner: Any, key: str) -> list[Any]:
    """The list at a key; empty when it is not there."""
    found = owner.get(key) if isinstance(owner, Mapping) else None
    return found if isinstance(found, list) else []


def entries(owner: Any, key: str, at: str) -> Iterator[tuple[Json, str]]:
    """Each object of the list at a key, with its path."""
    for place, entry in enumerate(items(owner, key)):
        if isinstance(entry, Mapping):
            yield entry, f"{at}/{key}/{place}"


def words(owner: Any, key: str) -> list[str]:
    """The texts of the list at a key."""
    return [entry for entry in items(owner, key) if isinstance(entry, str)]


def word(owner: Any, key: str) -> str:
    """The text at a key; empty when it is not there."""
    found = owner.get(key) if isinstance(owner, Mapping) else None
    return found if isinstance(found, str) else ""


def vulnerabilities(document: Json) -> Iterator[tuple[Json, str]]:
    yield from entries(document, "vulnerabilities", "")


def branches(document: Json) -> Iterator[tuple[Json, str]]:
    """Every branch of the product tree, depth first without recursion."""
    waiting = [entries(child(document, "product_tree"), "branches", "/product_tree")]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            continue
        yield entry
        waiting.append(entries(entry[0], "branches", entry[1]))


def product_names(document: Json) -> Iterator[tuple[Json, str]]:
    """Every full product name, where products are defined."""
    for branch, at in branches(document):
        if isinstance(branch.get("product"), Mapping):
            yield branch["product"], f"{at}/product"
    tree = child(document, "product_tree")
    yield from entries(tree, "full_product_names", "/product_tree")
    for relationship, at in entries(tree, "relationships", "/product_tree"):
        if isinstance(relationship.get("full_product_name"), Mapping):
            yield relationship["full_product_name"], f"{at}/full_product_name"


def groups(document: Json) -> dict[str, set[str]]:
    """The products of each product group."""
    tree = child(document, "product_tree")
    found: dict[str, set[str]] = {}
    for group, _ in entries(tree, "product_groups", ""):
        found.setdefault(word(group, "group_id"), set()).update(words(group, "product_ids"))
    return found


def products_of(entry: Json, grouped: Mapping[str, set[str]]) -> set[str]:
    """The products that an entry names, directly or by their groups."""
    found = set(words(entry, "product_ids"))
    for group in words(entry, "group_ids"):
        found |= grouped.get(group, set())
    return found


def repeated(values: Iterator[tuple[str, str]]) -> Found:
    """Those already seen before."""
    seen: set[str] = set()
    for at, value in values:
        if value in seen:
            yield at, value
        seen.add(value)
