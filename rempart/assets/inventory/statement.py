"""What one inventory states, gathered row by row and validated, before anything is compared or written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rempart.assets.folding import folded
from rempart.assets.inventory.surroundings import Surroundings, assets_elsewhere, existing_keys
from rempart.assets.inventory.values import COMPONENT_LIMITS, KEY_LIMIT, STATED, CellError, text_of
from rempart.assets.models import Asset
from rempart.kernel.actors import Actor

MAX_ERRORS_KEPT = 1_000
_MAX_REFERENCES = 200  # dependencies stated by one cell
_SEPARATORS = re.compile(r"[;|\n]")

Software = tuple[str, str, str, str, str]  # vendor, product, version, purl, cpe


@dataclass(slots=True)
class StatedAsset:
    """An asset as stated: only the columns that the inventory states are in ``values``.

    ``seen`` is false for an asset that is only named, as what another one stands on.
    """

    place: int
    where: str
    seen: bool = True
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Statement:
    """A whole inventory, ready to stage. Places number ``assets`` and ``components`` from 0.

    ``edges`` are pairs of places (dependent, dependency); ``outward`` of a place and another body's asset.
    """

    kind: str
    assets: dict[str, StatedAsset] = field(default_factory=dict)
    components: dict[Software, int] = field(default_factory=dict)
    installs: set[tuple[int, int]] = field(default_factory=set)
    edges: set[tuple[int, int]] = field(default_factory=set)
    outward: set[tuple[int, int]] = field(default_factory=set)
    rows: int = 0
    duplicates: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    error_count: int = 0
    warnings: list[dict[str, Any]] = field(default_factory=list)
    warning_count: int = 0
    headers: tuple[str, ...] = ()
    mapping: dict[str, str] = field(default_factory=dict)
    made: datetime | None = None
    complete: bool = True
    asset_key: str = ""  # set when the inventory describes this asset alone
    per_asset: bool = False  # its silence speaks of the assets that it names, not of others

    def refuse(self, where: str, column: str, code: str, values: Mapping[str, Any]) -> None:
        """Counts an error, and keeps the first ones."""
        self.error_count += 1
        if len(self.errors) < MAX_ERRORS_KEPT:
            self.errors.append({"where": where, "field": column, "code": code, "values": dict(values)})

    def warn(self, where: str, column: str, code: str, values: Mapping[str, Any]) -> None:
        """Counts something left out that stops nothing, and keeps the first hundred."""
        self.warning_count += 1
        if len(self.warnings) < 100:
            self.warnings.append({"where": where, "field": column, "code": code, "values": dict(values)})


class Gatherer:
    """Builds a statement from rows: an asset's key, what is stated of it, and one piece of software."""

    def __init__(self, statement: Statement, around: Surroundings, column_names: Mapping[str, str]) -> None:
        self.statement = statement
        self.around = around
        self.column_names = column_names
        self._cells_of: dict[str, Mapping[str, str]] = {}
        self._needs: dict[tuple[str, str], str] = {}  # (dependent key, reference) → where
        self._supports: dict[tuple[str, str], str] = {}  # (service's name, asset key) → where

    def row(self, where: str, key: str, cells: Mapping[str, str], software: Software) -> None:
        """Takes one row; what is wrong is counted in the statement."""
        statement = self.statement
        statement.rows += 1
        key = key or cells.get("name", "")
        if not key:
            statement.refuse(where, self._column("asset_id"), "missing", {})
            return
        if len(key) > KEY_LIMIT:
            statement.refuse(
                where, self._column("asset_id"), "too_long", {"length": len(key), "limit": KEY_LIMIT}
            )
            return
        again = key in self._cells_of
        if not again or self._cells_of[key] != cells:
            self._cells_of[key] = cells
            self._state(where, key, cells)
        elif not any(software):
            statement.duplicates += 1
        if software[1] or software[3] or software[4]:
            self._install(where, statement.assets[key].place, software)

    def also(self, where: str, key: str, software: Software) -> None:
        """Adds another piece of software to the asset of a row already taken."""
        asset = self.statement.assets.get(key)
        if asset is not None:
            self._install(where, asset.place, software)

    def see(self, where: str, key: str, *, seen: bool = True) -> StatedAsset:
        """The asset of this key in the statement, added if it is new there."""
        asset = self.statement.assets.get(key)
        if asset is None:
            asset = self.statement.assets[key] = StatedAsset(len(self.statement.assets), where, seen)
        asset.seen = asset.seen or seen
        return asset

    def need(self, where: str, dependent: str, reference: str) -> None:
        """Notes that one asset depends on another, named by its key or as ``BODY:key``."""
        self._needs.setdefault((dependent, reference), where)

    def finish(self, actor: Actor) -> Statement:
        """Resolves what the rows refer to, and gives the statement."""
        self._services_named()
        named = {reference for _, reference in self._needs} - self.statement.assets.keys()
        known = existing_keys(self.around.body_id, named)
        outside: dict[tuple[str, str], str] = {}
        for (dependent, reference), where in self._needs.items():
            if reference not in self.statement.assets:
                if reference not in known:
                    if ":" in reference:
                        outside[(dependent, reference)] = where
                    else:
                        self._refuse(
                            where, "depends_on", CellError("unknown_dependency", value=reference[:100])
                        )
                    continue
                self.see(where, reference, seen=False)
            self._edge(where, dependent, reference)
        self._outside(actor, outside)
        return self.statement

    def _outside(self, actor: Actor, needs: Mapping[tuple[str, str], str]) -> None:
        pairs = {reference: tuple(reference.split(":", 1)) for _, reference in needs}
        found = assets_elsewhere(actor, {(code, key) for code, key in pairs.values()})
        for (dependent, reference), where in needs.items():
            code, key = pairs[reference]
            asset_id = found.get((code, key))
            if asset_id is None:
                self._refuse(where, "depends_on", CellError("unknown_dependency", value=reference[:100]))
            else:
                self.statement.outward.add((self.statement.assets[dependent].place, asset_id))

    def _edge(self, where: str, dependent: str, dependency: str) -> None:
        if dependent == dependency:
            self._refuse(where, "depends_on", CellError("self_dependency"))
            return
        assets = self.statement.assets
        self.statement.edges.add((assets[dependent].place, assets[dependency].place))

    def _state(self, where: str, key: str, cells: Mapping[str, str]) -> None:
        asset = self.see(where, key)
        for word, text in cells.items():
            try:
                self._cell(asset, where, key, word, text)
            except CellError as refusal:
                self._refuse(where, word, refusal)

    def _cell(self, asset: StatedAsset, where: str, key: str, word: str, text: str) -> None:
        if not text:
            return
        if word in STATED:
            column, parse = STATED[word]
            self._value(asset, column, parse(text))
        elif word == "owner":
            self._value(
                asset, "owner_id", self._known(self.around.owners, text.lower(), "unknown_owner", text)
            )
        elif word == "location":
            self._value(
                asset,
                "location_id",
                self._known(self.around.locations, folded(text), "unknown_location", text),
            )
        elif word == "body":
            if folded(text) not in self.around.body_words:
                raise CellError("other_body", value=text[:100])
        elif word == "service":
            for name in self._split(text):
                text_of(KEY_LIMIT)(name)
                self._supports.setdefault((name, key), where)
        elif word == "depends_on":
            for reference in self._split(text):
                self.need(where, key, reference)

    def _value(self, asset: StatedAsset, column: str, value: Any) -> None:
        before = asset.values.setdefault(column, value)
        if before != value:
            raise CellError("conflict", first=asset.where, value=str(value)[:100], before=str(before)[:100])

    @staticmethod
    def _known(known: Mapping[str, int], word: str, code: str, text: str) -> int:
        if word not in known:
            raise CellError(code, value=text[:100])
        return known[word]

    @staticmethod
    def _split(text: str) -> Sequence[str]:
        parts = [part.strip() for part in _SEPARATORS.split(text)]
        if len(parts) > _MAX_REFERENCES:
            raise CellError("too_many_references", limit=_MAX_REFERENCES)
        return [part for part in parts if part]

    def _services_named(self) -> None:
        """Each service, by key or name, stands on its assets; naming one that nobody knew states it."""
        assets = self.statement.assets
        known = dict(self.around.services)
        for key, asset in assets.items():
            if asset.values.get("kind") == Asset.Kind.SERVICE:
                known.update({folded(name): key for name in (asset.values.get("name_fr", ""), key) if name})
        for (name, key), where in self._supports.items():
            service = name if name in assets else known.get(folded(name))
            if service is None:
                service = known[folded(name)] = name
                self.see(where, service).values.update(kind=Asset.Kind.SERVICE.value, name_fr=name)
            if service != key:
                self.see(where, service)
                self.need(where, service, key)

    def _install(self, where: str, place: int, software: Software) -> None:
        components = self.statement.components
        number = components.get(software)
        if number is None:
            for value, (name, longest) in zip(software, COMPONENT_LIMITS.items(), strict=True):
                if len(value) > longest:
                    self._refuse(where, name, CellError("too_long", length=len(value), limit=longest))
                    return
            number = components[software] = len(components)
        pair = (place, number)
        if pair in self.statement.installs:
            self.statement.duplicates += 1
        self.statement.installs.add(pair)

    def _column(self, word: str) -> str:
        return self.column_names.get(word, word)

    def _refuse(self, where: str, word: str, refusal: CellError) -> None:
        self.statement.refuse(where, self._column(word), refusal.code, refusal.values)
