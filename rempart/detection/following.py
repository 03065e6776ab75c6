"""Events as they come: files that grow, and bodies pushed by HTTP, through one queue.

A file is followed by name, as ``tail -F`` does: when another file takes its place it is read from its
start, once what was left of the former has been. A push is answered when its events have been scanned and
what they gave has been written, so that who pushes may push again what was not answered (at least once).
"""

from __future__ import annotations

import hmac
import io
import json
import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from rempart.detection.correlated import costs
from rempart.detection.scan import BATCH, Engines, Step
from rempart.engines import logs

_POLL: Final = 0.25  # seconds between two looks at a file that does not grow
_WAITING: Final = 4 * BATCH  # events ahead of the rules; beyond, who reads waits
_BODY: Final = 64 * 1024**2
_SECONDS: Final = 60  # for a request to send its body


@dataclass(slots=True)
class _Item:
    """Events that came together, what could not be read of them, and who waits for them to be scanned."""

    events: list[logs.Event] = field(default_factory=list)
    problems: list[logs.Problem] = field(default_factory=list)
    done: threading.Event | None = None


class Tail(io.RawIOBase):
    """The bytes of a file as it grows, for ever: through rotation and truncation, until ``stopped``."""

    def __init__(self, path: Path, stopped: threading.Event, *, from_start: bool) -> None:
        super().__init__()
        self._path = path
        self._stopped = stopped
        self._file: BinaryIO | None = None
        self._from_start = from_start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        while not self._stopped.is_set():
            if self._file is None:
                self._open()
            chunk = self._file.read(len(view)) if self._file else b""
            if chunk:
                view[: len(chunk)] = chunk
                return len(chunk)
            if not self._replaced():
                self._stopped.wait(_POLL)
        return 0

    def _open(self) -> None:
        try:
            self._file = self._path.open("rb")
        except OSError:  # between two rotations, or not there yet
            return
        if not self._from_start:
            self._file.seek(0, io.SEEK_END)
        self._from_start = True

    def _replaced(self) -> bool:
        """Whether the name is of another file now, or the file was cut; it is then read from its start."""
        if self._file is None:
            return False
        try:
            named, held = self._path.stat(), os.fstat(self._file.fileno())
        except OSError:
            return False
        if (named.st_dev, named.st_ino) != (held.st_dev, held.st_ino):
            if self._file.read(1):
                self._file.seek(-1, io.SEEK_CUR)
                return True
        elif named.st_size >= self._file.tell():
            return False
        self._file.close()
        self._file = None
        return True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


class Inlet:
    """One queue that followed files and pushes fill, and that the rules empty, batch after batch."""

    def __init__(self, form: str) -> None:
        self.stopped = threading.Event()
        self._form = form
        self._queue: queue.Queue[_Item] = queue.Queue(_WAITING)

    def follow(self, path: Path, *, from_start: bool = False) -> None:
        """Follow a file from its end (or its start), in a thread of its own."""
        threading.Thread(target=self._follow, args=(path, from_start), daemon=True).start()

    def _follow(self, path: Path, from_start: bool) -> None:
        stream = cast("BinaryIO", Tail(path, self.stopped, from_start=from_start))
        problems: list[logs.Problem] = []
        reading = logs.read(
            stream, problems=problems.append, name=str(path), form=self._form, now=datetime.now(UTC)
        )
        for event in reading:
            self._queue.put(_Item([event], problems[:]))
            problems.clear()

    def push(self, body: bytes, name: str) -> tuple[int, list[logs.Problem]]:
        """Read a body, have its events scanned, and tell how many there were and what could not be read."""
        item = _Item(done=threading.Event())
        item.events = list(
            logs.read(
                io.BytesIO(body),
                problems=item.problems.append,
                name=name,
                form=self._form,
                now=datetime.now(UTC),
            )
        )
        self._queue.put(item)
        if item.done is not None:
            item.done.wait()
        return len(item.events), item.problems

    def steps(self, engines: Engines, written: Callable[[], None]) -> Iterator[Step]:
        """What the rules find in what comes, until stopped; ``written`` is called before pushes are
        answered.
        """
        while not self.stopped.is_set():
            items = self._waiting()
            if not items:
                continue
            events = [event for item in items for event in item.events]
            problems = [problem for item in items for problem in item.problems]
            for start in range(0, len(events), BATCH):
                batch = events[start : start + BATCH]
                yield Step(engines.scan(batch), [], len(batch))
            yield Step(problems=problems)
            written()
            for item in items:
                if item.done is not None:
                    item.done.set()
        yield Step(engines.finish(), costs(engines.detector))

    def _waiting(self) -> list[_Item]:
        """What waits in the queue, up to a batch; nothing after a while without any."""
        items: list[_Item] = []
        count = 0
        with suppress(queue.Empty):
            items.append(self._queue.get(timeout=_POLL))
            while (count := count + len(items[-1].events)) < BATCH:
                items.append(self._queue.get_nowait())
        return items


def serve(inlet: Inlet, address: str, port: int, token: str) -> ThreadingHTTPServer:
    """A server of ``POST /events`` for who has the token, in threads of its own; started, to be shut down."""
    counted = iter(range(10**18))

    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS
        server_version = "Rempart"
        sys_version = ""

        def do_POST(self) -> None:
            given = self.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                return self._answer(HTTPStatus.UNAUTHORIZED, {"error": "token"})
            if self.path != "/events":
                return self._answer(HTTPStatus.NOT_FOUND, {"error": "POST /events"})
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal():
                return self._answer(HTTPStatus.LENGTH_REQUIRED, {"error": "Content-Length"})
            if len(length) > 12 or int(length) > _BODY:
                return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": f"limit {_BODY} bytes"})
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                return self._answer(HTTPStatus.BAD_REQUEST, {"error": "body cut"})
            events, problems = inlet.push(body, f"http:{self.client_address[0]}:{next(counted)}")
            told = [str(problem) for problem in problems[:100]]
            return self._answer(HTTPStatus.OK, {"events": events, "problems": told})

        def _answer(self, status: HTTPStatus, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *arguments: Any) -> None:
            """Nothing: what comes is told by what it gives."""

    server = ThreadingHTTPServer((address, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
