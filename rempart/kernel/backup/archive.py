"""The backup file: a tar of a manifest and a database, compressed by its engine's means, encrypted with age.

age (https://age-encryption.org/v1) authenticates every chunk: a file that is cut or altered does not decrypt.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import pyrage

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
_MAX_MANIFEST = 1024 * 1024
_CHUNK = 1024 * 1024


class BackupError(Exception):
    """A backup that cannot be made, read or restored; says why and what to do, in both languages."""


@contextmanager
def in_words(place: Path) -> Iterator[None]:
    """Says what the system refuses (a full disk, a right, a missing folder) of what is done in ``place``."""
    try:
        yield
    except OSError as error:
        where = error.filename or place
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise full(place) from error
        raise BackupError(f"{where} : {error.strerror or error}") from error


def full(place: Path) -> BackupError:
    """A disk without room: nothing was replaced."""
    return BackupError(
        f"{place} : le disque est plein, rien n’a été changé. Libérez de la place, puis recommencez"
        " · the disk is full, nothing was changed: free some space, then run it again"
    )


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. ``sha256`` is the database file's; ``rows`` counts its largest tables."""

    format: int
    version: str
    engine: str  # sqlite | postgresql
    created_at: str
    migrations: dict[str, str]  # application → its last migration
    rows: dict[str, int]
    sha256: str
    bytes: int


def new_identity() -> str:
    """A new secret identity, "AGE-SECRET-KEY-…": keep it away from the backups."""
    return str(pyrage.x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """The public half of an identity, "age1…": enough to make backups."""
    return str(_identity(identity).to_public())


def _identity(text: str) -> pyrage.x25519.Identity:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        return pyrage.x25519.Identity.from_str(lines[0])
    except (IndexError, pyrage.IdentityError) as error:
        raise BackupError(
            "ce fichier n’est pas une clé de sauvegarde (AGE-SECRET-KEY-1…)"
            " · this file is not a key of backups (AGE-SECRET-KEY-1…)"
        ) from error


def digest(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def pack(database: Path, manifest: Manifest, recipient: str, target: Path) -> None:
    """Writes the encrypted backup beside ``database``, then puts it in place at once: both on one disk."""
    try:
        public = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise BackupError(
            f"« {recipient[:20]}… » n’est pas un destinataire age (age1…)"
            f" · “{recipient[:20]}…” is not an age recipient (age1…)"
        ) from error
    plain, partial = database.with_suffix(".tar"), database.with_suffix(".age.part")
    try:
        with tarfile.open(plain, "w") as tar:
            content = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
            header = tarfile.TarInfo(MANIFEST)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
            tar.add(database, DATABASE)
        with plain.open("rb") as source, partial.open("wb") as sink:
            pyrage.encrypt_io(source, sink, [public])
            sink.flush()
            os.fsync(sink.fileno())
        partial.chmod(0o600)
        partial.replace(target)
    finally:
        plain.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)


def unpack(source: Path, identity: str, folder: Path) -> tuple[Manifest, Path]:
    """Decrypts a backup into ``folder`` and checks it; returns its manifest and its database file."""
    plain = folder / "backup.tar"
    try:
        _decrypt(source, identity, plain)
        with tarfile.open(plain, "r:") as tar:
            manifest = _read_manifest(_member(tar, MANIFEST))
            database = folder / "database.restored"
            with database.open("wb") as sink:
                inside = _member(tar, DATABASE)
                while chunk := inside.read(_CHUNK):
                    sink.write(chunk)
    except tarfile.TarError as error:
        raise BackupError(f"{source} : pas une sauvegarde de Rempart · not a backup of Rempart") from error
    finally:
        plain.unlink(missing_ok=True)
    if digest(database) != manifest.sha256:
        raise BackupError(
            f"{source} : la base qu’elle contient n’est pas celle de son manifeste"
            " · the database inside differs from its manifest"
        )
    return manifest, database


def _decrypt(source: Path, identity: str, plain: Path) -> None:
    opened = _identity(identity)
    with in_words(plain.parent.parent), source.open("rb") as sealed, plain.open("wb") as sink:
        try:
            pyrage.decrypt_io(sealed, sink, [opened])
        except OSError as error:
            if error.errno is not None:
                raise
            # What fails its authentication midway comes as an error without a number.
            raise BackupError(
                f"{source} : abîmée ou coupée, elle ne se relit pas. Prenez-en une autre"
                " · damaged or cut short, it cannot be read: take another one"
            ) from error
        except pyrage.DecryptError as error:
            raise BackupError(
                f"{source} : abîmée, coupée, ou faite pour une autre clé"
                " · damaged, cut short, or made for another key"
            ) from error


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        inside = tar.extractfile(name)
    except KeyError as error:
        raise BackupError(f"la sauvegarde est sans {name} · the backup holds no {name}") from error
    if inside is None:
        raise BackupError(f"{name} n’est pas un fichier · is not a file")
    return inside


def _read_manifest(handle: IO[bytes]) -> Manifest:
    try:
        manifest = Manifest(**json.loads(handle.read(_MAX_MANIFEST)))
    except (ValueError, TypeError) as error:
        raise BackupError(
            "le manifeste de la sauvegarde est illisible · the backup's manifest cannot be read"
        ) from error
    if manifest.format != FORMAT:
        raise BackupError(
            f"la sauvegarde est au format {manifest.format}, cette version lit le {FORMAT}"
            f" · the backup has format {manifest.format}, this version reads {FORMAT}"
        )
    return manifest
