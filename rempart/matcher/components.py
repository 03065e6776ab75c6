"""Inventories as they come (CycloneDX, SPDX, CSV, XLSX) → components to match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rempart.engines.exposure.model import Component
from rempart.engines.inventories.columns import guess_mapping
from rempart.engines.inventories.detect import Kind, detect
from rempart.engines.inventories.model import Inventory, InventoryError
from rempart.engines.inventories.read import read_inventory
from rempart.engines.inventories.table import Table, open_table
from rempart.matcher.problems import Problem, of_file, of_inventory

COLUMNS: Final = ("id", "vendor", "product", "version", "purl", "cpe")
_AGAIN: Final = re.compile(r" ?\([0-9]+\)$")
_IDENTIFYING: Final = ("product", "purl", "cpe")


@dataclass(frozen=True, slots=True)
class Item:
    """A component with where it was found: its inventory's file, and its asset when one is named."""

    component: Component
    inventory: str = ""
    asset: str = ""


@dataclass(slots=True)
class Inventories:
    """All that was read, and what could not be."""

    items: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    read: int = 0


def read_inventories(paths: Iterable[Path]) -> Inventories:
    """Read every file; one that cannot be read is a problem, and the others go on."""
    found = Inventories()
    for path in paths:
        try:
            kind = _kind(path)
            if kind in {"csv", "xlsx"}:
                items, problems = _table(path, kind)
            else:
                items, problems = _bill(path, read_inventory(path, kind))
        except InventoryError as error:
            found.problems.append(of_inventory(path.name, error, lost=True))
        except OSError as error:
            found.problems.append(of_file(str(path), error))
        else:
            found.read += 1
            found.items += items
            found.problems += problems
    return found


def _kind(path: Path) -> Kind:
    """The kind by content; a table of one known column has no delimiter to be known by."""
    try:
        return detect(path)
    except InventoryError as error:
        if error.code != "unknown_text":
            raise
        with path.open("rb") as stream:
            head = stream.readline(100).decode("utf-8-sig", errors="replace")
        if head.strip().strip('"').casefold() not in _IDENTIFYING:
            raise
        return "csv"


def _bill(path: Path, inventory: Inventory) -> tuple[list[Item], list[Problem]]:
    items = [
        Item(
            Component(row.where, row.vendor, row.product, row.version, row.purl, row.cpe),
            path.name,
            row.asset_id or row.asset_name,
        )
        for row in inventory.everything
    ]
    return items, [of_inventory(path.name, problem) for problem in inventory.problems]


def _table(path: Path, kind: Kind) -> tuple[list[Item], list[Problem]]:
    table = open_table(path, kind)
    named = _headers(table)
    asset = named.pop("asset", "")
    if not any(column in named for column in _IDENTIFYING):
        raise InventoryError(path.name, "product, purl, cpe", "missing")
    items: list[Item] = []
    problems = [of_inventory(path.name, one) for one in _repeated_columns(table, named)]
    seen: dict[str, int] = {}
    try:
        for row in table.rows():
            if row.error is not None:
                problems.append(of_inventory(path.name, row.error))
                continue
            stated = {column: row.cells.get(header, "") for column, header in named.items()}
            identifier = stated.pop("id", "") or str(row.number)
            seen[identifier] = seen.get(identifier, 0) + 1
            if seen[identifier] == 2:  # told once: the rows all stay
                told = InventoryError(f"row {row.number}", "id", "duplicate_ref", ref=identifier)
                problems.append(of_inventory(path.name, told))
            items.append(Item(Component(identifier, **stated), path.name, row.cells.get(asset, "")))
    except InventoryError as error:  # what follows cannot be trusted; what precedes can
        problems.append(of_inventory(path.name, error))
    return items, problems


def _repeated_columns(table: Table, named: Mapping[str, str]) -> Iterator[InventoryError]:
    """Columns named as one that is read ("version" twice, the second made "version (2)"): the first holds."""
    for header in table.headers:
        plain = _AGAIN.sub("", header.strip().casefold())
        if plain in named and header != named[plain]:
            yield InventoryError("header", header, "duplicate_ref", ref=plain)


def _headers(table: Table) -> dict[str, str]:
    """Our columns by their own names; else by the words that offices use (see ``guess_mapping``)."""
    plain = {header.strip().casefold(): header for header in reversed(table.headers)}
    named = {column: plain[column] for column in COLUMNS if column in plain}
    others = guess_mapping(header for header in table.headers if header not in named.values())
    for column in COLUMNS:
        if column not in named and column in others:
            named[column] = others[column]
    asset = others.get("asset_id") or others.get("asset_name")
    return {**named, "asset": asset} if asset else named
