"""Backups: taken while the platform runs, encrypted, proved readable; and restored all or nothing."""

from rempart.kernel.backup.archive import BackupError, Manifest, new_identity, recipient_of
from rempart.kernel.backup.operations import (
    backup,
    damage_of_database,
    left_by_a_killed_restore,
    restore,
    verify,
)

__all__ = [
    "BackupError",
    "Manifest",
    "backup",
    "damage_of_database",
    "left_by_a_killed_restore",
    "new_identity",
    "recipient_of",
    "restore",
    "verify",
]
