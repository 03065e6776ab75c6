"""JSON lines, one array of JSON, and CSV."""

from __future__ import annotations

import csv
import io
from typing import BinaryIO, Final

from rempart.detection.findings import Encoder, Finding, encoded
from rempart.detection.outputs.model import Writer
from rempart.detection.tally import Tally

_COLUMNS: Final = (
    "timestamp", "level", "rule_title", "rule_id", "techniques", "host", "user", "source", "event_index",
    "count", "matched", "event",
)  # fmt: skip


class Lines(Writer):
    """One object a line."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._line = Encoder().line

    def write(self, finding: Finding) -> None:
        self.stream.write(self._line(finding) + b"\n")


class Array(Writer):
    """One array of the same objects."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self._line = Encoder().line
        self._before = b"[\n"

    def write(self, finding: Finding) -> None:
        self.stream.write(self._before + self._line(finding))
        self._before = b",\n"

    def close(self, tally: Tally) -> None:
        self.stream.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")
        super().close(tally)


class Table(Writer):
    """CSV for spreadsheets: UTF-8 with its mark; a cell that would be a formula is made a text."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.stream.write(b"\xef\xbb\xbf")
        self._row(_COLUMNS)

    def write(self, finding: Finding) -> None:
        origin = finding.origin
        self._row(
            (
                finding.timestamp or "",
                origin.level,
                origin.title,
                origin.id,
                " ".join(origin.techniques),
                finding.host or "",
                finding.user or "",
                finding.source,
                str(finding.index),
                str(finding.count),
                "; ".join(
                    f"{one.field}={one.value}" if one.field else str(one.value) for one in finding.matched
                ),
                encoded(finding.event).decode("utf-8", "replace"),
            )
        )

    def _row(self, cells: tuple[str, ...]) -> None:
        text = io.StringIO()
        csv.writer(text).writerow([_harmless(cell) for cell in cells])
        self.stream.write(text.getvalue().encode("utf-8", "replace"))


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
