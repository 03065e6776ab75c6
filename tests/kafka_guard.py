"""A door before a Kafka-protocol broker: TLS, client certificates and SASL, which the broker of the tests has
not. Messages behind it are the broker's own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.brokers import kafka_broker

_HANDSHAKE, _AUTHENTICATE, _VERSIONS = 17, 36, 18
_REFUSED: Final = 58  # SASL_AUTHENTICATION_FAILED
_HASHES: Final = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
_ROUNDS: Final = 4096


@dataclass(slots=True)
class Guard:
    """Who is let in: ``users`` (none: everyone) by password; ``seen`` are the mechanisms they came by."""

    context: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    @contextmanager
    def before(self, folder: Path) -> Iterator[str]:
        """A broker behind it; gives the address that clients know."""
        with ExitStack() as stack:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            door = f"127.0.0.1:{listener.getsockname()[1]}"
            broker = stack.enter_context(kafka_broker(folder, door))
            threading.Thread(target=self._accept, args=(listener, broker), daemon=True).start()
            yield door
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket, broker: str) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client, broker), daemon=True).start()

    def _serve(self, client: socket.socket, broker: str) -> None:
        host, _, port = broker.rpartition(":")
        with suppress(OSError, struct.error), ExitStack() as stack:
            stack.enter_context(client)
            if self.context:
                client = stack.enter_context(self.context.wrap_socket(client, server_side=True))
            server = stack.enter_context(socket.create_connection((host, int(port))))
            if self.users and not self._admit(client, server):
                return
            threading.Thread(target=_copy, args=(server, client), daemon=True).start()
            _copy(client, server)

    def _admit(self, client: socket.socket, server: socket.socket) -> bool:
        """Whether a client says who it is before it asks anything but versions, which the broker answers."""
        mechanism, scram = "", None
        while True:
            request = _frame(client)
            kind, version, number = struct.unpack_from(">hhi", request)
            rest = request[8:]
            (length,) = struct.unpack_from(">h", rest)
            body = rest[2 + max(0, length) :]
            if kind == _VERSIONS:
                _send(server, request)
                _send(client, _frame(server))
            elif kind == _HANDSHAKE:
                (size,) = struct.unpack_from(">h", body)
                mechanism = body[2 : 2 + size].decode()
                self.seen.append(mechanism)
                names = b"".join(
                    struct.pack(">h", len(one)) + one for one in (b"PLAIN", *map(str.encode, _HASHES))
                )
                _send(client, struct.pack(">ihi", number, 0, 1 + len(_HASHES)) + names)
            elif kind == _AUTHENTICATE:
                (size,) = struct.unpack_from(">i", body)
                given = body[4 : 4 + size].decode()
                if mechanism == "PLAIN":
                    _, user, password = given.split("\0")
                    answer, done = "", self.users.get(user) == password
                elif scram is None:
                    scram = _Scram(_HASHES[mechanism], self.users)
                    answer, done = scram.first(given), False
                    _send(client, _answer(number, version, answer))
                    continue
                else:
                    answer, done = scram.last(given)
                _send(client, _answer(number, version, answer, refused=not done))
                return done
            else:
                return False


class _Scram:
    """The server's side of SCRAM (RFC 5802)."""

    def __init__(self, digest: str, users: dict[str, str]) -> None:
        self._digest, self._users = digest, users

    def first(self, message: str) -> str:
        self._client = message.removeprefix("n,,")
        told = dict(part.split("=", 1) for part in self._client.split(","))
        self._password = self._users.get(told["n"], "nobody's")
        self._server = f"r={told['r']}server,s={base64.b64encode(b'salt').decode()},i={_ROUNDS}"
        return self._server

    def last(self, message: str) -> tuple[str, bool]:
        bare, _, proof = message.rpartition(",p=")
        signed = f"{self._client},{self._server},{bare}".encode()
        salted = hashlib.pbkdf2_hmac(self._digest, self._password.encode(), b"salt", _ROUNDS)
        key = self._of(salted, b"Client Key")
        stored = hashlib.new(self._digest, key).digest()
        mine = bytes(a ^ b for a, b in zip(key, self._of(stored, signed), strict=True))
        verified = base64.b64encode(self._of(self._of(salted, b"Server Key"), signed)).decode()
        return f"v={verified}", hmac.compare_digest(mine, base64.b64decode(proof))

    def _of(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._digest)


def _answer(number: int, version: int, answer: str, *, refused: bool = False) -> bytes:
    reason = b"no such user, or another password" if refused else b""
    raw = b"" if refused else answer.encode()
    told = struct.pack(">h", len(reason)) + reason if refused else struct.pack(">h", -1)
    lifetime = struct.pack(">q", 0) if version else b""
    return (
        struct.pack(">ih", number, _REFUSED if refused else 0)
        + told
        + struct.pack(">i", len(raw))
        + raw
        + lifetime
    )


def _frame(connection: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", _exactly(connection, 4))
    return _exactly(connection, size)


def _send(connection: socket.socket, frame: bytes) -> None:
    connection.sendall(struct.pack(">i", len(frame)) + frame)


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        chunk = connection.recv(size - len(found))
        if not chunk:
            raise OSError("gone")
        found += chunk
    return found


def _copy(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while chunk := one.recv(1 << 16):
            other.sendall(chunk)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
