"""Workers die at any moment; no alert is lost and none is doubled."""

from __future__ import annotations

import email
import json
import os
import socket
import subprocess
import sys
import uuid
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from aiosmtpd.controller import Controller
from django.db import connection

ROOT = Path(__file__).resolve().parents[3]


class Counting:
    """An SMTP server that counts what it accepts, by Message-ID."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.seen[email.message_from_bytes(envelope.content)["Message-ID"]] += 1
        return "250 OK"


@pytest.fixture
def server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    counting = Counting()
    controller = Controller(counting, hostname="127.0.0.1", port=port)
    controller.start()
    counting.port = port
    yield counting
    controller.stop()


@pytest.fixture
def database(tmp_path):
    """The address of an empty database of the kind that this run tests."""
    if connection.vendor == "sqlite":
        yield f"sqlite://{tmp_path / 'crash.sqlite3'}"
        return
    settings, name = connection.settings_dict, f"crash_{uuid.uuid4().hex[:10]}"
    where = {"host": settings["HOST"], "port": settings["PORT"] or 5432, "user": settings["USER"],
             "password": settings["PASSWORD"] or None}  # fmt: skip
    with psycopg.connect(dbname="postgres", autocommit=True, **where) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    secret = f":{quote(where['password'])}" if where["password"] else ""
    yield f"postgresql://{where['user']}{secret}@{where['host']}:{where['port']}/{name}"
    with psycopg.connect(dbname="postgres", autocommit=True, **where) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(kills: int, database: str, server: Counting, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "rempart.settings.base",
        "REMPART_VAR": str(tmp_path),
        "REMPART_DATABASE_URL": database,
        "REMPART_SMTP_HOST": "127.0.0.1",
        "REMPART_SMTP_PORT": str(server.port),
        "REMPART_LOG_LEVEL": "CRITICAL",
    }
    done = subprocess.run(
        [sys.executable, "-m", "rempart.alerts.tests.crash", str(kills), "20261124"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    left = json.loads(done.stdout[done.stdout.index("{") :])
    assert left["directives"] == 1
    assert left["targets"] == left["bodies"] == left["delivered"] == left["exposed"] == kills
    assert (left["unsent"], left["events_left"], left["breaks"]) == (0, 0, [])
    # SMTP may hear a message again when the worker dies between its acceptance and the note of it: the same
    # Message-ID then, which mail systems drop. Nothing else may arrive, and nothing may be missing.
    assert len(left["messages"]) == len(set(left["messages"])) == kills
    assert set(server.seen) == set(left["messages"])


def test_workers_killed_at_random_lose_and_double_nothing(database, server, tmp_path) -> None:
    _run(8, database, server, tmp_path)


@pytest.mark.full
def test_fifty_workers_killed_at_random_lose_and_double_nothing(database, server, tmp_path) -> None:
    _run(50, database, server, tmp_path)
