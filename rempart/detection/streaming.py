"""``rempart detect --follow`` and ``--listen``: detections as events come, until the command is stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import typer
from rich.console import Console
from rich.markup import escape

from rempart.detection import sending, summary
from rempart.detection.following import Inlet, serve
from rempart.detection.outputs import STREAMED
from rempart.detection.scan import Engines, tally_of
from rempart.detection.tally import Tally
from rempart.kernel.nodes import TOKEN


def run(
    engines: Engines,
    places: list[str],
    listen: str,
    output: str,
    to: Path | None,
    to_node: sending.Destination | None,
    console: Console,
) -> None:
    """Follow files by name and listen, writing each detection at once, until SIGINT or SIGTERM.

    A file that exists is followed from its end; one that does not exist yet, from its start. What goes to a
    node is sent again until the node answers: meanwhile files hold what comes, and pushes wait.
    """
    if output not in STREAMED:
        _stop(
            console, f"--output {output} : en continu, seulement · as events come, only {', '.join(STREAMED)}"
        )
    inlet = Inlet(engines.settings.form)
    for place in places:
        path = Path(place)
        if path.is_dir():
            _stop(console, f"{place} : --follow suit des fichiers · follows files")
        inlet.follow(path, from_start=not path.exists())
    server = None
    if listen:
        address, port = _address(listen, console)
        token = os.environ.get(TOKEN, "")
        if len(token) < 16:
            _stop(console, f"{TOKEN} : 16 caractères au moins · at least 16 characters")
        try:
            server = serve(inlet, address, port, token)
        except OSError as problem:
            _stop(console, f"--listen {listen} : {problem.strerror or problem}", 1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: inlet.stopped.set())
    tally = tally_of(engines, len(places))
    outgoing = None
    if to_node:
        wait = sending.until_stopped(inlet.stopped.is_set, inlet.stopped.wait)
        outgoing = sending.Outgoing(to_node, wait=wait, tries=None)
    try:
        _follow(engines, inlet, tally, outgoing, output, to, console)
    except sending.NotSent as problem:
        _stop(console, str(problem), 1)
    finally:
        if server:
            server.shutdown()
        if outgoing:
            outgoing.close()
            console.print(summary.sent(outgoing), soft_wrap=True)
    console.print(summary.sentence(tally))


def _follow(
    engines: Engines,
    inlet: Inlet,
    tally: Tally,
    outgoing: sending.Outgoing | None,
    output: str,
    to: Path | None,
    console: Console,
) -> None:
    with _stream(to) as stream:
        writer = STREAMED[output](stream)

        def written() -> None:
            stream.flush()
            if outgoing:
                outgoing.flush()

        for step in inlet.steps(engines, written):
            tally.events += step.events
            tally.trouble(step.problems)
            for told in step.problems:
                console.print(escape(str(told)), style="yellow", soft_wrap=True)
            for finding in step.findings:
                tally.add(finding)
                writer.write(finding)
                if outgoing:
                    outgoing.add(finding)
            if step.findings:
                stream.flush()
        written()


@contextmanager
def _stream(to: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that detections are added to."""
    if to is None or str(to) == "-":
        yield sys.stdout.buffer
        return
    with to.open("ab") as file:
        yield file


def _address(listen: str, console: Console) -> tuple[str, int]:
    address, _, port = listen.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        _stop(console, f"--listen {listen} : ADDRESS:PORT")
    return address.strip("[]") or "127.0.0.1", int(port)


def _stop(console: Console, message: str, status: int = 2) -> None:
    console.print(escape(message), style="red", soft_wrap=True)
    raise typer.Exit(status)
