"""Backups of the embedded database, through SQLite's online backup."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from rempart.kernel.backup.archive import BackupError
from rempart.kernel.time import now

_PAGES = 2000


def dump(database: dict[str, Any], target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"file:{database['NAME']}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy, pages=_PAGES)
        # The copy is one file, whatever the journal of its source.
        copy.execute("PRAGMA journal_mode=DELETE")


def check(database: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as copy:
            answer = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupError(f"the database inside cannot be read: {error}") from error
    if answer != "ok":
        raise BackupError(f"the database inside is damaged: {answer}")


def stage(database: dict[str, Any], copy: Path) -> dict[str, Any]:
    present = Path(database["NAME"])
    staged = present.with_name(f"{present.name}.restoring")
    _remove(staged)
    copy.replace(staged)
    return {**database, "NAME": str(staged)}


def swap(database: dict[str, Any], staged: dict[str, Any]) -> str:
    present, restored = Path(database["NAME"]), Path(staged["NAME"])
    kept = present.with_name(f"{present.name}.before-{now():%Y%m%dT%H%M%S}")
    _fold_journal(restored)
    if present.exists():
        _fold_journal(present)
        # A second name for the old file, then one atomic step: at every instant there is a whole database.
        kept.hardlink_to(present)
    restored.replace(present)
    return str(kept)


def discard(staged: dict[str, Any]) -> None:
    _remove(Path(staged["NAME"]))


def _fold_journal(database: Path) -> None:
    """Writes the journal into the file and removes it; fails when another process holds the database."""
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=5)) as whole:
            whole.execute("PRAGMA locking_mode=EXCLUSIVE")
            mode = whole.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise BackupError(f"{database.name} is in use: stop the platform, then restore ({error})") from error
    if mode != "delete":
        raise BackupError(f"{database.name} is in use: stop the platform, then restore")


def _remove(database: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
