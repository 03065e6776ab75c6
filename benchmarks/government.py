"""The demo government at full size, made once through the platform's own command and copied for each run.

On SQLite in ``var/bench``; on the server of ``REMPART_DATABASE_URL`` when that names a PostgreSQL, each
folder then having a database of its own there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "var" / "bench"
DATA = ROOT.parent / "shared" / "data"
RECORDS = DATA / "cve" / "cve-records.jsonl.gz"
LOG4SHELL = DATA / "cve" / "log4shell.jsonl"
SERVER = os.environ.get("REMPART_DATABASE_URL", "")
ON_POSTGRESQL = SERVER.startswith("postgres")
ENGINE = "PostgreSQL" if ON_POSTGRESQL else "SQLite"
KEV = DATA / "kev" / "known_exploited_vulnerabilities.json"


def _database(var: Path) -> str:
    return f"bench_{var.name}".replace("-", "_")


def _address(var: Path) -> str:
    if ON_POSTGRESQL:
        return urlsplit(SERVER)._replace(path=f"/{_database(var)}").geturl()
    return f"sqlite://{var / 'rempart.sqlite3'}"


def fresh(var: Path, like: Path | None = None) -> None:
    """Empties the folder, and its database where that is not in it; or makes both like those of ``like``."""
    shutil.rmtree(var, ignore_errors=True)
    if like is None:
        var.mkdir(parents=True)
    else:
        shutil.copytree(like, var)
    if ON_POSTGRESQL:
        template = f' TEMPLATE "{_database(like)}"' if like else ""
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{_database(var)}" WITH (FORCE)'.encode())
            server.execute(f'CREATE DATABASE "{_database(var)}"{template}'.encode())


def environment(var: Path) -> dict[str, str]:
    return {
        **os.environ,
        "REMPART_VAR": str(var),
        "REMPART_DATABASE_URL": _address(var),
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
    var = HOME / f"government-{bodies}-{assets}{'-postgresql' if ON_POSTGRESQL else ''}"
    done = var / "made"
    if not done.exists():
        fresh(var)
        cli(var, "init")
        cli(var, "demo", "make", "--bodies", str(bodies), "--assets", str(assets))
        cli(var, "feeds", "load", str(RECORDS), "--kind", "cve")
        cli(var, "drain")
        done.touch()
    return var


def copy_of(bodies: int, assets: int, name: str) -> Path:
    """A copy that a benchmark may change."""
    source, target = made(bodies, assets), HOME / name
    fresh(target, like=source)
    return target


def use(var: Path) -> None:
    """Makes this process the platform of that folder."""
    os.environ.update(environment(var))
    import django

    django.setup()


def organisations(bodies: int, centres: int) -> list[int]:
    """The bodies b0, b1… under the centres c0, c1… in turn: their ids, which follow one another."""
    from rempart.kernel.time import now
    from rempart.organisations.models import Organisation

    at = now()

    def place(kind: str, code: str, parent: Organisation | None = None) -> Organisation:
        made = Organisation.objects.create(
            code=code, kind=kind, parent=parent, name_fr=code, path=code, active_from=at
        )
        made.path = f"{parent.path if parent else '/'}{made.pk}/"
        made.save(update_fields=["path"])
        return made

    top = place("cgcd", "cgcd", place("government", "gouv"))
    over = [place("cocd", f"c{number}", top) for number in range(centres)]
    return [place("body", f"b{number}", over[number % centres]).pk for number in range(bodies)]


def assets(bodies: list[int], count: int, services: int = 0) -> int:
    """So many servers, each body's in turn, the first ``services`` of each body being services.

    Their ids follow one another; gives the first.
    """
    from rempart.assets.models import Asset
    from rempart.kernel.time import now

    at = now()
    Asset.objects.bulk_create(
        (
            Asset(
                body_id=bodies[n % len(bodies)], key=f"a{n}", name_fr=f"Serveur {n}",
                kind="service" if n < services * len(bodies) else "server",
                network_exposure="internet" if n % 5 == 0 else "internal", criticality=n % 5,
                first_seen_at=at, last_seen_at=at,
            )
            for n in range(count)
        ),
        batch_size=5_000,
    )  # fmt: skip
    return Asset.objects.order_by("id").values_list("id", flat=True)[0]


@contextmanager
def filling_exposures(but: Collection[str] = ()) -> Iterator[None]:
    """Leaves out the triggers and indexes of exposures (``but`` some) while very many are written, and makes
    them again: millions of rows put into each, one by one, would take an hour.
    """
    from django.db import connection

    from rempart.exposure import counting
    from rempart.exposure.models import Exposure

    later = [index for index in Exposure._meta.indexes if index.name not in but]
    with connection.cursor() as cursor:
        counting.remove(cursor, connection.vendor)
    with connection.schema_editor() as editor:
        for index in later:
            editor.remove_index(Exposure, index)
    yield
    with connection.schema_editor() as editor:
        for index in later:
            editor.add_index(Exposure, index)
    counting.install()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
