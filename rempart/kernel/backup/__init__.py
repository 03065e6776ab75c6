"""Backups: taken while the platform runs, encrypted, proved readable; and restored all or nothing."""

from rempart.kernel.backup.archive import BackupError, Manifest, new_identity, recipient_of
from rempart.kernel.backup.operations import backup, restore, verify

__all__ = ["BackupError", "Manifest", "backup", "new_identity", "recipient_of", "restore", "verify"]
