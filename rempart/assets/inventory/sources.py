"""The files that state inventories: tables, bills of materials (CycloneDX, SPDX), exports of tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rempart.assets.inventory.statement import Gatherer, Software, Statement
from rempart.assets.inventory.surroundings import existing_keys, surroundings_of
from rempart.assets.models import Asset
from rempart.assets.wording import asset_needed, invalid_file, unknown_column, unknown_field
from rempart.engines.inventories.columns import guess_mapping
from rempart.engines.inventories.detect import detect
from rempart.engines.inventories.model import (
    DEFAULT_LIMITS,
    Inventory,
    InventoryError,
    InventoryLimits,
    InventoryRow,
)
from rempart.engines.inventories.read import read_inventory as read_document
from rempart.engines.inventories.table import Table, inventory_rows, open_table
from rempart.kernel.actors import Actor
from rempart.kernel.errors import Invalid

Progress = Callable[[int, str], None]

# The engine's names of columns → ours. Those it finds and that are absent here are not used.
COLUMNS = {
    "asset_id": "asset_id",
    "asset_name": "name",
    "kind": "kind",
    "vendor": "vendor",
    "product": "product",
    "version": "version",
    "purl": "purl",
    "cpe": "cpe",
    "service": "service",
    "body": "body",
    "site": "location",
    "owner": "owner",
    "environment": "environment",
    "internet_facing": "network_exposure",
    "confidentiality": "confidentiality",
    "integrity": "integrity",
    "availability": "availability",
    "criticality": "criticality",
    "operating_system": "operating_system",
    "system_version": "system_version",
    "parent": "depends_on",
}
_SAYS_SOFTWARE = frozenset({"product", "purl", "cpe", "operating_system"})
_SYSTEM_VERSION = re.compile(r"^(.{1,200}?) v?(\d[\w.()+-]{0,60})$")
_SUBJECT_KINDS = {
    "container": Asset.Kind.CONTAINER,
    "platform": Asset.Kind.SERVER,
    "device": Asset.Kind.OT,
    "firmware": Asset.Kind.OT,
}
# What only holds the software listed is not software itself.
_HOLDERS = frozenset({"container", "platform"})
_TICK = 2_000


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be read, for which body, and how."""

    body_id: int
    path: Path
    file_name: str
    mapping: Mapping[str, str] | None = None  # engine field → header; None: guess
    asset_key: str = ""
    remembered: Mapping[str, str] | None = (
        None  # that of the last import, used when its columns are all there
    )
    limits: InventoryLimits = DEFAULT_LIMITS


def read_inventory(actor: Actor, request: Request, progress: Progress | None = None) -> Statement:
    """Reads a file whole, within limits, into a validated statement.

    Raises ``Invalid`` when the file as a whole cannot be read; errors of rows are in the statement.
    """
    try:
        kind = detect(request.path, request.limits)
        if kind in {"csv", "xlsx"}:
            return _table(actor, open_table(request.path, kind, request.limits), request, progress)
        found = read_document(request.path, kind, request.limits)
        if not request.asset_key and any(row.asset_id for row in found.rows):
            return _machines(actor, kind, found, request)
        return _bill_of_materials(actor, found.format if kind == "packages" else kind, found, request)
    except InventoryError as error:
        raise invalid_file(error, request.file_name) from error


def _mapping(table: Table, request: Request) -> dict[str, str]:
    if request.mapping is None:
        remembered = request.remembered or {}
        if (
            remembered
            and COLUMNS.keys() >= remembered.keys()
            and set(table.headers) >= set(remembered.values())
        ):
            return dict(remembered)
        return {field: header for field, header in guess_mapping(table.headers).items() if field in COLUMNS}
    for field, header in request.mapping.items():
        if field not in COLUMNS:
            raise Invalid(unknown_field(field), code="unknown_field", field="mapping")
        if header not in table.headers:
            raise Invalid(unknown_column(header), code="unknown_column", field="mapping")
    return dict(request.mapping)


def _table(actor: Actor, table: Table, request: Request, progress: Progress | None) -> Statement:
    mapping = _mapping(table, request)
    statement = Statement(table.kind, headers=table.headers, mapping=mapping, asset_key=request.asset_key)
    if not request.asset_key and not {"asset_id", "asset_name"} & mapping.keys():
        statement.refuse("", "asset_id", "unmapped", {})
        return statement
    if request.asset_key and not _SAYS_SOFTWARE & mapping.keys():
        # Its silence would remove all that the asset has: most likely a listing without a line of headers.
        statement.refuse("", "product", "unmapped_software", {})
        return statement
    names = {COLUMNS[field]: header for field, header in mapping.items()}
    gatherer = Gatherer(statement, surroundings_of(request.body_id), names)
    try:
        for number, row in enumerate(inventory_rows(table, mapping)):
            if progress and not number % _TICK:
                progress(number, "")
            if isinstance(row, InventoryError):
                statement.refuse(row.where.removeprefix("row "), row.field, row.code, row.values)
            else:
                _row(gatherer, row, request.asset_key)
    except InventoryError as error:  # nothing after this can be trusted
        statement.refuse(error.where.removeprefix("row "), error.field, error.code, error.values)
    return gatherer.finish(actor)


