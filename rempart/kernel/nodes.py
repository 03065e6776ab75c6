"""How commands on other machines speak to a node: its address, the token that opens it. No Django here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # a command that asks nothing of a node starts sooner without it
    import httpx

TOKEN: Final = "REMPART_TOKEN"  # noqa: S105 - the name of a variable
#: Statuses of a server that cannot answer now, and may later.
PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_SECONDS: Final = 60.0
_MOST_BYTES: Final = 64 * 1024**2
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST: Final = 4096


def node_address(text: str, option: str) -> str:
    """The address of a node: https, or this machine. Raises ValueError, naming the option to correct."""
    import httpx

    url = httpx.URL(text)
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _THIS_MACHINE):
        raise ValueError(f"{option} : https seulement · https only")
    if url.userinfo:
        raise ValueError(f"{option} : pas de mot de passe dans l’adresse · no password in the address")
    return str(url).rstrip("/")


def node_client(address: str, token: str, *, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client of the node. It follows no redirect: its token goes nowhere else."""
    import httpx

    return httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=_SECONDS, transport=transport,
        follow_redirects=False,
    )  # fmt: skip


def content_of(answer: httpx.Response) -> bytes:
    """What a streamed answer holds, 64 MiB at the most. Raises ValueError beyond, ``httpx.HTTPError``."""
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > _MOST_BYTES:
            raise ValueError(f"plus de · more than {_MOST_BYTES} octets · bytes")
    return bytes(content)


def token_of(file: Path | None = None, option: str = "") -> str:
    """The token of a file, which ``option`` may name, else of the environment. Raises ValueError."""
    token = secret_of(file).decode().strip() if file else os.environ.get(TOKEN, "").strip()
    if not token or not token.isprintable():
        raise ValueError(f"{TOKEN}=… : jeton manquant · token missing{option and f' / {option}'}")
    return token


def secret_of(path: Path) -> bytes:
    """What a small file holds. Raises ValueError naming it."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST)
    except OSError as problem:
        raise ValueError(f"{path}: {problem.strerror or problem}") from problem
