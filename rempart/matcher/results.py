"""Verdicts → lines of a result: JSON lines, JSON, CSV or a table, written whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, TextIO, TypeAlias

import orjson
from rich.console import Console
from rich.table import Table

from rempart.engines.exposure import Matcher
from rempart.engines.exposure.model import Component, Status, Verdict
from rempart.matcher.components import Item
from rempart.matcher.sentences import STATUSES, Language, pick, sentence

Format: TypeAlias = Literal["jsonl", "json", "csv", "table"]
Row: TypeAlias = dict[str, Any]

FIELDS: Final = (
    "component", "vulnerability", "status", "source", "range", "reason", "confidence",
    "sentence", "version", "aliases", "asset", "inventory", "detail",
)  # fmt: skip
_NUMBERS: Final = re.compile(r"[0-9]+")
# A cell that starts so would be run as a formula by a spreadsheet.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def match_items(
    matcher: Matcher,
    items: Sequence[Item],
    aliases: Mapping[str, Sequence[str]],
    language: Language,
) -> Iterator[Row]:
    """Every verdict as a row, component by component in the inventory's order, by vulnerability.

    Components that state the same thing are matched once.
    """
    known: dict[Component, list[Verdict]] = {}
    for item in items:
        stated = replace(item.component, id="")
        verdicts = known.get(stated)
        if verdicts is None:
            verdicts = sorted(matcher.match((stated,)), key=lambda one: order(one.vulnerability_id))
            known[stated] = verdicts
        for verdict in verdicts:
            yield _row(item, verdict, aliases.get(verdict.vulnerability_id, ()), language)


def order(identifier: str) -> tuple[str, tuple[int, ...]]:
    """CVE-2024-999 before CVE-2024-10000."""
    return _NUMBERS.sub("", identifier), tuple(int(part) for part in _NUMBERS.findall(identifier))


def _row(item: Item, verdict: Verdict, aliases: Sequence[str], language: Language) -> Row:
    return {
        "component": item.component.id,
        "vulnerability": verdict.vulnerability_id,
        "status": verdict.status.value,
        "source": verdict.source,
        "range": verdict.range,
        "reason": verdict.reason,
        "confidence": verdict.confidence,
        "sentence": sentence(verdict, language),
        "version": verdict.detail.get("version", ""),
        "aliases": list(aliases),
        "asset": item.asset,
        "inventory": item.inventory,
        "detail": verdict.detail,
    }


@contextmanager
def destination(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears only when all of it is written."""
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            yield stream
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write(rows: Iterator[Row], form: Format, stream: TextIO, language: Language) -> None:
    """Write the rows as they come."""
    if form == "jsonl":
        stream.writelines(orjson.dumps(row).decode() + "\n" for row in rows)
    elif form == "json":
        _json(rows, stream)
    elif form == "csv":
        _csv(rows, stream)
    else:
        _table(rows, stream, language)


def _json(rows: Iterator[Row], stream: TextIO) -> None:
    stream.write("[")
    for number, row in enumerate(rows):
        stream.write(("," if number else "") + "\n" + orjson.dumps(row).decode())
    stream.write("\n]\n")


def _csv(rows: Iterator[Row], stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in rows:
        writer.writerow(
            [
                *(_cell(str(row[name])) for name in FIELDS[:9]),
                _cell(" ".join(row["aliases"])),
                _cell(row["asset"]),
                _cell(row["inventory"]),
                orjson.dumps(row["detail"]).decode(),
            ]
        )


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _table(rows: Iterator[Row], stream: TextIO, language: Language) -> None:
    heads = (
        ("Composant", "Version", "Vulnérabilité", "Réponse", "Confiance", "Pourquoi")
        if language == "fr"
        else ("Component", "Version", "Vulnerability", "Answer", "Confidence", "Why")
    )
    table = Table(*heads)
    colours = {Status.AFFECTED: "red", Status.CANNOT_TELL: "yellow", Status.NOT_AFFECTED: "green"}
    for row in rows:
        status = Status(row["status"])
        table.add_row(
            row["component"].replace("[", r"\["),
            row["version"].replace("[", r"\["),
            row["vulnerability"].replace("[", r"\["),
            f"[{colours[status]}]{pick(STATUSES[status], language)}[/]",
            f"{row['confidence']:.2f}",
            row["sentence"].replace("[", r"\["),
        )
    buffer = io.StringIO()
    wide = None if stream.isatty() else 200
    console = Console(file=stream if stream.isatty() else buffer, width=wide)
    console.print(table)
    stream.write(buffer.getvalue())
