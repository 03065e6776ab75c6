"""The platform as it is started for real: its own processes, its own database, a mail server that listens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_CLI = [sys.executable, "-c", "from rempart.cli import main; main()"]


def alone(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of ``rempart`` that needs neither database nor settings, where there are none."""
    return subprocess.run(
        [*_CLI, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "none.such", **environment},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


class Platform:
    """A web server, its worker, and as many more workers as are asked for. Use as a context manager."""

    def __init__(self, var: Path, port: int, *, mail_port: int = 0, database: str = "", **more: str) -> None:
        self.port, self.var = port, var
        self.address = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ,
            "REMPART_VAR": str(var),
            "REMPART_DATABASE_URL": database or f"sqlite://{var / 'rempart.sqlite3'}",
            "REMPART_PUBLIC_URL": self.address,
            "REMPART_SMTP_HOST": "127.0.0.1",
            "REMPART_SMTP_PORT": str(mail_port or 9),
            "REMPART_LOG_FORMAT": "text",
            "REMPART_LEASE_SECONDS": "2",
            "DJANGO_SETTINGS_MODULE": "rempart.settings.base",
            "PYTHONPATH": str(ROOT),
            **more,
        }
        self._running: list[subprocess.Popen[bytes]] = []

    def cli(self, *arguments: str) -> str:
        """Runs one command of ``rempart`` and returns what it printed. Fails when the command does."""
        done = subprocess.run(
            [*_CLI, *arguments], env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def python(self, code: str, *arguments: str) -> str:
        """Runs Python in a process of the platform's own, with Django ready."""
        done = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}", *arguments],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.var / f"{arguments[0]}-{len(self._running)}.log").open("wb")
        process = subprocess.Popen(
            [*_CLI, *arguments], env=self.environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        log.close()
        self._running.append(process)
        return process

    def serve(self, *, workers: int = 0, processes: int = 1) -> None:
        """Starts the web server with its worker, and ``workers`` more, and waits until it answers."""
        web = self.start("serve", "--port", str(self.port), "--processes", str(processes))
        for _ in range(workers):
            self.start("worker")
        until = time.monotonic() + 120
        while time.monotonic() < until:
            assert web.poll() is None, self.logs()
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
        raise AssertionError(f"the server does not answer: {self.logs()}")

    def logs(self) -> str:
        return "\n".join(
            path.read_text("utf-8", "replace")[-4000:] for path in sorted(self.var.glob("*.log"))
        )

    def __enter__(self) -> Platform:
        self.var.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def eventually(question: Any, seconds: float = 60, every: float = 0.3) -> Any:
    """The first true answer; fails when none comes in time."""
    until = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > until:
            assert answer, "it did not happen in time"
            return answer
        time.sleep(every)
