"""Compiles the catalogues of every slice; the compiled files are not kept in the repository."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

PACKAGE = Path(__file__).resolve().parents[1]


def catalogues(package: Path = PACKAGE) -> list[Path]:
    """The sources: ``rempart/<slice>/locale/<language>/LC_MESSAGES/django.po``."""
    return sorted(package.glob("*/locale/*/LC_MESSAGES/django.po"))


def compile_catalogues(package: Path = PACKAGE) -> list[Path]:
    """Compiles those whose compiled file is missing or older; returns them.

    Raises ``PoFileError`` naming the file when one cannot be read. A reader never sees half a file.
    """
    compiled = []
    for source in catalogues(package):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        _compile(source, target)
        compiled.append(source)
    return compiled


def _compile(source: Path, target: Path) -> None:
    language = source.parent.parent.name
    try:
        with source.open("rb") as handle:
            catalogue = read_po(handle, locale=language, abort_invalid=True)
    except PoFileError as error:
        raise PoFileError(error.catalog, f"{source}: {error}", error.line, error.lineno) from error
    descriptor, draft = tempfile.mkstemp(dir=target.parent, suffix=".draft")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            write_mo(handle, catalogue)
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