def _row(gatherer: Gatherer, row: InventoryRow, asset_key: str) -> None:
    cells = {COLUMNS[field]: text for field, text in row.extra.items()}
    system, version = cells.pop("operating_system", ""), cells.pop("system_version", "")
    if row.asset_name:
        cells["name"] = row.asset_name
    if row.kind:
        cells["kind"] = row.kind
    key = asset_key or row.asset_id
    gatherer.row(row.where, key, cells, (row.vendor, row.product, row.version, row.purl, row.cpe))
    if system and (key or row.asset_name):
        gatherer.also(row.where, key or row.asset_name, _operating_system(system, version))


def _operating_system(text: str, version: str) -> Software:
    if version:  # "11 (bullseye)": the number alone is compared
        return ("", text, version.partition(" ")[0], "", "")
    split = _SYSTEM_VERSION.match(text)
    return ("", split[1], split[2], "", "") if split else ("", text, "", "", "")


def _bill_of_materials(actor: Actor, kind: str, found: Inventory, request: Request) -> Statement:
    key = request.asset_key or (found.subject.product if found.subject else "")
    if not key:
        raise Invalid(asset_needed(), code="asset_needed", field="asset")
    statement = Statement(kind, made=found.made, complete=found.complete, asset_key=key)
    gatherer = Gatherer(statement, surroundings_of(request.body_id), {})
    stated: dict[str, str] = {}
    if not existing_keys(request.body_id, [key]):
        subject = found.subject
        stated["name"] = subject.product if subject and subject.product else key
        stated["kind"] = _SUBJECT_KINDS.get(subject.kind if subject else "", Asset.Kind.APPLICATION).value
    holder = found.subject is not None and found.subject.kind in _HOLDERS and not found.subject.version
    rows = found.rows if holder else found.everything
    for row in rows:
        gatherer.row(row.where[:200], key, stated, (row.vendor, row.product, row.version, row.purl, row.cpe))
    if not rows:
        gatherer.row("", key, stated, ("", "", "", "", ""))
    _warn(statement, found)
    _dependencies_on_assets(gatherer, found, key)
    return gatherer.finish(actor)


def _machines(actor: Actor, kind: str, found: Inventory, request: Request) -> Statement:
    """An export that speaks of several machines, each by its key: its silence is about them alone."""
    statement = Statement(kind, made=found.made, complete=found.complete, per_asset=True)
    gatherer = Gatherer(statement, surroundings_of(request.body_id), {})
    known = existing_keys(request.body_id, {row.asset_id for row in found.rows})
    for row in found.rows:
        if not row.asset_id:
            statement.warn(row.where[:200], "asset_id", "missing", {})
            continue
        new = row.asset_id not in known
        stated = {"name": row.asset_name or row.asset_id, "kind": Asset.Kind.SERVER.value} if new else {}
        software = (row.vendor, row.product, row.version, row.purl, row.cpe)
        gatherer.row(row.where[:200], row.asset_id, stated, software)
    _warn(statement, found)
    return gatherer.finish(actor)


def _warn(statement: Statement, found: Inventory) -> None:
    for problem in found.problems:
        statement.warn(problem.where[:200], problem.field, problem.code, problem.values)


def _dependencies_on_assets(gatherer: Gatherer, found: Inventory, key: str) -> None:
    """What the subject depends on, where its reference is the key of an asset of the body."""
    if found.subject is None:
        return
    targets = {edge.target for edge in found.edges if edge.source == found.subject.where}
    for target in sorted(existing_keys(gatherer.around.body_id, targets) - {key}):
        gatherer.need(target[:200], key, target)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table: its headers, what was guessed of them, and its first rows."""

    kind: str
    headers: tuple[str, ...]
    guessed: dict[str, str]
    sample: list[list[str]]


def columns_of(path: Path, file_name: str) -> Columns | None:
    """What a person needs to map a table's columns; None for a bill of materials, which needs no mapping."""
    try:
        kind = detect(path)
        if kind not in {"csv", "xlsx"}:
            return None
        table = open_table(path, kind)
        first = [
            [row.cells.get(header, "")[:80] for header in table.headers] for row in islice(table.rows(), 5)
        ]
    except InventoryError as error:
        raise invalid_file(error, file_name) from error
    guessed = {field: header for field, header in guess_mapping(table.headers).items() if field in COLUMNS}
    return Columns(kind, table.headers, guessed, first)
