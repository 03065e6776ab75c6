"""An inventory as a CycloneDX 1.6 JSON document (ECMA-424), which any tool reads."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from rempart.engines.inventories.model import InventoryRow

_TYPES = frozenset({"application", "library", "operating-system", "container", "firmware", "platform"})
_UNIT_SEPARATOR = "\x1f"


def cyclonedx_document(
    machine: str, rows: tuple[InventoryRow, ...], made: datetime, *, complete: bool = True, tool: str = ""
) -> dict[str, Any]:
    """The document that describes ``machine``; ``complete`` is false when absence from it proves nothing.

    The same machine, rows and time give the same document, serial number included.
    """
    stamp = made.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    taken: Counter[str] = Counter({machine: 1})
    components = [_component(row, taken) for row in rows]
    identity = _UNIT_SEPARATOR.join((machine, stamp, *(component["bom-ref"] for component in components)))
    serial = uuid.UUID(bytes=hashlib.sha256(identity.encode()).digest()[:16], version=4)
    metadata: dict[str, Any] = {
        "timestamp": stamp,
        "component": {"type": "platform", "bom-ref": machine, "name": machine},
    }
    if tool:
        metadata["tools"] = {"components": [{"type": "application", "name": "rempart", "version": tool}]}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": metadata,
        "components": components,
        "compositions": [
            {"aggregate": "complete" if complete else "incomplete", "assemblies": [machine]},
        ],
    }


def _component(row: InventoryRow, taken: Counter[str]) -> dict[str, Any]:
    ref = row.purl or row.cpe or f"{row.vendor}:{row.product}:{row.version}"
    taken[ref] += 1
    if taken[ref] > 1:  # two rows may state one purl and differ in the rest
        ref = f"{ref}#{taken[ref]}"
    found: dict[str, Any] = {
        "type": row.kind if row.kind in _TYPES else "application",
        "bom-ref": ref,
        "name": row.product or row.purl or row.cpe,
    }
    if row.version:
        found["version"] = row.version
    if row.vendor:
        found["supplier"] = {"name": row.vendor}
    if row.cpe:
        found["cpe"] = row.cpe
    if row.purl:
        found["purl"] = row.purl
    return found
