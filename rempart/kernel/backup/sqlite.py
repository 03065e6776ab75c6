"""Backups of the embedded database, through SQLite's online backup."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from rempart.kernel.backup.archive import BackupError, full
from rempart.kernel.time import now

_PAGES = 2000
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_JOURNALS = ("-wal", "-shm", "-journal")


def dump(database: dict[str, Any], target: Path) -> None:
    try:
        with (
            contextlib.closing(sqlite3.connect(_uri(Path(database["NAME"])), uri=True)) as source,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy, pages=_PAGES)
            # The copy is one file, whatever the journal of its source.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if _code(error) == sqlite3.SQLITE_FULL:
            raise full(target.parent.parent) from error
        raise BackupError(
            f"{database['NAME']} : la base ne se lit pas, voyez « rempart doctor »"
            f" · the database cannot be read, see “rempart doctor” ({error})"
        ) from error


def check(database: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(f"{_uri(database)}&immutable=1", uri=True)) as copy:
            answer = _first_damage(copy)
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer:
        raise BackupError(f"la base qu’elle contient est abîmée · the database inside is damaged: {answer}")


def damage(database: dict[str, Any]) -> str:
    try:
        with contextlib.closing(sqlite3.connect(_uri(Path(database["NAME"])), uri=True)) as present:
            return _first_damage(present)
    except sqlite3.DatabaseError as error:
        return str(error) if _code(error) in _DAMAGED else ""


def _first_damage(database: sqlite3.Connection) -> str:
    answer = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if answer == "ok" else " ".join(answer.split())


def _uri(database: Path) -> str:
    return f"{database.absolute().as_uri()}?mode=ro"


def _code(error: sqlite3.Error) -> int:
    """The primary result code, 0 when there is none (https://sqlite.org/rescode.html)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def stage(database: dict[str, Any], copy: Path) -> dict[str, Any]:
    staged = _staged(database)
    _remove(staged)
    shutil.move(copy, staged)  # the database may be on another disk than the platform's folder
    staged.chmod(0o600)
    return {**database, "NAME": str(staged)}


def swap(database: dict[str, Any], staged: dict[str, Any]) -> str:
    present, restored = Path(database["NAME"]), Path(staged["NAME"])
    kept = present.with_name(f"{present.name}.before-{now():%Y%m%dT%H%M%S}")
    _fold_journal(restored)
    if present.exists():
        try:
            _fold_journal(present)
        except _DamagedError:
            # It cannot be folded: its journal goes with it, lest it be played upon the restored one.
            for suffix in _JOURNALS:
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{present}{suffix}").replace(f"{kept}{suffix}")
        # A second name for the old file, then one atomic step: at every instant there is a whole database.
        kept.hardlink_to(present)
    restored.replace(present)
    return str(kept)


class _DamagedError(Exception):
    """The database's file is not whole."""


def left(database: dict[str, Any]) -> bool:
    return _staged(database).exists()


def _staged(database: dict[str, Any]) -> Path:
    present = Path(database["NAME"])
    return present.with_name(f"{present.name}.restoring")


def discard(staged: dict[str, Any]) -> None:
    _remove(Path(staged["NAME"]))


def _fold_journal(database: Path) -> None:
    """Writes the journal into the file and removes it; fails when another process holds the database."""
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=5)) as whole:
            whole.execute("PRAGMA locking_mode=EXCLUSIVE")
            mode = whole.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if _code(error) in _DAMAGED:
            raise _DamagedError from error
        if _code(error) == sqlite3.SQLITE_FULL:
            raise full(database.parent) from error
        raise _in_use(database, f" ({error})") from error
    if mode != "delete":
        raise _in_use(database)


def _in_use(database: Path, why: str = "") -> BackupError:
    return BackupError(
        f"{database.name} sert : arrêtez la plateforme, puis restaurez"
        f" · {database.name} is in use: stop the platform, then restore{why}"
    )


def _remove(database: Path) -> None:
    for suffix in ("", *_JOURNALS):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
