"""The demo government at full size, made once through the platform's own command and copied for each run."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "var" / "bench"
DATA = ROOT.parent / "shared" / "data"
RECORDS = DATA / "cve" / "cve-records.jsonl.gz"
LOG4SHELL = DATA / "cve" / "log4shell.jsonl"
KEV = DATA / "kev" / "known_exploited_vulnerabilities.json"


def environment(var: Path) -> dict[str, str]:
    return {
        **os.environ,
        "REMPART_VAR": str(var),
        "REMPART_DATABASE_URL": f"sqlite://{var / 'rempart.sqlite3'}",
        "REMPART_LOG_LEVEL": "ERROR",
        "REMPART_EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "DJANGO_SETTINGS_MODULE": "rempart.settings.base",
    }


def cli(var: Path, *arguments: str) -> float:
    """Runs ``rempart`` on that folder; returns its seconds."""
    start = time.perf_counter()
    subprocess.run([ROOT / ".venv" / "bin" / "rempart", *arguments], env=environment(var), check=True)
    return time.perf_counter() - start


def made(bodies: int, assets: int) -> Path:
    """A folder that holds the government, its inventories matched with every record but Log4Shell."""
    var = HOME / f"government-{bodies}-{assets}"
    done = var / "made"
    if not done.exists():
        shutil.rmtree(var, ignore_errors=True)
        var.mkdir(parents=True)
        cli(var, "init")
        cli(var, "demo", "make", "--bodies", str(bodies), "--assets", str(assets))
        cli(var, "feeds", "load", str(RECORDS), "--kind", "cve")
        cli(var, "drain")
        done.touch()
    return var


def copy_of(bodies: int, assets: int, name: str) -> Path:
    """A copy that a benchmark may change."""
    source, target = made(bodies, assets), HOME / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def use(var: Path) -> None:
    """Makes this process the platform of that folder."""
    os.environ.update(environment(var))
    import django

    django.setup()
