"""Databases that a test has to itself, for processes that are started and killed beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def own_database(folder: Path, like: str = "") -> Iterator[str]:
    """The address of a database that has our tables, empty or a copy of ``like`` (used by nobody meanwhile).

    A file in ``folder``, or one on the tests' PostgreSQL named after it.
    """
    folder.mkdir(exist_ok=True)
    if connection.vendor == "sqlite":
        address = f"sqlite://{folder / 'rempart.sqlite3'}"
        if like:
            shutil.copy(like.removeprefix("sqlite://"), folder / "rempart.sqlite3")
        else:
            migrate(address, folder)
        yield address
        return
    server, name = os.environ["REMPART_DATABASE_URL"], f"own_{os.getpid()}_{folder.name}".replace("-", "_")
    template = f' TEMPLATE "{like.rsplit("/", 1)[1]}"' if like else ""
    with psycopg.connect(server, autocommit=True) as postgres:
        postgres.execute(f'CREATE DATABASE "{name}"{template}'.encode())
    try:
        address = f"{server.rsplit('/', 1)[0]}/{name}"
        if not like:
            migrate(address, folder)
        yield address
    finally:
        with psycopg.connect(server, autocommit=True) as postgres:
            postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


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
