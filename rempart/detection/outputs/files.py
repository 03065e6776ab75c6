"""Where a result goes: standard output, or a file that appears whole at the end."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rempart.detection.outputs import WRITERS, Writer


@contextmanager
def written(output: str | None, to: Path | None) -> Iterator[Writer | None]:
    """The writer of the result. A file appears whole at the end, or not at all. Raises ``OSError``."""
    if output is None and to is None:
        yield None
        return
    make = WRITERS[output or "jsonl"]
    if to is None or str(to) == "-":
        yield make(sys.stdout.buffer)
        return
    to = to.resolve()
    if to.exists() and not to.is_file():  # a device or a pipe takes what comes
        with to.open("wb") as stream:
            yield make(stream)
        return
    if not to.parent.is_dir():
        raise FileNotFoundError(f"{to.parent} : aucun dossier · no such folder")
    with tempfile.NamedTemporaryFile("wb", dir=to.parent, prefix=f".{to.name}.", delete=False) as file:
        partial = Path(file.name)
        try:
            yield make(_plain(file))
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    partial.chmod(0o640)
    partial.replace(to)


def _plain(file: object) -> BinaryIO:
    return file  # type: ignore[return-value]  # a temporary file is one in all but name
