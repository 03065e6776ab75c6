"""Backups of a real database file and of a real PostgreSQL: taken, proved, refused when damaged, restored."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from rempart.kernel.backup import BackupError, new_identity, recipient_of
from rempart.kernel.backup.archive import Manifest, digest, pack, unpack

RUN = [sys.executable, "-c", "from rempart.cli import main; main()"]


class Platform:
    """A platform of its own: a folder, and a database in it or on the tests' PostgreSQL."""

    def __init__(self, var: Path, url: str) -> None:
        self.var = var
        self.environment = {
            **os.environ,
            "REMPART_VAR": str(var),
            "REMPART_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "rempart.settings.base",
            "REMPART_LOG_LEVEL": "ERROR",
        }

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*RUN, *arguments], env=self.environment, capture_output=True, text=True, check=check
        )

    def shell(self, code: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "django", "shell", "--no-imports", "-c", code],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def organisations(self) -> int:
        return int(
            self.shell("from rempart.organisations.models import Organisation as O; print(O.objects.count())")
        )

    def add_organisation(self, code: str) -> None:
        self.shell(
            "from rempart.organisations.models import Organisation as O; from datetime import date;"
            f"O.objects.create(code={code!r}, kind='body', name_fr={code!r}, active_from=date(2020, 1, 1))"
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def platform(request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: Any) -> Any:
    if request.param != connection.vendor:
        pytest.skip("each database is tested in the run that stands on it")
    if request.param == "sqlite":
        made = Platform(tmp_path, f"sqlite://{tmp_path / 'platform.sqlite3'}")
        made.shell("from django.core.management import call_command as c; c('migrate', verbosity=0)")
        yield made
        return
    import psycopg

    url = os.environ["REMPART_DATABASE_URL"]
    name = f"backup_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    made = Platform(tmp_path, url.rsplit("/", 1)[0] + f"/{name}")
    made.shell("from django.core.management import call_command as c; c('migrate', verbosity=0)")
    yield made
    with psycopg.connect(url, autocommit=True) as server:
        left = server.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{name}%"]
        ).fetchall()
        for (database,) in left:
            server.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def test_what_is_restored_is_what_was_backed_up(platform: Platform) -> None:
    platform.add_organisation("avant")
    platform.run("backup", "key")
    copy = platform.var / "copies" / "un.age"
    platform.run("backup", "make", str(copy))
    assert b"avant" not in copy.read_bytes()
    assert copy.stat().st_mode & 0o077 == 0
    platform.add_organisation("apres")
    assert platform.organisations() == 2
    platform.run("backup", "verify", str(copy))
    platform.run("restore", str(copy), "--yes")
    assert platform.organisations() == 1
    assert not list(copy.parent.glob(".*"))


def test_a_damaged_backup_leaves_the_database_as_it_was(platform: Platform) -> None:
    platform.run("backup", "key")
    copy = platform.var / "un.age"
    platform.run("backup", "make", str(copy))
    platform.add_organisation("apres")
    whole = copy.read_bytes()
    for damaged in (whole[:-40], whole[: len(whole) // 2], b"", whole[:200] + b"\0" + whole[201:]):
        copy.write_bytes(damaged)
        outcome = platform.run("restore", str(copy), "--yes", check=False)
        assert outcome.returncode == 1
        assert "Traceback" not in outcome.stderr
    assert platform.organisations() == 1


def test_an_older_backup_is_migrated(platform: Platform) -> None:
    """A backup that lacks this version's last migration of a slice comes back with it."""
    platform.run("backup", "key")
    platform.shell(
        "from django.core.management import call_command as c; "
        "c('migrate', 'indicators', 'zero', verbosity=0)"
    )
    copy = platform.var / "vieux.age"
    platform.run("backup", "make", str(copy))
    platform.shell("from django.core.management import call_command as c; c('migrate', verbosity=0)")
    platform.run("restore", str(copy), "--yes")
    count = "from rempart.indicators.models import Snapshot as S; print(S.objects.count())"
    assert platform.shell(count) == "0"


def test_a_database_in_use_is_not_replaced(platform: Platform) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL closes the other connections itself")
    platform.run("backup", "key")
    copy = platform.var / "un.age"
    platform.run("backup", "make", str(copy))
    platform.add_organisation("apres")
    other = sqlite3.connect(platform.var / "platform.sqlite3")
    other.execute("BEGIN IMMEDIATE")
    outcome = platform.run("restore", str(copy), "--yes", check=False)
    other.close()
    assert outcome.returncode == 1
    assert platform.organisations() == 1
    assert not (platform.var / "platform.sqlite3.restoring").exists()


def _manifest(database: Path, **changed: Any) -> Manifest:
    values: dict[str, Any] = {
        "format": 1,
        "version": "0",
        "engine": "sqlite",
        "created_at": "2026-01-01",
        "migrations": {},
        "rows": {},
        "sha256": digest(database),
        "bytes": database.stat().st_size,
    }
    return Manifest(**{**values, **changed})


def test_another_identity_opens_nothing(tmp_path: Path) -> None:
    database = tmp_path / "copy"
    sqlite3.connect(database).execute("create table t (x)")
    sealed = tmp_path / "sealed.age"
    pack(database, _manifest(database), recipient_of(new_identity()), sealed)
    with pytest.raises(BackupError, match="another identity"):
        unpack(sealed, new_identity(), tmp_path)


def test_a_manifest_that_lies_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "copy"
    database.write_bytes(b"not what it says")
    identity, sealed = new_identity(), tmp_path / "sealed.age"
    pack(database, _manifest(database, sha256="0" * 64), recipient_of(identity), sealed)
    with pytest.raises(BackupError, match="differs from its manifest"):
        unpack(sealed, identity, tmp_path)
