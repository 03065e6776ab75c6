"""Backups of PostgreSQL, through its own pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from rempart.kernel.backup.archive import BackupError
from rempart.kernel.time import now

_MAINTENANCE = "postgres"


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise BackupError(
            f"{name} n’est pas installé (Debian : apt-get install postgresql-client)"
            f" · {name} is not installed (Debian: apt-get install postgresql-client)"
        )
    return path


def _run(database: dict[str, Any], name: str, *arguments: str) -> None:
    environment = {**os.environ, "PGHOST": database["HOST"], "PGPORT": str(database["PORT"] or 5432)}
    environment |= {"PGUSER": database["USER"], "PGPASSWORD": database["PASSWORD"] or ""}
    outcome = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, no shell
        [_program(name), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        raise BackupError(f"{name}: {outcome.stderr.strip()[-500:]}")


def _connect(database: dict[str, Any], name: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        dbname=name,
        autocommit=True,
    )


def dump(database: dict[str, Any], target: Path) -> None:
    # The rights of roles are those of a server: migrating the restored copy gives them anew.
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    _run(database, "pg_dump", *options, database["NAME"])


def check(database: Path) -> None:
    outcome = subprocess.run(  # noqa: S603 - PostgreSQL's own program, no shell
        [_program("pg_restore"), "--list", str(database)], capture_output=True, text=True, check=False
    )
    if outcome.returncode or "TABLE DATA" not in outcome.stdout:
        raise BackupError(
            "elle ne contient pas une copie de PostgreSQL · the database inside is not a dump of PostgreSQL"
        )


def stage(database: dict[str, Any], copy: Path) -> dict[str, Any]:
    name = _staged(database)
    with _connect(database, _MAINTENANCE) as server:
        # What a killed restore left may still have its migration at work.
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    staged = {**database, "NAME": name}
    try:
        _run(
            staged,
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            f"--dbname={name}",
            str(copy),
        )
    except BackupError:
        discard(staged)
        raise
    return staged


def swap(database: dict[str, Any], staged: dict[str, Any]) -> str:
    present, restored = sql.Identifier(database["NAME"]), sql.Identifier(staged["NAME"])
    kept = f"{database['NAME']}_before_{now():%Y%m%dt%H%M%S}"
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with _connect(database, _MAINTENANCE) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = ANY(%s) AND pid <> pg_backend_pid()",
            [[database["NAME"], staged["NAME"]]],
        )
        with server.transaction():  # both names change, or neither
            server.execute(rename.format(present, sql.Identifier(kept)))
            server.execute(rename.format(restored, present))
    return kept


def left(database: dict[str, Any]) -> bool:
    try:
        with _connect(database, _MAINTENANCE) as server:
            found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_staged(database)])
            return found.fetchone() is not None
    except psycopg.OperationalError:  # a server that does not answer is another finding
        return False


def _staged(database: dict[str, Any]) -> str:
    return f"{database['NAME']}_restoring"


def damage(database: dict[str, Any]) -> str:
    """Pages whose checksum failed since the server counts them, where checksums are on."""
    try:
        with _connect(database, database["NAME"]) as present:
            row = present.execute(
                "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
    except psycopg.OperationalError:
        return ""
    return f"checksum_failures = {row[0]}" if row and row[0] else ""


def discard(staged: dict[str, Any]) -> None:
    with _connect(staged, _MAINTENANCE) as server:
        server.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(staged["NAME"]))
        )
