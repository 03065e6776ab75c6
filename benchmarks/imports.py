"""A 100,000-row CSV and a 5,000-component SBOM, from file to applied, beside reading alone (the limit)."""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import time
from pathlib import Path

from benchmarks import government
from benchmarks.table import machine, peak_mib, show


def _csv(path: Path, rows: int) -> None:
    draw = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "name", "kind", "vendor", "product", "version"])
        for number in range(rows):
            asset = number // 5
            writer.writerow(
                [f"a{asset}", f"Serveur {asset}", "server", f"Éditeur {draw.randrange(50)}",
                 f"Produit {draw.randrange(400)}", f"{draw.randrange(9)}.{draw.randrange(20)}.{number % 7}"]
            )  # fmt: skip


def _sbom(path: Path, components: int) -> None:
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": "app", "name": "Portail"}},
        "components": [
            {
                "type": "library", "bom-ref": f"c{n}", "name": f"lib-{n}", "version": f"1.{n % 50}.0",
                "purl": f"pkg:npm/lib-{n}@1.{n % 50}.0",
            }
            for n in range(components)
        ],
    }  # fmt: skip
    path.write_text(json.dumps(document), encoding="utf-8")


def run(options: argparse.Namespace) -> None:
    var = government.HOME / "imports"
    government.fresh(var)
    government.cli(var, "init")
    government.cli(var, "demo", "make", "--bodies", "12")
    table, sbom = var / "inventory.csv", var / "sbom.json"
    _csv(table, 100_000)
    _sbom(sbom, 5_000)
    government.use(var)
    from rempart.assets import commands
    from rempart.engines.inventories.read import read_inventory
    from rempart.kernel.actors import system
    from rempart.organisations import queries

    actor = system("benchmark")
    body = queries.get_organisation(actor, "op-001")
    rows = []
    for label, path, source in (
        ("100,000-row CSV", table, "cmdb-bench"),
        ("5,000-component SBOM", sbom, "sbom-bench"),
    ):
        start = time.perf_counter()
        count = _read(path, read_inventory)
        reading = time.perf_counter() - start
        for turn in ("first import", "same file again"):
            copy = path.with_name(f"{turn.split()[0]}-{path.name}")
            shutil.copy(path, copy)
            start = time.perf_counter()
            preview = commands.preview_inventory(
                actor, body_id=body.pk, path=copy, file_name=path.name, source=source, complete=True
            )
            previewed = time.perf_counter() - start
            commands.apply_import(actor, import_id=preview.pk)
            total = time.perf_counter() - start
            rows.append(
                (f"{label}, {turn}", f"{reading:.2f}", f"{previewed:.2f}", f"{total:.2f}", f"{count:,}")
            )
    show(
        f"Imports, {government.ENGINE} ({machine()}); peak memory {peak_mib():.0f} MiB",
        ("file", "reading alone (limit), s", "preview, s", "preview and apply, s", "rows"),
        rows,
    )


def _read(path: Path, read_inventory: object) -> int:
    from rempart.engines.inventories.columns import guess_mapping
    from rempart.engines.inventories.table import inventory_rows, open_table

    if path.suffix == ".csv":
        table = open_table(path, "csv")
        return sum(1 for _ in inventory_rows(table, guess_mapping(table.headers)))
    return len(read_inventory(path).rows)  # type: ignore[operator]
