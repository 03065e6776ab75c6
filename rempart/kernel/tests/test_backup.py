"""Backups of a real database file and of a real PostgreSQL: taken, proved, refused when damaged, restored."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from django.db import connection
from typer.testing import CliRunner

from rempart.kernel.backup import BackupError, archive, cli, new_identity, recipient_of
from rempart.kernel.backup.archive import Manifest, digest, pack, unpack
from rempart.organisations.models import Organisation
from tests.own_database import own_database

RUN = [sys.executable, "-c", "from rempart.cli import main; main()"]


class Platform:
    """A platform of its own: a folder with the key of its backups, and a database beside."""

    def __init__(self, var: Path, url: str) -> None:
        self.var, self.url = var, url
        self.environment = {
            **os.environ,
            "REMPART_VAR": str(var),
            "REMPART_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "rempart.settings.base",
            "REMPART_LOG_LEVEL": "ERROR",
        }
        self.identity = new_identity()
        (var / "backup.key").write_text(self.identity, encoding="utf-8")

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*RUN, *arguments], env=self.environment, capture_output=True, text=True, check=check
        )

    def sql(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Works on the database beside the platform."""
        if connection.vendor == "sqlite":
            with closing(sqlite3.connect(self.url.removeprefix("sqlite://"))) as database, database:
                return database.execute(statement.replace("%s", "?"), values).fetchall()
        with psycopg.connect(self.url) as postgres:
            cursor = postgres.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def staged(self) -> bool:
        """Whether a restore has put its copy beside the database."""
        if connection.vendor == "sqlite":
            return (self.var / "rempart.sqlite3.restoring").exists()
        name = f"{self.url.rpartition('/')[2].partition('?')[0]}_restoring"
        with psycopg.connect(self.url) as postgres:
            return bool(postgres.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone())

    def organisations(self) -> int:
        return int(self.sql("SELECT COUNT(*) FROM organisations_organisation")[0][0])

    def add_organisation(self, code: str) -> None:
        made = Organisation(code=code, kind="body", name_fr=code, active_from=date(2020, 1, 1))
        fields = [field for field in Organisation._meta.local_concrete_fields if not field.primary_key]
        values = [field.get_db_prep_save(getattr(made, field.attname), connection) for field in fields]
        columns, places = ", ".join(field.column for field in fields), ", ".join(["%s"] * len(fields))
        self.sql(f"INSERT INTO organisations_organisation ({columns}) VALUES ({places})", values)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with own_database(tmp_path) as address:
        yield Platform(tmp_path, address)


def test_what_is_restored_is_what_was_backed_up(platform: Platform) -> None:
    platform.add_organisation("avant")
    (platform.var / "backup.key").unlink()
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
    if connection.vendor == "sqlite":
        assert (platform.var / "rempart.sqlite3").stat().st_mode & 0o077 == 0


def test_a_damaged_backup_leaves_the_database_as_it_was(platform: Platform) -> None:
    copy = platform.var / "un.age"
    platform.run("backup", "make", str(copy))
    platform.add_organisation("apres")
    whole = copy.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", whole[:200] + b"\0" + whole[201:], whole[:-40]):
        copy.write_bytes(damaged)
        with pytest.raises(BackupError):
            unpack(copy, platform.identity, platform.var)
    outcome = platform.run("restore", str(copy), "--yes", check=False)
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    assert platform.organisations() == 1


def test_a_restore_killed_midway_leaves_the_old_data_and_can_be_done_again(platform: Platform) -> None:
    copy = platform.var / "un.age"
    platform.run("backup", "make", str(copy))
    platform.add_organisation("apres")
    killed = subprocess.Popen(
        [*RUN, "restore", str(copy), "--yes"],
        env=platform.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not platform.staged():  # the copy is beside, decrypted, about to be migrated
        assert killed.poll() is None
        time.sleep(0.01)
    killed.send_signal(signal.SIGSTOP)
    refused = platform.run("restore", str(copy), "--yes", check=False)
    assert (refused.returncode, platform.organisations()) == (1, 1)
    killed.kill()
    killed.wait()
    assert platform.organisations() == 1
    assert platform.run("organisations", "list").returncode == 0
    assert "Une restauration s’est arrêtée" in platform.run("doctor", check=False).stdout
    platform.run("restore", str(copy), "--yes")
    assert platform.organisations() == 0
    assert not platform.staged()
    assert not list(platform.var.glob(".restore-*"))


def test_an_older_backup_is_migrated(platform: Platform) -> None:
    """A backup that lacks this version's last migration of a slice comes back with it."""
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "indicators", "zero", "--verbosity", "0"],
        env=platform.environment,
        check=True,
    )
    copy = platform.var / "vieux.age"
    platform.run("backup", "make", str(copy))
    with pytest.raises((sqlite3.Error, psycopg.Error)):
        platform.sql("SELECT COUNT(*) FROM indicators_snapshot")
    platform.run("restore", str(copy), "--yes")
    assert platform.sql("SELECT COUNT(*) FROM indicators_snapshot") == [(0,)]


