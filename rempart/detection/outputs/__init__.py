"""The forms in which findings are written. Each is fed one finding at a time, so that memory does not
grow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Final

from rempart.detection.outputs.model import Writer
from rempart.detection.outputs.ocsf import Ocsf
from rempart.detection.outputs.page import Page
from rempart.detection.outputs.plain import Array, Lines, Table
from rempart.detection.outputs.sarif import Sarif
from rempart.detection.outputs.stix import Stix

WRITERS: Final[dict[str, Callable[[BinaryIO], Writer]]] = {
    "jsonl": Lines,
    "json": Array,
    "csv": Table,
    "html": Page,
    "stix": Stix,
    "ocsf": Ocsf,
    "sarif": Sarif,
}

#: Those that a stream may take: each finding is whole as soon as it is written.
STREAMED: Final[dict[str, Callable[[BinaryIO], Writer]]] = {"jsonl": Lines, "ocsf": Ocsf}

__all__ = ["STREAMED", "WRITERS", "Writer"]
