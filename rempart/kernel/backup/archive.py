"""The backup file: a tar of a manifest and a database, compressed by its engine's means, encrypted with age.

age (https://age-encryption.org/v1) authenticates every chunk: a file that is cut or altered does not decrypt.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import pyrage

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
_MAX_MANIFEST = 1024 * 1024
_CHUNK = 1024 * 1024


class BackupError(Exception):
    """A backup that cannot be made, read or restored; the message says why and what to do."""


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
        raise BackupError("the identity is not an age X25519 secret key (AGE-SECRET-KEY-1…)") from error


def digest(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def pack(database: Path, manifest: Manifest, recipient: str, target: Path) -> None:
    """Writes the encrypted backup beside ``target``, then puts it in place at once."""
    try:
        public = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise BackupError(f"not an age recipient: {recipient[:20]}…") from error
    plain, partial = database.with_suffix(".tar"), target.with_name(target.name + ".part")
    try:
        with tarfile.open(plain, "w") as tar:
            content = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
            header = tarfile.TarInfo(MANIFEST)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
            tar.add(database, DATABASE)
        with plain.open("rb") as source, partial.open("wb") as sink:
            pyrage.encrypt_io(source, sink, [public])
        partial.chmod(0o600)
        partial.replace(target)
    finally:
        plain.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)


def unpack(source: Path, identity: str, folder: Path) -> tuple[Manifest, Path]:
    """Decrypts a backup into ``folder`` and checks it; returns its manifest and its database file."""
    plain = folder / "backup.tar"
    try:
        with source.open("rb") as sealed, plain.open("wb") as sink:
            pyrage.decrypt_io(sealed, sink, [_identity(identity)])
    except OSError as error:
        raise BackupError(f"{source}: {error.strerror or error}") from error
    except pyrage.DecryptError as error:
        raise BackupError(f"{source}: damaged, cut short, or made for another identity") from error
    try:
        with tarfile.open(plain, "r:") as tar:
            manifest = _read_manifest(_member(tar, MANIFEST))
            database = folder / "database.restored"
            with database.open("wb") as sink:
                inside = _member(tar, DATABASE)
                while chunk := inside.read(_CHUNK):
                    sink.write(chunk)
    except tarfile.TarError as error:
        raise BackupError(f"{source}: not a backup of this platform") from error
    finally:
        plain.unlink(missing_ok=True)
    if digest(database) != manifest.sha256:
        raise BackupError(f"{source}: the database inside differs from its manifest")
    return manifest, database


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        inside = tar.extractfile(name)
    except KeyError as error:
        raise BackupError(f"the backup holds no {name}") from error
    if inside is None:
        raise BackupError(f"the backup's {name} is not a file")
    return inside


def _read_manifest(handle: IO[bytes]) -> Manifest:
    try:
        manifest = Manifest(**json.loads(handle.read(_MAX_MANIFEST)))
    except (ValueError, TypeError) as error:
        raise BackupError("the backup's manifest cannot be read") from error
    if manifest.format != FORMAT:
        raise BackupError(f"the backup has format {manifest.format}; this version reads {FORMAT}")
    return manifest
