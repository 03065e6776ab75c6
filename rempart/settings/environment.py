"""Typed readers of environment variables: nonsense is refused at start, with the variable's name."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# PostgreSQL weighs its plans for disks that turn, and compiles queries for longer than ours run.
_PLANNING = "-c random_page_cost=1.1 -c jit=off"


class SettingError(RuntimeError):
    """A variable of the environment holds a value that cannot be used."""


def text(name: str, default: str = "") -> str:
    """The variable's text; ``NAME_FILE`` names a file that holds it (for secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingError(f"{name}_FILE: {error}") from error
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise SettingError(f"{name}: expected true or false, got {value!r}")


def whole(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise SettingError(f"{name}: expected a whole number, got {value!r}") from error


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def secret(name: str, store: Path) -> str:
    """The variable, else the secret kept in ``store``, made on first use and readable by its owner only."""
    value = text(name)
    if value:
        if len(value) < 32:
            raise SettingError(f"{name}: at least 32 characters are needed")
        return value
    if not store.exists():
        store.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(store, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
                handle.write(secrets.token_urlsafe(64))
    return store.read_text(encoding="utf-8").strip()


def database(name: str, default: str) -> dict[str, Any]:
    """Django's description of ``sqlite:///path`` or ``postgresql://user:password@host:port/name``."""
    url = text(name, default)
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:])
            if parts.path.startswith("//")
            else unquote(parts.path) or ":memory:",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 30,
                # A write transaction takes its lock at once, so it never fails half-way with "locked".
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=268435456;"
                    "PRAGMA cache_size=-65536;PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=67108864;"
                ),
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        query = {"options": _PLANNING, **dict(parse_qsl(parts.query))}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.pop("host", None) or parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": whole("REMPART_DATABASE_CONN_MAX_AGE", 60),
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": query,
        }
    raise SettingError(f"{name}: expected sqlite:///… or postgresql://…, got scheme {parts.scheme!r}")
