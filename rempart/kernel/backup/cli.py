"""``rempart backup`` and ``rempart restore``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console

from rempart.kernel.backup.archive import BackupError, Manifest, in_words, new_identity, recipient_of

err = Console(stderr=True, soft_wrap=True, highlight=False)
_JSON = typer.Option(False, "--json", help="Réponse en JSON · Answer in JSON")


def install(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Sauvegardes chiffrées · Encrypted backups.")
    group.command("key")(key)
    group.command("make")(make)
    group.command("verify")(verify)
    app.add_typer(group, name="backup")
    app.command("restore")(restore)


_TO_SEAL = "Créez la clé : rempart backup key · make the key: rempart backup key"
_TO_OPEN = (
    "Donnez par --key la clé gardée à part : une nouvelle n’ouvre rien"
    " · give by --key the key that was kept apart: a new one opens nothing"
)


def _identity(path: Path | None, mend: str = _TO_OPEN) -> str:
    from django.conf import settings

    place = path or settings.VAR / "backup.key"
    try:
        return place.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise BackupError(f"{place} : {error.strerror}. {mend}") from error


def _fail(error: BackupError) -> typer.Exit:
    err.print(str(error), style="red", markup=False)
    return typer.Exit(1)


def _show(manifest: Manifest, as_json: bool, words: str) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(manifest)))
        return
    size = f"{manifest.bytes:,} octets · bytes"
    err.print(f"[green]{words}[/] {manifest.created_at[:19]} · {manifest.engine} · {size}")
    for label, count in manifest.rows.items():
        err.print(f"  {label}: {count:,}")


def key(
    out: Path | None = typer.Argument(None, help="Fichier de la clé · Key file (var/backup.key)"),
    as_json: bool = _JSON,
) -> None:
    """Crée la clé qui ouvre les sauvegardes · Make the key that opens backups."""
    from django.conf import settings

    place = out or settings.VAR / "backup.key"
    identity = new_identity()
    try:
        with in_words(place.parent):
            _write_key(place, f"# public: {recipient_of(identity)}\n{identity}\n")
    except BackupError as error:
        raise _fail(error) from error
    if as_json:
        typer.echo(json.dumps({"file": str(place), "recipient": recipient_of(identity)}))
        return
    err.print(f"{place} · 0600\nDestinataire · Recipient: {recipient_of(identity)}")


def _write_key(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BackupError(f"{place} existe déjà · already exists") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
    except OSError:
        place.unlink()  # half a key would be taken for one
        raise


def make(
    target: Path = typer.Argument(help="Fichier à écrire · File to write"),
    recipient: str = typer.Option(
        "", envvar="REMPART_BACKUP_RECIPIENT", help="age1… (sinon · else var/backup.key)"
    ),
    as_json: bool = _JSON,
) -> None:
    """Sauvegarde la base pendant qu’elle sert · Back the database up while it serves."""
    from rempart.kernel.backup import backup

    try:
        manifest = backup(target, recipient or recipient_of(_identity(None, _TO_SEAL)))
    except BackupError as error:
        raise _fail(error) from error
    _show(manifest, as_json, "Sauvegarde écrite · Backup written")


def verify(
    source: Path = typer.Argument(help="Sauvegarde · Backup"),
    key_file: Path | None = typer.Option(None, "--key", help="Clé · Key (var/backup.key)"),
    as_json: bool = _JSON,
) -> None:
    """Prouve qu’une sauvegarde se relit · Prove that a backup can be read."""
    from rempart.kernel.backup import verify as prove

    try:
        manifest = prove(source, _identity(key_file))
    except BackupError as error:
        raise _fail(error) from error
    _show(manifest, as_json, "Sauvegarde saine · Backup is sound")


def restore(
    source: Path = typer.Argument(help="Sauvegarde · Backup"),
    key_file: Path | None = typer.Option(None, "--key", help="Clé · Key (var/backup.key)"),
    yes: bool = typer.Option(False, "--yes", help="Sans demander · Without asking"),
    as_json: bool = _JSON,
) -> None:
    """Remplace la base, l’ancienne est gardée · Replace the database, the old one is kept."""
    from rempart.kernel.backup import restore as bring_back

    if not yes:
        typer.confirm("Remplacer la base présente · Replace the present database?", abort=True)
    try:
        manifest, kept = bring_back(source, _identity(key_file))
    except BackupError as error:
        raise _fail(error) from error
    _show(manifest, as_json, "Restauré · Restored")
    err.print(f"Ancienne base · Old database: {kept}")
