"""A private PostgreSQL for the tests: its own cluster, socket and port, thrown away afterwards.

``python -m tests.postgresql`` starts it and prints its URL; ``--stop`` ends it and removes its files.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

# Outside the checkout: the server refuses to run as root, and its own user may not enter root's folders.
HOME = Path(tempfile.gettempdir()) / f"rempart-postgresql-{os.getuid()}"


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    if elsewhere:
        return Path(elsewhere).resolve().parent
    raise SystemExit("PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)")


def _as_server_user(*command: str) -> subprocess.CompletedProcess[str]:
    prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    return subprocess.run([*prefix, *command], check=True, capture_output=True, text=True, cwd="/")


def start() -> str:
    """Starts the server, unless it runs already, and returns its URL."""
    binaries, port_file = _binaries(), HOME / "port"
    if port_file.exists():
        port = int(port_file.read_text())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return f"postgresql://rempart@127.0.0.1:{port}/postgres"
        shutil.rmtree(HOME)
    HOME.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(HOME, owner.pw_uid, owner.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = HOME / "data"
    options = ["-A", "trust", "-U", "rempart", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    _as_server_user(str(binaries / "initdb"), "-D", str(data), *options)
    # Tests take back what they write: its own maintenance would find empty tables, and the planner
    # would still believe it in the next test.
    settings = (
        f"-p {port} -k {HOME} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=100"
        " -c autovacuum=off"
    )
    _as_server_user(
        str(binaries / "pg_ctl"), "-D", str(data), "-l", str(HOME / "log"), "-w", "-o", settings, "start"
    )
    port_file.write_text(str(port))
    return f"postgresql://rempart@127.0.0.1:{port}/postgres"


def stop() -> None:
    if (HOME / "data").exists():
        _as_server_user(str(_binaries() / "pg_ctl"), "-D", str(HOME / "data"), "-m", "immediate", "stop")
    shutil.rmtree(HOME, ignore_errors=True)


if __name__ == "__main__":
    stop() if "--stop" in sys.argv else print(start())
