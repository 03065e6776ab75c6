"""Databases that a test has to itself, for processes that are started and killed beside it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def own_database(folder: Path, like: str = "") -> Iterator[str]:
    """The address of a database that has our tables, empty or a copy of ``like`` (used by nobody meanwhile).

    A file in ``folder``, or one on the tests' PostgreSQL named after it; what is made of that one under names
    that begin with its own goes with it.
    """
    folder.mkdir(exist_ok=True)
    like = like or _empty()
    if connection.vendor == "sqlite":
        shutil.copy(like.removeprefix("sqlite://"), folder / "rempart.sqlite3")
        yield f"sqlite://{folder / 'rempart.sqlite3'}"
        return
    name = f"own_{os.getpid()}_{folder.name}".replace("-", "_")
    try:
        yield _create(name, like)
    finally:
        _drop(name)


@cache
def _empty() -> str:
    """Our tables without rows, made once by this process: the others are copies of it."""
    folder = Path(tempfile.mkdtemp(prefix="rempart-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if connection.vendor == "sqlite":
        address = f"sqlite://{folder / 'rempart.sqlite3'}"
    else:
        name = f"empty_{os.getpid()}"
        address = _create(name)
        atexit.register(_drop, name)
    migrate(address, folder)
    return address


def _server() -> psycopg.Connection[Any]:
    return psycopg.connect(os.environ["REMPART_DATABASE_URL"], autocommit=True)


def _create(name: str, like: str = "") -> str:
    template = f' TEMPLATE "{like.rsplit("/", 1)[1]}"' if like else ""
    with _server() as postgres:
        postgres.execute(f'CREATE DATABASE "{name}"{template}'.encode())
    return f"{os.environ['REMPART_DATABASE_URL'].rsplit('/', 1)[0]}/{name}"


def _drop(name: str) -> None:
    with _server() as postgres:
        made = postgres.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name])
        for (each,) in made.fetchall():
            postgres.execute(f'DROP DATABASE "{each}" WITH (FORCE)'.encode())


def environment(address: str, var: Path) -> dict[str, str]:
    """What a process needs to work on that database."""
    return {
        **os.environ,
        "REMPART_DATABASE_URL": address,
        "REMPART_VAR": str(var),
        "DJANGO_SETTINGS_MODULE": "rempart.settings.test",
        "PYTHONPATH": str(ROOT),
    }


def migrate(address: str, var: Path) -> None:
    """Makes our tables."""
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        env=environment(address, var),
        cwd=ROOT,
        check=True,
    )
