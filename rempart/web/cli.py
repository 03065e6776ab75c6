"""Preparing and starting the platform."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import typer
from rich.console import Console

from rempart.kernel.cli import Json, print_json

err = Console(stderr=True)


def install(app: typer.Typer) -> None:
    app.command("init")(init)
    app.command("serve")(serve)
    app.command("worker")(worker)
    app.command("drain")(drain)


def init(as_json: Json = False) -> None:
    """Prépare la base, les traductions et les fichiers statiques · Prepare database, texts and files."""
    from django.conf import settings
    from django.core.management import call_command

    from rempart.web.translations import compile_catalogues

    compile_catalogues()
    settings.VAR.mkdir(parents=True, exist_ok=True)
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        # Nobody else on the machine reads it; its journals take its mode.
        with contextlib.suppress(FileNotFoundError):  # its folder is missing: the next step says so
            Path(settings.DATABASES["default"]["NAME"]).touch(mode=0o600)
    with err.status("Base de données · Database…"):
        call_command("migrate", verbosity=0, interactive=False)
    with err.status("Fichiers statiques · Static files…"):
        call_command("collectstatic", verbosity=0, interactive=False, clear=False)
    if as_json:
        print_json({"folder": str(settings.VAR), "database": settings.DATABASES["default"]["ENGINE"]})


def serve(
    host: str = typer.Option("127.0.0.1", help="Adresse d’écoute · Listening address"),
    port: int = typer.Option(8000, help="Port d’écoute · Listening port"),
    with_worker: bool = typer.Option(
        True, "--worker/--no-worker", help="Worker dans ce processus · in this process"
    ),
    processes: int = typer.Option(
        1, min=1, max=64, help="Processus qui servent les pages · Processes that serve pages"
    ),
) -> None:
    """Démarre le web (et le worker) · Start the web server (and the worker)."""
    import uvicorn
    from django.conf import settings

    from rempart.kernel import worker

    os.environ.setdefault("REMPART_PUBLIC_URL", f"http://localhost:{port}")
    running = worker.start_in_thread() if with_worker else None
    err.print(f"[bold]Rempart[/] {settings.PUBLIC_URL}")
    try:
        uvicorn.run(
            "rempart.asgi:application", host=host, port=port, log_config=None, access_log=False,
            server_header=False, timeout_graceful_shutdown=5, workers=processes,
        )  # fmt: skip
    finally:
        if running is not None:
            running.stop()


def worker(
    queues: str = typer.Option("", help="Files séparées par des virgules · Comma-separated queues"),
) -> None:
    """Démarre un worker seul · Start a worker alone."""
    import signal

    from rempart.kernel.worker import Worker

    one = Worker(queues=[name for name in queues.split(",") if name] or None)
    signal.signal(signal.SIGTERM, lambda *_: one.stop())
    signal.signal(signal.SIGINT, lambda *_: one.stop())
    one.run()


def drain() -> None:
    """Traite tout ce qui attend, puis s’arrête · Handle all that waits, then stop."""
    from rempart.kernel.worker import Worker

    Worker("drain").drain(limit=1_000_000)
