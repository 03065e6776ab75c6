"""How commands on other machines speak to a node: its address, the token that opens it. No Django here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import httpx

TOKEN: Final = "REMPART_TOKEN"  # noqa: S105 - the name of a variable
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST: Final = 4096


def node_address(text: str, option: str) -> str:
    """The address of a node: https, or this machine. Raises ValueError, naming the option to correct."""
    url = httpx.URL(text)
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _THIS_MACHINE):
        raise ValueError(f"{option} : https seulement · https only")
    if url.userinfo:
        raise ValueError(f"{option} : pas de mot de passe dans l’adresse · no password in the address")
    return str(url).rstrip("/")


def token_of(file: Path | None = None, option: str = "") -> str:
    """The token of a file, which ``option`` may name, else of the environment. Raises ValueError."""
    token = secret_of(file).decode().strip() if file else os.environ.get(TOKEN, "").strip()
    if not token or not token.isprintable():
        raise ValueError(f"{TOKEN}=…{option and f' / {option}'}")
    return token


def secret_of(path: Path) -> bytes:
    """What a small file holds. Raises ValueError naming it."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST)
    except OSError as problem:
        raise ValueError(f"{path}: {problem.strerror or problem}") from problem
