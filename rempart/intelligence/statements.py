"""Product statements as they are stored: ``engines.exposure.model.Affected`` to compact JSON and back."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from rempart.engines.exposure.model import Affected, VersionChange, VersionEntry


def _defaults(kind: type) -> dict[str, Any]:
    return {each.name: each.default for each in fields(kind) if each.default is not MISSING}


_NAMES = tuple(each.name for each in fields(Affected) if each.name != "versions")
_AFFECTED_DEFAULTS = _defaults(Affected)
_VERSION_NAMES = tuple(each.name for each in fields(VersionEntry) if each.name != "changes")
_VERSION_DEFAULTS = _defaults(VersionEntry)


def pack(affected: Affected) -> dict[str, Any]:
    """The statement as JSON, without what equals its default."""
    packed: dict[str, Any] = {}
    for name in _NAMES:
        value = getattr(affected, name)
        if value != _AFFECTED_DEFAULTS.get(name):
            packed[name] = value
    if affected.versions:
        packed["versions"] = [_pack_version(entry) for entry in affected.versions]
    return packed


def _pack_version(entry: VersionEntry) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    for name in _VERSION_NAMES:
        value = getattr(entry, name)
        if value != _VERSION_DEFAULTS.get(name):
            packed[name] = value
    if entry.changes:
        packed["changes"] = [[change.at, change.status] for change in entry.changes]
    return packed


def unpack(packed: dict[str, Any]) -> Affected:
    """The statement that ``pack`` stored."""
    values: dict[str, Any] = {**packed}
    for name in ("cpes", "platforms", "modules"):
        if name in values:
            values[name] = tuple(values[name])
    values["versions"] = tuple(_unpack_version(entry) for entry in packed.get("versions", ()))
    return Affected(**values)


def _unpack_version(packed: dict[str, Any]) -> VersionEntry:
    changes = tuple(VersionChange(at, status) for at, status in packed.get("changes", ()))
    return VersionEntry(**{**packed, "changes": changes})
