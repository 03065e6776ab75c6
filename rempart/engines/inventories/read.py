"""One door for what needs no mapping by a person; tables have their own (``table``)."""

from __future__ import annotations

from pathlib import Path

from rempart.engines.inventories.cyclonedx import read_cyclonedx
from rempart.engines.inventories.detect import Kind, detect
from rempart.engines.inventories.machines.read import MACHINE_KINDS, read_machine
from rempart.engines.inventories.model import DEFAULT_LIMITS, Inventory, InventoryError, InventoryLimits
from rempart.engines.inventories.spdx import read_spdx, read_spdx3


def read_inventory(
    source: Path | bytes, kind: Kind | None = None, limits: InventoryLimits = DEFAULT_LIMITS
) -> Inventory:
    """Read a CycloneDX or SPDX document or a tool's export, its kind detected unless given.

    Raises ``InventoryError`` when nothing can be read, ``is_table`` for a table (``open_table``).
    """
    kind = kind or detect(source, limits)
    if kind in {"cyclonedx-json", "cyclonedx-xml"}:
        return read_cyclonedx(source, kind, limits)
    if kind == "spdx-json":
        return read_spdx(source, limits)
    if kind == "spdx3-json":
        return read_spdx3(source, limits)
    if kind in MACHINE_KINDS:
        return read_machine(source, kind, limits)
    raise InventoryError("", "", "is_table")