def test_a_database_in_use_is_not_replaced(platform: Platform) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL closes the other connections itself")
    copy = platform.var / "un.age"
    platform.run("backup", "make", str(copy))
    platform.add_organisation("apres")
    other = sqlite3.connect(platform.var / "rempart.sqlite3")
    other.execute("BEGIN IMMEDIATE")
    outcome = platform.run("restore", str(copy), "--yes", check=False)
    other.close()
    assert outcome.returncode == 1
    assert platform.organisations() == 1
    assert not (platform.var / "rempart.sqlite3.restoring").exists()


def test_a_damaged_database_is_named_and_can_still_be_replaced(platform: Platform) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's files are its server's")
    copy, present = platform.var / "un.age", platform.var / "rempart.sqlite3"
    platform.run("backup", "make", str(copy))
    entries = "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_kernel_auditentry_1'"
    _spoil(present, platform.sql("PRAGMA page_size")[0][0] * (platform.sql(entries)[0][0] - 1))
    refusals = {
        "doctor": "abîmée",
        "audit verify": "rien n’est prouvé",
        f"backup make {platform.var}/non.age": "est abîmée",
    }
    for command, words in refusals.items():
        outcome = platform.run(*command.split(), check=False)
        assert outcome.returncode != 0
        assert words in outcome.stderr + outcome.stdout
        assert "Traceback" not in outcome.stderr
    assert not (platform.var / "non.age").exists()
    _spoil(present, 0)
    broken = present.read_bytes()
    (platform.var / "rempart.sqlite3-wal").write_bytes(b"journal of the damaged file")
    platform.run("restore", str(copy), "--yes")
    assert platform.sql("PRAGMA quick_check") == [("ok",)]
    kept = next(platform.var.glob("rempart.sqlite3.before-*[0-9]"))
    assert kept.read_bytes() == broken


def _spoil(database: Path, place: int) -> None:
    with database.open("r+b") as file:
        file.seek(place)
        file.write(b"X" * 64)


def test_what_is_refused_is_told_in_words(tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    app = typer.Typer()
    cli.install(app)
    database, identity = tmp_path / "copy", new_identity()
    sqlite3.connect(database).execute("create table t (x)")
    sealed, other, bare = (tmp_path / name for name in ("un.age", "autre.key", "binaire.key"))
    pack(database, _manifest(database), recipient_of(identity), sealed)
    bare.write_bytes(bytes(range(128, 256)))
    (tmp_path / "cut.age").write_bytes(sealed.read_bytes()[:-20])
    (tmp_path / "backup.key").write_text(identity)
    within = tmp_path / "backup.key" / "sub"  # below a file: a folder that cannot be
    assert CliRunner().invoke(app, ["backup", "key", str(other)]).exit_code == 0
    for words, arguments in {
        "existe déjà": ("backup", "key", str(other)),
        "made for another key": ("backup", "verify", str(sealed), "--key", str(other)),
        "kept apart": ("restore", str(sealed), "--yes", "--key", str(tmp_path / "aucune")),
        "not a key of backups": ("backup", "verify", str(sealed), "--key", str(bare)),
        "cut short, it cannot be read": ("backup", "verify", str(tmp_path / "cut.age")),
        "Not a directory": ("backup", "make", str(within / "un.age")),
        "Not a directory:": ("backup", "key", str(within / "k")),
    }.items():
        outcome = CliRunner().invoke(app, arguments)
        assert (outcome.exit_code, type(outcome.exception)) == (1, SystemExit)
        assert words.rstrip(":") in outcome.output


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, identity, sealed = tmp_path / "copy", new_identity(), tmp_path / "sealed.age"
    database.write_bytes(b"content")
    pack(database, _manifest(database), recipient_of(identity), sealed)

    def no_room(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archive.pyrage, "decrypt_io", no_room)
    monkeypatch.setattr(archive.pyrage, "encrypt_io", no_room)
    with pytest.raises(BackupError, match="free some space"):
        unpack(sealed, identity, tmp_path)
    with pytest.raises(OSError, match="No space"):
        pack(database, _manifest(database), recipient_of(identity), tmp_path / "autre.age")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy", "sealed.age"]


def test_a_killed_backup_leaves_nothing_in_clear_after_the_next(platform: Platform) -> None:
    copies = platform.var / "copies"
    (copies / ".backup-killed").mkdir(parents=True)
    (copies / ".backup-killed" / "copy").write_bytes(b"in clear")
    platform.run("backup", "make", str(copies / "un.age"))
    assert [each.name for each in copies.iterdir()] == ["un.age"]


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
    with pytest.raises(BackupError, match="another key"):
        unpack(sealed, new_identity(), tmp_path)


def test_a_manifest_that_lies_is_refused(tmp_path: Path) -> None:
    database = tmp_path / "copy"
    database.write_bytes(b"not what it says")
    identity, sealed = new_identity(), tmp_path / "sealed.age"
    pack(database, _manifest(database, sha256="0" * 64), recipient_of(identity), sealed)
    with pytest.raises(BackupError, match="differs from its manifest"):
        unpack(sealed, identity, tmp_path)
