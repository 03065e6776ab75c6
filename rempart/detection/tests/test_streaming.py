"""Events as they come: a file that grows and is rotated, and bodies pushed by who has the token."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from rempart.detection.tests.conftest import ROOT, sysmon

pytestmark = pytest.mark.any_database
TOKEN = "0123456789abcdef0123"


def _line(number: int) -> str:
    return json.dumps(sysmon(number)) + "\n"


def _until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


@contextmanager
def _running(tmp_path: Path, rules: Path, *arguments: str | Path) -> Iterator[tuple[Path, Any]]:
    """The command at work; its detections go to a file. Stopped by a signal, it must end well."""
    to = tmp_path / "found.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", "from rempart.cli import main; main()", "detect",
         *map(str, arguments), "--rules", str(rules), "--output", "jsonl", "--to", str(to)],
        cwd=ROOT,
        env={**os.environ, "REMPART_VAR": str(tmp_path / "var"), "REMPART_TOKEN": TOKEN},
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        _until(to.exists)
        yield to, process
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _pids(to: Path) -> list[int]:
    return [json.loads(line)["event"]["ProcessId"] for line in to.read_text().splitlines()]


def test_a_file_is_followed_through_rotation_and_truncation(tmp_path: Path, rules: Path) -> None:
    log = tmp_path / "sysmon.jsonl"
    log.write_text(_line(1))
    with _running(tmp_path, rules, log, "--follow", "--format", "jsonl") as (to, _):
        time.sleep(0.5)
        with log.open("a") as file:
            file.write(_line(2) + _line(3)[:20])
            file.flush()
            _until(lambda: _pids(to) == [2])
            file.write(_line(3)[20:])
        _until(lambda: _pids(to) == [2, 3])
        log.rename(tmp_path / "sysmon.1")
        log.write_text(_line(4))
        _until(lambda: _pids(to) == [2, 3, 4])
        log.write_text("")
        time.sleep(0.6)
        with log.open("a") as file:
            file.write(_line(5))
        _until(lambda: _pids(to) == [2, 3, 4, 5])


def test_pushes_are_answered_once_written(tmp_path: Path, rules: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with _running(tmp_path, rules, "--listen", f"127.0.0.1:{port}") as (to, _):
        address = f"http://127.0.0.1:{port}/events"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx.post(address, content=(_line(1) + "{\n" + _line(2)).encode(), headers=headers)
        assert answer.status_code == 200
        assert answer.json()["events"] == 2
        assert "line 2" in answer.json()["problems"][0]
        assert _pids(to) == [1, 2]
        body = gzip.compress((_line(3) * 3).encode())
        assert httpx.post(address, content=body, headers=headers).json()["events"] == 3
        assert len(_pids(to)) == 5
        assert httpx.post(address, content=b"{}").status_code == 401
        assert (
            httpx.post(address, content=b"{}", headers={"Authorization": "Bearer é".encode()}).status_code
            == 401
        )
        assert httpx.post(f"{address}/no", content=b"{}", headers=headers).status_code == 404
        with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
            head = (
                f"POST /events HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {10**10}\r\n\r\n"
            )
            plain.sendall(head.encode())
            assert b" 413 " in plain.recv(1000)


def test_listening_asks_for_a_token(rempart: Any, rules: Path) -> None:
    done = rempart("detect", "--listen", "127.0.0.1:1", "--rules", rules, status=2)
    assert "REMPART_TOKEN" in done.stderr
    assert "jsonl" in rempart("detect", "--listen", ":1", "-r", rules, "-o", "html", status=2).stderr
