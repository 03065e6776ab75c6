"""Taking, proving and restoring backups, whichever database is used."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from rempart.kernel.backup.archive import FORMAT, BackupError, Manifest, digest, in_words, pack, unpack
from rempart.kernel.time import now

VERSION = "0.1.0"
_RESTORING, _BACKING_UP, _VERIFYING = ".restore-", ".backup-", "rempart-verify-"
_COUNTED = (
    "kernel.AuditEntry",
    "organisations.Organisation",
    "assets.Asset",
    "exposure.Exposure",
    "alerts.Target",
)


class Engine(Protocol):
    """What each database knows how to do."""

    def dump(self, database: dict[str, Any], target: Path) -> None:
        """Writes a consistent copy of the running database."""

    def check(self, database: Path) -> None:
        """Raises BackupError unless the copy is sound."""

    def stage(self, database: dict[str, Any], copy: Path) -> dict[str, Any]:
        """Puts the copy where it can be migrated, beside the present database; returns how to reach it."""

    def swap(self, database: dict[str, Any], staged: dict[str, Any]) -> str:
        """Puts the staged database in place of the present one at once; returns where the old one now is."""

    def damage(self, database: dict[str, Any]) -> str:
        """What is wrong with the present database's files; nothing when they are sound."""

    def discard(self, staged: dict[str, Any]) -> None:
        """Removes what was staged."""

    def left(self, database: dict[str, Any]) -> bool:
        """Whether a staged copy is beside the present database."""


def _engine() -> tuple[str, Engine]:
    name = connection.vendor
    if name not in {"sqlite", "postgresql"}:
        raise BackupError(f"pas de sauvegarde pour {name} · no backup for {name}")
    return name, import_module(f"rempart.kernel.backup.{name}")  # type: ignore[return-value]


def _migrations() -> dict[str, str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return {
        app: max(name for of_app, name in applied if of_app == app) for app in {app for app, _ in applied}
    }


def backup(target: Path, recipient: str) -> Manifest:
    """Copies the database while it runs, seals the copy for ``recipient`` and writes it to ``target``."""
    name, engine = _engine()
    with in_words(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    with in_words(target.parent), _aside(target.parent, _BACKING_UP) as folder:
        copy = folder / "copy"
        engine.dump(connection.settings_dict, copy)
        try:
            engine.check(copy)
        except BackupError as error:
            raise BackupError(
                "la base présente est abîmée, aucune sauvegarde n’est écrite : voyez « rempart doctor »"
                f" · the present database is damaged, no backup is written: see “rempart doctor” ({error})"
            ) from error
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            engine=name,
            created_at=now().isoformat(),
            migrations=_migrations(),
            rows={label: apps.get_model(label)._base_manager.count() for label in _COUNTED},
            sha256=digest(copy),
            bytes=copy.stat().st_size,
        )
        pack(copy, manifest, recipient, target)
    return manifest


def verify(source: Path, identity: str) -> Manifest:
    """Proves that a backup decrypts, is whole, and holds a sound database."""
    beside = Path(tempfile.gettempdir())
    with in_words(beside), _aside(beside, _VERIFYING) as folder:
        manifest, copy = unpack(source, identity, folder)
        if manifest.engine == connection.vendor:
            _engine()[1].check(copy)
    return manifest


def restore(source: Path, identity: str) -> tuple[Manifest, str]:
    """Replaces the present database by a backup; returns its manifest and where the old database is kept.

    The copy is checked and migrated aside; only then do the two change places, in one step. Interrupted
    before that step, the present database is untouched.
    """
    name, engine = _engine()
    beside = settings.VAR
    with in_words(beside), _alone(beside), _aside(beside, _RESTORING) as folder:
        manifest, copy = unpack(source, identity, folder)
        if manifest.engine != name:
            raise BackupError(
                f"la sauvegarde est de {manifest.engine}, la plateforme est sur {name} : donnez"
                f" REMPART_DATABASE_URL · the backup is of {manifest.engine}, the platform runs on {name}:"
                " set REMPART_DATABASE_URL"
            )
        _refuse_newer(manifest)
        engine.check(copy)
        staged = engine.stage(connection.settings_dict, copy)
        try:
            _migrate(staged)
            connection.close()
            kept = engine.swap(connection.settings_dict, staged)
        except BaseException:
            engine.discard(staged)
            raise
    return manifest, kept


@contextmanager
def _alone(beside: Path) -> Iterator[None]:
    """One restore at a time."""
    beside.mkdir(parents=True, exist_ok=True)
    with (beside / "restore.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupError("une autre restauration est en cours · another restore is under way") from error
        yield


@contextmanager
def _aside(beside: Path, prefix: str) -> Iterator[Path]:
    """A folder of our own in ``beside``, for a copy in clear; what killed ones left there is removed first.

    Each holds ``beside`` shared while at work, so whoever gets it for itself knows the others are dead.
    """
    holder = os.open(beside, os.O_RDONLY)
    try:
        with suppress(OSError):  # held by others, or a file system without locks: nothing is removed
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for left in beside.glob(f"{prefix}*"):
                shutil.rmtree(left, ignore_errors=True)
        with suppress(OSError):
            fcntl.flock(holder, fcntl.LOCK_SH)
        with tempfile.TemporaryDirectory(dir=beside, prefix=prefix) as folder:
            yield Path(folder)
    finally:
        os.close(holder)


def left_by_a_killed_restore() -> bool:
    """Whether a restore ended midway and left a copy in clear. One still at work leaves nothing yet."""
    try:
        with _alone(settings.VAR):
            copy = any(settings.VAR.glob(f"{_RESTORING}*"))
            return copy or _engine()[1].left(connection.settings_dict)
    except BackupError:
        return False


def damage_of_database() -> str:
    """What the present database's engine says is wrong with its files; nothing when they are sound."""
    return _engine()[1].damage(connection.settings_dict)


def _refuse_newer(manifest: Manifest) -> None:
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    for app, last in manifest.migrations.items():
        if app in apps.app_configs and (app, last) not in known:
            raise BackupError(
                f"la sauvegarde est d’une version plus récente ({app} {last}) : mettez d’abord la"
                f" plateforme à niveau · the backup was made by a newer version ({app} {last}):"
                " upgrade the platform first"
            )


def _migrate(staged: dict[str, Any]) -> None:
    """Brings the staged database to this version, in a process of its own that knows no other database."""
    outcome = subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--no-input", "--verbosity", "0"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "rempart.settings.base",
            "REMPART_VAR": str(settings.VAR),
            "REMPART_DATABASE_URL": _url(staged),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if outcome.returncode:
        why = (outcome.stderr.strip().splitlines() or ["?"])[-1]
        raise BackupError(
            "la sauvegarde n’a pu être mise à cette version, rien n’a été changé"
            f" · the backup could not be migrated, nothing was changed: {why}"
        )


def _url(database: dict[str, Any]) -> str:
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite://{quote(str(database['NAME']))}"
    user = quote(database["USER"]) + (f":{quote(database['PASSWORD'])}" if database["PASSWORD"] else "")
    host = database["HOST"]
    where = "" if host.startswith("/") else host
    socket = f"?host={quote(host)}" if host.startswith("/") else ""
    port = f":{database['PORT']}" if database["PORT"] else ""
    return f"postgresql://{user}@{where}{port}/{quote(str(database['NAME']))}{socket}"
